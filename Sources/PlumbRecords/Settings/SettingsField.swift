/// One setting of an experiment as a command-line option.
public struct SettingsField: Sendable, Equatable {
    /// What a setting's value may be.
    public indirect enum Kind: Sendable, Equatable {
        /// `true` or `false`.
        case boolean
        /// A whole number between two bounds, both included.
        case integer(from: Int, to: UInt64)
        /// Any number.
        case number
        /// Any text.
        case string
        /// One of a closed list of words.
        case choice([String])
        /// Several values, separated by commas on the command line.
        case array(Kind)
        /// Anything else; written as JSON text on the command line.
        case json
    }

    /// The keys that lead to the member from the settings; more than one for a member of a group.
    let path: [String]
    /// The member's name in Swift, for example `learningRate`.
    public var name: String { path.last ?? "" }
    /// What the value may be.
    public let kind: Kind
    /// Whether the setting may be absent (spelled `none` on the command line).
    public let isOptional: Bool
    /// The value used when the option is not given; `.null` for an absent optional.
    public let defaultValue: JSONValue
    /// One line of help, when the experiment gives one.
    public let help: String?
    /// What a number, or each number of a list, may be; both ends are included. `nil` where any number will do.
    public let range: ClosedRange<Double>?

    /// Describes one setting; `SettingsSchema` makes these from default values.
    init(
        path: [String], kind: Kind, isOptional: Bool, defaultValue: JSONValue, help: String?,
        range: ClosedRange<Double>?
    ) {
        self.path = path
        self.kind = kind
        self.isOptional = isOptional
        self.defaultValue = defaultValue
        self.help = help
        self.range = range
    }

    /// The name in kebab case, without dashes before it: `learning-rate`.
    public var option: String { Self.kebabCase(name) }

    /// What stands for the value in help: `N`, `NUMBER`, `TEXT`, `a|b`, `TEXT,…`.
    public var placeholder: String { kind.placeholder }

    /// The default as it would be typed on the command line.
    public var defaultText: String { Self.text(of: defaultValue) }

    /// `numLayers` → `num-layers`, `useKVCache` → `use-kv-cache`, `top_k` → `top-k`.
    public static func kebabCase(_ name: String) -> String {
        let letters = Array(name)
        var result = ""
        for (index, letter) in letters.enumerated() {
            if letter == "_" {
                result += "-"
                continue
            }
            if letter.isUppercase, index > 0, letters[index - 1] != "_" {
                let followsLower = !letters[index - 1].isUppercase
                let startsWord = index + 1 < letters.count && letters[index + 1].isLowercase
                if followsLower || startsWord { result += "-" }
            }
            result += letter.lowercased()
        }
        return result
    }

    static func text(of value: JSONValue) -> String {
        switch value {
        case .null: return "none"
        case .string(let text): return text
        case .number(let value): return value.description
        case .array(let elements) where elements.allSatisfy { $0.array == nil && $0.object == nil }:
            return elements.map(text).joined(separator: ",")
        default: return value.text(.compact)
        }
    }
}

extension SettingsField.Kind {
    /// The kind that a type alone tells, or `.json` when only a value can tell.
    init(of type: Any.Type) {
        switch type {
        case is Bool.Type: self = .boolean
        case let integer as any FixedWidthInteger.Type: self = Self.integer(integer)
        case is any BinaryFloatingPoint.Type: self = .number
        case is String.Type: self = .string
        case let list as any SettingsList.Type: self = .array(.init(of: list.elementType))
        case let choices as any (CaseIterable & RawRepresentable).Type: self = Self.choice(choices)
        case let raw as any RawRepresentable.Type: self = Self.raw(raw)
        default: self = .json
        }
    }

    private static func choice<T: CaseIterable & RawRepresentable>(_ type: T.Type) -> Self {
        let words = type.allCases.compactMap { $0.rawValue as? String }
        return words.isEmpty ? .init(of: T.RawValue.self) : .choice(words)
    }

    private static func integer<T: FixedWidthInteger>(_ type: T.Type) -> Self {
        .integer(from: Int(clamping: T.min), to: UInt64(clamping: T.max))
    }

    private static func raw<T: RawRepresentable>(_ type: T.Type) -> Self {
        .init(of: T.RawValue.self)
    }

    var placeholder: String {
        switch self {
        case .boolean: "true|false"
        case .integer: "N"
        case .number: "NUMBER"
        case .string: "TEXT"
        case .choice(let words): words.joined(separator: "|")
        case .array(.choice(let words)): words.joined(separator: ",")
        case .array(let element): element.placeholder + ",…"
        case .json: "JSON"
        }
    }

    /// What the value must be, as it completes "expects …".
    var expectation: String {
        switch self {
        case .boolean: "true or false"
        case .integer(from: .min, to: _): "an integer"
        case .integer(from: 0, to: .max): "an integer of 0 or more"
        case .integer(let least, let greatest): "an integer from \(least) to \(greatest)"
        case .number: "a number"
        case .string: "text"
        case .choice(let words): "one of " + words.joined(separator: ", ")
        case .array(.choice(let words)):
            "a list, separated by commas, of " + words.joined(separator: ", ")
        case .array(.json), .json: "JSON text"
        case .array(.string): "a list separated by commas"
        case .array(let element): "a list, separated by commas, where each is \(element.expectation)"
        }
    }
}

/// Lets the kind of an array's elements be read from its type, which an empty array's values cannot tell.
private protocol SettingsList {
    static var elementType: Any.Type { get }
}

extension Array: SettingsList {
    static var elementType: Any.Type { Element.self }
}

extension Set: SettingsList {
    static var elementType: Any.Type { Element.self }
}
