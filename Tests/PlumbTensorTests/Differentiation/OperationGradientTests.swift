import PlumbTensor
import Testing

@Suite struct OperationGradientTests {
    /// One-element, plain and zero-size shapes, and a slice that begins in the middle of its storage.
    private var inputs: [Tensor] {
        [normal([1], 1), normal([3, 4], 2), normal([0, 3], 3), normal([5, 3], 4)[1..<4]]
    }

    @Test func functionsOfOneTensor() {
        let functions: [(String, (Tensor) -> Tensor)] = [
            ("negate", { -$0 }), ("scale", { $0 * 3 }), ("offset", { $0 + 2 }), ("divide by", { $0 / 3 }),
            ("tanh", { $0.tanh() }), ("sigmoid", { $0.sigmoid() }), ("silu", { $0.silu() }), ("gelu", { $0.gelu() }),
            ("gelu tanh", { $0.geluTanh() }), ("exp", { $0.exp() }), ("sin", { $0.sin() }), ("cos", { $0.cos() }),
            ("erf", { $0.erf() }), ("softplus", { $0.softplus() }), ("log sigmoid", { $0.logSigmoid() }),
            ("squared", { $0.squared() }), ("softmax", { $0.softmax() }), ("log-softmax", { $0.logSoftmax() }),
            ("sum", { $0.summed() }), ("sum of rows", { $0.summed(axis: -1) }),
            ("sum of columns", { $0.summed(axis: 0, keepingAxis: true) }), ("reshape", { $0.reshaped([-1]) }),
            ("rows", { $0[0..<$0.shape[0]] }), ("gather", { $0.gathered($0.shape[0] > 1 ? [1, 0, 1] : []) }),
        ]
        for (name, function) in functions {
            for input in inputs { expectGradient("\(name) \(input.shape)", at: [input]) { function($0[0]) } }
        }
    }

    @Test func functionsOfPositiveNumbers() {
        let input = normal([3, 4], 5, scale: 0.3, offset: 2)
        expectGradient("log", at: [input]) { $0[0].log() }
        expectGradient("square root", at: [input]) { $0[0].squareRoot() }
        expectGradient("reciprocal square root", at: [input]) { $0[0].reciprocalSquareRoot() }
        expectGradient("reciprocal", at: [input]) { $0[0].reciprocal() }
    }

    @Test func functionsWithKinksAwayFromThem() {
        let input = Tensor([-2, -0.7, 0.4, 3, 1.2, -0.2], shape: [2, 3])
        expectGradient("relu", at: [input]) { $0[0].relu() }
        expectGradient("absolute", at: [input]) { $0[0].absolute() }
        expectGradient("clamped", at: [input]) { $0[0].clamped(to: -1...1) }
        expectGradient("maximum of rows", at: [input]) { $0[0].maximumOfRows() }
    }

    @Test func arithmeticBroadcasts() {
        let shapes: [([Int], [Int])] = [
            ([3, 4], [3, 4]), ([3, 4], [4]), ([4], [3, 4]), ([3, 1, 4], [2, 4]), ([2, 3], [2, 1]), ([3], []),
            ([0, 4], [4]), ([1, 1], [2, 3]),
        ]
        for (a, b) in shapes {
            let pair = [normal(a, 11), normal(b, 12, scale: 0.2, offset: 2)]
            expectGradient("add \(a) \(b)", at: pair) { $0[0] + $0[1] }
            expectGradient("subtract \(a) \(b)", at: pair) { $0[0] - $0[1] }
            expectGradient("multiply \(a) \(b)", at: pair) { $0[0] * $0[1] }
            expectGradient("divide \(a) \(b)", at: pair) { $0[0] / $0[1] }
            let apart = [normal(a, 13, scale: 0.1), normal(b, 14, scale: 0.1, offset: 1)]
            expectGradient("maximum \(a) \(b)", at: apart) { Tensor.maximum($0[0], $0[1] * 2) }
            expectGradient("minimum \(a) \(b)", at: apart) { Tensor.minimum($0[0], $0[1]) }
        }
    }

