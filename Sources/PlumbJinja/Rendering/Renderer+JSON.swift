/// How `tojson` is to write.
struct JSONStyle {
    var isASCII = false
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var isSorted = false
}

extension Renderer {
    /// `tojson`, with the arguments that `transformers` gives it.
    func json(_ value: Value, _ arguments: Arguments) throws -> Value {
        let given = try arguments.bind("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])
        var style = JSONStyle()
        style.isASCII = given[0]?.isTrue ?? false
        style.isSorted = given[3]?.isTrue ?? false
        if let indent = given[1], !indent.isNone {
            if let width = indent.whole {
                guard width <= 1000 else { throw Problem("an indent of \(width) is more than 1000") }
                style.indent = String(repeated: " ", times: max(width, 0))
            } else if let text = indent.plain {
                style.indent = text
            } else {
                throw Problem("the indent of \"tojson\" is a whole number or a string, not \(indent.kind)")
            }
            style.itemSeparator = ","
        }
        if let separators = given[2], !separators.isNone {
            let parts = try items(of: separators).compactMap(\.plain)
            guard parts.count == 2 else { throw Problem("the separators of \"tojson\" are two strings") }
            (style.itemSeparator, style.keySeparator) = (parts[0], parts[1])
        }
        var writer = Writer(budget)
        try json(value, style, level: 1, to: &writer)
        try budget.text(writer.text.utf8.count)
        return .string(writer.text)
    }

    private func json(_ value: Value, _ style: JSONStyle, level: Int, to writer: inout Writer) throws {
        try enter()
        defer { walk -= 1 }
        switch value {
        case .none: try writer.write("null")
        case .boolean(let value): try writer.write(value ? "true" : "false")
        case .integer(let value): try writer.write("\(value)")
        case .real(let value): try writer.write(Self.json(value))
        case .string(let text), .markup(let text): try json(text, style, to: &writer)
        case .sequence(let items) where !items.isView:
            try group("[", "]", items.values.count, style, level, to: &writer) { place, writer in
                try json(items.values[place], style, level: level + 1, to: &writer)
            }
        case .dictionary(let members):
            let places = style.isSorted ? try sortedPlaces(of: members) : Array(members.keys.indices)
            try group("{", "}", places.count, style, level, to: &writer) { count, writer in
                try json(try key(members.keys[places[count]]), style, to: &writer)
                try writer.write(style.keySeparator)
                try json(members.values[places[count]], style, level: level + 1, to: &writer)
            }
        default: throw Problem("\(described(value)) cannot be written as JSON")
        }
    }

    private func group(
        _ opening: String, _ closing: String, _ count: Int, _ style: JSONStyle, _ level: Int, to writer: inout Writer,
        _ item: (Int, inout Writer) throws -> Void
    ) throws {
        try writer.write(opening)
        for place in 0..<count {
            if place > 0 { try writer.write(style.itemSeparator) }
            if let indent = style.indent { try newLine(indent, level, to: &writer) }
            try item(place, &writer)
        }
        if count > 0, let indent = style.indent { try newLine(indent, level - 1, to: &writer) }
        try writer.write(closing)
    }

    private func newLine(_ indent: String, _ level: Int, to writer: inout Writer) throws {
        try budget.text(indent.utf8.count, times: level)
        try writer.write("\n" + String(repeated: indent, times: level))
    }

    private func key(_ value: Value) throws -> String {
        switch value {
        case .string(let text), .markup(let text): return text
        case .none: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value): return "\(value)"
        case .real(let value): return Self.json(value)
        default: throw Problem("\(value.kind) cannot be a key in JSON")
        }
    }

    private static func json(_ value: Double) -> String {
        value.isFinite ? text(of: value) : value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    private func json(_ text: String, _ style: JSONStyle, to writer: inout Writer) throws {
        try budget.spend(text.utf8.count * 6)
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            case _ where scalar.value < 0x20: result += "\\u" + Self.hexadecimal(scalar.value, 4)
            case _ where style.isASCII && scalar.value > 0x7E:
                if scalar.value == 0x7F {
                    result.unicodeScalars.append(scalar)
                } else {
                    for unit in String(scalar).utf16 { result += "\\u" + Self.hexadecimal(UInt32(unit), 4) }
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        try writer.write(result + "\"")
    }
}
