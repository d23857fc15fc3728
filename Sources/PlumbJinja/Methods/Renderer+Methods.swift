extension Renderer {
    static let dictionaryMethods: Set<String> = ["copy", "get", "items", "keys", "values"]
    static let dictionaryMutations: Set<String> = ["clear", "pop", "popitem", "setdefault", "update"]
    static let listMutations: Set<String> = [
        "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove",
    ]
    /// Methods that look at bytes only, or not at the whole text.
    private static let quickMethods: Set<String> = [
        "startswith", "endswith", "find", "index", "count", "replace", "join", "strip", "lstrip", "rstrip", "format",
        "removeprefix", "removesuffix", "center", "ljust", "rjust", "zfill",
    ]
    private static let plainMethods: Set<String> = ["upper", "lower", "casefold", "capitalize", "title", "swapcase"]
    static let stringMethods: Set<String> = [
        "capitalize", "casefold", "center", "count", "endswith", "expandtabs", "find", "format", "index", "isalnum",
        "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable", "isspace",
        "istitle", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix", "removesuffix",
        "replace", "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
        "strip", "swapcase", "title", "upper", "zfill", "encode", "format_map", "maketrans", "translate",
    ]

    /// Calls a method of a value; the value has it.
    func call(_ name: String, of receiver: Value, _ arguments: Arguments) throws -> Value {
        switch receiver {
        case .string(let text), .markup(let text):
            let result = try call(name, ofString: text, arguments)
            if let made = result.plain { try budget.text(made.utf8.count) }
            // Methods of escaped text give escaped text.
            if case .markup = receiver, case .string(let text) = result { return .markup(text) }
            return result
        case .dictionary(let members): return try call(name, ofDictionary: members, arguments)
        case .sequence, .range: return try call(name, ofSequence: try items(of: receiver), arguments)
        case .real(let number): return .boolean(number.rounded() == number)
        case .object(let object):
            let number = Int(object.number)
            guard object.kind == .cycler else { return try call(name, ofLoop: number, arguments) }
            let current = cyclers[number].items[cyclers[number].place]
            cyclers[number].place = name == "reset" ? 0 : (cyclers[number].place + 1) % cyclers[number].items.count
            return name == "reset" ? .none : current
        default: throw Problem("\(receiver.kind) has no method \"\(name)\"")
        }
    }

    private func call(_ name: String, ofDictionary members: Members, _ arguments: Arguments) throws -> Value {
        if name == "get" {
            guard arguments.named.isEmpty else { throw Problem("\"get\" takes no named arguments") }
            let given = try arguments.bind(name, ["key", "default"], needs: 1)
            let key = given[0] ?? Value.none
            try budget.check(key: key)
            return members[key] ?? given[1] ?? Value.none
        }
        _ = try arguments.bind(name, [])
        switch name {
        case "keys": return try budget.sequence(members.keys, .keys)
        case "values": return try budget.sequence(members.values, .values)
        case "items": return try budget.sequence(try pairs(members), .items)
        default: return .dictionary(members)
        }
    }

    func pairs(_ members: Members) throws -> [Value] {
        try zip(members.keys, members.values).map { try budget.sequence([$0, $1], .tuple) }
    }

    private func call(_ name: String, ofSequence items: [Value], _ arguments: Arguments) throws -> Value {
        if name == "copy" { return try budget.sequence(items) }
        let value = try arguments.bind(name, ["value"], needs: 1)[0] ?? Value.none
        let places = try items.indices.filter { try budget.isEqual(items[$0], value) }
        if name == "count" { return .integer(places.count) }
        guard let place = places.first else { throw Problem("the value that \"index\" looks for is not there") }
        return .integer(place)
    }

    // MARK: - Strings

    private func call(_ name: String, ofString text: String, _ arguments: Arguments) throws -> Value {
        try budget.spend(text.utf8.count * (Self.quickMethods.contains(name) ? 2 : 24))
        if name.hasPrefix("is") || Self.plainMethods.contains(name) { _ = try arguments.bind(name, []) }
        switch name {
        case "upper": return .string(text.uppercased())
        case "lower": return .string(text.lowercased())
        case "casefold": return .string(text.lowercased().uppercased().lowercased())
        case "capitalize": return .string(Self.capitalized(text))
        case "title": return .string(Self.titled(text))
        case "swapcase": return .string(Self.swapped(text))
        case "strip", "lstrip", "rstrip":
            let set = try arguments.bind(name, ["chars"])[0]
            return .string(try budget.stripped(text, set, left: name != "rstrip", right: name != "lstrip"))
        case "startswith", "endswith": return .boolean(try matches(text, arguments, isStart: name == "startswith"))
        case "split", "rsplit", "splitlines", "partition", "rpartition": return try split(name, text, arguments)
        case "find", "rfind", "index", "rindex", "count": return try find(name, text, arguments)
        case "replace":
            let given = try arguments.bind(name, ["old", "new", "count"], needs: 2)
            return .string(
                try budget.replacing(
                    try string(given[0], name), by: try string(given[1], name), in: text,
                    most: try whole(given[2], name) ?? -1))
        case "join":
            let parts = try items(of: try arguments.bind(name, ["iterable"], needs: 1)[0] ?? Value.none)
            return .string(try joined(try parts.map { try string($0, name) }, with: text))
        case "removeprefix", "removesuffix":
            let part = try string(try arguments.bind(name, ["part"], needs: 1)[0], name)
            return .string(Self.removing(part, from: text, isPrefix: name == "removeprefix"))
        case "format": return .string(try formatted(fields: text, arguments))
        case "center", "ljust", "rjust", "zfill": return .string(try padded(name, text, arguments))
        case "expandtabs": return .string(try expanded(text, arguments))
        case "encode", "format_map", "maketrans", "translate":
            throw Problem("the method \"\(name)\" of a string is not known")
        default: return .boolean(Self.question(name, text))
        }
    }

    func joined(_ parts: [String], with separator: String) throws -> String {
        let total = parts.reduce(0) { $0 + $1.utf8.count }
        try budget.text(separator.utf8.count, times: max(parts.count - 1, 0), and: total)
        return parts.joined(separator: separator)
    }

    func string(_ value: Value?, _ function: String) throws -> String {
        guard let text = value?.plain else {
            throw Problem("\"\(function)\" needs a string, not \(value.map(described) ?? "nothing")")
        }
        return text
    }

    /// A whole number among arguments; nil where it is not given or none.
    func whole(_ value: Value?, _ function: String) throws -> Int? {
        guard let value, !value.isNone else { return nil }
        guard let whole = value.whole else {
            throw Problem("\"\(function)\" needs a whole number, not \(described(value))")
        }
        return whole
    }

    private func matches(_ text: String, _ arguments: Arguments, isStart: Bool) throws -> Bool {
        let function = isStart ? "startswith" : "endswith"
        let given = try arguments.bind(function, ["prefix", "start", "end"], needs: 1)
        var text = text
        if given[1] != nil || given[2] != nil {
            text = try slice(.string(text), given[1], given[2], nil).plain ?? ""
        }
        var parts = [given[0] ?? Value.none]
        if case .sequence(let items) = given[0], items.isTuple { parts = items.values }
        for part in parts {
            let part = try string(part, function)
            try budget.spend(part.utf8.count)
            if isStart ? text.utf8.starts(with: part.utf8) : text.utf8.reversed().starts(with: part.utf8.reversed()) {
                return true
            }
        }
        return false
    }

    private func split(_ name: String, _ text: String, _ arguments: Arguments) throws -> Value {
        if name == "splitlines" {
            let keepsEnds = try arguments.bind(name, ["keepends"])[0]?.isTrue ?? false
            return try strings(try budget.lines(of: text, keepsEnds: keepsEnds))
        }
        let isReversed = name.hasPrefix("r")
        if name.hasSuffix("partition") {
            let separator = try string(try arguments.bind(name, ["sep"], needs: 1)[0], name)
            guard !separator.isEmpty else { throw Problem("the separator of \"\(name)\" is empty") }
            let parts = try Self.split(text, by: separator, most: 1, isReversed, budget)
            let whole = isReversed ? ["", "", text] : [text, "", ""]
            let three = parts.count == 2 ? [parts[0], separator, parts[1]] : whole
            return try budget.sequence(three.map { .string($0) }, .tuple)
        }
        let given = try arguments.bind(name, ["sep", "maxsplit"])
        let most = try whole(given[1], name) ?? -1
        guard let separator = given[0], !separator.isNone else {
            return try strings(Self.words(text, most: most < 0 ? .max : most, isReversed))
        }
        let part = try string(separator, name)
        guard !part.isEmpty else { throw Problem("the separator of \"\(name)\" is empty") }
        return try strings(try Self.split(text, by: part, most: most < 0 ? .max : most, isReversed, budget))
    }

    private func strings(_ parts: [String]) throws -> Value {
        try budget.sequence(parts.map { .string($0) })
    }

    private static func split(
        _ text: String, by separator: String, most: Int, _ isReversed: Bool, _ budget: Budget
    ) throws -> [String] {
        guard isReversed else {
            return budget.cut(
                text, at: try budget.places(of: separator, in: text, most: most), width: separator.utf8.count)
        }
        // From the end, as overlapping separators are found otherwise from there.
        let mirrored = String(String.UnicodeScalarView(text.unicodeScalars.reversed()))
        let places = try budget.places(
            of: String(String.UnicodeScalarView(separator.unicodeScalars.reversed())), in: mirrored, most: most)
        let parts = budget.cut(mirrored, at: places, width: separator.utf8.count)
        return parts.reversed().map { String(String.UnicodeScalarView($0.unicodeScalars.reversed())) }
    }

    private static func words(_ text: String, most: Int, _ isReversed: Bool) -> [String] {
        var words: [String] = []
        var rest = text.unicodeScalars[...]
        if isReversed {
            while let last = rest.last, last.isSpace { rest.removeLast() }
            while !rest.isEmpty, words.count < most {
                var word: [Unicode.Scalar] = []
                while let last = rest.last, !last.isSpace { word.append(rest.removeLast()) }
                words.append(String(String.UnicodeScalarView(word.reversed())))
                while let last = rest.last, last.isSpace { rest.removeLast() }
            }
            return (rest.isEmpty ? [] : [String(rest)]) + words.reversed()
        }
        rest = rest.drop(while: \.isSpace)
        while !rest.isEmpty, words.count < most {
            let word = rest.prefix { !$0.isSpace }
            words.append(String(word))
            rest = rest.dropFirst(word.count).drop(while: \.isSpace)
        }
        return rest.isEmpty ? words : words + [String(rest)]
    }

    private func find(_ name: String, _ text: String, _ arguments: Arguments) throws -> Value {
        let given = try arguments.bind(name, ["sub", "start", "end"], needs: 1)
        let part = try string(given[0], name)
        var text = text
        var offset = 0
        if given[1] != nil || given[2] != nil {
            let count = text.unicodeScalars.count
            let start = try whole(given[1], name) ?? 0
            offset = min(start < 0 ? max(start + count, 0) : start, count + 1)
            text = try slice(.string(text), .integer(offset), given[2], nil).plain ?? ""
            if offset > count { return try missing(name) }
        }
        if part.isEmpty {
            let count = text.unicodeScalars.count
            return .integer(name == "count" ? count + 1 : name.hasPrefix("r") ? offset + count : offset)
        }
        if name.hasPrefix("r") {
            let parts = try Self.split(text, by: part, most: 1, true, budget)
            return parts.count == 2 ? .integer(offset + parts[0].unicodeScalars.count) : try missing(name)
        }
        let places = try budget.places(of: part, in: text, most: name == "count" ? .max : 1)
        if name == "count" { return .integer(places.count) }
        guard let place = places.first else { return try missing(name) }
        return .integer(offset + text.unicodeScalars[..<text.utf8.index(text.startIndex, offsetBy: place)].count)
    }

    private func missing(_ name: String) throws -> Value {
        guard name.hasSuffix("index") else { return .integer(name == "count" ? 0 : -1) }
        throw Problem("the text that \"\(name)\" looks for is not there")
    }

    private func padded(_ name: String, _ text: String, _ arguments: Arguments) throws -> String {
        let given = try arguments.bind(name, ["width", "fillchar"], needs: 1)
        let width = max(try whole(given[0], name) ?? 0, 0)
        let fill = given[1] == nil ? " " : try string(given[1], name)
        guard fill.unicodeScalars.count == 1 else { throw Problem("\"\(name)\" fills with one character") }
        let missing = max(width - text.unicodeScalars.count, 0)
        try budget.text(fill.utf8.count, times: missing, and: text.utf8.count)
        switch name {
        case "ljust": return text + String(repeated: fill, times: missing)
        case "rjust": return String(repeated: fill, times: missing) + text
        case "center":
            let left = missing / 2 + (missing & width & 1)
            return String(repeated: fill, times: left) + text + String(repeated: fill, times: missing - left)
        default:
            let isSigned = text.hasPrefix("-") || text.hasPrefix("+")
            return (isSigned ? String(text.prefix(1)) : "") + String(repeated: "0", times: missing)
                + (isSigned ? String(text.dropFirst()) : text)
        }
    }

    private func expanded(_ text: String, _ arguments: Arguments) throws -> String {
        let width = try whole(try arguments.bind("expandtabs", ["tabsize"])[0], "expandtabs") ?? 8
        let tabs = text.utf8.count(where: { $0 == UInt8(ascii: "\t") })
        try budget.text(max(width, 0), times: tabs, and: text.utf8.count)
        var result = ""
        var column = 0
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                let missing = width > 0 ? width - column % width : 0
                result += String(repeated: " ", times: missing)
                column += missing
            } else {
                result.unicodeScalars.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return result
    }
}
