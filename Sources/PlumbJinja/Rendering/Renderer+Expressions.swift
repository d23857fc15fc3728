extension Renderer {
    func value(of node: Node) throws -> Value {
        try enter()
        defer { walk -= 1 }
        let result = try evaluate(node)
        return result
    }

    private func evaluate(_ node: Node) throws -> Value {
        switch node.kind {
        case .literal(let value): return value
        case .variable(let name): return variable(name)
        case .captured: return captured
        case .attribute(let node, let name): return try attribute(name, of: try value(of: node), at: node.line)
        case .not(let node): return .boolean(!(try value(of: node).isTrue))
        case .and(let left, let right):
            let first = try value(of: left)
            return first.isTrue ? try value(of: right) : first
        case .or(let left, let right):
            let first = try value(of: left)
            return first.isTrue ? first : try value(of: right)
        case .conditional(let condition, let then, let otherwise):
            if try value(of: condition).isTrue { return try value(of: then) }
            return try otherwise.map { try value(of: $0) } ?? .undefined("an \"if\" without \"else\" gives nothing")
        default: return try evaluateCompound(node)
        }
    }

    private func evaluateCompound(_ node: Node) throws -> Value {
        switch node.kind {
        case .tuple(let parts): return try budget.sequence(try parts.map { try value(of: $0) }, .tuple)
        case .list(let parts): return try budget.sequence(try parts.map { try value(of: $0) })
        case .dictionary(let members):
            return try budget.dictionary(
                try members.map { (key: try value(of: $0.key), value: try value(of: $0.value)) })
        case .item(let node, let index): return try item(try value(of: index), of: try value(of: node))
        case .slice(let node, let from, let to, let step):
            return try slice(
                try value(of: node), try from.map { try value(of: $0) }, try to.map { try value(of: $0) },
                try step.map { try value(of: $0) })
        default: return try evaluateOperation(node)
        }
    }

    private func evaluateOperation(_ node: Node) throws -> Value {
        switch node.kind {
        case .call(let callee, let arguments):
            let callee = try value(of: callee)
            let values = try values(of: arguments)
            line = node.line
            return try call(callee, values)
        case .filter(let operand, let name, let arguments):
            let operand = try value(of: operand)
            let values = try values(of: arguments)
            line = node.line
            return try filter(name, operand, values)
        case .test(let operand, let name, let arguments):
            let operand = try value(of: operand)
            let values = try values(of: arguments)
            line = node.line
            return .boolean(try test(name, operand, values))
        case .negative(let operand): return try negated(try value(of: operand))
        case .positive(let operand):
            let value = try value(of: operand)
            guard value.number != nil else { throw Problem("\(value.kind) has no sign") }
            return value.whole.map { Value.integer($0) } ?? value
        case .binary(let operation, let left, let right):
            let left = try value(of: left)
            let right = try value(of: right)
            line = node.line
            return try combine(operation, left, right)
        case .concatenation(let parts): return try concatenated(try parts.map { try value(of: $0) })
        case .comparison(let first, let rest): return try compared(first, rest)
        default: return .none
        }
    }

    private func compared(_ first: Node, _ rest: [(operation: String, operand: Node)]) throws -> Value {
        var left = try value(of: first)
        for (operation, operand) in rest {
            let right = try value(of: operand)
            guard try compare(operation, left, right) else { return .no }
            left = right
        }
        return .yes
    }

    func compare(_ operation: String, _ left: Value, _ right: Value) throws -> Bool {
        switch operation {
        case "==": return try budget.isEqual(left, right)
        case "!=": return try !budget.isEqual(left, right)
        case "in": return try contains(right, left)
        case "not in": return try !contains(right, left)
        case "<": return try budget.isLess(left, right)
        case ">": return try budget.isLess(right, left)
        case "<=": return try ordered(left, right)
        default: return try ordered(right, left)
        }
    }

    private func ordered(_ left: Value, _ right: Value) throws -> Bool {
        if let left = left.number, let right = right.number, left.isNaN || right.isNaN { return false }
        return try !budget.isLess(right, left)
    }

    private func contains(_ container: Value, _ value: Value) throws -> Bool {
        if let text = container.plain {
            guard let part = value.plain else { throw Problem("\(value.kind) cannot be in a string") }
            return try !budget.places(of: part, in: text, most: 1).isEmpty
        }
        switch container {
        case .dictionary(let members):
            try budget.check(key: value)
            return members[value] != nil
        case .range(let start, let end, let step):
            guard let number = value.whole ?? value.number.flatMap({ Int(exactly: $0) }) else { return false }
            guard step > 0 ? number >= start && number < end : number <= start && number > end else { return false }
            return number.subtractingReportingOverflow(start).partialValue % step == 0
        default:
            for item in try items(of: container) where try budget.isEqual(item, value) { return true }
            return false
        }
    }

    // MARK: - Parts

    /// The items a value is made of, in order; an iterator gives them once.
    func items(of value: Value) throws -> [Value] {
        switch value {
        case .sequence(let items): return items.values
        case .dictionary(let members): return members.keys
        case .string(let text), .markup(let text):
            try budget.make(text.utf8.count * 32)
            return text.unicodeScalars.map { .string(String($0)) }
        case .range(let start, let end, let step):
            try budget.make(Value.count(start, end, step) * 32)
            return (0..<Value.count(start, end, step)).map { .integer(start + $0 * step) }
        case .undefined: return []
        case .object(let object) where object.kind == .iterator:
            let (items, failure) = try itemsBeforeFailure(of: value)
            if let failure { throw failure }
            return items
        default: throw Problem("\(value.kind) has no items to go through")
        }
    }

    /// The items up to where going through them fails.
    func itemsBeforeFailure(of value: Value) throws -> (items: [Value], failure: Problem?) {
        guard case .object(let object) = value, object.kind == .iterator else { return (try items(of: value), nil) }
        let iterator = iterators[Int(object.number)]
        iterators[Int(object.number)].place = iterator.items.count
        return (Array(iterator.items[iterator.place...]), iterator.failure)
    }

    func iterator(_ items: [Value], failure: Problem? = nil) throws -> Value {
        try budget.make(64 + items.count * 32)
        iterators.append(Iterator(items: items, failure: failure))
        return .object(Object(kind: .iterator, number: Int32(iterators.count - 1)))
    }

    /// How many items a value has; nil for what has no length.
    func count(_ value: Value) throws -> Int? {
        switch value {
        case .undefined: return 0
        case .string(let text), .markup(let text):
            try budget.spend(text.utf8.count)
            return text.unicodeScalars.count
        case .sequence(let items): return items.values.count
        case .dictionary(let members): return members.keys.count
        case .range(let start, let end, let step): return Value.count(start, end, step)
        case .object(let object) where object.kind == .loop: return loops[Int(object.number)].items.count
        default: return nil
        }
    }

    func item(_ index: Value, of value: Value) throws -> Value {
        switch value {
        case .undefined(let sentence): throw Problem("\(sentence), so it has no items")
        case .dictionary(let members):
            if case .undefined = index { break }
            if isTuple(index) { try budget.check(key: index) }
            if index.depth == 0 || isTuple(index), let found = members[index] { return found }
        case .sequence(let items) where !items.isView:
            if let place = index.whole {
                let place = place < 0 ? place + items.values.count : place
                return items.values.indices.contains(place) ? items.values[place] : missing(index, in: value)
            }
        case .string(let text), .markup(let text):
            if let place = index.whole {
                try budget.spend(text.utf8.count)
                let scalars = text.unicodeScalars
                let distance = place < 0 ? place + scalars.count : place
                guard distance >= 0, distance < text.utf8.count,
                    let found = scalars.index(scalars.startIndex, offsetBy: distance, limitedBy: scalars.endIndex),
                    found < scalars.endIndex
                else { return missing(index, in: value) }
                return .string(String(scalars[found]))
            }
        case .range(let start, let end, let step):
            if let place = index.whole {
                let count = Value.count(start, end, step)
                let place = place < 0 ? place + count : place
                return place >= 0 && place < count ? .integer(start + place * step) : missing(index, in: value)
            }
        default: break
        }
        guard let name = index.plain else { return missing(index, in: value) }
        return try attribute(name, of: value, isItemToo: false)
    }

    private func isTuple(_ value: Value) -> Bool {
        if case .sequence(let items) = value { items.isTuple } else { false }
    }

    private func missing(_ index: Value, in value: Value) -> Value {
        let name = index.whole.map { "\($0)" } ?? index.plain.map { "\"\($0.prefix(80))\"" } ?? index.kind
        return .undefined("\(value.kind) has no item \(name)")
    }

    func attribute(_ name: String, of value: Value, at line: Int) throws -> Value {
        if case .undefined = value { self.line = line }
        return try attribute(name, of: value)
    }

    /// What Python finds as an attribute, or else as an item.
    func attribute(_ name: String, of value: Value, isItemToo: Bool = true) throws -> Value {
        switch value {
        case .undefined(let sentence): throw Problem("\(sentence), so it has no \"\(name)\"")
        case .dictionary(let members):
            if Self.dictionaryMethods.contains(name) { return .method(value, name) }
            if Self.dictionaryMutations.contains(name) { return forbidden(name, value) }
            if isItemToo {
                try budget.check(key: .string(name))
                if let found = members[name] { return found }
            }
        case .string, .markup:
            if Self.stringMethods.contains(name) { return .method(value, name) }
        case .sequence(let items):
            if items.kind == .group, let place = ["grouper", "list"].firstIndex(of: name) {
                return items.values[place]
            }
            if !items.isView, name == "index" || name == "count" || name == "copy" && !items.isTuple {
                return .method(value, name)
            }
            if items.kind == .list, Self.listMutations.contains(name) { return forbidden(name, value) }
        case .range(let start, let end, let step):
            switch name {
            case "start": return .integer(start)
            case "stop": return .integer(end)
            case "step": return .integer(step)
            case "count", "index": return .method(value, name)
            default: break
            }
        case .real where name == "is_integer": return .method(value, name)
        case .object(let object): return try attribute(name, of: object)
        default: break
        }
        return .undefined("\(value.kind) has no \"\(name.prefix(80))\"")
    }

    private func forbidden(_ name: String, _ value: Value) -> Value {
        .undefined("\"\(name)\" would change \(value.kind), which a template may not do")
    }

    private func attribute(_ name: String, of object: Object) throws -> Value {
        let number = Int(object.number)
        switch object.kind {
        case .namespace:
            let namespace = namespaces[number]
            try budget.spend(namespace.names.count)
            let place = namespace.names.firstIndex { $0.isSameScalar(as: .string(name)) }
            return place.map { namespace.values[$0] } ?? .undefined("the namespace has no \"\(name.prefix(80))\"")
        case .loop: return try attribute(name, ofLoop: object)
        case .macro: return try attribute(name, ofMacro: number)
        case .cycler where name == "current": return cyclers[number].items[cyclers[number].place]
        case .cycler where name == "next" || name == "reset": return .method(.object(object), name)
        default: return .undefined("\(Value.object(object).kind) has no \"\(name.prefix(80))\"")
        }
    }
}
