import Foundation

/// Text that grows within the budget.
struct Writer {
    let budget: Budget
    private(set) var text = ""

    init(_ budget: Budget) {
        self.budget = budget
    }

    mutating func write(_ more: String) throws {
        let (have, count) = (text.utf8.count, more.utf8.count)
        try budget.spend(count + 8)
        guard have + count <= Budget.longestText else { return try budget.text(have + count) }
        text += more
    }
}

extension Renderer {
    /// As `str()` writes a value.
    func text(of value: Value) throws -> String {
        switch value {
        case .string(let text), .markup(let text): return text
        case .undefined: return ""
        default:
            var writer = Writer(budget)
            try represent(value, to: &writer)
            try budget.text(writer.text.utf8.count)
            return writer.text
        }
    }

    /// As `repr()` writes a value.
    func representation(of value: Value, isSorted: Bool = false) throws -> String {
        var writer = Writer(budget)
        try represent(value, to: &writer, isSorted: isSorted)
        try budget.text(writer.text.utf8.count)
        return writer.text
    }

    private func represent(_ value: Value, to writer: inout Writer, isSorted: Bool = false) throws {
        try enter()
        defer { walk -= 1 }
        switch value {
        case .undefined: try writer.write("Undefined")
        case .none: try writer.write("None")
        case .boolean(let value): try writer.write(value ? "True" : "False")
        case .integer(let value): try writer.write("\(value)")
        case .real(let value): try writer.write(Self.text(of: value))
        case .string(let text): try quote(text, to: &writer)
        case .markup(let text):
            try writer.write("Markup(")
            try quote(text, to: &writer)
            try writer.write(")")
        case .sequence(let items): try represent(items, to: &writer, isSorted)
        case .dictionary(let members): try represent(members, to: &writer, isSorted)
        case .range(let start, let end, let step):
            try writer.write("range(\(start), \(end)" + (step == 1 ? ")" : ", \(step))"))
        case .function(let function): try writer.write("<function \(function.rawValue)>")
        case .method(let receiver, let name): try writer.write("<method \(name) of \(receiver.kind)>")
        case .object(let object): try represent(object, to: &writer)
        }
    }

    private func represent(_ items: Items, to writer: inout Writer, _ isSorted: Bool) throws {
        let (opening, closing) =
            switch items.kind {
            case .list: ("[", "]")
            case .tuple, .group: ("(", items.values.count == 1 ? ",)" : ")")
            case .keys: ("dict_keys([", "])")
            case .values: ("dict_values([", "])")
            case .items: ("dict_items([", "])")
            }
        try writer.write(opening)
        for (place, item) in items.values.enumerated() {
            if place > 0 { try writer.write(", ") }
            try represent(item, to: &writer, isSorted: isSorted)
        }
        try writer.write(closing)
    }

    private func represent(_ members: Members, to writer: inout Writer, _ isSorted: Bool) throws {
        try writer.write("{")
        var places = Array(members.keys.indices)
        if isSorted { places = try sortedPlaces(of: members) }
        for (count, place) in places.enumerated() {
            if count > 0 { try writer.write(", ") }
            try represent(members.keys[place], to: &writer)
            try writer.write(": ")
            try represent(members.values[place], to: &writer, isSorted: isSorted)
        }
        try writer.write("}")
    }

    func sortedPlaces(of members: Members) throws -> [Int] {
        let places = members.keys.indices.map { Value.integer($0) }
        let sorted = try budget.sorted(places, by: { members.keys[$0.whole ?? 0] }, reverse: false)
        return sorted.map { $0.whole ?? 0 }
    }

    private func represent(_ object: Object, to writer: inout Writer) throws {
        let number = Int(object.number)
        switch object.kind {
        case .namespace:
            try writer.write("<Namespace {")
            let namespace = namespaces[number]
            for (place, name) in namespace.names.enumerated() {
                if place > 0 { try writer.write(", ") }
                try represent(name, to: &writer)
                try writer.write(": ")
                try represent(namespace.values[place], to: &writer)
            }
            try writer.write("}>")
        case .loop: try writer.write("<LoopContext \(loops[number].index + 1)/\(loops[number].items.count)>")
        case .macro: try writer.write("<Macro '\(macros[number].macro.name)'>")
        case .iterator: try writer.write("<generator object>")
        case .cycler: try writer.write("<Cycler object>")
        case .joiner: try writer.write("<Joiner object>")
        }
    }

    private func quote(_ text: String, to writer: inout Writer) throws {
        try budget.spend(text.utf8.count * 6)
        let quote: Unicode.Scalar =
            text.utf8.contains(UInt8(ascii: "'")) && !text.utf8.contains(UInt8(ascii: "\"")) ? "\"" : "'"
        var result = String(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case quote: result += "\\" + String(quote)
            case " "..."~": result.unicodeScalars.append(scalar)
            case _ where scalar.isPrintable: result.unicodeScalars.append(scalar)
            default:
                let width = scalar.value < 0x100 ? 2 : scalar.value < 0x10000 ? 4 : 8
                result += (width == 2 ? "\\x" : width == 4 ? "\\u" : "\\U") + Self.hexadecimal(scalar.value, width)
            }
        }
        result.unicodeScalars.append(quote)
        try writer.write(result)
    }

    static func hexadecimal(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeated: "0", times: max(width - digits.count, 0)) + digits
    }

    /// As Python writes a float: the shortest digits that read back as the same number.
    static func text(of value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        guard value != 0 else { return value.sign == .minus ? "-0.0" : "0.0" }
        // Taken apart, since Python changes to exponents elsewhere.
        var (digits, exponent) = ("", 0)
        let parts = "\(value.magnitude)".split(separator: "e")
        let halves = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        digits = halves.joined()
        exponent = halves[0].count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        let leading = digits.prefix { $0 == "0" }.count
        digits = String(digits.dropFirst(leading))
        exponent -= leading
        while digits.last == "0", digits.count > 1 { digits.removeLast() }
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 16 {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let size = abs(exponent)
            return sign + digits.prefix(1) + fraction + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "")
                + "\(size)"
        }
        if exponent < 0 { return sign + "0." + String(repeated: "0", times: -exponent - 1) + digits }
        if digits.count <= exponent + 1 {
            return sign + digits + String(repeated: "0", times: exponent + 1 - digits.count) + ".0"
        }
        return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }
}

extension Unicode.Scalar {
    /// Whether Python's `repr` writes the character as it is.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: self == " "
        default: true
        }
    }
}
