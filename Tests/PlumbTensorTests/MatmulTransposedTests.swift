import CPlumbKernels
import Testing

/// Products whose activations are stored [inputs, rows], as a weight's gradient has them.
@Suite struct MatmulTransposedTests {
    @Test func transposedActivationsGiveTheSameBits() async {
        await #expect(processExitsWith: .success) {
            for isa in MatmulProblem.instructionSets where plumb_isa_force(isa) == 0 {
                for (rows, outputs, inputs) in [(1, 40, 300), (3, 33, 64), (29, 17, 257), (129, 65, 96), (450, 2, 32)] {
                    for packing in MatmulProblem.packings where plumb_packed_bytes(packing, outputs, inputs) > 0 {
                        expectSameBits(rows: rows, outputs: outputs, inputs: inputs, packing: packing, isa: isa)
                    }
                }
            }
        }
    }

    @Test func theReferenceReadsTransposedActivations() {
        let problem = MatmulProblem(rows: 5, outputs: 4, inputs: 7, packing: MatmulProblem.float32, seed: 2)
        #expect(problem.transposed().reference() == problem.reference())
    }

    /// A matrix large enough to be written past the caches, and one whose last panels are few and partial.
    @Test(arguments: [(740, 3000), (300, 9000), (33, 40000)])
    func largeMatricesPackTransposed(outputs: Int, inputs: Int) {
        let stride = outputs + 3
        let source = FloatBlock((0..<inputs * stride).map { Float($0 & 0xff_ffff) })
        let packed = PackedBytes(count: plumb_packed_bytes(MatmulProblem.float32, outputs, inputs))
        let result = packed.base.assumingMemoryBound(to: Float.self)
        plumb_pack_transposed(result, outputs, inputs, 0, outputs, source.base, stride)
        var wrong = 0
        for output in 0..<(outputs + 31) / 32 * 32 {
            for input in 0..<inputs {
                let expected = output < outputs ? source.base[input * stride + output] : 0
                if result[(output / 32 * inputs + input) * 32 + output % 32] != expected { wrong += 1 }
            }
        }
        #expect(wrong == 0)
    }
}

private func expectSameBits(rows: Int, outputs: Int, inputs: Int, packing: Int32, isa: Int32) {
    let problem = MatmulProblem(rows: rows, outputs: outputs, inputs: inputs, packing: packing, seed: 1)
    let transposed = problem.transposed()
    let weights = problem.packed()
    for products in MatmulProblem.products {
        for (last, threads) in [(rows, 1), (rows, 2), (rows, 3), (1, 1), ((rows + 1) / 2, 2)] as [(Int, Int32)] {
            let plain = problem.product(
                last: last, by: weights, packing: packing, products: products, threads: threads)
            let y = transposed.product(
                last: last, by: weights, packing: packing, products: products, threads: threads)
            let same = y.elementsEqual(plain) { $0.bitPattern == $1.bitPattern }
            #expect(same, "isa \(isa), packing \(packing), products \(products), \(rows)x\(inputs)->\(outputs)")
        }
    }
}