    @Test func productsAndLayout() {
        let (a, b) = (normal([3, 4], 21), normal([4, 2], 22))
        expectGradient("matmul", at: [a, b]) { $0[0].matmul($0[1]) }
        expectGradient("matmul transposed", at: [a, b.transposed()]) { $0[0].matmul(transposed: $0[1]) }
        expectGradient("transposed matmul", at: [a.transposed(), b]) { $0[0].transposedMatmul($0[1]) }
        expectGradient("no rows", at: [normal([0, 4], 23), b]) { $0[0].matmul($0[1]) }
        expectGradient("nothing to sum over", at: [normal([3, 0], 24), normal([0, 2], 25)]) { $0[0].matmul($0[1]) }
        expectGradient("transposed", at: [a]) { $0[0].transposed() }
        expectGradient("swapped", at: [normal([2, 3, 4], 26)]) { $0[0].swappingLeadingAxes() }
        expectGradient("columns", at: [a]) { $0[0].columns(1..<3) }
        expectGradient("one row", at: [a]) { $0[0][1] }
        expectGradient("concatenated", at: [a, normal([2, 4], 27)]) { Tensor.concatenated($0) }
        expectGradient("joined columns", at: [a, normal([3, 2], 28)]) { Tensor.concatenated($0, axis: 1) }
        expectGradient("scattered", at: [a]) { $0[0].scattered(to: [2, 0, 2], of: 4) }
        expectGradient("broadcast", at: [normal([3, 1], 29)]) { $0[0].broadcasted(to: [2, 3, 4]) }
        expectGradient("mean along an axis", at: [normal([2, 3, 4], 30)]) { $0[0].mean(axis: 1) }
    }

    @Test func productsOfMatricesPairByPair() {
        let (a, b) = (normal([2, 3, 4], 71), normal([2, 4, 5], 72))
        let (at, bt) = (normal([2, 4, 3], 73), normal([2, 5, 4], 74))
        expectGradient("batched matmul", at: [a, b]) { $0[0].batchedMatmul($0[1]) }
        expectGradient("batched matmul transposed", at: [a, bt]) { $0[0].batchedMatmul(transposed: $0[1]) }
        expectGradient("batched transposed matmul", at: [at, b]) { $0[0].batchedTransposedMatmul($0[1]) }
        expectGradient("no pairs", at: [normal([0, 3, 4], 75), normal([0, 4, 5], 76)]) { $0[0].batchedMatmul($0[1]) }
        expectGradient("nothing to sum over", at: [normal([2, 3, 0], 77), normal([2, 0, 5], 78)]) {
            $0[0].batchedMatmul($0[1])
        }
        // Each pair is the product of its own matrices.
        for i in 0..<2 {
            expectClose(a.batchedMatmul(b)[i], a[i].matmul(b[i]))
            expectClose(a.batchedMatmul(transposed: bt)[i], a[i].matmul(transposed: bt[i]))
            expectClose(at.batchedTransposedMatmul(b)[i], at[i].transposedMatmul(b[i]))
        }
    }

    private func expectClose(_ a: Tensor, _ b: Tensor) {
        #expect(a.shape == b.shape)
        #expect(zip(a.elements, b.elements).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func weightsOfEveryLayout() {
        let (x, bias, residual) = (normal([5, 3], 31), normal([6], 32), normal([5, 6], 33))
        let parts = [normal([2, 3], 34), normal([4, 3], 35)]
        expectGradient("stacked", at: [x, bias, residual] + parts) { t in
            Weight([.tensor(t[3]), .tensor(t[4])]).applied(to: t[0], bias: t[1], residual: t[2])
        }
        expectGradient("inputs by outputs", at: [x, normal([3, 6], 36)]) { t in
            Weight([.transposed(t[1])]).applied(to: t[0])
        }
        expectGradient("mixed", at: [x, normal([3, 2], 37), parts[1]]) { t in
            Weight([.transposed(t[1]), .tensor(t[2])]).applied(to: t[0])
        }
        let frozen = Weight(normal([4, 3], 38))
        expectGradient("frozen", at: [x]) { frozen.applied(to: $0[0]) }
        expectGradient("embedding", at: [normal([4, 3], 39)]) { Weight($0[0]).rows([1, 3, 1]) }
    }

    @Test func rowsAndNorms() {
        let (x, weight, bias) = (normal([3, 5], 41), normal([5], 42), normal([5], 43))
        expectGradient("RMS norm", at: [x, weight]) { $0[0].rmsNormalized(weight: $0[1], epsilon: 1e-5).normalized }
        expectGradient("RMS scale", at: [x]) { $0[0].rmsNormalized(weight: nil, epsilon: 1e-5).scale }
        expectGradient("layer norm", at: [x, weight, bias]) {
            $0[0].layerNormalized(weight: $0[1], bias: $0[2], epsilon: 1e-5).normalized
        }
        expectGradient("layer norm alone", at: [x]) {
            $0[0].layerNormalized(weight: nil, bias: nil, epsilon: 1e-5).normalized
        }
        expectGradient("layer scale", at: [x]) { $0[0].layerNormalized(weight: nil, bias: nil, epsilon: 1e-5).scale }
        expectGradient("gated SiLU", at: [normal([3, 8], 44)]) { $0[0].gatedSilu() }
    }
}
