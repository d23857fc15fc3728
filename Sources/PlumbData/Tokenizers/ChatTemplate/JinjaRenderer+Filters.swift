extension JinjaRenderer {
    /// `value | name(…)`.
    func filtered(
        _ value: JinjaValue, by name: String, _ arguments: JinjaArguments
    ) throws(ChatTemplateError) -> JinjaValue {
        switch name {
        case "trim": return .string(try stripped(value.text, arguments.value(0, "chars"), left: true, right: true))
        case "upper", "lower", "title", "capitalize", "replace":
            return try method(name, of: .string(value.text), arguments)
        case "string", "safe": return .string(value.text)
        case "length", "count": return .integer(try list(value).count)
        case "list": return .list(try list(value))
        case "first": return try list(value).first ?? .undefined("the first of no items")
        case "last": return try list(value).last ?? .undefined("the last of no items")
        case "reverse": return .list(try list(value).reversed())
        case "int":
            if case .string(let text) = value { return .integer(Int(text) ?? 0) }
            return .integer(value.number.flatMap { Int(exactly: $0.rounded(.towardZero)) } ?? 0)
        case "join":
            let separator = arguments.value(0, "d")?.text ?? ""
            return .string(try checked(try list(value).map(\.text).joined(separator: separator)))
        case "default", "d":
            let isReplaced = arguments.value(1, "boolean")?.isTrue == true ? !value.isTrue : value.isUndefined
            return isReplaced ? arguments.value(0, "default_value") ?? .string("") : value
        case "items": return try method(name, of: value, arguments)
        case "tojson":
            guard arguments.positional.isEmpty, arguments.named.isEmpty else {
                throw error("arguments of the filter \"tojson\" are not known")
            }
            guard let json = value.json else { throw error("\(value.kind) cannot be written as JSON") }
            return .string(json)
        default: throw error("the filter \"\(name)\" is not known")
        }
    }

    /// `value is name`.
    func test(_ value: JinjaValue, _ name: String, _ arguments: JinjaArguments) throws(ChatTemplateError) -> Bool {
        switch (name, value) {
        case ("defined", _): return !value.isUndefined
        case ("undefined", _): return value.isUndefined
        case ("none", .none), ("string", .string), ("mapping", .dictionary), ("boolean", .boolean),
            ("integer", .integer), ("float", .real):
            return true
        case ("none", _), ("string", _), ("mapping", _), ("boolean", _), ("integer", _), ("float", _): return false
        case ("number", _): return value.number != nil
        case ("sequence", .list), ("sequence", .string), ("sequence", .dictionary): return true
        case ("iterable", .list), ("iterable", .string), ("iterable", .dictionary), ("iterable", .undefined):
            return true
        case ("sequence", _), ("iterable", _): return false
        case ("true", .boolean(let holds)): return holds
        case ("false", .boolean(let holds)): return !holds
        case ("true", _), ("false", _): return false
        case ("odd", .integer(let number)): return number % 2 != 0
        case ("even", .integer(let number)): return number % 2 == 0
        case ("divisibleby", .integer(let number)):
            guard let divisor = arguments.first?.integer, divisor != 0, divisor != -1 else { return true }
            return number % divisor == 0
        case ("equalto", _), ("eq", _): return arguments.first.map { value.isEqual(to: $0) } ?? false
        case ("in", _):
            return try arguments.first.map { container throws(ChatTemplateError) in
                try contains(container, value)
            } ?? false
        default: throw error("the test \"\(name)\" of \(value.kind) is not known")
        }
    }

    /// `value.name(…)`.
    func method(
        _ name: String, of value: JinjaValue, _ arguments: JinjaArguments
    ) throws(ChatTemplateError) -> JinjaValue {
        switch value {
        case .string(let text): return try method(name, ofText: text, arguments)
        case .dictionary(let members):
            switch name {
            case "items": return .list(members.map { .list([.string($0.key), $0.value]) })
            case "keys": return .list(members.map { .string($0.key) })
            case "values": return .list(members.map(\.value))
            case "get":
                let key = arguments.first?.text ?? ""
                return members.last { $0.key == key }?.value ?? arguments.value(1, "default") ?? .none
            default: break
            }
        case .undefined: throw error("\(value.kind), has no method \"\(name)\"")
        default: break
        }
        throw error("the method \"\(name)\" of \(value.kind) is not known")
    }

    private func method(
        _ name: String, ofText text: String, _ arguments: JinjaArguments
    ) throws(ChatTemplateError) -> JinjaValue {
        func argument(_ position: Int, _ name: String) throws(ChatTemplateError) -> String {
            guard case .string(let text) = arguments.value(position, name) else {
                throw error("an argument of a string's method should be a string")
            }
            return text
        }
        switch name {
        case "strip": return .string(try stripped(text, arguments.first, left: true, right: true))
        case "lstrip": return .string(try stripped(text, arguments.first, left: true, right: false))
        case "rstrip": return .string(try stripped(text, arguments.first, left: false, right: true))
        case "upper": return .string(text.uppercased())
        case "lower": return .string(text.lowercased())
        case "title": return .string(JinjaText.title(text))
        case "capitalize": return .string(JinjaText.capitalized(text))
        case "startswith":
            return .boolean(text.utf8.starts(with: try argument(0, "prefix").utf8))
        case "endswith":
            return .boolean(text.utf8.reversed().starts(with: try argument(0, "suffix").utf8.reversed()))
        case "replace":
            let limit = arguments.value(2, "count")?.integer ?? .max
            let parts = JinjaText.split(text, at: try argument(0, "old"), atMost: limit < 0 ? .max : limit)
            return .string(try checked(parts.joined(separator: try argument(1, "new"))))
        case "split":
            guard let separator = arguments.value(0, "sep"), separator.text != "None" else {
                return .list(JinjaText.words(text).map { .string($0) })
            }
            guard !separator.text.isEmpty else { throw error("\"split\" needs a separator that is not empty") }
            let limit = arguments.value(1, "maxsplit")?.integer ?? .max
            let parts = JinjaText.split(text, at: separator.text, atMost: limit < 0 ? .max : limit)
            return .list(parts.map { .string($0) })
        default: throw error("the method \"\(name)\" of a string is not known")
        }
    }

    private func stripped(
        _ text: String, _ characters: JinjaValue?, left: Bool, right: Bool
    ) throws(ChatTemplateError) -> String {
        switch characters {
        case nil, .some(.none): return JinjaText.stripped(text, JinjaText.isSpace, left: left, right: right)
        case .string(let set):
            let set = Set(set.unicodeScalars)
            return JinjaText.stripped(text, set.contains, left: left, right: right)
        default: throw error("the characters to strip should be a string")
        }
    }
}

