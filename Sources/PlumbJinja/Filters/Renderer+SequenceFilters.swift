import Foundation

extension Renderer {
    func sequence(_ name: String, _ value: Value, _ arguments: Arguments) throws -> Value {
        switch name {
        case "list": return try budget.sequence(try items(of: value))
        case "first":
            if case .object(let object) = value, object.kind == .iterator {
                let number = Int(object.number)
                guard iterators[number].place < iterators[number].items.count else {
                    if let failure = iterators[number].failure { throw failure }
                    break
                }
                iterators[number].place += 1
                return iterators[number].items[iterators[number].place - 1]
            }
            if let first = try items(of: value).first { return first }
        case "last":
            if case .object = value { throw Problem("\(value.kind) has no last item; make it a list first") }
            if let last = try items(of: value).last { return last }
        case "length", "count":
            _ = try arguments.bind(name, [])
            guard let count = try count(value) else { throw Problem("\(described(value)) has no length") }
            return .integer(count)
        case "reverse":
            if let text = value.plain {
                try budget.text(text.utf8.count)
                return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
            }
            return try iterator(try items(of: value).reversed())
        case "items":
            if value.isUndefined { return try iterator([]) }
            guard case .dictionary(let members) = value else { throw Problem("\(value.kind) has no pairs of items") }
            return try iterator(try pairs(members))
        case "join":
            let given = try arguments.bind(name, ["d", "attribute"])
            let separator = try given[0].map { try text(of: $0) } ?? ""
            let parts = try items(of: value).map { try text(of: try part(given[1] ?? Value.none, of: $0)) }
            return .string(try joined(parts, with: separator))
        default:
            let parameter = name == "batch" ? "linecount" : "slices"
            let given = try arguments.bind(name, [parameter, "fill_with"], needs: 1)
            let count = try whole(given[0], name) ?? 0
            let fill = given[1].flatMap { $0.isNone ? nil : $0 }
            let items = try items(of: value)
            return try iterator(name == "batch" ? try batches(items, count, fill) : try slices(items, count, fill))
        }
        return .undefined("there is no \(name) item")
    }

    private func batches(_ items: [Value], _ count: Int, _ fill: Value?) throws -> [Value] {
        guard count > 0 else { throw Problem("\"batch\" needs a number above 0") }
        var batches: [Value] = []
        var start = 0
        while start < items.count {
            var batch = Array(items[start..<min(items.count, start + min(count, items.count))])
            start += batch.count
            if let fill, batch.count < count {
                try budget.make(min(count, Budget.mostBytes) * 32)
                batch += Array(repeating: fill, count: count - batch.count)
            }
            batches.append(try budget.sequence(batch))
        }
        return batches
    }

    private func slices(_ items: [Value], _ count: Int, _ fill: Value?) throws -> [Value] {
        guard count > 0 else { throw Problem("\"slice\" needs a number above 0") }
        try budget.make(min(count, Budget.mostBytes) * 96)
        let (size, rest) = (items.count / count, items.count % count)
        var slices: [Value] = []
        var start = 0
        for number in 0..<count {
            let end = start + size + (number < rest ? 1 : 0)
            var slice = Array(items[start..<end])
            if let fill, number >= rest { slice.append(fill) }
            start = end
            slices.append(try budget.sequence(slice))
        }
        return slices
    }

    // MARK: - Numbers

    func numeric(_ name: String, _ value: Value, _ arguments: Arguments) throws -> Value {
        switch name {
        case "abs":
            _ = try arguments.bind(name, [])
            if let whole = value.whole { return whole < 0 ? try negated(value) : .integer(whole) }
            guard let number = value.number else { throw Problem("\(described(value)) has no absolute value") }
            return .real(number.magnitude)
        case "sum":
            let given = try arguments.bind(name, ["attribute", "start"])
            var total = given[1] ?? .integer(0)
            if total.plain != nil { throw Problem("\"sum\" does not work on strings; use \"join\"") }
            for item in try items(of: value) {
                try budget.spend()
                total = try combine("+", total, try part(given[0] ?? Value.none, of: item))
            }
            return total
        case "int":
            let given = try arguments.bind(name, ["default", "base"])
            return try integer(value, base: try whole(given[1], name) ?? 10) ?? given[0] ?? .integer(0)
        case "float":
            let given = try arguments.bind(name, ["default"])
            if case .undefined = value { throw Problem("\(described(value)) is no number") }
            return (value.number ?? Self.real(value)).map { Value.real($0) } ?? given[0] ?? Value.real(0)
        case "round": return try rounded(value, try arguments.bind(name, ["precision", "method"]))
        default:
            let isBinary = try arguments.bind(name, ["binary"])[0]?.isTrue ?? false
            guard let bytes = value.number ?? Self.real(value) else {
                throw Problem("\(described(value)) is no number")
            }
            return .string(try size(bytes, isBinary ? 1024 : 1000, isBinary ? "iB" : "B"))
        }
    }

