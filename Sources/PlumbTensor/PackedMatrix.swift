internal import CPlumbKernels

/// A matrix laid out for the product kernels. Written once, before it is shared.
final class PackedMatrix: @unchecked Sendable {
    let packing: Int32
    let memory: UnsafeMutableRawPointer
    private let outputs: Int
    private let inputs: Int

    init(kind: Int32, outputs: Int, inputs: Int) {
        let bytes = plumb_packed_bytes(kind, outputs, inputs)
        guard let memory = plumb_buffer_allocate(max(bytes, 1)) else {
            preconditionFailure("out of memory: packing a weight [\(outputs), \(inputs)] needs \(bytes) bytes")
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
        write(.tensor(tensor), first: 0, as: nil, rounding: false)
    }

    /// `y = x · Wᵀ + bias + residual`, with `x` `[R, I]` or, transposed, `[I, R]`: a constant.
    func product(
        with x: Tensor, transposed: Bool = false, bias: Tensor? = nil, residual: Tensor? = nil,
        arithmetic: Arithmetic = .float32
    ) -> Tensor {
        let rows = x.shape[transposed ? 1 : 0]
        return Tensor(shape: [rows, outputs]) { y in
            x.withUnsafeElements { x in
                Tensor.withOptionalElements(bias, residual) { bias, residual in
                    var call = plumb_matmul_call()
                    call.rows = rows
                    call.outputs = outputs
                    call.inputs = inputs
                    call.x = x.baseAddress
                    call.x_stride = transposed ? rows : inputs
                    call.x_transposed = transposed ? 1 : 0
                    call.weights = UnsafeRawPointer(memory)
                    call.packing = packing
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

/// The upper half of a float32.
enum BFloat16 {
    /// The bits of the bfloat16 nearest to `value`, ties to even; NaN stays NaN.
    static func bits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
}
