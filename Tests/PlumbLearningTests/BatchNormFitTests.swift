import PlumbLearning
import PlumbNN
import PlumbTensor
import Testing

/// A batch norm between two layers.
private struct NormalizedNetwork: ParameterTree {
    var hidden = Linear(inputs: 2, outputs: 4, key: RandomKey(1))
    var norm = BatchNorm(channels: 4)
    var output = Linear(inputs: 4, outputs: 1, key: RandomKey(2))

    mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("hidden", &hidden)
        visitor("norm", &norm)
        visitor("output", &output)
    }

    mutating func loss(_ step: Int) -> Tensor {
        let x = Tensor.normal([32, 2], key: RandomKey(3)[step])
        return output(norm(hidden(x), isTraining: true).tanh()).meanSquaredError(x.columns(0..<1))
    }
}

@Suite struct BatchNormFitTests {
    @Test func theLoopCarriesRunningAveragesFromStepToStep() throws {
        let steps = 20
        var fit = Fit(steps: steps)
        fit.averaging = 0.5
        let result = try fit.run(
            NormalizedNetwork(), optimizer: SGD(learningRate: 0), label: "still"
        ) { model, step in model.loss(step) }
        // The weights stand still, so the averages are those of the batches taken one after another.
        var expected = NormalizedNetwork()
        for step in 0..<steps { _ = expected.loss(step) }
        #expect(result.model.norm.runningMean == expected.norm.runningMean)
        #expect(result.model.norm.runningVariance == expected.norm.runningVariance)
        #expect(result.averaged?.norm.runningMean == expected.norm.runningMean)
        #expect(expected.norm.runningMean != NormalizedNetwork().norm.runningMean)
    }
}
