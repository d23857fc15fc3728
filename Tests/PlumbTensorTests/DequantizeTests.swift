import CPlumbKernels
import Foundation
import PlumbTensor
import Testing

/// The instruction set is the process's own, so what changes it runs in a process of its own.
@Suite struct DequantizeTests {
    @Test func blocksEqualTheGgufPackageBitForBit() async {
        await #expect(processExitsWith: .success) {
            let recorded = try RecordedBlocks.all()
            #expect(recorded.count == 10)
            for isa in instructionSets where plumb_isa_force(isa) == 0 {
                for type in recorded {
                    let source = type.bytes
                    #expect(
                        source.count * plumb_block_elements(type.type)
                            == type.bits.count * plumb_block_bytes(type.type))
                    #expect(dequantized(type.type, source, count: type.bits.count) == type.bits, "\(type.name)")
                }
            }
        }
    }

    @Test func longCallsEqualShortOnes() throws {
        for type in try RecordedBlocks.all() {
            let repeats = 70_000 / type.bits.count + 1
            let source = [[UInt8]](repeating: type.bytes, count: repeats).flatMap { $0 }
            let bits = dequantized(type.type, source, count: type.bits.count * repeats)
            let expected = [[UInt32]](repeating: type.bits, count: repeats).flatMap { $0 }
            let equal = bits == expected
            #expect(equal, "\(type.name)")
        }
    }

    @Test func float16KeepsInfinitiesSubnormalsAndSigns() {
        let halves: [UInt16] = [0x7c00, 0xfc00, 0x0001, 0x8001, 0x03ff, 0x8000, 0x7bff, 0x0400]
        let source = halves.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        let values = dequantized(Int32(PLUMB_TYPE_F16), source, count: 8).map { Float(bitPattern: $0) }
        #expect(values == [.infinity, -.infinity, 0x1p-24, -0x1p-24, 0x3ffp-24, -0.0, 65504, 0x1p-14])
        #expect(values[5].sign == .minus)
    }

    @Test("Blocks rewritten with a scale and an offset for sixteen bytes keep their values")
    func affineBlocksKeepValues() throws {
        for type in try RecordedBlocks.all() where plumb_block_elements(type.type) > 1 {
            let values = type.bits.map { Float(bitPattern: $0) }
            let blocks = try #require(requantized(type, PLUMB_PACK_AFFINE, bytes: values.count / 16 * 24))
            for (index, value) in values.enumerated() {
                let block = index / 16 * 24
                let (scale, offset) = (float(blocks, at: block), float(blocks, at: block + 4))
                let q = Float(blocks[block + 8 + index % 16])
                #expect(offset.addingProduct(scale, q) == value, "\(type.name), element \(index)")
            }
        }
    }

    @Test("Q4_0 and Q5_0 rewritten as Q8_0 keep their values, and other types cannot be")
    func widerBlocksKeepValues() throws {
        let scaled = [PLUMB_TYPE_Q4_0, PLUMB_TYPE_Q5_0, PLUMB_TYPE_Q8_0].map { Int32($0) }
        for type in try RecordedBlocks.all() {
            let blocks = requantized(type, PLUMB_PACK_Q8_0, bytes: type.bits.count / 32 * 34)
            guard scaled.contains(type.type) else {
                #expect(blocks == nil, "\(type.name)")
                continue
            }
            let bits = dequantized(Int32(PLUMB_TYPE_Q8_0), try #require(blocks), count: type.bits.count)
            #expect(bits.map { Float(bitPattern: $0) } == type.bits.map { Float(bitPattern: $0) }, "\(type.name)")
        }
    }

    @Test("A fused weight of parts in several formats multiplies like its float32 values")
    func mixedPartsMultiplyExactly() throws {
        let recorded = try RecordedBlocks.all().filter { plumb_block_elements($0.type) > 1 }
        let x = Tensor((0..<3 * 512).map { Float($0 % 37) / 16 - 1 }, shape: [3, 512])
        for first in recorded {
            for second in recorded {
                let weight = Weight([.stored(try first.stored(rows: 5)), .stored(try second.stored(rows: 30))])
                let dense = Weight(weight.tensor())
                let equal = weight.applied(to: x).elements == dense.applied(to: x).elements
                #expect(equal, "\(first.name) above \(second.name)")
            }
        }
    }

    private func requantized(_ type: RecordedBlocks, _ packing: Int, bytes: Int) -> [UInt8]? {
        var result = [UInt8](repeating: 0, count: bytes)
        let status = plumb_requantize(type.type, Int32(packing), type.bytes, &result, type.bits.count)
        return status == 0 ? result : nil
    }

    private func float(_ bytes: [UInt8], at index: Int) -> Float {
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << (8 * UInt32($1)) })
    }

    @Test func unknownTypesAreRefused() {
        var value: Float = 3
        let status = plumb_dequantize(999, [1, 2, 3, 4], &value, 1)
        #expect(status == -1 && value == 3)
        #expect(plumb_block_elements(999) == 0)
        #expect(plumb_block_bytes(-1) == 0)
    }
}

let instructionSets = [PLUMB_ISA_BASELINE, PLUMB_ISA_AVX2, PLUMB_ISA_AVX512].map { Int32($0) }

/// Blocks and the bits of their values, written by Scripts/record-dequantize.py.
private struct RecordedBlocks: Decodable {
    var name: String
    var type: Int32
    var blocks: String
    var bits: [UInt32]

    var bytes: [UInt8] {
        let digits = blocks.utf8.map { $0 < 58 ? $0 - 48 : $0 - 87 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// A matrix `[rows, 512]` of these blocks, again and again.
    func stored(rows: Int) throws -> StoredTensor {
        let elementType = try #require(ElementType(rawValue: Int(type)))
        let count = try #require(elementType.byteCount(of: rows * 512))
        let blocks = bytes
        let repeated = (0..<count).map { blocks[$0 % blocks.count] }
        return try StoredTensor(name: name, shape: [rows, 512], elementType: elementType, bytes: MappedBytes(repeated))
    }

    static func all() throws -> [RecordedBlocks] {
        let url = Bundle.module.bundleURL.appending(path: "Golden/dequantize.json")
        return try JSONDecoder().decode([RecordedBlocks].self, from: Data(contentsOf: url))
    }
}

private func dequantized(_ type: Int32, _ source: [UInt8], count: Int) -> [UInt32] {
    var values = [Float](repeating: .nan, count: count)
    // One byte in, so that nothing rests on alignment.
    let shifted = [0] + source
    let status = shifted.withUnsafeBytes { bytes in
        plumb_dequantize(type, bytes.baseAddress?.advanced(by: 1), &values, count)
    }
    #expect(status == 0)
    return values.map(\.bitPattern)
}
