public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Collects float32 tensors and writes them as one safetensors file.
public struct SafetensorsWriter: Sendable {
    private struct Entry: Sendable {
        let name: String
        let shape: [Int]
        let values: Tensor
    }

    private var entries: [Entry] = []
    private var taken: Set<String> = ["__metadata__"]
    private let metadata: [String: String]

    /// Begins an empty file that will carry `metadata` as free text.
    public init(metadata: [String: String] = [:]) { self.metadata = metadata }

    /// Adds a tensor; tensors stand in the file in the order they were added.
    public mutating func add(_ name: String, shape: [Int], values: [Float]) {
        let count = shape.reduce(1, *)
        require(count == values.count, "tensor \(name) of shape \(shape) does not hold \(values.count) values")
        add(name, Tensor(values, shape: shape))
    }

    /// Adds a tensor, whose elements are not copied.
    public mutating func add(_ name: String, _ tensor: Tensor) {
        require(taken.insert(name).inserted, "tensor \(name) was added before, or its name is reserved")
        entries.append(Entry(name: name, shape: tensor.shape, values: tensor.detached()))
    }

    /// Writes the file, whole or not at all: a failure leaves what was at `url` before.
    ///
    /// - Throws: `FileError` when the file cannot be written.
    public func write(to url: URL) throws {
        let header = try encodedHeader()
        try AtomicFile.replace(url) { file in
            var length = UInt64(header.count).littleEndian
            try withUnsafeBytes(of: &length) { try file.append($0) }
            try header.withUnsafeBytes { try file.append($0) }
            for entry in entries {
                if UInt32(1).littleEndian == 1 {
                    try entry.values.withUnsafeElements { try file.append(UnsafeRawBufferPointer($0)) }
                } else {
                    try entry.values.elements.map(\.bitPattern.littleEndian).withUnsafeBytes { try file.append($0) }
                }
            }
        }
    }

    private func encodedHeader() throws -> Data {
        try Self.header(
            metadata, entries.map { ($0.name, "F32", $0.shape, $0.values.count * MemoryLayout<Float>.size) })
    }

    /// The header, padded with spaces so that data begins at a multiple of 8 bytes, as the format asks.
    static func header(
        _ metadata: [String: String], _ entries: [(name: String, type: String, shape: [Int], bytes: Int)]
    ) throws -> Data {
        var offset = 0
        var fields: [String] = []
        if !metadata.isEmpty {
            let pairs = try metadata.sorted { $0.key < $1.key }.map { try quoted($0.key) + ":" + quoted($0.value) }
            fields.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        for entry in entries {
            let end = offset + entry.bytes
            let shape = entry.shape.map(String.init).joined(separator: ",")
            fields.append(
                try quoted(entry.name)
                    + ":{\"dtype\":\"\(entry.type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var header = Data("{\(fields.joined(separator: ","))}".utf8)
        while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
        return header
    }

    private static func quoted(_ text: String) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: try encoder.encode(text), as: UTF8.self)
    }
}
