extension Renderer {
    /// Filters of text; other values are taken as what they print.
    func textual(_ name: String, _ value: Value, _ arguments: Arguments) throws -> Value {
        switch name {
        case "string":
            if case .markup = value { return value }
            return .string(try text(of: value))
        case "safe": return .markup(try text(of: value))
        case "escape", "e": return .markup(try escapedText(of: value))
        case "forceescape": return .markup(try escaped(try text(of: value)))
        case "replace":
            let given = try arguments.bind(name, ["old", "new", "count"], needs: 2)
            return .string(
                try budget.replacing(
                    try text(of: given[0] ?? Value.none), by: try text(of: given[1] ?? Value.none),
                    in: try text(of: value),
                    most: try whole(given[2], name) ?? -1))
        case "format": return try formatFilter(value, arguments)
        case "indent": return try indented(value, try arguments.bind(name, ["width", "first", "blank"]))
        case "truncate":
            return try truncated(value, try arguments.bind(name, ["length", "killwords", "end", "leeway"]))
        case "wordwrap":
            return try wrapped(
                value, try arguments.bind(name, ["width", "break_long_words", "wrapstring", "break_on_hyphens"]))
        case "xmlattr": return try attributes(value, try arguments.bind(name, ["autospace"]))
        case "urlencode":
            _ = try arguments.bind(name, [])
            return .string(try urlEncoded(value))
        case "trim":
            let set = try arguments.bind(name, ["chars"])[0]
            return like(value, try budget.stripped(try text(of: value), set, left: true, right: true))
        case "center":
            let width = try whole(try arguments.bind(name, ["width"])[0], name) ?? 80
            return try call("center", of: textValue(value), Arguments(positional: [.integer(width)]))
        default:
            _ = try arguments.bind(name, [])
            let text = try text(of: value)
            try budget.spend(text.utf8.count * (name == "striptags" || name == "title" ? 24 : 6))
            switch name {
            case "upper": return try made(like(value, text.uppercased()))
            case "lower": return try made(like(value, text.lowercased()))
            case "capitalize": return try made(like(value, Self.capitalized(text)))
            case "title": return try made(.string(Self.titleWords(text)))
            case "wordcount": return .integer(Self.wordCount(text))
            default: return .string(try withoutTags(Array(text.unicodeScalars)))
            }
        }
    }

    private func made(_ value: Value) throws -> Value {
        try budget.text(value.plain?.utf8.count ?? 0)
        return value
    }

    private func textValue(_ value: Value) throws -> Value {
        value.plain != nil ? value : .string(try text(of: value))
    }

    private func formatFilter(_ value: Value, _ arguments: Arguments) throws -> Value {
        guard arguments.named.isEmpty || arguments.positional.isEmpty else {
            throw Problem("\"format\" takes values by place or by name, not both")
        }
        let text = try text(of: value)
        guard !arguments.named.isEmpty else {
            return like(value, try formatted(percent: text, arguments.positional, mapping: .none))
        }
        let mapping = try budget.dictionary(arguments.named.map { (key: .string($0.name), value: $0.value) })
        return like(value, try formatted(percent: text, [mapping], mapping: mapping))
    }

    /// The filter `title`: words begin after white space, hyphens and opening brackets.
    private static func titleWords(_ text: String) -> String {
        var result = ""
        var begins = true
        for scalar in text.unicodeScalars {
            let isBreak = scalar.isSpace || "-({[<".unicodeScalars.contains(scalar)
            result += begins && !isBreak ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
            begins = isBreak
        }
        return result
    }

    private static func wordCount(_ text: String) -> Int {
        var count = 0
        var isInside = false
        for scalar in text.unicodeScalars {
            let isWord = scalar.isLetter || scalar == "_" || scalar.properties.numericType != nil
            if isWord, !isInside { count += 1 }
            isInside = isWord
        }
        return count
    }

    /// Without comments and tags, white space made single, and the named characters of HTML's core put in.
    private func withoutTags(_ text: [Unicode.Scalar]) throws -> String {
        let bare = Self.removing("<", ">", from: Self.removing("<!--", "-->", from: text))
        var view = String.UnicodeScalarView()
        for word in bare.split(whereSeparator: \.isSpace) {
            if !view.isEmpty { view.append(" ") }
            view.append(contentsOf: word)
        }
        var result = String(view)
        for (name, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&amp;", "&"),
        ] { result = try budget.replacing(name, by: character, in: result, most: -1) }
        return result
    }

