/// A value in a GGUF file's metadata.
public enum GGUFValue: Sendable, Equatable {
    /// A whole number of 8 bits, from 0 on.
    case uint8(UInt8)
    /// A whole number of 8 bits.
    case int8(Int8)
    /// A whole number of 16 bits, from 0 on.
    case uint16(UInt16)
    /// A whole number of 16 bits.
    case int16(Int16)
    /// A whole number of 32 bits, from 0 on.
    case uint32(UInt32)
    /// A whole number of 32 bits.
    case int32(Int32)
    /// A whole number of 64 bits, from 0 on.
    case uint64(UInt64)
    /// A whole number of 64 bits.
    case int64(Int64)
    /// A floating-point number of 32 bits.
    case float32(Float)
    /// A floating-point number of 64 bits.
    case float64(Double)
    /// True or false.
    case bool(Bool)
    /// Text.
    case string(String)
    /// Values of one type.
    case array(GGUFArray)
}

/// An array in a GGUF file's metadata: all elements share one type, which may be arrays again.
public enum GGUFArray: Sendable, Equatable {
    /// Whole numbers of 8 bits, from 0 on.
    case uint8([UInt8])
    /// Whole numbers of 8 bits.
    case int8([Int8])
    /// Whole numbers of 16 bits, from 0 on.
    case uint16([UInt16])
    /// Whole numbers of 16 bits.
    case int16([Int16])
    /// Whole numbers of 32 bits, from 0 on.
    case uint32([UInt32])
    /// Whole numbers of 32 bits.
    case int32([Int32])
    /// Whole numbers of 64 bits, from 0 on.
    case uint64([UInt64])
    /// Whole numbers of 64 bits.
    case int64([Int64])
    /// Floating-point numbers of 32 bits.
    case float32([Float])
    /// Floating-point numbers of 64 bits.
    case float64([Double])
    /// Truth values.
    case bool([Bool])
    /// Texts.
    case string([String])
    /// Arrays.
    case array([GGUFArray])

    /// The number of elements.
    public var count: Int {
        switch self {
        case .uint8(let values): values.count
        case .int8(let values): values.count
        case .uint16(let values): values.count
        case .int16(let values): values.count
        case .uint32(let values): values.count
        case .int32(let values): values.count
        case .uint64(let values): values.count
        case .int64(let values): values.count
        case .float32(let values): values.count
        case .float64(let values): values.count
        case .bool(let values): values.count
        case .string(let values): values.count
        case .array(let values): values.count
        }
    }
}

extension GGUFValue {
    /// The value as an integer, when it is one of any width that `Int` can hold.
    public var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(value)
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// The value as a number, when it is a number.
    public var number: Double? {
        switch self {
        case .float32(let value): Double(value)
        case .float64(let value): value
        default: integer.map(Double.init)
        }
    }

    /// The value as text, when it is text.
    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The value as a truth value, when it is one.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The name of the value's type, for error texts.
    var typeName: String {
        switch self {
        case .uint8: "uint8"
        case .int8: "int8"
        case .uint16: "uint16"
        case .int16: "int16"
        case .uint32: "uint32"
        case .int32: "int32"
        case .uint64: "uint64"
        case .int64: "int64"
        case .float32: "float32"
        case .float64: "float64"
        case .bool: "bool"
        case .string: "string"
        case .array(let values): "array of \(values.typeName)"
        }
    }
}

extension GGUFArray {
    /// The elements as integers, when they are integers that `Int` can hold.
    public var integers: [Int]? {
        switch self {
        case .uint8(let values): values.map(Int.init)
        case .int8(let values): values.map(Int.init)
        case .uint16(let values): values.map(Int.init)
        case .int16(let values): values.map(Int.init)
        case .uint32(let values): values.map(Int.init)
        case .int32(let values): values.map(Int.init)
        case .uint64(let values): values.allSatisfy { $0 <= UInt64(Int.max) } ? values.map { Int($0) } : nil
        case .int64(let values): values.map { Int($0) }
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// The elements as numbers, when they are numbers.
    public var numbers: [Double]? {
        switch self {
        case .float32(let values): values.map(Double.init)
        case .float64(let values): values
        default: integers?.map(Double.init)
        }
    }

    /// The elements as text, when they are text.
    public var strings: [String]? {
        guard case .string(let values) = self else { return nil }
        return values
    }

    /// The name of the elements' type, for error texts.
    var typeName: String {
        switch self {
        case .uint8: "uint8"
        case .int8: "int8"
        case .uint16: "uint16"
        case .int16: "int16"
        case .uint32: "uint32"
        case .int32: "int32"
        case .uint64: "uint64"
        case .int64: "int64"
        case .float32: "float32"
        case .float64: "float64"
        case .bool: "bool"
        case .string: "string"
        case .array: "array"
        }
    }
}
