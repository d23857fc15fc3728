internal import CPlumbKernels
internal import PlumbBasics

/// A matrix laid out for the product kernels. Written once, before it is shared.
final class PackedMatrix: @unchecked Sendable {
    let packing: Int32
    let memory: UnsafeMutableRawPointer
    private let outputs: Int
    private let inputs: Int

    init(kind: Int32, outputs: Int, inputs: Int) {
        let bytes = plumb_packed_bytes(kind, outputs, inputs)
        guard let memory = plumb_buffer_allocate(max(bytes, 1)) else {
            unmet("out of memory: packing a weight [\(outputs), \(inputs)] needs \(bytes) bytes")
        }
        // What packing does not write: the last panel's missing outputs, and the missing half of a pair.
        let panel = (outputs + 31) / 32 == 0 ? 0 : bytes / ((outputs + 31) / 32)
        let isHalved = kind == Int32(PLUMB_PACK_BF16) && inputs % 2 == 1
        let zeros = isHalved ? bytes : outputs % 32 == 0 ? 0 : panel
        (memory + bytes - zeros).initializeMemory(as: UInt8.self, repeating: 0, count: zeros)
        self.memory = memory
        (packing, self.outputs, self.inputs) = (kind, outputs, inputs)
    }

    deinit { plumb_buffer_release(memory) }

    /// The matrix that multiplies by `tensor` itself, `[inputs, outputs]`.
    convenience init(transposing tensor: Tensor) {
        self.init(kind: Int32(PLUMB_PACK_F32), outputs: tensor.shape[1], inputs: tensor.shape[0])
        tensor.withUnsafeElements {
            plumb_pack_transposed(
                memory.assumingMemoryBound(to: Float.self), outputs, inputs, 0, outputs, $0.baseAddress, outputs)
        }
    }

    /// The matrix that multiplies by the transpose of `tensor`, `[outputs, inputs]`.
    convenience init(_ tensor: Tensor) {
        self.init(kind: Int32(PLUMB_PACK_F32), outputs: tensor.shape[0], inputs: tensor.shape[1])
        write(.tensor(tensor), first: 0)
    }

    /// `y = x · Wᵀ + bias + residual`, with `x` `[R, I]`: a constant.
    func product(
        with x: Tensor, bias: Tensor? = nil, residual: Tensor? = nil, arithmetic: Arithmetic = .float32
    ) -> Tensor {
        let rows = x.shape[0]
        defer {
            withExtendedLifetime(bias) {}
            withExtendedLifetime(residual) {}
        }
        return Tensor(shape: [rows, outputs]) { y in
            x.withUnsafeElements { x in
                var call = plumb_matmul_call(
                    rows: rows, outputs: outputs, inputs: inputs, x: x.baseAddress, y: y.baseAddress)
                call.weights = UnsafeRawPointer(memory)
                call.packing = packing
                call.products = Int32(arithmetic == .float32 ? PLUMB_PRODUCTS_FLOAT32 : PLUMB_PRODUCTS_BF16)
                call.bias = bias.map { UnsafePointer($0.base) }
                call.residual = residual.map { UnsafePointer($0.base) }
                call.residual_stride = outputs
                plumb_matmul(&call)
            }
        }
    }

    /// Writes one part's rows: as the file stores them where this packing can, otherwise through float32.
    func write(_ part: Weight.Part, first: Int) {
        switch part {
        case .stored(let stored) where stored.elementType == storedType:
            stored.bytes.withUnsafeBytes { pack($0, first, part.outputs) }
        case .stored(let stored) where packing != Int32(PLUMB_PACK_F32) && packing != Int32(PLUMB_PACK_BF16):
            requantized(stored).withUnsafeBytes { pack($0, first, part.outputs) }
        case .transposed(let tensor) where packing == Int32(PLUMB_PACK_F32):
            tensor.withUnsafeElements {
                plumb_pack_transposed(
                    memory.assumingMemoryBound(to: Float.self), outputs, inputs, first, part.outputs, $0.baseAddress,
                    part.outputs)
            }
        default:
            part.tensor().withUnsafeElements { values in
                if packing == Int32(PLUMB_PACK_BF16) {
                    let rounded = values.map(BFloat16.bits)
                    plumb_pack(packing, memory, outputs, inputs, first, part.outputs, rounded, inputs * 2)
                } else {
                    plumb_pack(packing, memory, outputs, inputs, first, part.outputs, values.baseAddress, inputs * 4)
                }
            }
        }
    }

    /// The stored type whose blocks the packing takes as they are.
    private var storedType: ElementType? {
        switch Int(packing) {
        case PLUMB_PACK_BF16: .bf16
        case PLUMB_PACK_Q8_0: .q8_0
        case PLUMB_PACK_Q4_0: .q4_0
        case PLUMB_PACK_Q4_1: .q4_1
        default: nil
        }
    }

    private func pack(_ bytes: UnsafeRawBufferPointer, _ first: Int, _ rows: Int) {
        plumb_pack(packing, memory, outputs, inputs, first, rows, bytes.baseAddress, bytes.count / max(1, rows))
    }

    /// The blocks that this packing takes, with the values of those that `stored` has.
    private func requantized(_ stored: StoredTensor) -> [UInt8] {
        let count = plumb_packed_bytes(packing, 32, inputs) / 32 * stored.shape[0]
        return [UInt8](unsafeUninitializedCapacity: count) { blocks, filled in
            let status = stored.bytes.withUnsafeBytes {
                plumb_requantize(
                    Int32(stored.elementType.rawValue), packing, $0.baseAddress, blocks.baseAddress, stored.count)
            }
            require(status == 0, "\(stored.elementType.name) cannot be packed in the form \(packing)")
            filled = count
        }
    }
}

extension Tensor {
    /// `self · b`, or `selfᵀ · b` where `transposed`: a constant.
    func product(with b: Tensor, transposed: Bool = false) -> Tensor {
        let (rows, inputs, outputs) = (shape[transposed ? 1 : 0], b.shape[0], b.shape[1])
        return Tensor(shape: [rows, outputs]) { y in
            withUnsafeElements { x in
                b.withUnsafeElements { b in
                    var call = plumb_matmul_call(
                        rows: rows, outputs: outputs, inputs: inputs, x: x.baseAddress, y: y.baseAddress)
                    call.x_stride = transposed ? rows : inputs
                    call.x_transposed = transposed ? 1 : 0
                    call.weights = UnsafeRawPointer(b.baseAddress)
                    call.packing = Int32(PLUMB_PACK_NONE)
                    call.weights_stride = outputs
                    plumb_matmul(&call)
                }
            }
        }
    }
}

extension plumb_matmul_call {
    /// A product of dense rows.
    fileprivate init(
        rows: Int, outputs: Int, inputs: Int, x: UnsafePointer<Float>?, y: UnsafeMutablePointer<Float>?
    ) {
        self.init()
        (self.rows, self.outputs, self.inputs) = (rows, outputs, inputs)
        (self.x, x_stride, self.y, y_stride) = (x, inputs, y, outputs)
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
