import CPlumbKernels
import Testing

/// Instruction set and threads are the process's own, so what changes them runs in a process of its own.
@Suite struct MatmulTests {
    @Test func rowsKeepTheirBitsWhateverTheBatchThreadsAndPacking() async {
        await #expect(processExitsWith: .success) {
            for isa in MatmulProblem.instructionSets where plumb_isa_force(isa) == 0 {
                // The last is a sum that is walked in pieces.
                for (outputs, inputs) in [(1, 32), (17, 257), (33, 96), (97, 288), (160, 31), (2, 800), (40, 1056)] {
                    for packing in MatmulProblem.packings where plumb_packed_bytes(packing, outputs, inputs) > 0 {
                        expectRowRule(outputs: outputs, inputs: inputs, packing: packing, isa: isa)
                    }
                }
            }
        }
    }

    @Test func rowsKeepTheirBitsWhereSumsAreWalkedInPiecesForSomePanelsAtATime() async {
        await #expect(processExitsWith: .success) {
            expectRowRule(outputs: 770, inputs: 1030, packing: MatmulProblem.float32, isa: plumb_isa())
        }
    }

    @Test func productsAgreeWithDoublePrecision() async {
        await #expect(processExitsWith: .success) {
            for isa in MatmulProblem.instructionSets where plumb_isa_force(isa) == 0 {
                for (rows, outputs, inputs) in [(1, 65, 3072), (14, 50, 768), (37, 33, 577)] {
                    let problem = MatmulProblem(
                        rows: rows, outputs: outputs, inputs: inputs, packing: MatmulProblem.float32, seed: 3)
                    let exact = problem.reference()
                    for (products, tolerance) in zip(MatmulProblem.products, [1e-6, 1e-2]) {
                        let y = problem.product(
                            last: rows, by: problem.packed(), packing: problem.packing, products: products, threads: 2)
                        let error = relativeError(of: y, stride: problem.yStride, from: exact, width: outputs)
                        #expect(error < tolerance, "\(rows)x\(inputs)->\(outputs), isa \(isa), products \(products)")
                        #expect(products == MatmulProblem.products[0] || error > 1e-5, "nothing was rounded")
                    }
                }
            }
        }
    }

    @Test func biasAndResidualMayBeAbsent() {
        let problem = MatmulProblem(rows: 3, outputs: 5, inputs: 4, packing: MatmulProblem.float32, seed: 5)
        let weights = problem.packed()
        var bare = [Float](repeating: -1, count: 15)
        bare.withUnsafeMutableBufferPointer { y in
            problem.x.withUnsafeBufferPointer { x in
                var call = plumb_matmul_call()
                call.rows = 3
                call.outputs = 5
                call.inputs = 4
                call.x = x.baseAddress
                call.x_stride = problem.xStride
                call.weights = UnsafeRawPointer(weights.base)
                call.y = y.baseAddress
                call.y_stride = 5
                plumb_matmul(&call)
            }
        }
        for row in 0..<3 {
            for output in 0..<5 {
                var sum: Float = 0
                for input in 0..<4 { sum += problem.x[row * 9 + input] * problem.weights[output * 4 + input] }
                #expect(abs(bare[row * 5 + output] - sum) < 1e-6)
            }
        }
    }

    @Test func noInputsLeaveBiasAndResidual() {
        let problem = MatmulProblem(rows: 2, outputs: 3, inputs: 0, packing: MatmulProblem.float32, seed: 7)
        let y = problem.product(
            last: 2, by: PackedBytes(count: 0), packing: problem.packing, products: 0, threads: plumb_threads())
        for row in 0..<2 {
            for output in 0..<3 {
                #expect(y[row * 6 + output] == problem.bias[output] + problem.residual[row * 10 + output])
            }
        }
    }

    @Test func packedBytesFollowTheFormats() {
        let (f32, bf16, q8, q40, q41) = (0, 1, 2, 3, 4) as (Int32, Int32, Int32, Int32, Int32)
        #expect(plumb_packed_bytes(f32, 33, 7) == 2 * 32 * 7 * 4)
        #expect(plumb_packed_bytes(bf16, 33, 7) == 2 * 32 * 8 * 2)
        #expect(plumb_packed_bytes(q8, 32, 64) == 32 * 2 * 34)
        #expect(plumb_packed_bytes(q40, 32, 64) == 32 * 2 * 18)
        #expect(plumb_packed_bytes(q41, 32, 64) == 32 * 2 * 20)
        let affine = Int32(PLUMB_PACK_AFFINE)
        #expect(plumb_packed_bytes(affine, 32, 48) == 32 * 3 * 24)
        for packing in [q8, q40, q41, affine] { #expect(plumb_packed_bytes(packing, 32, 33) == 0) }
        #expect(plumb_packed_bytes(9, 32, 32) == 0)
    }

    @Test(arguments: [(1, 1), (33, 17), (70, 300), (320, 64)])
    func columnsPackLikeRows(outputs: Int, inputs: Int) {
        let problem = MatmulProblem(
            rows: 1, outputs: outputs, inputs: inputs, packing: MatmulProblem.float32, seed: 11)
        var columns = [Float](repeating: 0, count: outputs * inputs)
        for output in 0..<outputs {
            for input in 0..<inputs { columns[input * outputs + output] = problem.weights[output * inputs + input] }
        }
        let rows = problem.packed()
        let result = PackedBytes(count: rows.count)
        let cut = outputs / 4
        columns.withUnsafeBufferPointer { source in
            guard let source = source.baseAddress else { return }
            let packed = result.base.assumingMemoryBound(to: Float.self)
            plumb_pack_transposed(packed, outputs, inputs, 0, cut, source, outputs)
            plumb_pack_transposed(packed, outputs, inputs, cut, outputs - cut, source + cut, outputs)
        }
        #expect(result.bytes == rows.bytes)
    }
}

/// Every row alone, against float32 packing of the widened weights, is what every batch, thread count and packing must
/// give.
private func expectRowRule(outputs: Int, inputs: Int, packing: Int32, isa: Int32) {
    let problem = MatmulProblem(rows: 450, outputs: outputs, inputs: inputs, packing: packing, seed: 1)
    let stored = problem.packed()
    let widened = problem.packed(widened: true)
    for products in MatmulProblem.products {
        var alone: [Float] = []
        for row in 0..<problem.rows {
            var one = problem
            one.rows = row + 1
            alone += one.product(
                last: 1, by: widened, packing: MatmulProblem.float32, products: products, threads: 1)
        }
        for (index, rows) in (Array(1...25) + [29, 64, 129, 450]).enumerated() {
            for threads in [1, 2, 3] as [Int32] {
                let y = problem.product(
                    last: rows, by: stored, packing: packing, products: products, threads: threads,
                    inPlace: index % 2 == 0)
                let same = y.elementsEqual(alone.suffix(rows * problem.yStride)) { $0.bitPattern == $1.bitPattern }
                #expect(same, "isa \(isa), packing \(packing), products \(products), \(rows)x\(inputs)->\(outputs)")
            }
        }
    }
}

/// sqrt(Σ (y - exact)² / Σ exact²)
private func relativeError(of y: [Float], stride: Int, from exact: [Double], width: Int) -> Double {
    var difference = 0.0
    var size = 0.0
    for (index, value) in exact.enumerated() {
        let found = Double(y[index / width * stride + index % width])
        difference += (found - value) * (found - value)
        size += value * value
    }
    return (difference / size).squareRoot()
}
