import CPlumbKernels
import Foundation
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
