/// What one rendering may still take, so that no template ends or hangs the process.
///
/// Every operation says what it is about to do before it does it.
final class Budget {
    /// Bytes of one text.
    static let longestText = 1 << 24
    /// Bytes made in all, freed or not.
    static let mostBytes = 1 << 29
    /// Work in all: a byte looked at counts 1, a step of the template ``step``.
    static let mostWork = 1 << 29
    static let step = 64
    /// Values within values.
    static let deepest: Int32 = 100
    /// The longest `range`, as in Jinja2's sandbox.
    static let longestRange = 100_000

    private var work = 0
    private var bytes = 0

    /// Counts work about to be done.
    func spend(_ amount: Int = Budget.step) throws {
        guard amount <= Self.mostWork - work else {
            throw Problem("the template takes too long: it may run without end")
        }
        work += amount
    }

    /// Counts memory about to be taken.
    func make(_ amount: Int) throws {
        try spend(amount)
        guard amount <= Self.mostBytes - bytes else {
            throw Problem("the template takes more than \(Self.mostBytes >> 20) MiB of memory")
        }
        bytes += amount
    }

    /// Counts a text of a length about to be made.
    func text(_ count: Int) throws {
        guard count <= Self.longestText else {
            throw Problem("the template makes a text longer than \(Self.longestText >> 20) MiB")
        }
        try make(count + 16)
    }

    /// The size of a text repeated, checked before it is made.
    func text(_ count: Int, times: Int, and rest: Int = 0) throws {
        let (product, overflow) = count.multipliedReportingOverflow(by: max(times, 0))
        try text(overflow ? Int.max / 2 : min(product, Int.max / 2) + min(rest, Int.max / 4))
    }

    func sequence(_ values: [Value], _ kind: Items.Kind = .list) throws -> Value {
        try make(values.count * 32 + 64)
        return .sequence(Items(values: values, depth: try depth(values), kind: kind))
    }

    private func depth(_ values: [Value]) throws -> Int32 {
        var depth: Int32 = 0
        for value in values { depth = max(depth, value.depth) }
        guard depth < Self.deepest else { throw Problem("values are nested deeper than \(Self.deepest)") }
        return depth + 1
    }

    /// A dictionary; of equal keys the first keeps its place and the last its value.
    func dictionary(_ members: [(key: Value, value: Value)]) throws -> Value {
        try make(members.count * 128 + 128)
        var keys: [Value] = []
        var values: [Value] = []
        var places: [Key: Int] = [:]
        for (key, value) in members {
            try check(key: key)
            if let place = places[Key(key)] {
                values[place] = value
            } else {
                places[Key(key)] = keys.count
                keys.append(key)
                values.append(value)
            }
        }
        return .dictionary(Members(keys: keys, values: values, depth: max(try depth(values), try depth(keys))))
    }

    /// Lists and dictionaries cannot be keys; going through a tuple is counted before it is hashed.
    func check(key: Value) throws {
        try spend()
        switch key {
        case .string(let text), .markup(let text): try spend(text.utf8.count)
        case .none, .boolean, .integer, .real: break
        case .sequence(let items) where items.isTuple: for item in items.values { try check(key: item) }
        default: throw Problem("\(key.kind) cannot be the key of a dictionary")
        }
    }
}

// MARK: - Equality and order

extension Budget {
    func isEqual(_ left: Value, _ right: Value) throws -> Bool {
        try spend(24)
        switch (left, right) {
        case (.sequence(let left), .sequence(let right)):
            guard left.kind == right.kind || left.isTuple && right.isTuple, left.values.count == right.values.count
            else { return false }
            for (left, right) in zip(left.values, right.values) where try !isEqual(left, right) { return false }
            return true
        case (.dictionary(let left), .dictionary(let right)):
            guard left.keys.count == right.keys.count else { return false }
            for (place, key) in left.keys.enumerated() {
                try check(key: key)
                guard let value = right[key], try isEqual(left.values[place], value) else { return false }
            }
            return true
        case (.range(let a, let b, let c), .range(let d, let e, let f)):
            let count = Value.count(a, b, c)
            return count == Value.count(d, e, f) && (count == 0 || a == d) && (count < 2 || c == f)
        default:
            try spend(left.plain?.utf8.count ?? 0)
            return left.isSameScalar(as: right)
        }
    }

    /// Whether the first comes before the second.
    func isLess(_ left: Value, _ right: Value) throws -> Bool {
        try spend(24)
        if let a = left.number, let b = right.number {
            if let a = left.whole, let b = right.whole { return a < b }
            return a < b
        }
        if let a = left.plain, let b = right.plain {
            try spend(min(a.utf8.count, b.utf8.count))
            return a.utf8.lexicographicallyPrecedes(b.utf8)
        }
        if case .sequence(let a) = left, case .sequence(let b) = right, a.isTuple == b.isTuple, !a.isView, !b.isView {
            for (x, y) in zip(a.values, b.values) where try !isEqual(x, y) { return try isLess(x, y) }
            return a.values.count < b.values.count
        }
        throw Problem("\(left.kind) and \(right.kind) have no order")
    }

    /// The values in rising order, equal ones as they were.
    func sorted(_ values: [Value], by key: (Value) throws -> Value, reverse: Bool) throws -> [Value] {
        var pairs: [(key: Value, place: Int)] = []
        for (place, value) in values.enumerated() { pairs.append((try key(value), place)) }
        try make(values.count * 64)
        try pairs.sort { left, right in
            if reverse ? try isLess(right.key, left.key) : try isLess(left.key, right.key) { return true }
            if reverse ? try isLess(left.key, right.key) : try isLess(right.key, left.key) { return false }
            return left.place < right.place
        }
        return pairs.map { values[$0.place] }
    }
}

extension String {
    /// A text many times over. By doubling, since the standard library's way takes time for each.
    init(repeated text: String, times: Int) {
        self = ""
        var unit = text
        var rest = times
        while rest > 0 {
            if rest % 2 == 1 { self += unit }
            rest /= 2
            if rest > 0 { unit += unit }
        }
    }
}
