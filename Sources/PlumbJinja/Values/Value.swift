/// A value while a template runs, with Python's notions of what it is.
///
/// Objects that change (namespaces, loops, macros, iterators) are numbers into tables of the renderer, so that no value
/// holds itself and none is deeper than ``Budget/deepest``: both are dropped without deep recursion.
enum Value: Sendable {
    /// What does not exist, with the sentence that says so; it prints as nothing.
    case undefined(String)
    case none
    case boolean(Bool)
    case integer(Int)
    case real(Double)
    case string(String)
    /// Text that is already escaped for HTML.
    case markup(String)
    case sequence(Items)
    case dictionary(Members)
    case object(Object)
    case function(Function)
    indirect case method(Value, String)
    indirect case range(from: Int, to: Int, step: Int)

    static let yes = Value.boolean(true)
    static let no = Value.boolean(false)
}

/// A sequence that is held whole.
struct Items: Sendable {
    enum Kind: UInt8, Sendable {
        case list, tuple
        /// A pair of `groupby`, whose parts have the names `grouper` and `list`.
        case group
        case keys, values, items
    }

    let values: [Value]
    let depth: Int32
    let kind: Kind

    var isTuple: Bool { kind == .tuple || kind == .group }
    var isView: Bool { kind == .keys || kind == .values || kind == .items }
}

/// A thing that changes while a template runs, by its number in the renderer's table.
struct Object: Sendable, Hashable {
    enum Kind: UInt8, Sendable {
        case namespace, loop, macro, iterator, cycler, joiner
    }

    let kind: Kind
    let number: Int32
}

/// The functions that every template may name.
enum Function: String, Sendable, CaseIterable {
    case range, dict, namespace, cycler, joiner, lipsum
    case raiseException = "raise_exception"
    case strftimeNow = "strftime_now"
}

extension Value {
    /// The text of a string, escaped or not.
    var plain: String? {
        switch self {
        case .string(let text), .markup(let text): text
        default: nil
        }
    }

    /// A boolean counts as 0 or 1.
    var whole: Int? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    var number: Double? {
        if case .real(let value) = self { value } else { whole.map { Double($0) } }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    var isNone: Bool {
        if case .none = self { true } else { false }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .real(let value): value != 0
        case .string(let text), .markup(let text): !text.isEmpty
        case .sequence(let items): !items.values.isEmpty
        case .dictionary(let members): !members.keys.isEmpty
        case .range(let start, let end, let step): Self.count(start, end, step) > 0
        case .object, .function, .method: true
        }
    }

    var depth: Int32 {
        switch self {
        case .sequence(let items): items.depth
        case .dictionary(let members): members.depth
        case .method(let receiver, _): receiver.depth + 1
        default: 0
        }
    }

    /// What kind of value this is, for error messages.
    var kind: String {
        switch self {
        case .undefined: "an undefined value"
        case .none: "none"
        case .boolean: "a boolean"
        case .integer: "a whole number"
        case .real: "a number"
        case .string, .markup: "a string"
        case .sequence(let items): items.isTuple ? "a tuple" : items.isView ? "a view of a dictionary" : "a list"
        case .dictionary: "a dictionary"
        case .range: "a range"
        case .function, .method: "a function"
        case .object(let object):
            switch object.kind {
            case .namespace: "a namespace"
            case .loop: "a loop"
            case .macro: "a macro"
            case .iterator: "an iterator"
            case .cycler: "a cycler"
            case .joiner: "a joiner"
            }
        }
    }

    /// How many numbers a range has.
    static func count(_ start: Int, _ end: Int, _ step: Int) -> Int {
        let (span, overflow) =
            step > 0 ? end.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(end)
        guard !overflow else { return Int.max }
        return span > 0 ? (span - 1) / Int(min(step.magnitude, UInt(Int.max))) + 1 : 0
    }
}

/// A dictionary: keys in order, found by hash where there are many.
final class Members: Sendable {
    let keys: [Value]
    let values: [Value]
    let depth: Int32
    private let places: [Key: Int]

    /// Keys are distinct and hashable.
    init(keys: [Value], values: [Value], depth: Int32) {
        self.keys = keys
        self.values = values
        self.depth = depth
        places =
            keys.count > 8
            ? Dictionary(zip(keys.lazy.map { Key($0) }, keys.indices)) { first, _ in first } : [:]
    }

    func place(of key: Value) -> Int? {
        let key = Key(key)
        return places.isEmpty ? keys.firstIndex { Key($0) == key } : places[key]
    }

    subscript(key: Value) -> Value? { place(of: key).map { values[$0] } }
    subscript(name: String) -> Value? { self[.string(name)] }
}

/// A value as a key: equal numbers are one key, whatever their kind.
struct Key: Hashable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }

    static func == (left: Key, right: Key) -> Bool {
        switch (left.value, right.value) {
        case (.sequence(let left), .sequence(let right)):
            return left.values.count == right.values.count
                && zip(left.values, right.values).allSatisfy { Key($0) == Key($1) }
        default: return left.value.isSameScalar(as: right.value)
        }
    }

    func hash(into hasher: inout Hasher) {
        if let number = value.number {
            hasher.combine(value.whole ?? Int(exactly: number) ?? number.hashValue)
            return
        }
        if var text = value.plain {
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        } else if case .sequence(let items) = value {
            for item in items.values { Key(item).hash(into: &hasher) }
        }
    }
}

extension Value {
    /// Equality of what holds no other values.
    func isSameScalar(as other: Value) -> Bool {
        switch (self, other) {
        case (.none, .none), (.undefined, .undefined): return true
        case (.object(let left), .object(let right)): return left == right
        case (.function(let left), .function(let right)): return left == right
        case (.real(let left), .real(let right)): return left == right
        default: break
        }
        if let left = plain, let right = other.plain { return left.utf8.elementsEqual(right.utf8) }
        if let left = whole {
            if let right = other.whole { return left == right }
            if case .real(let right) = other { return Int(exactly: right) == left }
        }
        if case .real(let left) = self, let right = other.whole { return Int(exactly: left) == right }
        return false
    }
}
