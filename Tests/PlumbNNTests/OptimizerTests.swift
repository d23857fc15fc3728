import PlumbNN
import PlumbTensor
import Testing

@Suite struct OptimizerTests {
    @Test func adamMovesEachParameterByTheLearningRateAtFirst() {
        var model = [Tensor([1, 2]), Tensor([3])]
        var rule = Adam(learningRate: 0.1)
        rule.update(&model, along: [Tensor([5, -7]), Tensor([0.01])])
        #expect(model[0].elements.elementsEqual([0.9, 2.1]) { abs($0 - $1) < 1e-5 })
        #expect(abs(model[1].elements[0] - 2.9) < 1e-5)
        #expect(rule.state.steps == 1 && rule.state.tensors.map(\.name) == ["m.0", "m.1", "v.0", "v.1"])
    }

    @Test func decoupledDecayShrinksWithoutAGradient() {
        var model = Tensor([2])
        var rule = Adam.decoupled(learningRate: 0.1, weightDecay: 0.5)
        rule.update(&model, along: Tensor([0]))
        #expect(abs(model.item - 1.9) < 1e-6)
    }

    @Test func schedulesRiseAndFall() {
        let cosine = LearningRateSchedule.cosine(warmup: 10, total: 110, floor: 0.1)
        #expect(abs(cosine.multiplier(4) - 0.5) < 1e-12)
        #expect(abs(cosine.multiplier(60) - 0.55) < 1e-12)
        #expect(abs(cosine.multiplier(500) - 0.1) < 1e-12)
        #expect(LearningRateSchedule.stepped(every: 10, factor: 0.5).multiplier(25) == 0.25)
    }

    @Test func gradientDescentStepsAsWorkedByHand() {
        func steps(_ rule: SGD) -> [Float] {
            var rule = rule
            var model = Tensor([1])
            return [2, 3].map { (g: Float) in
                rule.update(&model, along: Tensor([g]))
                return model.item
            }
        }
        // 1 - 0.1 · 2 = 0.8; 0.8 - 0.1 · 3 = 0.5.
        expectClose(steps(SGD(learningRate: 0.1)), [0.8, 0.5])
        // b = 2, then 0.5 · 2 + 3 = 4.
        expectClose(steps(SGD(learningRate: 0.1, momentum: 0.5)), [0.8, 0.4])
        // 2 + 0.5 · 2 = 3, then 3 + 0.5 · 4 = 5.
        expectClose(steps(SGD(learningRate: 0.1, momentum: 0.5, isNesterov: true)), [0.7, 0.2])
        // 2 + 0.5 · 1 = 2.5, then 3 + 0.5 · 0.75 = 3.375.
        expectClose(steps(SGD(learningRate: 0.1, weightDecay: 0.5)), [0.75, 0.4125])
    }

    @Test func lionStepsAsWorkedByHand() {
        var rule = Lion(learningRate: 0.1, beta1: 0.5, beta2: 0.5, weightDecay: 0.5)
        var model = Tensor([1, -1])
        // u = (1, -1): 1 - 0.1 · (1 + 0.5), -1 - 0.1 · (-1 - 0.5); m = (1, -2).
        rule.update(&model, along: Tensor([2, -4]))
        expectClose(model.elements, [0.85, -0.85])
        // The second's sum of half the moment and half the gradient, -1 + 3, has turned.
        rule.update(&model, along: Tensor([2, 6]))
        expectClose(model.elements, [0.85 - 0.1 * (1 + 0.425), -0.85 - 0.1 * (1 - 0.425)])
    }

    @Test func savedStateContinuesBitForBit() {
        expectContinuation(of: SGD(learningRate: 0.1, momentum: 0.9))
        expectContinuation(of: SGD(learningRate: 0.1))
        expectContinuation(of: Lion(learningRate: 0.1))
        expectContinuation(of: Adam(learningRate: 0.1))
    }

    private func expectContinuation<Rule: Optimizer>(of fresh: Rule) {
        func gradient(_ step: Int) -> [Tensor] { [normal([3], UInt64(step)), normal([2, 2], UInt64(step + 100))] }
        var (whole, rule) = ([normal([3], 1), normal([2, 2], 2)], fresh)
        var (parted, restored) = (whole, fresh)
        for step in 0..<6 {
            rule.update(&whole, along: gradient(step))
            if step == 3 {
                var other = fresh
                other.state = restored.state
                restored = other
            }
            restored.update(&parted, along: gradient(step))
        }
        #expect(whole == parted && restored.state.steps == 6, "\(Rule.self)")
    }

    private func expectClose(
        _ found: [Float], _ right: [Float], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            found.count == right.count && zip(found, right).allSatisfy { abs($0 - $1) < 1e-6 }, "\(found)",
            sourceLocation: sourceLocation)
    }

    @Test func clippingShortensAndAveragingMixes() {
        var gradient = [Tensor([3]), Tensor([0, 4])]
        #expect(gradient.clip(toNorm: 10) == 5 && gradient[0].item == 3)
        #expect(gradient.clip(toNorm: 1) == 5)
        #expect(abs(gradient.globalNorm - 1) < 1e-5 && abs(gradient[0].item - 0.6) < 1e-5)
        var average = Tensor([0, 10])
        average.average(with: Tensor([1, 0]), decay: 0.75)
        #expect(average == Tensor([0.25, 7.5]))
    }
}
