import Foundation
import PlumbData
import PlumbTensor

/// Writes GGUF bytes, right or deliberately wrong.
struct GGUFWriter {
    var version: UInt32 = 3
    var alignment = 32
    var pairs: [(key: String, type: UInt32, value: [UInt8])] = []
    var tensors: [(name: String, dims: [UInt64], type: UInt32, offset: UInt64?, data: [UInt8])] = []
    var tensorCount: UInt64?
    var pairCount: UInt64?

    static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian, Array.init)
    }
    static func bytes(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }

    mutating func add(_ key: String, _ text: String) { pairs.append((key, 8, GGUFWriter.bytes(text))) }
    mutating func add(_ key: String, _ number: UInt32) { pairs.append((key, 4, GGUFWriter.bytes(number))) }
    mutating func add(_ key: String, type: UInt32, _ value: [UInt8]) { pairs.append((key, type, value)) }

    mutating func add(_ key: String, _ texts: [String]) {
        pairs.append((key, 9, GGUFWriter.array(of: 8, count: texts.count, texts.flatMap(GGUFWriter.bytes))))
    }

    static func array(of type: UInt32, count: Int, _ elements: [UInt8]) -> [UInt8] {
        bytes(type) + bytes(UInt64(count)) + elements
    }

    /// Adds a tensor; `shape` is outermost first.
    mutating func addTensor(_ name: String, shape: [Int], type: UInt32 = 0, offset: UInt64? = nil, data: [UInt8]) {
        tensors.append((name, shape.reversed().map(UInt64.init), type, offset, data))
    }

    mutating func addTensor(_ name: String, shape: [Int], _ values: [Float]) {
        addTensor(name, shape: shape, data: values.flatMap { GGUFWriter.bytes($0.bitPattern) })
    }

    func encoded() -> [UInt8] {
        var header = Array("GGUF".utf8) + GGUFWriter.bytes(version)
        header += GGUFWriter.bytes(tensorCount ?? UInt64(tensors.count))
        header += GGUFWriter.bytes(pairCount ?? UInt64(pairs.count))
        for pair in pairs { header += GGUFWriter.bytes(pair.key) + GGUFWriter.bytes(pair.type) + pair.value }
        var data: [UInt8] = []
        for tensor in tensors {
            data += [UInt8](repeating: 0, count: (alignment - data.count % alignment) % alignment)
            header += GGUFWriter.bytes(tensor.name) + GGUFWriter.bytes(UInt32(tensor.dims.count))
            header += tensor.dims.flatMap { GGUFWriter.bytes($0) } + GGUFWriter.bytes(tensor.type)
            header += GGUFWriter.bytes(tensor.offset ?? UInt64(data.count))
            data += tensor.data
        }
        header += [UInt8](repeating: 0, count: (alignment - header.count % alignment) % alignment)
        return header + data
    }

    /// A file with every kind of metadata and tensor.
    static func sample() -> GGUFWriter {
        var writer = GGUFWriter()
        writer.add("general.architecture", "llama")
        writer.add("llama.block_count", 2)
        writer.add("a.uint8", type: 0, [200])
        writer.add("a.int8", type: 1, [0xFE])
        writer.add("a.uint16", type: 2, bytes(UInt16(65_000)))
        writer.add("a.int16", type: 3, bytes(Int16(-7)))
        writer.add("a.int32", type: 5, bytes(Int32(-70_000)))
        writer.add("a.float32", type: 6, bytes(Float(1.5).bitPattern))
        writer.add("a.bool", type: 7, [1])
        writer.add("a.uint64", type: 10, bytes(UInt64.max))
        writer.add("a.int64", type: 11, bytes(Int64.min))
        writer.add("a.float64", type: 12, bytes(Double(0.1).bitPattern))
        writer.add("tokens", ["<s>", "", "Ġthe", "é\u{0}b", "🦉"])
        let inner = array(of: 5, count: 2, bytes(Int32(1)) + bytes(Int32(2))) + array(of: 8, count: 1, bytes("x"))
        writer.add("nested", type: 9, array(of: 9, count: 2, inner))
        writer.addTensor("token_embd.weight", shape: [2, 3], [1, 2, 3, 4, 5, 6])
        writer.addTensor("blk.0.q", shape: [1, 32], type: 3, data: Array(0..<20))
        writer.addTensor("odd", shape: [1, 256], type: 10, data: [UInt8](repeating: 7, count: 84))
        writer.addTensor("scalar", shape: [], [42])
        return writer
    }
}
