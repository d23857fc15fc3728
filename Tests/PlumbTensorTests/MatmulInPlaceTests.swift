import CPlumbKernels
import Testing

/// Products that read operands where they are give the bits of those that pack them.
@Suite struct MatmulInPlaceTests {
    /// Shapes on both sides of what is packed on the way, with full, partial and narrow panels, and several blocks of k.
    @Test func weightsWhereTheyAreGiveTheSameBits() async {
        await #expect(processExitsWith: .success) {
            for isa in MatmulProblem.instructionSets where plumb_isa_force(isa) == 0 {
                for (rows, outputs, inputs) in [
                    (1, 40, 300), (5, 1, 7), (64, 128, 64), (64, 10, 64), (29, 17, 257), (130, 65, 520), (33, 300, 300),
                    (3, 4, 700), (450, 36, 200),
                ] {
                    expectSameBits(rows: rows, outputs: outputs, inputs: inputs, isa: isa)
                }
            }
        }
    }

    @Test func noInputsLeaveBiasAndResidual() {
        let problem = MatmulProblem(rows: 2, outputs: 40, inputs: 0, packing: MatmulProblem.float32, seed: 7)
        let y = problem.product(
            last: 2, by: problem.unpacked(), packing: MatmulProblem.none, products: 0, threads: plumb_threads())
        for row in 0..<2 {
            for output in 0..<40 {
                #expect(y[row * 43 + output] == problem.bias[output] + problem.residual[row * 47 + output])
            }
        }
    }
}

private func expectSameBits(rows: Int, outputs: Int, inputs: Int, isa: Int32) {
    let problem = MatmulProblem(rows: rows, outputs: outputs, inputs: inputs, packing: MatmulProblem.float32, seed: 4)
    let (transposed, packed, unpacked) = (problem.transposed(), problem.packed(), problem.unpacked())
    for products in MatmulProblem.products {
        let plain = problem.product(
            last: rows, by: packed, packing: problem.packing, products: products, threads: 1)
        for threads in [1, 2, 3] as [Int32] {
            for (problem, name) in [(problem, "rows"), (transposed, "columns")] {
                let y = problem.product(
                    last: rows, by: unpacked, packing: MatmulProblem.none, products: products, threads: threads,
                    inPlace: threads == 2)
                let same = y.elementsEqual(plain) { $0.bitPattern == $1.bitPattern }
                #expect(same, "isa \(isa), products \(products), \(rows)x\(inputs)->\(outputs) of \(name)")
            }
        }
    }
}
