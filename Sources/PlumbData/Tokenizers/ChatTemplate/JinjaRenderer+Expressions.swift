/// The values of a call's arguments.
struct JinjaArguments {
    var positional: [JinjaValue] = []
    var named: [(String, JinjaValue)] = []

    var first: JinjaValue? { positional.first }

    /// The argument at a position, or the one so named.
    func value(_ position: Int, _ name: String) -> JinjaValue? {
        position < positional.count ? positional[position] : named.last { $0.0 == name }?.1
    }
}

extension JinjaRenderer {
    mutating func value(of expression: JinjaExpression) throws(ChatTemplateError) -> JinjaValue {
        switch expression {
        case .literal(let value): return value
        case .variable(let name): return variable(name)
        case .list(let items):
            var values: [JinjaValue] = []
            for item in items { values.append(try value(of: item)) }
            return .list(values)
        case .dictionary(let members):
            var values: [(key: String, value: JinjaValue)] = []
            for member in members { values.append((try value(of: member.key).text, try value(of: member.value))) }
            return .dictionary(values)
        case .attribute(let object, let name): return try attribute(name, of: try value(of: object))
        case .item(let object, let index): return try item(try value(of: index), of: try value(of: object))
        case .slice(let object, let from, let to, let step): return try slice(object, from, to, step)
        case .call(let callee, let arguments): return try call(callee, arguments)
        case .filter(let object, let name, let arguments):
            return try filtered(try value(of: object), by: name, try values(of: arguments))
        case .test(let object, let name, let arguments, let isNegated):
            let holds = try test(try value(of: object), name, try values(of: arguments))
            return .boolean(holds != isNegated)
        case .not(let operand): return .boolean(!(try value(of: operand).isTrue))
        case .minus(let operand): return try arithmetic("-", .integer(0), try value(of: operand))
        case .binary(let symbol, let left, let right): return try binary(symbol, left, right)
        case .conditional(let condition, let then, let otherwise):
            if try value(of: condition).isTrue { return try value(of: then) }
            guard let otherwise else { return .undefined("the value of an \"if\" without \"else\"") }
            return try value(of: otherwise)
        }
    }

    private mutating func values(of arguments: [JinjaArgument]) throws(ChatTemplateError) -> JinjaArguments {
        var result = JinjaArguments()
        for argument in arguments {
            let value = try value(of: argument.value)
            if let name = argument.name { result.named.append((name, value)) } else { result.positional.append(value) }
        }
        return result
    }

    private mutating func call(
        _ callee: JinjaExpression, _ arguments: [JinjaArgument]
    ) throws(ChatTemplateError) -> JinjaValue {
        let arguments = try values(of: arguments)
        if case .attribute(let object, let name) = callee {
            return try method(name, of: try value(of: object), arguments)
        }
        let function = try value(of: callee)
        guard case .function(let name) = function else {
            if case .undefined(let name) = function { throw error("the function \"\(name)\" is not known") }
            throw error("\(function.kind) cannot be called")
        }
        return try call(name, arguments)
    }

    private func attribute(_ name: String, of object: JinjaValue) throws(ChatTemplateError) -> JinjaValue {
        switch object {
        case .dictionary(let members): return members.last { $0.key == name }?.value ?? .undefined(name)
        case .namespace(let number): return attribute(name, ofNamespace: number)
        case .undefined: throw error("\(object.kind), has no attribute \"\(name)\"")
        default: return .undefined(name)
        }
    }

    private func item(_ index: JinjaValue, of object: JinjaValue) throws(ChatTemplateError) -> JinjaValue {
        switch (object, index) {
        case (.list(let items), _):
            guard let index = index.integer else { return .undefined(index.text) }
            let position = index < 0 ? items.count + index : index
            return items.indices.contains(position) ? items[position] : .undefined("item \(index)")
        case (.string(let text), .integer(let index)):
            let scalars = Array(text.unicodeScalars)
            let position = index < 0 ? scalars.count + index : index
            return scalars.indices.contains(position)
                ? .string(String(Character(scalars[position]))) : .undefined("character \(index)")
        default: return try attribute(index.text, of: object)
        }
    }

    private mutating func slice(
        _ object: JinjaExpression, _ from: JinjaExpression?, _ to: JinjaExpression?, _ step: JinjaExpression?
    ) throws(ChatTemplateError) -> JinjaValue {
        let object = try value(of: object)
        guard !object.isUndefined else { throw error("\(object.kind), cannot be sliced") }
        let items = try list(object)
        let step = try bound(step) ?? 1
        guard step == 1 || step == -1 else { throw error("slices in steps of \(step) are not known") }
        let first = try bound(from)
        let last = try bound(to)
        func position(_ bound: Int?, _ absent: Int, _ lowest: Int, _ highest: Int) -> Int {
            guard let bound else { return absent }
            return min(max(bound < 0 ? bound + items.count : bound, lowest), highest)
        }
        var result: [JinjaValue]
        if step == 1 {
            let start = position(first, 0, 0, items.count)
            result = Array(items[start..<max(start, position(last, items.count, 0, items.count))])
        } else {
            let start = position(first, items.count - 1, -1, items.count - 1)
            let end = min(position(last, -1, -1, items.count - 1), start)
            result = items[(end + 1)..<(start + 1)].reversed()
        }
        guard case .string = object else { return .list(result) }
        return .string(result.map(\.text).joined())
    }

