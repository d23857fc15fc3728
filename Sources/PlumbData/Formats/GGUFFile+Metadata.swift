internal import Foundation
internal import PlumbTensor

/// Metadata by type. Each accessor comes twice: without a default it throws where the key is missing, with one it
/// returns that; both throw where the value has another type.
extension GGUFFile {
    /// The model's family, such as `llama`.
    ///
    /// - Throws: `FileError` when the file does not say.
    public var architecture: String {
        get throws { try string("general.architecture") }
    }

    /// An integer of any width.
    public func integer(_ key: String) throws -> Int {
        try get(key, "an integer", \.integer)
    }

    /// An integer of any width, or `fallback` where the key is missing.
    public func integer(_ key: String, default fallback: Int) throws -> Int {
        metadata[key] == nil ? fallback : try integer(key)
    }

    /// A number of any type.
    public func number(_ key: String) throws -> Double {
        try get(key, "a number", \.number)
    }

    /// A number of any type, or `fallback` where the key is missing.
    public func number(_ key: String, default fallback: Double) throws -> Double {
        metadata[key] == nil ? fallback : try number(key)
    }

    /// A truth value.
    public func bool(_ key: String) throws -> Bool {
        try get(key, "true or false", \.bool)
    }

    /// A truth value, or `fallback` where the key is missing.
    public func bool(_ key: String, default fallback: Bool) throws -> Bool {
        metadata[key] == nil ? fallback : try bool(key)
    }

    /// Text.
    public func string(_ key: String) throws -> String {
        try get(key, "a string", \.string)
    }

    /// Text, or `fallback` where the key is missing.
    public func string(_ key: String, default fallback: String) throws -> String {
        metadata[key] == nil ? fallback : try string(key)
    }

    /// An array of texts.
    public func strings(_ key: String) throws -> [String] {
        try get(key, "an array of strings") { value in
            guard case .array(let array) = value else { return nil }
            return array.count == 0 ? [] : array.strings
        }
    }

    /// An array of integers of any width.
    public func integers(_ key: String) throws -> [Int] {
        try get(key, "an array of integers") { value in
            guard case .array(let array) = value else { return nil }
            return array.count == 0 ? [] : array.integers
        }
    }

    /// An array of numbers of any type.
    public func numbers(_ key: String) throws -> [Double] {
        try get(key, "an array of numbers") { value in
            guard case .array(let array) = value else { return nil }
            return array.count == 0 ? [] : array.numbers
        }
    }

    private func get<T>(_ key: String, _ expected: String, _ convert: (GGUFValue) -> T?) throws -> T {
        guard let value = metadata[key] else {
            throw FileError("\(url.path) lacks the metadata key \(key) (\(expected)); the file is incomplete")
        }
        guard let result = convert(value) else {
            throw FileError("\(url.path): metadata key \(key) should be \(expected), found \(value.typeName)")
        }
        return result
    }
}
