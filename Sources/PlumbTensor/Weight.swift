internal import CPlumbKernels
internal import Synchronization

/// The numbers that matrix products are done in.
public enum Arithmetic: String, Sendable, Codable, CaseIterable {
    /// Products and sums in float32 on exactly dequantised weights. The default.
    case float32
    /// Activations and weights rounded to bfloat16 before each product, sums in float32: faster, and inexact by about
    /// two parts in a thousand. Asked for by name and written in the record.
    case bfloat16
}

/// A matrix that activations are multiplied by, `y = x · Wᵀ`, kept as its file stores it and packed when first used.
///
/// - Shapes: `W` is `[O, I]`, from one or more parts stacked along the outputs.
public struct Weight: Sendable {
    /// Where rows of a weight come from.
    public enum Part: Sendable {
        /// A stored matrix `[O, I]`.
        case stored(StoredTensor)
        /// A matrix `[O, I]`.
        case tensor(Tensor)
        /// A matrix `[I, O]`, as GPT-2's convolutions keep theirs.
        case transposed(Tensor)
        /// A matrix `[outputs, inputs]` worked out when it is first needed.
        case computed(outputs: Int, inputs: Int, @Sendable () -> Tensor)

        var outputs: Int {
            switch self {
            case .computed(let outputs, _, _): outputs
            case .stored(let stored): stored.shape[0]
            case .tensor(let tensor): tensor.shape[0]
            case .transposed(let tensor): tensor.shape[1]
            }
        }

        var inputs: Int {
            switch self {
            case .computed(_, let inputs, _): inputs
            case .stored(let stored): stored.shape[1]
            case .tensor(let tensor): tensor.shape[1]
            case .transposed(let tensor): tensor.shape[0]
            }
        }

        /// The part in float32, `[O, I]`.
        func tensor() -> Tensor {
            switch self {
            case .stored(let stored): return stored.dequantized()
            case .tensor(let tensor): return tensor
            case .transposed(let tensor): return tensor.transposed()
            case .computed(let outputs, let inputs, let compute):
                let tensor = compute()
                precondition(
                    tensor.shape == [outputs, inputs],
                    "a weight promised as [\(outputs), \(inputs)] turned out \(tensor.shape)")
                return tensor
            }
        }
    }

    public let outputs: Int
    public let inputs: Int
    private let parts: [Part]
    private let packed: LazyPacking

    /// Stacks `parts` along the outputs. They must agree about the number of inputs.
    public init(_ parts: [Part]) {
        precondition(!parts.isEmpty, "a weight needs at least one part")
        for part in parts {
            precondition(
                part.inputs == parts[0].inputs,
                "parts of a weight must share their inputs, got \(parts.map { [$0.outputs, $0.inputs] })")
        }
        self.parts = parts
        outputs = parts.reduce(0) { $0 + $1.outputs }
        inputs = parts[0].inputs
        packed = LazyPacking()
    }

    public init(_ tensor: Tensor) { self.init([.tensor(tensor)]) }
    public init(_ stored: StoredTensor) { self.init([.stored(stored)]) }

    /// The matrix in float32, `[O, I]`.
    public func tensor() -> Tensor {
        Tensor.concatenated(parts.map { $0.tensor() })
    }

    /// Some rows of the matrix in float32: an embedding look-up.
    ///
    /// - Shapes: result `[rows.count, I]`.
    public func rows(_ rows: [Int]) -> Tensor {
        precondition(parts.count == 1, "rows are looked up in a weight of one part")
        if case .stored(let stored) = parts[0] { return stored.dequantized(rows: rows) }
        return parts[0].tensor().gathered(rows)
    }

    /// Packs the weight now rather than at its first use.
    public func prepare(_ arithmetic: Arithmetic = .float32) { _ = packed.value(for: self, arithmetic) }

    /// `y = x · Wᵀ + bias + residual`.
    ///
    /// A row of `y` depends on the same row of `x` and `residual` alone, bit for bit, however many rows there are.
    ///
    /// - Shapes: `x` `[R, I]`, `bias` `[O]`, `residual` and `y` `[R, O]`.
    public func applied(
        to x: Tensor, bias: Tensor? = nil, residual: Tensor? = nil, arithmetic: Arithmetic = .float32
    ) -> Tensor {
        precondition(
            x.shape.count == 2 && x.shape[1] == inputs, "a weight [\(outputs), \(inputs)] cannot multiply \(x.shape)")
        precondition(bias.map { $0.shape == [outputs] } ?? true, "bias must be [\(outputs)]")
        let rows = x.shape[0]
        precondition(residual.map { $0.shape == [rows, outputs] } ?? true, "residual must be [\(rows), \(outputs)]")
        let matrix = packed.value(for: self, arithmetic)
        return Tensor(shape: [rows, outputs]) { y in
            x.withUnsafeElements { x in
                Tensor.withOptionalElements(bias, residual) { bias, residual in
                    var call = plumb_matmul_call()
                    call.rows = rows
                    call.outputs = outputs
                    call.inputs = inputs
                    call.x = x.baseAddress
                    call.x_stride = inputs
                    call.weights = UnsafeRawPointer(matrix.memory)
                    call.packing = matrix.packing
                    call.products = Int32(arithmetic == .float32 ? PLUMB_PRODUCTS_FLOAT32 : PLUMB_PRODUCTS_BF16)
                    call.bias = bias
                    call.residual = residual
                    call.residual_stride = outputs
                    call.y = y.baseAddress
                    call.y_stride = outputs
                    plumb_matmul(&call)
                }
            }
        }
    }