    private mutating func bound(_ expression: JinjaExpression?) throws(ChatTemplateError) -> Int? {
        guard let expression else { return nil }
        let value = try value(of: expression)
        if case .none = value { return nil }
        guard let number = value.integer, number.magnitude < 1 << 32 else {
            throw error("a slice's bounds are whole numbers, not \(value.kind)")
        }
        return number
    }
}

// MARK: - Operators

extension JinjaRenderer {
    private mutating func binary(
        _ symbol: String, _ left: JinjaExpression, _ right: JinjaExpression
    ) throws(ChatTemplateError) -> JinjaValue {
        let first = try value(of: left)
        switch symbol {
        case "and": return first.isTrue ? try value(of: right) : first
        case "or": return first.isTrue ? first : try value(of: right)
        default: break
        }
        let second = try value(of: right)
        switch symbol {
        case "==": return .boolean(first.isEqual(to: second))
        case "!=": return .boolean(!first.isEqual(to: second))
        case "<", ">", "<=", ">=": return .boolean(try isOrdered(symbol, first, second))
        case "in": return .boolean(try contains(second, first))
        case "not in": return .boolean(!(try contains(second, first)))
        case "~": return .string(try checked(first.text + second.text))
        default: return try arithmetic(symbol, first, second)
        }
    }

    private func isOrdered(
        _ symbol: String, _ left: JinjaValue, _ right: JinjaValue
    ) throws(ChatTemplateError) -> Bool {
        let isLess: Bool
        let isMore: Bool
        if let first = left.number, let second = right.number {
            (isLess, isMore) = (first < second, first > second)
        } else if case .string(let first) = left, case .string(let second) = right {
            isLess = first.unicodeScalars.lexicographicallyPrecedes(second.unicodeScalars)
            isMore = second.unicodeScalars.lexicographicallyPrecedes(first.unicodeScalars)
        } else {
            throw error("\(left.kind) and \(right.kind) have no order")
        }
        switch symbol {
        case "<": return isLess
        case ">": return isMore
        case "<=": return !isMore
        default: return !isLess
        }
    }

    func contains(_ container: JinjaValue, _ item: JinjaValue) throws(ChatTemplateError) -> Bool {
        switch (container, item) {
        case (.string(let text), .string(let part)):
            return JinjaText.ranges(of: part, in: text, atMost: 1).isEmpty == false
        case (.list(let items), _): return items.contains { $0.isEqual(to: item) }
        case (.dictionary(let members), .string(let key)): return members.contains { $0.key == key }
        case (.undefined, _): return false
        default: throw error("\(container.kind) contains nothing of the kind of \(item.kind)")
        }
    }

    func checked(_ text: String) throws(ChatTemplateError) -> String {
        guard text.utf8.count <= 1 << 26 else { throw error("it makes a text of more than 64 MiB") }
        return text
    }

    private func arithmetic(
        _ symbol: String, _ left: JinjaValue, _ right: JinjaValue
    ) throws(ChatTemplateError) -> JinjaValue {
        if symbol == "+" {
            if case .string(let first) = left, case .string(let second) = right {
                return .string(try checked(first + second))
            }
            if case .list(let first) = left, case .list(let second) = right {
                guard first.count + second.count <= 1 << 20 else { throw error("it makes a list of over a million") }
                return .list(first + second)
            }
        }
        if let first = left.integer, let second = right.integer, symbol != "/" {
            return .integer(try whole(symbol, first, second))
        }
        guard let first = left.number, let second = right.number else {
            throw error("\"\(symbol)\" does not join \(left.kind) and \(right.kind)")
        }
        switch symbol {
        case "+": return .real(first + second)
        case "-": return .real(first - second)
        case "*": return .real(first * second)
        default:
            guard second != 0 else { throw error("division by 0") }
            let quotient = first / second
            if symbol == "/" { return .real(quotient) }
            return .real(symbol == "//" ? quotient.rounded(.down) : first - second * quotient.rounded(.down))
        }
    }

    private func whole(_ symbol: String, _ left: Int, _ right: Int) throws(ChatTemplateError) -> Int {
        let result: (partialValue: Int, overflow: Bool)
        switch symbol {
        case "+": result = left.addingReportingOverflow(right)
        case "-": result = left.subtractingReportingOverflow(right)
        case "*": result = left.multipliedReportingOverflow(by: right)
        default:
            guard right != 0 else { throw error("division by 0") }
            let quotient = left.dividedReportingOverflow(by: right)
            let remainder = left.remainderReportingOverflow(dividingBy: right)
            // Python rounds down, and the remainder has the divisor's sign.
            let isShifted = remainder.partialValue != 0 && (remainder.partialValue < 0) != (right < 0)
            if symbol == "//" {
                result = (quotient.partialValue - (isShifted ? 1 : 0), quotient.overflow)
            } else {
                result = (remainder.partialValue + (isShifted ? right : 0), remainder.overflow)
            }
        }
        guard !result.overflow else { throw error("a number is out of range") }
        return result.partialValue
    }
}
