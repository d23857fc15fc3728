internal import CPlumbKernels

/// How the elements of a stored tensor are encoded, numbered as GGUF numbers them.
///
/// Quantized types store blocks of elements along the innermost axis; a block holds small integers, a scale and, for some,
/// an offset. ``Tensor``s are always float32: a type is a property of a weight's storage.
public enum ElementType: Int, Sendable, Hashable, Codable, CaseIterable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q4_K = 12
    case q5_K = 13
    case q6_K = 14
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
