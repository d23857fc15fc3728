import Foundation
@_exported public import PlumbBasics

/// What a value's own `encode(to:)` writes, with the order of its members and the type behind each of them.
///
/// `JSONEncoder` forgets three things an option list needs: the order in which members are declared, whether a number
/// was a `Double` or an `Int`, and that an optional member which is `nil` exists at all. This encoder keeps them.
final class JSONNode {
    private(set) var kind: SettingsField.Kind = .json
    private(set) var isOptional = false
    private var leaf: JSONValue?
    /// The help of a declared setting.
    var help: String?
    /// What the number of a declared setting may be.
    var range: ClosedRange<Double>?
    /// Whether this stands for settings that belong together, whose members are options themselves.
    private(set) var isGroup = false
    private(set) var keys: [String] = []
    private var members: [String: JSONNode] = [:]
    private var elements: [JSONNode]?

    /// Runs `value`'s `encode(to:)` and keeps what it writes.
    static func encoding<T: Encodable>(_ value: T) throws -> JSONNode {
        let node = JSONNode()
        try node.set(value, path: [])
        return node
    }

    /// The plain JSON value; absent optional members are left out.
    var value: JSONValue {
        if let leaf { return leaf }
        if let elements { return .array(elements.map(\.value)) }
        return .object(members.filter { !$0.value.isAbsent }.mapValues(\.value))
    }

    /// Whether this stands for an optional member that is `nil`.
    private(set) var isAbsent = false

    /// The named members in the order in which they were written.
    var fields: [(name: String, node: JSONNode)] {
        keys.compactMap { key in members[key].map { (key, $0) } }
    }

    /// The members that are options, with the keys that lead to each: those of groups in their place.
    func settings(path: [String] = []) -> [(path: [String], node: JSONNode)] {
        fields.flatMap { name, node in
            node.isGroup ? node.settings(path: path + [name]) : [(path + [name], node)]
        }
    }

    func member(_ key: String) -> JSONNode {
        if let known = members[key] { return known }
        let node = JSONNode()
        keys.append(key)
        members[key] = node
        return node
    }

    func append() -> JSONNode {
        let node = JSONNode()
        beginArray()
        elements?.append(node)
        return node
    }

    func beginArray() {
        if elements == nil { elements = [] }
    }

    var count: Int { elements?.count ?? 0 }

    func set(_ value: JSONValue, kind: SettingsField.Kind) {
        leaf = value
        self.kind = kind
    }

    func setOptional<T: Encodable>(_ value: T?, path: [any CodingKey]) throws {
        if let value {
            try set(value, path: path)
        } else {
            isAbsent = true
            leaf = .null
            kind = SettingsField.Kind(of: T.self)
        }
        isOptional = true
    }

    func set<T: Encodable>(_ value: T, path: [any CodingKey]) throws {
        switch value {
        case let value as JSONValue: set(value, kind: .json)
        case let setting as any DeclaredSetting: try setting.fill(self, path: path)
        case let value as URL: set(.string(value.absoluteString), kind: .string)
        case let value as Data: set(.string(value.base64EncodedString()), kind: .string)
        default:
            try value.encode(to: JSONNodeEncoder(node: self, codingPath: path))
            isGroup = value is any SettingGroup
            let declared = SettingsField.Kind(of: T.self)
            if declared != .json {
                kind = declared
            } else if let elements {
                kind = .array(elements.first?.kind ?? .json)
            }
        }
    }

    func set(_ value: Double) { set(JSONValue(value), kind: .number) }

    /// A `Float` is written by its own shortest decimal: `0.1`, not `0.10000000149011612`.
    func set(_ value: Float) { set(Double(value.description) ?? Double(value)) }

    func set<T: FixedWidthInteger>(_ value: T) {
        let json = Int(exactly: value).map(JSONValue.integer) ?? JSONValue(UInt64(clamping: value))
        set(json, kind: SettingsField.Kind(of: T.self))
    }
}
