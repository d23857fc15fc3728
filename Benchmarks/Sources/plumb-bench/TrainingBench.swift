import Foundation
import PlumbModels
import PlumbNN
import PlumbTensor

/// Times training steps: forward, backward and the optimiser's update.
struct TrainingBench {
    /// The tasks it knows.
    static let tasks = ["train-gpt2"]

    /// Seconds of each step, after one that is left out.
    func measure(_ request: Request, gpt2: () throws -> HookedTransformer) throws -> [Double] {
        switch request.task {
        case "train-gpt2":
            let model = try gpt2()
            let batch = tokens(8, 128, vocabulary: model.configuration.vocabulary)
            return try steps(request, model, Adam.decoupled(learningRate: 1e-4)) { model in
                model.run(batch: batch.inputs).output.crossEntropy(batch.targets)
            }
        default: throw BenchError("no training task \(request.task): have \(Self.tasks.joined(separator: ", "))")
        }
    }

    private func steps<Model: ParameterTree>(
        _ request: Request, _ model: Model, _ optimizer: Adam, _ loss: (Model) throws -> Tensor
    ) throws -> [Double] {
        var (model, optimizer) = (model, optimizer)
        let clock = ContinuousClock()
        return try (0...request.repeats).map { _ in
            try clock.measure {
                let (_, gradient) = try valueWithGradient(at: model, of: loss)
                optimizer.update(&model, along: gradient)
            } / .seconds(1)
        }.dropFirst().map { $0 }
    }

    private func tokens(_ rows: Int, _ length: Int, vocabulary: Int) -> (inputs: [[Int]], targets: [Int]) {
        var random = RandomKey(5).generator()
        let inputs = (0..<rows).map { _ in (0..<length).map { _ in random.index(below: vocabulary) } }
        return (inputs, (0..<rows * length).map { _ in random.index(below: vocabulary) })
    }
}
