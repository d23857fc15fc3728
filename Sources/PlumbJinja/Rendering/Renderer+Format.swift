import Foundation

/// How one value is to be written: Python's format specification, or what stands between `%` and its letter.
struct FormatSpecification {
    var fill: Unicode.Scalar = " "
    var align: Unicode.Scalar?
    var sign: Unicode.Scalar = "-"
    var isAlternative = false
    var width = 0
    var grouping: Unicode.Scalar?
    var precision: Int?
    var type: Unicode.Scalar?

    static let widest = 1 << 20

    /// Reads `[[fill]align][sign][#][0][width][,][.precision][type]`.
    init(_ text: String) throws {
        var scalars = Array(text.unicodeScalars)[...]
        let aligns: [Unicode.Scalar] = ["<", ">", "^", "="]
        if scalars.count > 1, aligns.contains(scalars[scalars.startIndex + 1]) {
            fill = scalars.removeFirst()
            align = scalars.removeFirst()
        } else if let first = scalars.first, aligns.contains(first) {
            align = scalars.removeFirst()
        }
        if let first = scalars.first, ["+", "-", " "].contains(first) { sign = scalars.removeFirst() }
        if scalars.first == "#" {
            isAlternative = true
            scalars.removeFirst()
        }
        if scalars.first == "0" {
            scalars.removeFirst()
            if align == nil { (fill, align) = ("0", "=") }
        }
        width = try Self.number(&scalars) ?? 0
        if scalars.first == "," || scalars.first == "_" { grouping = scalars.removeFirst() }
        if scalars.first == "." {
            scalars.removeFirst()
            guard let digits = try Self.number(&scalars) else { throw Problem("a format lacks its precision") }
            precision = digits
        }
        type = scalars.popFirst()
        guard scalars.isEmpty else { throw Problem("the format \"\(text.prefix(40))\" is not known") }
    }

    init() {}

    static func number(_ scalars: inout ArraySlice<Unicode.Scalar>) throws -> Int? {
        var value: Int?
        while let digit = scalars.first, digit.isDigit {
            value = (value ?? 0) * 10 + Int(digit.value - 48)
            guard value ?? 0 <= widest else { throw Problem("a width in a format is more than \(widest)") }
            scalars.removeFirst()
        }
        return value
    }
}

extension Renderer {
    /// `"…" % arguments`.
    func formatted(percent format: String, _ arguments: [Value], mapping: Value) throws -> String {
        var scalars = Array(format.unicodeScalars)[...]
        try budget.make(scalars.count * 4)
        var writer = Writer(budget)
        var used = 0
        var isNamed = false
        while let scalar = scalars.popFirst() {
            guard scalar == "%" else {
                try writer.write(String(scalar))
                continue
            }
            if scalars.first == "%" {
                scalars.removeFirst()
                try writer.write("%")
                continue
            }
            var named: Value?
            if scalars.first == "(" {
                guard let end = scalars.firstIndex(of: ")"), case .dictionary(let members) = mapping else {
                    throw Problem("a format with names needs a dictionary")
                }
                let name = String(String.UnicodeScalarView(scalars[(scalars.startIndex + 1)..<end]))
                guard let value = members[name] else {
                    throw Problem("the format names \"\(name)\", which is not given")
                }
                named = value
                isNamed = true
                scalars = scalars[(end + 1)...]
            }
            var taken = named.map { [$0] } ?? Array(arguments.dropFirst(used).prefix(3))
            let before = taken.count
            try writer.write(try conversion(&scalars, &taken))
            if named == nil { used += before - taken.count }
        }
        let isMapping = if case .dictionary = mapping { true } else { false }
        guard used >= arguments.count || isNamed || isMapping && arguments.count == 1 else {
            throw Problem("not all values that \"%\" is given are used by its format")
        }
        return writer.text
    }

