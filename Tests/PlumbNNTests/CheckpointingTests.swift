import PlumbNN
import PlumbTensor
import Testing

@Suite struct CheckpointingTests {
    @Test func valueAndGradientsKeepTheirBits() {
        let model = Applied(layer: blocks(4), x: normal([6, 16], 2))
        let found = [false, true].map { isCheckpointed in
            valueWithGradient(at: model) { stack($0.layer, $0.x, isCheckpointed: isCheckpointed).squared().summed() }
        }
        #expect(found[0].value == found[1].value)
        for (a, b) in zip(found[0].gradient.parameters, found[1].gradient.parameters) {
            #expect(a.tensor == b.tensor, "\(a.name)")
        }
        #expect(found[0].gradient.x.norm() > 0)
    }

    @Test func aDeepStackNeedsLessMemory() async {
        await #expect(processExitsWith: .success) {
            let model = Applied(layer: blocks(24), x: normal([256, 16], 3))
            let peaks = [false, true].map { isCheckpointed in
                Compute.resetPeakBytes()
                let before = Compute.bytes
                _ = gradient(at: model) { stack($0.layer, $0.x, isCheckpointed: isCheckpointed).summed() }
                return Compute.peakBytes - before
            }
            precondition(peaks[1] * 2 < peaks[0], "\(peaks)")
        }
    }

    @Test func aConstantInputAndNoDifferentiationAreFine() {
        let (model, x) = (blocks(2), normal([3, 16], 4))
        let plain = stack(model, x, isCheckpointed: false)
        #expect(stack(model, x, isCheckpointed: true) == plain)
        let found = gradient(at: model) { stack($0, x, isCheckpointed: true).summed() }
        let right = gradient(at: model) { stack($0, x, isCheckpointed: false).summed() }
        #expect(zip(found.parameters, right.parameters).allSatisfy { $0.tensor == $1.tensor })
    }

    @Test func aSecondDerivativeGoesThrough() {
        let x = Tensor([0.3, -0.8])
        let weights = Tensor([2, 3])
        func second(_ function: @escaping (Tensor, Tensor) -> Tensor) -> Tensor {
            gradient(at: x) { x in gradient(at: x) { function(weights, $0).summed() }.squared().summed() }
        }
        let right = second { w, x in (w * x).tanh() }
        let found = second { w, x in checkpointed(w, x) { ($0 * $1).tanh() } }
        #expect(found == right)
    }

    @Test func aTensorThatIsNotPassedIsRefused() async {
        await #expect(processExitsWith: .failure) {
            _ = gradient(at: Tensor([1, 2])) { x in
                let scale = x * 2
                return checkpointed(x, x) { a, b in a * b * scale }.summed()
            }
        }
        await #expect(processExitsWith: .success) {
            _ = gradient(at: Tensor([1, 2])) { x in
                let scale = x * 2
                return checkpointed([x, scale], x) { a, b in a[0] * b * a[1] }.summed()
            }
        }
    }
}

/// A residual stack of feed-forward blocks.
private func blocks(_ count: Int, width: Int = 16) -> [MLP] {
    (0..<count).map {
        MLP([width, 4 * width, width], activation: .gelu, key: RandomKey(1)[$0])
    }
}

private func stack(_ blocks: [MLP], _ x: Tensor, isCheckpointed: Bool) -> Tensor {
    blocks.reduce(x) { x, block in
        isCheckpointed ? checkpointed(block, x) { $0($1) + $1 } : block(x) + x
    }
}
