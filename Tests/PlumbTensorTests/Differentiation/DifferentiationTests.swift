import PlumbTensor
import Testing

@Suite struct DifferentiationTests {
    @Test func aGradientCanBeDifferentiatedAgain() {
        // f = x³: f' = 27 and f'' = 18 at 3.
        let x = Tensor([3], shape: [])
        let first = gradient(at: x) { $0 * $0 * $0 }
        let second = gradient(at: x) { x in gradient(at: x) { $0 * $0 * $0 } }
        let third = gradient(at: x) { x in gradient(at: x) { x in gradient(at: x) { $0 * $0 * $0 } } }
        #expect([first.item, second.item, third.item] == [27, 18, 6])
    }

    @Test func theInnerGradientIsPartialWhereTheLossAlsoUsesTheOuterVariable() {
        // d/dy (x y) = x at y = x; its derivative by x is 1, not 2.
        let x = Tensor([5], shape: [])
        let outer = gradient(at: x) { x in gradient(at: x) { y in x * y } }
        #expect(outer.item == 1)
    }

    @Test func secondDerivativesOfOperationsAgreeWithDifferencesOfFirst() {
        let frozen = Weight(normal([3, 4], 53))
        let functions: [(String, (Tensor) -> Tensor)] = [
            ("frozen weight", { frozen.applied(to: $0).squared() }), ("tanh", { $0.tanh() }),
            ("sigmoid", { $0.sigmoid() }), ("silu", { $0.silu() }), ("gelu", { $0.gelu() }),
            ("gelu tanh", { $0.geluTanh() }), ("exp", { $0.exp() }), ("softmax", { $0.softmax() }),
            ("log-softmax", { $0.logSoftmax() }), ("softplus", { $0.softplus() }),
            ("layer norm", { $0.layerNormalized(weight: nil, bias: nil, epsilon: 1e-3).normalized }),
            ("RMS norm", { $0.rmsNormalized(weight: nil, epsilon: 1e-3).normalized }),
            ("gated SiLU", { $0.gatedSilu() }), ("product", { $0.matmul(transposed: $0) }),
            ("linear", { Weight($0).applied(to: $0) }), ("quotient", { $0 / ($0 * $0 + 1) }),
            ("gather", { $0.gathered([0, 0]) * $0 }),
        ]
        let input = normal([2, 4], 51)
        for (name, function) in functions {
            let shape = function(input).shape
            let weights = normal(shape, 52)
            expectGradient("gradient of \(name)", at: [input], tolerance: 5e-3) { inputs in
                gradient(at: inputs[0]) { (function($0) * weights).summed() }
            }
        }
    }

    @Test func aTapeOfTwoHundredThousandOperationsNeitherOverflowsNorKeepsMemory() {
        let before = Compute.bytes
        let x = Tensor([1, 2, 3])
        let found = gradient(at: x) { x in
            var y = x
            for _ in 0..<100_000 { y = y * 0.5 + x }
            return y.summed()
        }
        #expect(abs(found.elements[0] - 2) < 1e-5)
        #expect(Compute.bytes - before <= 4096)
    }

    @Test func whatTheLossDoesNotDependOnHasAGradientOfZeros() {
        let (value, found) = valueWithGradient(at: [Tensor([1, 2]), Tensor([3])]) { $0[0].summed() }
        #expect(value.item == 3)
        #expect(found[0] == Tensor([1, 1]))
        #expect(found[1] == Tensor([0]))
        #expect(!value.isTraced && !found[0].isTraced)
    }

    @Test func aDetachedTensorStopsTheGradient() {
        let found = gradient(at: Tensor([2], shape: [])) { $0.detached() * $0 }
        #expect(found.item == 2)
    }

    @Test func tensorsOfAnEarlierDifferentiationAreConstants() {
        var kept: Tensor?
        _ = gradient(at: Tensor([2], shape: [])) { x in
            kept = x * 3
            return x * x
        }
        let old = kept ?? Tensor([0], shape: [])
        let found = gradient(at: Tensor([5], shape: [])) { old * $0 + $0 * old }
        #expect(found.item == 12)
    }

    @Test func aPullbackMayDifferentiateOnItsOwn() {
        // y = x³ whose slope the pullback works out by another differentiation: 12 at 2, and again inside a nested one.
        func cube(_ x: Tensor) -> Tensor {
            (x.detached() * x.detached() * x.detached()).recorded(from: [x]) { dy, into in
                into.add(dy * gradient(at: x) { $0 * $0 * $0 }, to: x.trace)
            }
        }
        let x = Tensor([2], shape: [])
        #expect(gradient(at: x, of: cube).item == 12)
        #expect(gradient(at: x) { x in gradient(at: x, of: cube) }.item == 12)
    }

    @Test func writingIntoATensorThatIsBeingDifferentiatedIsRefused() async {
        await #expect(processExitsWith: .failure) {
            _ = gradient(at: Tensor([1, 2])) { x in
                var y = x
                y.withUnsafeMutableElements { $0[0] = 0 }
                return y.summed()
            }
        }
    }
}