/// Python's string functions, scalar by scalar.
enum JinjaText {
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }

    static func stripped(
        _ text: String, _ isStripped: (Unicode.Scalar) -> Bool, left: Bool, right: Bool
    ) -> String {
        var rest = text.unicodeScalars[...]
        if left { rest = rest.drop(while: isStripped) }
        while right, let last = rest.last, isStripped(last) { rest.removeLast() }
        return String(rest)
    }

    static func words(_ text: String) -> [String] {
        text.unicodeScalars.split(whereSeparator: isSpace).map { String($0) }
    }

    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return first.properties.titlecaseMapping + String(text.unicodeScalars.dropFirst()).lowercased()
    }

    static func title(_ text: String) -> String {
        var result = ""
        var isInside = false
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            result += isInside ? properties.lowercaseMapping : properties.titlecaseMapping
            isInside = properties.isCased
        }
        return result
    }

    /// Where `part` is found, from the left, without overlaps.
    static func ranges(of part: String, in text: String, atMost limit: Int) -> [Range<Int>] {
        let text = Array(text.utf8)
        let part = Array(part.utf8)
        guard !part.isEmpty else { return limit > 0 ? [0..<0] : [] }
        var ranges: [Range<Int>] = []
        var index = 0
        while index + part.count <= text.count, ranges.count < limit {
            if text[index] == part[0], text[index..<index + part.count].elementsEqual(part) {
                ranges.append(index..<index + part.count)
                index += part.count
            } else {
                index += 1
            }
        }
        return ranges
    }

    /// The stretches between occurrences of a separator; the whole text where that is empty.
    static func split(_ text: String, at separator: String, atMost limit: Int) -> [String] {
        guard !separator.isEmpty else { return [text] }
        let bytes = Array(text.utf8)
        var parts: [String] = []
        var start = 0
        for range in ranges(of: separator, in: text, atMost: limit) {
            parts.append(String(decoding: bytes[start..<range.lowerBound], as: UTF8.self))
            start = range.upperBound
        }
        return parts + [String(decoding: bytes[start...], as: UTF8.self)]
    }
}
