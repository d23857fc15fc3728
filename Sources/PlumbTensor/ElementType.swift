internal import CPlumbKernels

/// How the elements of a stored tensor are encoded, numbered as GGUF numbers them.
///
/// Quantized types store blocks of elements along the innermost axis; a block holds small integers, a scale and, for some,
/// an offset. ``Tensor``s are always float32: a type is a property of a weight's storage.
public enum ElementType: Int, Sendable, Hashable, Codable, CaseIterable {
    /// 32-bit floating point.
    case f32 = 0
    /// 16-bit floating point, IEEE half precision.
    case f16 = 1
    /// Blocks of 32: 4 bits each and a scale.
    case q4_0 = 2
    /// Blocks of 32: 4 bits each, a scale and an offset.
    case q4_1 = 3
    /// Blocks of 32: 5 bits each and a scale.
    case q5_0 = 6
    /// Blocks of 32: 5 bits each, a scale and an offset.
    case q5_1 = 7
    /// Blocks of 32: 8 bits each and a scale.
    case q8_0 = 8
    /// Blocks of 256: 4 bits each, scales and offsets of 32 in 6 bits.
    case q4_K = 12
    /// Blocks of 256: 5 bits each, scales and offsets of 32 in 6 bits.
    case q5_K = 13
    /// Blocks of 256: 6 bits each, scales of 16 in 8 bits.
    case q6_K = 14
    /// 16-bit floating point with the exponent of 32-bit: bfloat16.
    case bf16 = 30

    /// The name used by GGUF tools: `F32`, `Q4_1`, `Q6_K`.
    public var name: String { "\(self)".uppercased() }

    /// The number of elements in one block; 1 for plain types.
    public var elementsPerBlock: Int { Int(plumb_block_elements(Int32(rawValue))) }

    /// The bytes of one block.
    public var bytesPerBlock: Int { Int(plumb_block_bytes(Int32(rawValue))) }

    /// Whether elements were rounded to a few bits: results of such a model are those of a quantized model.
    public var isQuantized: Bool {
        switch self {
        case .f32, .f16, .bf16: false
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q4_K, .q5_K, .q6_K: true
        }
    }

    /// The bytes that `count` elements take, or nil when `count` is not a whole number of blocks or overflows.
    public func byteCount(of count: Int) -> Int? {
        guard count >= 0, count % elementsPerBlock == 0 else { return nil }
        let (bytes, overflow) = (count / elementsPerBlock).multipliedReportingOverflow(by: bytesPerBlock)
        return overflow ? nil : bytes
    }
}
