extension Renderer {
    static let testNames: Set<String> = [
        "!=", "<", "<=", "==", ">", ">=", "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "escaped",
        "even", "false", "filter", "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan",
        "lower", "lt", "mapping", "ne", "none", "number", "odd", "sameas", "sequence", "string", "test", "true",
        "undefined", "upper",
    ]
    private static let comparisons = [
        "!=": "!=", "<": "<", "<=": "<=", "==": "==", ">": ">", ">=": ">=", "eq": "==", "equalto": "==", "ne": "!=",
        "ge": ">=", "gt": ">", "greaterthan": ">", "le": "<=", "lt": "<", "lessthan": "<", "in": "in",
    ]

    /// Whether a value passes a test.
    func test(_ name: String, _ value: Value, _ arguments: Arguments) throws -> Bool {
        if let operation = Self.comparisons[name] {
            return try compare(operation, value, try arguments.bind(name, ["other"], needs: 1)[0] ?? Value.none)
        }
        switch name {
        case "divisibleby":
            let divisor = try arguments.bind(name, ["num"], needs: 1)[0] ?? Value.none
            return try combine("%", value, divisor).number == 0
        case "sameas": return isSame(value, try arguments.bind(name, ["other"], needs: 1)[0] ?? Value.none)
        default: break
        }
        _ = try arguments.bind(name, [])
        switch name {
        case "odd": return try combine("%", value, .integer(2)).number == 1
        case "even": return try combine("%", value, .integer(2)).number == 0
        case "lower": return Self.question("islower", try text(of: value))
        case "upper": return Self.question("isupper", try text(of: value))
        case "filter":
            try budget.check(key: value)
            return value.plain.map { Self.filterNames.contains($0) } ?? false
        case "test":
            try budget.check(key: value)
            return value.plain.map { Self.testNames.contains($0) } ?? false
        default: return try kind(name, value)
        }
    }

    private func kind(_ name: String, _ value: Value) throws -> Bool {
        switch (name, value) {
        case ("defined", _): return !value.isUndefined
        case ("undefined", _): return value.isUndefined
        case ("none", .none), ("boolean", .boolean), ("true", .boolean(true)), ("false", .boolean(false)),
            ("integer", .integer), ("float", .real), ("string", .string), ("string", .markup), ("escaped", .markup),
            ("mapping", .dictionary), ("number", .integer), ("number", .real), ("number", .boolean):
            return true
        case ("callable", .function), ("callable", .method), ("callable", .undefined): return true
        case ("callable", .object(let object)): return [.macro, .joiner, .loop].contains(object.kind)
        case ("iterable", .object(let object)): return [.iterator, .loop].contains(object.kind)
        case ("sequence", .sequence(let items)): return !items.isView
        case ("sequence", .string), ("sequence", .markup), ("sequence", .dictionary), ("sequence", .range),
            ("sequence", .undefined), ("iterable", .string), ("iterable", .markup), ("iterable", .dictionary),
            ("iterable", .range), ("iterable", .undefined), ("iterable", .sequence):
            return true
        default:
            guard Self.testNames.contains(name) else { throw Problem("the test \"\(name)\" is not known") }
            return false
        }
    }

    /// Python's `is`: the same object, not only an equal one.
    private func isSame(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.dictionary(let a), .dictionary(let b)): a === b
        case (.sequence(let a), .sequence(let b)):
            a.kind == b.kind && a.values.count == b.values.count
                && a.values.withUnsafeBufferPointer { first in
                    b.values.withUnsafeBufferPointer { first.baseAddress == $0.baseAddress }
                }
        case (.boolean, _), (_, .boolean), (.real, .integer), (.integer, .real), (.range, _): false
        default: left.isSameScalar(as: right)
        }
    }
}