    private func conversion(_ scalars: inout ArraySlice<Unicode.Scalar>, _ values: inout [Value]) throws -> String {
        func next() throws -> Value {
            guard !values.isEmpty else { throw Problem("\"%\" is given too few values for its format") }
            return values.removeFirst()
        }
        var specification = FormatSpecification()
        specification.align = ">"
        while let flag = scalars.first, ["-", "+", " ", "0", "#"].contains(flag) {
            scalars.removeFirst()
            switch flag {
            case "-": (specification.align, specification.fill) = ("<", " ")
            case "0":
                if specification.align != "<" { (specification.align, specification.fill) = ("=", "0") }
            case "#": specification.isAlternative = true
            default: if specification.sign != "+" { specification.sign = flag }
            }
        }
        specification.width = try starOrNumber(&scalars, next) ?? 0
        if scalars.first == "." {
            scalars.removeFirst()
            specification.precision = try starOrNumber(&scalars, next) ?? 0
        }
        guard let type = scalars.popFirst() else { throw Problem("a format ends after \"%\"") }
        let value = try next()
        if "sra".unicodeScalars.contains(type) {
            if specification.align == "=" { (specification.align, specification.fill) = (">", " ") }
            let text = type == "s" ? try self.text(of: value) : try representation(of: value)
            return try padded(text, specification, isText: true)
        }
        specification.type = type == "i" || type == "u" ? "d" : type
        guard "diueEfFgGxXoc".unicodeScalars.contains(type) else {
            throw Problem("the format \"%\(type)\" is not known")
        }
        if specification.type == "d", case .real(let number) = value {
            guard let whole = Int(exactly: number.rounded(.towardZero)) else { throw Problem("a number is too large") }
            return try formatted(.integer(whole), specification)
        }
        guard value.number != nil || type == "c" else {
            throw Problem("\"%\(type)\" needs a number, not \(value.kind)")
        }
        if type == "c", let text = value.plain {
            guard text.unicodeScalars.count == 1 else { throw Problem("\"%c\" needs one character") }
            return try padded(text, specification, isText: true)
        }
        return try formatted(value, specification)
    }

    private func starOrNumber(
        _ scalars: inout ArraySlice<Unicode.Scalar>, _ next: () throws -> Value
    ) throws -> Int? {
        guard scalars.first == "*" else { return try FormatSpecification.number(&scalars) }
        scalars.removeFirst()
        guard let width = try next().whole, (0...FormatSpecification.widest).contains(width) else {
            throw Problem("\"*\" in a format needs a whole number")
        }
        return width
    }

    /// `format(value, specification)`.
    func formatted(_ value: Value, _ specification: FormatSpecification) throws -> String {
        switch value {
        case .string(let text), .markup(let text):
            guard specification.type == nil || specification.type == "s", specification.align != "=" else {
                throw Problem("a string cannot be written in the format of a number")
            }
            return try padded(text, specification, isText: true)
        case .boolean where specification.type == nil:
            return try padded(try self.text(of: value), specification, isText: true)
        case .integer, .boolean:
            let whole = value.whole ?? 0
            switch specification.type {
            case nil, "d", "n": return try number(whole < 0, "\(whole.magnitude)", specification)
            case "x", "X", "o", "b": return try number(whole < 0, digits(whole, specification), specification)
            case "c":
                guard let scalar = UInt32(exactly: whole).flatMap({ Unicode.Scalar($0) }) else {
                    throw Problem("\(whole) is no character")
                }
                return try padded(String(scalar), specification, isText: true)
            default: return try real(Double(whole), specification)
            }
        case .real(let number): return try real(number, specification)
        default:
            guard specification.type == nil || specification.type == "s" else {
                throw Problem("\(described(value)) cannot be written in the format of a number")
            }
            return try padded(try self.text(of: value), specification, isText: true)
        }
    }

    private func digits(_ value: Int, _ specification: FormatSpecification) -> String {
        let (radix, prefix) =
            switch specification.type {
            case "o": (8, "0o")
            case "b": (2, "0b")
            default: (16, specification.type == "X" ? "0X" : "0x")
            }
        let digits = String(value.magnitude, radix: radix, uppercase: specification.type == "X")
        return (specification.isAlternative ? prefix : "") + digits
    }

    private func real(_ value: Double, _ specification: FormatSpecification) throws -> String {
        guard value.isFinite else {
            let text = value.isNaN ? "nan" : "inf"
            return try number(value < 0, text, specification)
        }
        let precision = specification.precision ?? 6
        guard precision <= 400 else { throw Problem("a precision of \(precision) is more than 400") }
        var digits: String
        switch specification.type {
        case "f", "F": digits = String(format: "%.\(precision)f", value.magnitude)
        case "e", "E": digits = String(format: "%.\(precision)e", value.magnitude)
        case "g", "G": digits = String(format: "%.\(precision)g", value.magnitude)
        case "%": digits = String(format: "%.\(precision)f", value.magnitude * 100) + "%"
        case nil:
            digits = Self.text(of: value.magnitude)
            if let precision = specification.precision {
                digits = String(format: "%.\(precision)g", value.magnitude)
                if !digits.contains("."), !digits.contains("e") { digits += ".0" }
            }
        default: throw Problem("a number with a fraction cannot be written as a whole one")
        }
        if specification.type == "E" || specification.type == "G" { digits = digits.uppercased() }
        return try number(value.sign == .minus, digits, specification)
    }

