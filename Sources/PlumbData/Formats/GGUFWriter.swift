public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Collects metadata and float32 tensors and writes them as one GGUF file of version 3.
public struct GGUFWriter: Sendable {
    private var pairs: [(key: String, value: GGUFValue)] = []
    private var tensors: [(name: String, tensor: Tensor)] = []
    private static let alignment = 32

    /// Begins an empty file.
    public init() {}

    /// Adds metadata: text, whole numbers of 32 bits from 0 on, float32 numbers and truth values.
    ///
    /// - Precondition: the key is new, and the value is of one of those kinds.
    public mutating func add(_ key: String, _ value: GGUFValue) {
        require(!pairs.contains { $0.key == key }, "metadata key \(key) was added before")
        switch value {
        case .string, .uint32, .float32, .bool: pairs.append((key, value))
        default: unmet("metadata key \(key) holds \(value), which this writer does not write")
        }
    }

    /// Adds a tensor.
    ///
    /// - Shapes: up to four axes.
    /// - Precondition: the name is new.
    public mutating func add(_ name: String, _ tensor: Tensor) {
        require(!tensors.contains { $0.name == name }, "tensor \(name) was added before")
        require(tensor.shape.count <= 4, "a tensor of GGUF has at most four axes, \(name) has \(tensor.shape.count)")
        tensors.append((name, tensor.detached()))
    }

    /// Writes the file, whole or not at all: a failure leaves what was at `url` before.
    ///
    /// - Throws: `FileError` when the file cannot be written.
    public func write(to url: URL) throws {
        var data = Data("GGUF".utf8)
        Self.append(UInt32(3), to: &data)
        Self.append(UInt64(tensors.count), to: &data)
        Self.append(UInt64(pairs.count), to: &data)
        for (key, value) in pairs {
            Self.append(key, to: &data)
            Self.append(value, to: &data)
        }
        var offset = 0
        for (name, tensor) in tensors {
            Self.append(name, to: &data)
            Self.append(UInt32(tensor.shape.count), to: &data)
            for extent in tensor.shape.reversed() { Self.append(UInt64(extent), to: &data) }
            Self.append(UInt32(0), to: &data)
            Self.append(UInt64(offset), to: &data)
            offset = Self.aligned(offset + 4 * tensor.count)
        }
        data.append(Data(count: Self.aligned(data.count) - data.count))
        for (_, tensor) in tensors {
            for value in tensor.elements { Self.append(value.bitPattern, to: &data) }
            data.append(Data(count: Self.aligned(4 * tensor.count) - 4 * tensor.count))
        }
        try data.writeWhole(to: url)
    }

    private static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    private static func append(_ value: some FixedWidthInteger, to data: inout Data) {
        withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }

    private static func append(_ text: String, to data: inout Data) {
        append(UInt64(text.utf8.count), to: &data)
        data.append(contentsOf: text.utf8)
    }

    private static func append(_ value: GGUFValue, to data: inout Data) {
        switch value {
        case .string(let text):
            append(UInt32(8), to: &data)
            append(text, to: &data)
        case .uint32(let number):
            append(UInt32(4), to: &data)
            append(number, to: &data)
        case .float32(let number):
            append(UInt32(6), to: &data)
            append(number.bitPattern, to: &data)
        case .bool(let flag):
            append(UInt32(7), to: &data)
            append(UInt8(flag ? 1 : 0), to: &data)
        default: break
        }
    }
}
