public import PlumbLearning
public import PlumbModels
internal import PlumbNN
internal import PlumbRecords
public import PlumbTensor

/// Distributed alignment search: learns where a model holds the variables of a high-level model (Geiger, Wu, Potts,
/// Icard, Goodman 2023, arXiv:2303.02536).
///
/// The model stays as it is. Adam moves the map, along the gradient through the interchange, so that the model's output
/// on interchanges becomes what the high-level model says. How well that works on the interchanges that were learned
/// from says little: a flexible map can be made to fit. What counts is the accuracy on inputs never used here, beside
/// that of the same training on a network without the algorithm (Makelov, Lange, Nanda 2023, arXiv:2311.17030; Sutter,
/// Minder, Hofmann, Pimentel 2025, arXiv:2507.08802).
public struct AlignmentTraining: Sendable {
    /// Steps of Adam.
    public var steps: Int
    /// Adam's learning rate at the first step, from which it falls in a line to 0.
    public var learningRate: Double

    /// A training of `steps` steps.
    public init(steps: Int, learningRate: Double = 0.01) {
        (self.steps, self.learningRate) = (steps, learningRate)
    }

    /// The map after training.
    ///
    /// - Parameters:
    ///   - start: where training begins.
    ///   - model: what is searched; it is not changed.
    ///   - place: which activation holds the variables.
    ///   - label: names progress and checkpoints.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    ///   - readout: from the output to a row of logits for each target; by default the output itself.
    ///   - interchanges: those of a step; a function of the step alone.
    /// - Throws: what the interchanges or `FitError` of the training say.
    public func run<Model: HookedModel, Map: SubspaceMap>(
        _ start: Map, of model: Model, at place: InterchangePlace, label: String = "alignment",
        in session: FitSession = .silent, readout: (Tensor) -> Tensor = { $0 },
        interchanges: (Int) throws -> [Interchange<Model.Input>]
    ) throws -> Map {
        var fit = Fit(steps: steps)
        fit.schedule = .linear(warmup: 0, total: steps, floor: 0)
        let trained = try fit.run(start, optimizer: Adam(learningRate: learningRate), label: label, in: session) {
            map, step in
            let annealed = map.annealed(Double(step) / Double(max(1, steps)))
            return try loss(annealed, of: model, at: place, on: try interchanges(step), readout: readout)
        }
        return trained.model.annealed(1)
    }

    /// The mean cross-entropy of the targets of interchanges, in nats, plus the map's penalty; gradients flow to the
    /// map.
    ///
    /// - Throws: `ModelError` for interchanges that cannot be made.
    public func loss<Model: HookedModel>(
        _ map: some SubspaceMap, of model: Model, at place: InterchangePlace,
        on interchanges: [Interchange<Model.Input>],
        readout: (Tensor) -> Tensor = { $0 }
    ) throws -> Tensor {
        guard let first = interchanges.first else {
            throw ModelError("an alignment is learned from at least one interchange")
        }
        func entropy(_ interchange: Interchange<Model.Input>) throws -> Tensor {
            readout(try model.interchanged(interchange, at: place, by: map)).crossEntropy(interchange.targets)
        }
        var sum = try entropy(first)
        for interchange in interchanges.dropFirst() { sum = sum + (try entropy(interchange)) }
        let mean = sum * (1 / Float(interchanges.count))
        return map.penalty.map { mean + $0 } ?? mean
    }
}
