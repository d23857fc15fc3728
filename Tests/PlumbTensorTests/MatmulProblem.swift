import CPlumbKernels

/// A product with random operands: weights as stored, as the float32 values they stand for, and strides wider than
/// the rows.
struct MatmulProblem {
    static let packings = [
        PLUMB_PACK_F32, PLUMB_PACK_BF16, PLUMB_PACK_Q8_0, PLUMB_PACK_Q4_0, PLUMB_PACK_Q4_1, PLUMB_PACK_AFFINE,
    ].map { Int32($0) }
    static let float32 = Int32(PLUMB_PACK_F32)
    static let bfloat16 = Int32(PLUMB_PACK_BF16)
    static let none = Int32(PLUMB_PACK_NONE)
    static let products = [PLUMB_PRODUCTS_FLOAT32, PLUMB_PRODUCTS_BF16].map { Int32($0) }
    static let instructionSets = [PLUMB_ISA_BASELINE, PLUMB_ISA_AVX2, PLUMB_ISA_AVX512].map { Int32($0) }

    var rows: Int
    var outputs: Int
    var inputs: Int
    var packing: Int32
    /// Row-major [outputs, inputs], as stored and widened.
    var stored: [UInt8] = []
    var weights: [Float] = []
    var x: [Float]
    var bias: [Float]
    var residual: [Float]

    /// The rows of an x stored [inputs, rows]; nil where it is stored row by row.
    private(set) var columns: Int?

    var xStride: Int { (columns ?? inputs) + 5 }
    var residualStride: Int { outputs + 7 }
    var yStride: Int { outputs + 3 }
    var weightsStride: Int { outputs + 9 }

    init(rows: Int, outputs: Int, inputs: Int, packing: Int32, seed: UInt64) {
        var random = Uniform(state: seed)
        self.rows = rows
        self.outputs = outputs
        self.inputs = inputs
        self.packing = packing
        x = random.floats(rows * (inputs + 5))
        bias = random.floats(outputs)
        residual = random.floats(rows * (outputs + 7))
        weights.reserveCapacity(outputs * inputs)
        switch Int(packing) {
        case PLUMB_PACK_F32, PLUMB_PACK_BF16: appendFloats(&random)
        case PLUMB_PACK_AFFINE: appendAffineBlocks(&random)
        default: appendBlocks(&random)
        }
    }

    /// The same problem with x stored [inputs, rows].
    func transposed() -> MatmulProblem {
        var result = self
        result.columns = rows
        result.x = [Float](repeating: .nan, count: inputs * result.xStride)
        for row in 0..<rows {
            for input in 0..<inputs { result.x[input * result.xStride + row] = x[row * xStride + input] }
        }
        return result
    }

    private mutating func appendFloats(_ random: inout Uniform) {
        for value in random.floats(outputs * inputs) {
            if packing == Self.float32 {
                weights.append(value)
                withUnsafeBytes(of: value.bitPattern.littleEndian) { stored.append(contentsOf: $0) }
            } else {
                let upper = UInt16(truncatingIfNeeded: value.bitPattern >> 16)
                weights.append(Float(bitPattern: UInt32(upper) << 16))
                withUnsafeBytes(of: upper.littleEndian) { stored.append(contentsOf: $0) }
            }
        }
    }

    /// Blocks of 16 bytes with a scale and an offset.
    private mutating func appendAffineBlocks(_ random: inout Uniform) {
        for block in 0..<(outputs * inputs / 16) {
            // A scale of 18 bits, as the K-quants' products are.
            let scale = Float(Float16(random.next() * 0.01)) * Float(1 + block % 63)
            let offset = block % 7 == 3 ? random.next() * 3e-5 : random.next()
            for part in [scale, offset] {
                withUnsafeBytes(of: part.bitPattern.littleEndian) { stored.append(contentsOf: $0) }
            }
            let bytes = random.bytes(16).map { $0 & 63 }
            weights += bytes.map { Float(scale) * Float($0) + offset }
            stored.append(contentsOf: bytes)
        }
    }

    /// GGUF blocks of 32. Some minima are far from their scales, where an inexact kernel would round twice.
    private mutating func appendBlocks(_ random: inout Uniform) {
        for block in 0..<(outputs * inputs / 32) {
            let scale = Float16(random.next() * 0.1)
            let minimum = Float16(block % 7 == 3 ? random.next() * 3e-5 : random.next())
            withUnsafeBytes(of: scale.bitPattern.littleEndian) { stored.append(contentsOf: $0) }
            let bytes = random.bytes(packing == Int32(PLUMB_PACK_Q8_0) ? 32 : 16)
            switch Int(packing) {
            case PLUMB_PACK_Q8_0:
                weights += bytes.map { Float(scale) * Float(Int8(bitPattern: $0)) }
            case PLUMB_PACK_Q4_0:
                let fields = bytes.map { $0 & 15 } + bytes.map { $0 >> 4 }
                weights += fields.map { Float(scale) * (Float($0) - 8) }
            default:
                withUnsafeBytes(of: minimum.bitPattern.littleEndian) { stored.append(contentsOf: $0) }
                let fields = bytes.map { $0 & 15 } + bytes.map { $0 >> 4 }
                weights += fields.map { Float(scale) * Float($0) + Float(minimum) }
            }
            stored.append(contentsOf: bytes)
        }
    }

