import Foundation

extension Renderer {
    func negated(_ value: Value) throws -> Value {
        if let whole = value.whole {
            let (result, overflow) = 0.subtractingReportingOverflow(whole)
            guard !overflow else { throw tooLarge }
            return .integer(result)
        }
        guard case .real(let number) = value else { throw Problem("\(described(value)) has no negative") }
        return .real(-number)
    }

    private var tooLarge: Problem { Problem("the number is too large: whole numbers end at \(Int.max)") }

    /// A value's kind, or why it is not there.
    func described(_ value: Value) -> String {
        if case .undefined(let sentence) = value { "an undefined value (\(sentence))" } else { value.kind }
    }

    func combine(_ operation: String, _ left: Value, _ right: Value) throws -> Value {
        if let a = left.whole, let b = right.whole { return try combine(operation, a, b) }
        if let a = left.number, let b = right.number { return .real(try combine(operation, a, b)) }
        switch operation {
        case "+":
            if let a = left.plain, let b = right.plain { return try added(a, b, left, right) }
            if case .sequence(let a) = left, case .sequence(let b) = right, a.isTuple == b.isTuple, !a.isView, !b.isView
            {
                try budget.make((a.values.count + b.values.count) * 32)
                return try budget.sequence(a.values + b.values, a.isTuple ? .tuple : .list)
            }
        case "*":
            if let count = right.whole { if let repeated = try repeated(left, count) { return repeated } }
            if let count = left.whole { if let repeated = try repeated(right, count) { return repeated } }
        case "%":
            if let text = left.plain {
                let arguments = if case .sequence(let items) = right, items.isTuple { items.values } else { [right] }
                return like(left, try formatted(percent: text, arguments, mapping: right))
            }
        default: break
        }
        throw Problem("\"\(operation)\" does not work on \(described(left)) and \(described(right))")
    }

    /// Text of the same kind, escaped or not.
    func like(_ value: Value, _ text: String) -> Value {
        if case .markup = value { .markup(text) } else { .string(text) }
    }

    private func added(_ a: String, _ b: String, _ left: Value, _ right: Value) throws -> Value {
        switch (left, right) {
        case (.markup, .string): return .markup(a + (try escaped(b)))
        case (.string, .markup): return .markup((try escaped(a)) + b)
        default:
            try budget.text(a.utf8.count + b.utf8.count)
            return like(left, a + b)
        }
    }

    private func repeated(_ value: Value, _ count: Int) throws -> Value? {
        let count = max(count, 0)
        if let text = value.plain {
            try budget.text(text.utf8.count, times: count)
            return like(value, String(repeated: text, times: text.isEmpty ? 0 : count))
        }
        guard case .sequence(let items) = value, !items.isView else { return nil }
        let (size, overflow) = items.values.count.multipliedReportingOverflow(by: count)
        guard !overflow, size < Budget.mostBytes / 32 else { throw Problem("the list would be too long") }
        try budget.make(size * 32)
        let copies = items.values.isEmpty ? [] : Array(repeating: items.values, count: count).flatMap(\.self)
        return try budget.sequence(copies, items.isTuple ? .tuple : .list)
    }