    private func size(_ bytes: Double, _ base: Double, _ suffix: String) throws -> String {
        if bytes == 1 { return "1 Byte" }
        guard bytes >= base else {
            guard let whole = Int(exactly: bytes.rounded(.towardZero)) else { throw Problem("the number is too large") }
            return "\(whole) Bytes"
        }
        var unit = base
        let prefixes = [base == 1024 ? "K" : "k", "M", "G", "T", "P", "E", "Z", "Y"]
        for prefix in prefixes {
            unit *= base
            if bytes < unit || prefix == "Y" {
                var specification = FormatSpecification()
                (specification.type, specification.precision) = ("f", 1)
                return try formatted(.real(base * bytes / unit), specification) + " \(prefix)\(suffix)"
            }
        }
        return ""
    }

    /// A number as Python's `float` reads it from text.
    static func real(_ value: Value) -> Double? {
        guard let text = value.plain else { return nil }
        var digits = String(text.unicodeScalars.drop(while: \.isSpace))
        while let last = digits.unicodeScalars.last, last.isSpace { digits.unicodeScalars.removeLast() }
        digits = withoutUnderscores(digits.lowercased())
        guard digits.utf8.count < 1000, !digits.contains("x"), !digits.contains("p"), !digits.contains("(") else {
            return nil
        }
        if digits.hasSuffix(".") { digits += "0" }
        if digits.contains(".e") { digits = digits.replacing(".e", with: ".0e", maxReplacements: 1) }
        return Double(digits)
    }

    /// Underscores are allowed between digits only; elsewhere they stay and make the number invalid.
    private static func withoutUnderscores(_ text: String) -> String {
        let bytes = Array(text.utf8)
        func isDigit(_ place: Int) -> Bool {
            bytes.indices.contains(place) && (48...57).contains(bytes[place])
                || bytes.indices.contains(place)
                    && (97...122).contains(bytes[place])
        }
        var result: [UInt8] = []
        for place in bytes.indices where bytes[place] != 95 || !isDigit(place - 1) || !isDigit(place + 1) {
            result.append(bytes[place])
        }
        return String(decoding: result, as: UTF8.self)
    }

    private func integer(_ value: Value, base: Int) throws -> Value? {
        if case .undefined = value { throw Problem("\(described(value)) is no number") }
        if let whole = value.whole { return .integer(whole) }
        if case .real(let number) = value {
            guard !number.isInfinite else { throw Problem("an infinite number is no whole one") }
            guard !number.isNaN else { return nil }
            guard let whole = Int(exactly: number.rounded(.towardZero)) else {
                throw Problem("the number is too large: whole numbers end at \(Int.max)")
            }
            return .integer(whole)
        }
        guard let text = value.plain else { return nil }
        try budget.text(text.utf8.count)
        let stripped = Self.withoutUnderscores(try budget.stripped(text, nil, left: true, right: true).lowercased())
        guard base == 0 || (2...36).contains(base) else { return nil }
        var digits = stripped.drop { $0 == "-" || $0 == "+" }
        let sign = stripped.hasPrefix("-") ? "-" : ""
        var radix = base
        for (prefix, value) in [("0x", 16), ("0o", 8), ("0b", 2)] where base == value || base == 0 {
            if digits.hasPrefix(prefix) {
                digits = digits.dropFirst(2)
                radix = value
            }
        }
        if radix == 0 { radix = 10 }
        if stripped.prefix(while: { $0 == "-" || $0 == "+" }).count <= 1, let first = digits.first, first != "-",
            first != "+", first != "_"
        {
            if let whole = Int(sign + digits, radix: radix) { return .integer(whole) }
            if digits.allSatisfy({ $0.isASCII && $0.isHexDigit && ($0.hexDigitValue ?? 99) < radix }) {
                throw Problem("the number is too large: whole numbers end at \(Int.max)")
            }
        }
        guard let real = Self.real(value), real.isFinite else { return nil }
        return try integer(.real(real), base: 10)
    }

    private func rounded(_ value: Value, _ given: [Value?]) throws -> Value {
        let precision = try whole(given[0], "round") ?? 0
        let method = given[1]?.plain ?? "common"
        guard let number = value.number else { throw Problem("\(described(value)) cannot be rounded") }
        guard (-400...400).contains(precision) else { throw Problem("a precision of \(precision) is out of range") }
        switch method {
        case "common":
            if let whole = value.whole {
                guard precision < 0 else { return .integer(whole) }
                let unit = pow(10, Double(-precision))
                guard unit < 1e18, let size = Int(exactly: unit) else { return .integer(0) }
                let rest = ((whole % size) + size) % size
                let (low, isBelow) = whole.subtractingReportingOverflow(rest)
                guard !isBelow else { throw Problem("the number is too large to be rounded") }
                guard rest * 2 > size || rest * 2 == size && low / size % 2 != 0 else { return .integer(low) }
                let (high, isAbove) = low.addingReportingOverflow(size)
                guard !isAbove else { throw Problem("the number is too large to be rounded") }
                return .integer(high)
            }
            guard number.isFinite else { return value }
            if precision >= 0 {
                return .real(Double(String(format: "%.\(precision)f", number)) ?? number)
            }
            let unit = pow(10, Double(-precision))
            return .real((number / unit).rounded(.toNearestOrEven) * unit)
        case "ceil", "floor":
            let unit = pow(10, Double(precision))
            let scaled = (number * unit).rounded(method == "ceil" ? .up : .down)
            guard scaled.isFinite else { throw Problem("the number is too large to be rounded") }
            return .real(scaled / unit)
        default: throw Problem("\"round\" knows the methods common, ceil and floor")
        }
    }
}
