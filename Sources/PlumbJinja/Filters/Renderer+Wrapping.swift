extension Renderer {
    /// `wordwrap`: lines of at most a width, broken at white space, after hyphens and, where nothing else helps, anywhere.
    func wrapped(_ value: Value, _ given: [Value?]) throws -> Value {
        guard let text = value.plain else { throw Problem("\"wordwrap\" needs a string, not \(described(value))") }
        let width = try whole(given[0], "wordwrap") ?? 79
        guard width > 0 else { throw Problem("\"wordwrap\" needs a width above 0") }
        let breaksWords = given[1]?.isTrue ?? true
        let wrap = given[2].flatMap { $0.isNone ? nil : $0 }
        let separator = try wrap.map { try string($0, "wordwrap") } ?? "\n"
        let breaksHyphens = given[3]?.isTrue ?? true
        try budget.make(text.utf8.count * 48)
        let lines = try budget.lines(of: text).map { line in
            let chunks = Self.chunks(Array(line.unicodeScalars), breaksHyphens)
            return try joined(Self.lines(chunks, width, breaksWords, breaksHyphens), with: separator)
        }
        return .string(try joined(lines, with: separator))
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// Words, parts of words up to a hyphen between letters, and white space.
    private static func chunks(_ line: [Unicode.Scalar], _ breaksHyphens: Bool) -> [ArraySlice<Unicode.Scalar>] {
        var chunks: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        for place in line.indices.dropFirst() {
            var ends = isBlank(line[place]) != isBlank(line[place - 1])
            if breaksHyphens, !ends, line[place - 1] == "-", place - start > 2, line[place].isLetter,
                line[place - 2].isLetter, line[place - 3].isLetter, place + 1 < line.count, line[place + 1].isLetter
            {
                ends = true
            }
            if ends {
                chunks.append(line[start..<place])
                start = place
            }
        }
        if start < line.count { chunks.append(line[start...]) }
        return chunks
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || (0x09...0x0D).contains(scalar.value)
    }

    private static func lines(
        _ chunks: [ArraySlice<Unicode.Scalar>], _ width: Int, _ breaksWords: Bool, _ breaksHyphens: Bool
    ) -> [String] {
        var rest = Array(chunks.reversed())
        var lines: [String] = []
        while !rest.isEmpty {
            var line: [ArraySlice<Unicode.Scalar>] = []
            var count = 0
            if !lines.isEmpty, let next = rest.last, next.allSatisfy(isBlank) { rest.removeLast() }
            while let next = rest.last, count + next.count <= width {
                line.append(next)
                count += next.count
                rest.removeLast()
            }
            if let long = rest.last, long.count > width {
                if breaksWords {
                    var cut = min(width - count, long.count)
                    if breaksHyphens, let hyphen = long.prefix(cut).lastIndex(of: "-"),
                        hyphen > long.startIndex, long[..<hyphen].contains(where: { $0 != "-" })
                    {
                        cut = hyphen + 1 - long.startIndex
                    }
                    line.append(long.prefix(cut))
                    rest[rest.count - 1] = long.dropFirst(cut)
                } else if line.isEmpty {
                    line.append(long)
                    rest.removeLast()
                }
            }
            if let last = line.last, last.allSatisfy(isBlank) { line.removeLast() }
            if !line.isEmpty { lines.append(text(line.joined())) }
        }
        return lines
    }

    // MARK: - pprint

    /// Python's `pformat` with sorted keys: on one line where it fits into 80 characters.
    func pretty(_ value: Value) throws -> String {
        let text = try representation(of: value, isSorted: true)
        if text.unicodeScalars.count <= 80 { return text }
        return try pretty(value, indent: 0, room: 80)
    }

    private func pretty(_ value: Value, indent: Int, room: Int) throws -> String {
        try enter()
        defer { walk -= 1 }
        let text = try representation(of: value, isSorted: true)
        if text.unicodeScalars.count <= room - indent { return text }
        let separator = ",\n" + String(repeated: " ", times: indent + 1)
        switch value {
        case .sequence(let items) where !items.isView && !items.values.isEmpty:
            let parts = try items.values.map { try pretty($0, indent: indent + 1, room: room - 1) }
            let (opening, closing) = items.isTuple ? ("(", parts.count == 1 ? ",)" : ")") : ("[", "]")
            return opening + (try joined(parts, with: separator)) + closing
        case .dictionary(let members) where !members.keys.isEmpty:
            let parts = try sortedPlaces(of: members).map { place in
                let key = try representation(of: members.keys[place])
                let inner = indent + 1 + key.unicodeScalars.count + 2
                return key + ": " + (try pretty(members.values[place], indent: inner, room: room - 1))
            }
            return "{" + (try joined(parts, with: separator)) + "}"
        default: return text
        }
    }
}