    private func combine(_ operation: String, _ a: Int, _ b: Int) throws -> Value {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case "+": result = a.addingReportingOverflow(b)
        case "-": result = a.subtractingReportingOverflow(b)
        case "*": result = a.multipliedReportingOverflow(by: b)
        case "/":
            guard b != 0 else { throw Problem("a number cannot be divided by 0") }
            return .real(Double(a) / Double(b))
        case "//", "%":
            guard b != 0 else { throw Problem("a number cannot be divided by 0") }
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            if overflow {
                guard operation == "%" else { throw tooLarge }
                return .integer(0)
            }
            let remainder = a % b
            let isBelow = remainder != 0 && (remainder < 0) != (b < 0)
            return .integer(
                operation == "//" ? (isBelow ? quotient - 1 : quotient) : (isBelow ? remainder + b : remainder))
        default: return try power(a, b)
        }
        guard !result.overflow else { throw tooLarge }
        return .integer(result.partialValue)
    }

    private func power(_ base: Int, _ exponent: Int) throws -> Value {
        guard exponent >= 0 else {
            guard base != 0 else { throw Problem("0 has no negative power") }
            return .real(pow(Double(base), Double(exponent)))
        }
        if base == 0 || base == 1 { return .integer(exponent == 0 ? 1 : base) }
        if base == -1 { return .integer(exponent % 2 == 0 ? 1 : -1) }
        guard exponent < 64 else { throw tooLarge }
        var result = 1
        for _ in 0..<exponent {
            let (product, overflow) = result.multipliedReportingOverflow(by: base)
            guard !overflow else { throw tooLarge }
            result = product
        }
        return .integer(result)
    }

    private func combine(_ operation: String, _ a: Double, _ b: Double) throws -> Double {
        switch operation {
        case "+": return a + b
        case "-": return a - b
        case "*": return a * b
        case "/", "//", "%":
            guard b != 0 else { throw Problem("a number cannot be divided by 0") }
            if operation == "/" { return a / b }
            var remainder = fmod(a, b)
            if remainder != 0, (remainder < 0) != (b < 0) { remainder += b }
            if operation == "%" { return remainder == 0 ? (b < 0 ? -0.0 : 0.0) : remainder }
            let quotient = (a - remainder) / b
            let floored = quotient.rounded(.down)
            return quotient - floored > 0.5 ? floored + 1 : floored
        default:
            guard a >= 0 || b.rounded() == b else { throw Problem("a negative number has no such power") }
            guard a != 0 || b >= 0 else { throw Problem("0 has no negative power") }
            let result = pow(a, b)
            guard result.isFinite || !a.isFinite || !b.isFinite else { throw Problem("the power is too large") }
            return result
        }
    }

    /// `~`: everything as text.
    func concatenated(_ values: [Value]) throws -> Value {
        .string(try joined(try values.map { try text(of: $0) }, with: ""))
    }

    func escapedText(of value: Value) throws -> String {
        if case .markup(let text) = value { return text }
        return try escaped(try text(of: value))
    }

    func escaped(_ text: String) throws -> String {
        try budget.spend(text.utf8.count * 6)
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        try budget.text(result.utf8.count)
        return result
    }

    // MARK: - Slices

    func slice(_ value: Value, _ from: Value?, _ to: Value?, _ step: Value?) throws -> Value {
        func bound(_ value: Value?) throws -> Int? {
            guard let value, !value.isNone else { return nil }
            guard let whole = value.whole else {
                throw Problem("the bounds of a slice are whole numbers, not \(described(value))")
            }
            return whole
        }
        let step = try bound(step) ?? 1
        guard step != 0 else { throw Problem("the step of a slice cannot be 0") }
        let (from, to) = (try bound(from), try bound(to))
        if let text = value.plain {
            try budget.make(text.utf8.count * 4)
            let scalars = Array(text.unicodeScalars)
            var result = String.UnicodeScalarView()
            for place in Self.places(scalars.count, from, to, step) { result.append(scalars[place]) }
            return like(value, String(result))
        }
        switch value {
        case .sequence(let items) where !items.isView:
            let places = Self.places(items.values.count, from, to, step)
            return try budget.sequence(places.map { items.values[$0] }, items.isTuple ? .tuple : .list)
        case .range:
            let items = try items(of: value)
            return try budget.sequence(Self.places(items.count, from, to, step).map { items[$0] })
        default: throw Problem("\(described(value)) has no slices")
        }
    }

    /// The places of a slice, by Python's rules for bounds beyond the ends.
    static func places(_ count: Int, _ from: Int?, _ to: Int?, _ step: Int) -> [Int] {
        func clamped(_ bound: Int) -> Int {
            let place = bound < 0 ? max(bound, -count - 1) + count : bound
            return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
        }
        let start = from.map(clamped) ?? (step > 0 ? 0 : count - 1)
        let end = to.map(clamped) ?? (step > 0 ? count : -1)
        let step = max(min(step, count + 1), -count - 1)
        return Array(stride(from: start, to: end, by: step))
    }
}