    private func number(_ isNegative: Bool, _ digits: String, _ specification: FormatSpecification) throws -> String {
        var digits = digits
        if let separator = specification.grouping {
            let whole = digits.prefix { $0.isNumber }
            var grouped = ""
            for (place, digit) in whole.enumerated() {
                if place > 0, (whole.count - place) % 3 == 0 { grouped.unicodeScalars.append(separator) }
                grouped.append(digit)
            }
            digits = grouped + digits.dropFirst(whole.count)
        }
        let sign = isNegative ? "-" : specification.sign == "-" ? "" : String(specification.sign)
        if specification.align == "=" {
            let missing = specification.width - digits.utf8.count - sign.utf8.count
            return sign + String(repeated: String(specification.fill), times: max(missing, 0)) + digits
        }
        return try padded(sign + digits, specification, isText: false)
    }

    private func padded(_ text: String, _ specification: FormatSpecification, isText: Bool) throws -> String {
        try budget.text(text.utf8.count, times: 1, and: specification.width * 4)
        var text = text
        if isText, let precision = specification.precision { text = String(text.unicodeScalars.prefix(precision)) }
        let missing = max(specification.width - text.unicodeScalars.count, 0)
        let left =
            switch specification.align ?? (isText ? "<" : ">") {
            case "<": 0
            case "^": missing / 2
            default: missing
            }
        let fill = String(specification.fill)
        return String(repeated: fill, times: left) + text + String(repeated: fill, times: missing - left)
    }

    // MARK: - str.format

    /// `"…".format(…)`: fields by place or name, with attributes, items, conversions and specifications.
    func formatted(fields format: String, _ arguments: Arguments) throws -> String {
        try budget.make(format.utf8.count * 4)
        var scalars = Array(format.unicodeScalars)[...]
        var place = 0
        return try formatted(&scalars, arguments, &place, depth: 0)
    }

    private func formatted(
        _ scalars: inout ArraySlice<Unicode.Scalar>, _ arguments: Arguments, _ place: inout Int, depth: Int
    ) throws -> String {
        var writer = Writer(budget)
        while let scalar = scalars.popFirst() {
            if scalar == "{" || scalar == "}", scalars.first == scalar, depth == 0 {
                scalars.removeFirst()
                try writer.write(String(scalar))
            } else if scalar == "{" {
                guard depth < 2 else { throw Problem("fields of a format are nested too deeply") }
                try writer.write(try field(&scalars, arguments, &place, depth: depth))
            } else if scalar == "}" {
                guard depth > 0 else { throw Problem("a format has \"}\" without \"{\"") }
                return writer.text
            } else {
                try writer.write(String(scalar))
            }
        }
        guard depth == 0 else { throw Problem("a format has \"{\" without \"}\"") }
        return writer.text
    }

    private func field(
        _ scalars: inout ArraySlice<Unicode.Scalar>, _ arguments: Arguments, _ place: inout Int, depth: Int
    ) throws -> String {
        var name: [Unicode.Scalar] = []
        while let next = scalars.first, next != "}", next != ":", next != "!" { name.append(scalars.removeFirst()) }
        var value = try fieldValue(name[...], arguments, &place)
        if scalars.first == "!" {
            scalars.removeFirst()
            switch scalars.popFirst() {
            case "s": value = .string(try text(of: value))
            case "r", "a": value = .string(try representation(of: value))
            default: throw Problem("a format has a conversion that is not known")
            }
        }
        guard let next = scalars.popFirst() else { throw Problem("a format has \"{\" without \"}\"") }
        if next == "}" { return try formatted(value, FormatSpecification()) }
        guard next == ":" else { throw Problem("a format has a field that is not valid") }
        let specification = try formatted(&scalars, arguments, &place, depth: depth + 1)
        return try formatted(value, try FormatSpecification(specification))
    }

    private func fieldValue(
        _ name: ArraySlice<Unicode.Scalar>, _ arguments: Arguments, _ place: inout Int
    ) throws -> Value {
        var rest = name
        var first = String.UnicodeScalarView()
        while let next = rest.first, next != ".", next != "[" { first.append(rest.removeFirst()) }
        var value: Value
        if first.isEmpty || Int(String(first)) != nil {
            let index = Int(String(first)) ?? place
            if first.isEmpty { place += 1 }
            guard arguments.positional.indices.contains(index) else { throw Problem("a format has too few values") }
            value = arguments.positional[index]
        } else {
            guard let named = arguments.named.first(where: { $0.name == String(first) }) else {
                throw Problem("a format names \"\(String(first))\", which is not given")
            }
            value = named.value
        }
        while let mark = rest.popFirst() {
            var part = String.UnicodeScalarView()
            while let next = rest.first, mark == "[" ? next != "]" : next != "." && next != "[" {
                part.append(rest.removeFirst())
            }
            let text = String(part)
            value =
                mark == "."
                ? try attribute(text, of: value)
                : try item(Int(text).map { Value.integer($0) } ?? Value.string(text), of: value)
            if mark == "[" { _ = rest.popFirst() }
        }
        return value
    }
}