    /// Without what stands between two marks; an opening mark that is never closed stays.
    private static func removing(
        _ opening: String, _ closing: String, from text: [Unicode.Scalar]
    ) -> [Unicode.Scalar] {
        var kept: [Unicode.Scalar] = []
        var place = 0
        let (opening, closing) = (Array(opening.unicodeScalars), Array(closing.unicodeScalars))
        func isAt(_ place: Int, _ mark: [Unicode.Scalar]) -> Bool {
            text[place] == mark[0] && text[place...].starts(with: mark)
        }
        while place < text.count {
            if isAt(place, opening) {
                var end = place
                while end < text.count, !isAt(end, closing) { end += 1 }
                guard end < text.count else { return kept + text[place...] }
                place = end + closing.count
            } else {
                kept.append(text[place])
                place += 1
            }
        }
        return kept
    }

    private func indented(_ value: Value, _ given: [Value?]) throws -> Value {
        guard let text = value.plain else { throw Problem("\"indent\" needs a string, not \(described(value))") }
        var indent = given[0]?.plain ?? ""
        if given[0]?.plain == nil {
            let width = try whole(given[0], "indent") ?? 4
            try budget.text(max(width, 0))
            indent = String(repeated: " ", times: max(width, 0))
        }
        let isFirst = given[1]?.isTrue ?? false
        let isBlankToo = given[2]?.isTrue ?? false
        let lines = try budget.lines(of: text + "\n")
        try budget.text(indent.utf8.count, times: lines.count + 1, and: text.utf8.count + lines.count)
        var result = ""
        for (place, line) in lines.enumerated() {
            if place > 0 { result += "\n" }
            if place > 0, isBlankToo || !line.isEmpty { result += indent }
            result += line
        }
        return like(value, isFirst ? indent + result : result)
    }

    private func truncated(_ value: Value, _ given: [Value?]) throws -> Value {
        guard let text = value.plain else { throw Problem("\"truncate\" needs a string, not \(described(value))") }
        let length = try whole(given[0], "truncate") ?? 255
        let end = given[2] == nil ? "..." : try string(given[2], "truncate")
        let leeway = try whole(given[3], "truncate") ?? 5
        try budget.text(text.utf8.count, times: 1, and: end.utf8.count)
        let scalars = Array(text.unicodeScalars)
        let room = max(length, 0) - end.unicodeScalars.count
        guard length >= 0, room >= 0, leeway >= 0 else {
            throw Problem("\"truncate\" needs a length of at least that of its end")
        }
        if scalars.count <= length.addingReportingOverflow(leeway).partialValue { return value }
        var kept = scalars.prefix(room)
        if !(given[1]?.isTrue ?? false), let space = kept.lastIndex(of: " ") { kept = kept[..<space] }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: kept)
        return like(value, String(result) + end)
    }

    private func attributes(_ value: Value, _ given: [Value?]) throws -> Value {
        guard case .dictionary(let members) = value else {
            throw Problem("\"xmlattr\" needs a dictionary, not \(described(value))")
        }
        var parts: [String] = []
        for (key, value) in zip(members.keys, members.values) where !value.isNone && !value.isUndefined {
            let name = try string(key, "xmlattr")
            guard !name.unicodeScalars.contains(where: { $0.isSpace || "/>=".unicodeScalars.contains($0) }) else {
                throw Problem("\"\(name.prefix(80))\" cannot be the name of an attribute")
            }
            parts.append(try escapedText(of: key) + "=\"" + (try escapedText(of: value)) + "\"")
        }
        let text = try joined(parts, with: " ")
        return .string((given[0]?.isTrue ?? true) && !text.isEmpty ? " " + text : text)
    }

    private func urlEncoded(_ value: Value) throws -> String {
        if value.plain == nil, let items = try? items(of: value) {
            var pairs = items
            if case .dictionary(let members) = value { pairs = try self.pairs(members) }
            let parts = try pairs.map { pair in
                let two = try self.items(of: pair)
                guard two.count == 2 else { throw Problem("\"urlencode\" needs pairs") }
                return try quoted(two[0], isQuery: true) + "=" + (try quoted(two[1], isQuery: true))
            }
            return try joined(parts, with: "&")
        }
        return try quoted(value, isQuery: false)
    }

    private func quoted(_ value: Value, isQuery: Bool) throws -> String {
        let text = try text(of: value)
        try budget.text(text.utf8.count, times: 3)
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: result.unicodeScalars.append(Unicode.Scalar(byte))
            case 47 where !isQuery: result += "/"
            case 32 where isQuery: result += "+"
            default: result += "%" + Self.hexadecimal(UInt32(byte), 2).uppercased()
            }
        }
        return result
    }
}