    /// The stored weights packed in two pieces, or the widened ones as float32.
    func packed(widened: Bool = false) -> PackedBytes {
        let kind = widened ? Self.float32 : packing
        let result = PackedBytes(count: plumb_packed_bytes(kind, outputs, inputs))
        let source = widened ? weights.withUnsafeBytes { Array($0) } : stored
        let rowBytes = source.count / outputs
        let cut = outputs / 3
        source.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            plumb_pack(kind, result.base, outputs, inputs, 0, cut, base, rowBytes)
            plumb_pack(kind, result.base, outputs, inputs, cut, outputs - cut, base + cut * rowBytes, rowBytes)
        }
        return result
    }

    /// The weights as they are where nothing packs them, [inputs, weightsStride], with NaN between the rows.
    func unpacked() -> PackedBytes {
        let result = PackedBytes(count: inputs * weightsStride * 4)
        let floats = result.base.bindMemory(to: Float.self, capacity: inputs * weightsStride)
        for input in 0..<inputs {
            for output in 0..<weightsStride {
                floats[input * weightsStride + output] = output < outputs ? weights[output * inputs + input] : .nan
            }
        }
        return result
    }

    /// The last `count` rows of the product, [count, yStride] with zeros beyond the width. `inPlace` lets y begin as
    /// the residual.
    func product(
        last count: Int, by weights: PackedBytes, packing: Int32, products: Int32, threads: Int32, inPlace: Bool = false
    ) -> [Float] {
        let first = rows - count
        plumb_threads_set(threads)
        var y = [Float](repeating: 0, count: count * yStride)
        if inPlace {
            for row in 0..<count {
                for output in 0..<outputs {
                    y[row * yStride + output] = residual[(first + row) * residualStride + output]
                }
            }
        }
        x.withUnsafeBufferPointer { x in
            residual.withUnsafeBufferPointer { residual in
                bias.withUnsafeBufferPointer { bias in
                    y.withUnsafeMutableBufferPointer { y in
                        guard let x = x.baseAddress, let residual = residual.baseAddress, let y = y.baseAddress
                        else { return }
                        var call = plumb_matmul_call(
                            rows: count, outputs: outputs, inputs: inputs,
                            x: x + first * (columns == nil ? xStride : 1), x_stride: xStride,
                            x_transposed: columns == nil ? 0 : 1, weights: weights.base, packing: packing,
                            weights_stride: weightsStride, products: products, bias: bias.baseAddress,
                            residual: inPlace ? UnsafePointer(y) : residual + first * residualStride,
                            residual_stride: inPlace ? yStride : residualStride, y: y, y_stride: yStride)
                        plumb_matmul(&call)
                    }
                }
            }
        }
        return y
    }

    /// The whole product in double, [rows, outputs].
    func reference() -> [Double] {
        var result = [Double](repeating: 0, count: rows * outputs)
        x.withUnsafeBufferPointer { x in
            residual.withUnsafeBufferPointer { residual in
                bias.withUnsafeBufferPointer { bias in
                    var call = plumb_matmul_call()
                    call.rows = rows
                    call.outputs = outputs
                    call.inputs = inputs
                    call.x = x.baseAddress
                    call.x_stride = xStride
                    call.x_transposed = columns == nil ? 0 : 1
                    call.bias = bias.baseAddress
                    call.residual = residual.baseAddress
                    call.residual_stride = residualStride
                    plumb_matmul_reference(&call, weights, &result)
                }
            }
        }
        return result
    }
}

/// Zeroed, aligned bytes for packed weights.
final class PackedBytes {
    let base: UnsafeMutableRawPointer
    let count: Int

    init(count: Int) {
        base = .allocate(byteCount: max(count, 64), alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 64))
        self.count = count
    }

    deinit { base.deallocate() }

    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: base, count: count)) }
}

/// Seeded numbers, uniform in -1 ..< 1.
struct Uniform {
    var state: UInt64

    mutating func word() -> UInt32 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt32(truncatingIfNeeded: state >> 32)
    }
    mutating func next() -> Float { Float(Int32(bitPattern: word())) / 2_147_483_648 }
    mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: word() >> 8) } }
}
