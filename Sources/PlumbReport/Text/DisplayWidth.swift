/// How many columns text takes on a terminal.
enum DisplayWidth {
    static func of(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + of($1) } }

    static func of(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        // Emoji are drawn wide when they are so by default or when a variation selector asks for it.
        if first.properties.isEmojiPresentation { return 2 }
        if first.properties.isEmoji && scalars.contains("\u{FE0F}") { return 2 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .control: return 0
        case .format: return 0
        default: return isWide(first.value) ? 2 : 1
        }
    }

    /// The scripts and symbols that Unicode's annex 11 calls wide or full-width.
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x17000...0x18CFF, 0x1B000...0x1B2FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }

    /// The text cut to `width` columns, with `…` where something is missing.
    static func truncated(_ text: String, to width: Int) -> String {
        guard of(text) > width else { return text }
        guard width > 0 else { return "" }
        var result = ""
        var used = 0
        for character in text {
            let next = of(character)
            if used + next > width - 1 { break }
            result.append(character)
            used += next
        }
        return result + "…"
    }

    /// The text with spaces on its right, or left, up to `width` columns.
    static func padded(_ text: String, to width: Int, right: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - of(text)))
        return right ? space + text : text + space
    }

    /// Words broken into lines of at most `width` columns; a word that is longer is broken too, after one of `_-/.` where
    /// it has any.
    static func wrapped(_ text: String, to width: Int) -> [String] {
        // What fits keeps its spaces, which may be an indentation.
        guard exceeds(text, width) else { return text.isEmpty ? [] : [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            if !line.isEmpty, exceeds(word, width - of(line) - 1) {
                // A number and its sign stay together: no line begins with "%".
                let isSign = word.hasPrefix("%")
                let cut = isSign ? line.lastIndex(of: " ") : nil
                lines.append(cut.map { String(line[..<$0]) } ?? line)
                line = cut.map { String(line[line.index(after: $0)...]) } ?? ""
            }
            var rest = word
            if line.isEmpty {
                while width > 0, exceeds(rest, width), let end = place(in: rest, within: width) {
                    lines.append(String(rest[..<end]))
                    rest = rest[end...]
                }
            }
            line += line.isEmpty ? String(rest) : " " + rest
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// Whether the text takes more than `width` columns; looks no further than that.
    private static func exceeds(_ text: some StringProtocol, _ width: Int) -> Bool {
        var used = 0
        for character in text {
            used += of(character)
            if used > width { return true }
        }
        return false
    }

    /// The widest part of the text that a line is not broken in: a word, or what stands before a hyphen or an underscore
    /// in it and after.
    static func longestPart(of text: some StringProtocol) -> Int {
        var (longest, part, afterHyphen) = (0, 0, false)
        for character in text {
            if character == " " || (afterHyphen && !character.isNumber) {
                longest = max(longest, part)
                part = 0
            }
            if character != " " { part += of(character) }
            afterHyphen = "-_".contains(character)
        }
        return max(longest, part)
    }

    /// Where a word that is too long is best broken: not within a date.
    private static func place(in word: Substring, within width: Int) -> Substring.Index? {
        var used = 0
        var (end, best) = (word.startIndex, word.startIndex)
        for index in word.indices {
            used += of(word[index])
            if used > width { break }
            end = word.index(after: index)
            let isDate = word[index] == "-" && end < word.endIndex && word[end].isNumber
            if "_-/.".contains(word[index]), !isDate { best = end }
        }
        // A break near the beginning would waste the line, unless every part then fits; a character wider than the line
        // stays whole.
        if best > word.startIndex, 2 * of(word[..<best]) >= width || longestPart(of: word) <= width { return best }
        return end > word.startIndex && end < word.endIndex ? end : nil
    }
}

extension String {
    /// The text without the characters at its end that satisfy `predicate`.
    func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var text = Substring(self)
        while let last = text.last, predicate(last) { text.removeLast() }
        return String(text)
    }
}
