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
}