    /// The packing that holds every part exactly, or float32.
    private var packing: (kind: Int32, type: ElementType?) {
        var type: ElementType?
        for part in parts {
            guard case .stored(let stored) = part, type == nil || type == stored.elementType else {
                return (Int32(PLUMB_PACK_F32), nil)
            }
            type = stored.elementType
        }
        let kind =
            switch type {
            case .bf16: PLUMB_PACK_BF16
            case .q8_0: PLUMB_PACK_Q8_0
            case .q4_0: PLUMB_PACK_Q4_0
            case .q4_1: PLUMB_PACK_Q4_1
            default: PLUMB_PACK_F32
            }
        return kind == PLUMB_PACK_F32 ? (Int32(kind), nil) : (Int32(kind), type)
    }

    fileprivate func pack(_ arithmetic: Arithmetic) -> PackedMatrix {
        var (kind, type) = packing
        if arithmetic == .bfloat16 { (kind, type) = (Int32(PLUMB_PACK_BF16), type == .bf16 ? type : nil) }
        let matrix = PackedMatrix(kind: kind, outputs: outputs, inputs: inputs)
        var first = 0
        for part in parts {
            matrix.write(part, first: first, as: type, rounding: arithmetic == .bfloat16)
            first += part.outputs
        }
        return matrix
    }
}

/// A matrix laid out for the product kernels. Written once, before it is shared.
private final class PackedMatrix: @unchecked Sendable {
    let packing: Int32
    let memory: UnsafeMutableRawPointer
    private let outputs: Int
    private let inputs: Int

    init(kind: Int32, outputs: Int, inputs: Int) {
        let bytes = plumb_packed_bytes(kind, outputs, inputs)
        guard let memory = plumb_buffer_allocate(max(bytes, 1)) else {
            preconditionFailure("out of memory: packing a weight [\(outputs), \(inputs)] needs \(bytes) bytes")
        }
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        self.memory = memory
        (packing, self.outputs, self.inputs) = (kind, outputs, inputs)
    }

    deinit { plumb_buffer_release(memory) }

    /// Writes one part's rows: in the file's own encoding when `type` is given, otherwise through float32.
    func write(_ part: Weight.Part, first: Int, as type: ElementType?, rounding: Bool) {
        if let type, case .stored(let stored) = part {
            let stride = inputs / type.elementsPerBlock * type.bytesPerBlock
            stored.bytes.withUnsafeBytes {
                plumb_pack(packing, memory, outputs, inputs, first, part.outputs, $0.baseAddress, stride)
            }
            return
        }
        if case .transposed(let tensor) = part, !rounding {
            tensor.withUnsafeElements {
                plumb_pack_transposed(
                    memory.assumingMemoryBound(to: Float.self), outputs, inputs, first, part.outputs, $0.baseAddress,
                    part.outputs)
            }
            return
        }
        part.tensor().withUnsafeElements { values in
            if rounding {
                let rounded = values.map(BFloat16.bits)
                plumb_pack(packing, memory, outputs, inputs, first, part.outputs, rounded, inputs * 2)
            } else {
                plumb_pack(packing, memory, outputs, inputs, first, part.outputs, values.baseAddress, inputs * 4)
            }
        }
    }
}

/// A packing made at first use and kept, one for each arithmetic.
private final class LazyPacking: Sendable {
    private let matrices = Mutex<[Arithmetic: PackedMatrix]>([:])

    func value(for weight: Weight, _ arithmetic: Arithmetic) -> PackedMatrix {
        matrices.withLock { matrices in
            if let matrix = matrices[arithmetic] { return matrix }
            let matrix = weight.pack(arithmetic)
            matrices[arithmetic] = matrix
            return matrix
        }
    }
}

/// The upper half of a float32.
enum BFloat16 {
    /// The bits of the bfloat16 nearest to `value`, ties to even; NaN stays NaN.
    static func bits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
}
