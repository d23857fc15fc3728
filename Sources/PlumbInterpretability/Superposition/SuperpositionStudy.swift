internal import PlumbData
public import PlumbLearning
internal import PlumbNN
public import PlumbTensor

/// Toy models of one size trained on features of one sparsity, from several initializations.
public struct SuperpositionStudy: Sendable {
    /// N.
    public var features: Int
    /// M.
    public var dimensions: Int
    /// The importance of feature i is this to the power i.
    public var decay: Double
    /// S, the probability that a feature is absent.
    public var sparsity: Double
    /// Whether the model's output is cut off below zero.
    public var isRectified = true
    /// Training steps.
    public var steps: Int
    /// B, the rows of features drawn at each step.
    public var batch: Int
    /// Adam's learning rate at the first step.
    public var learningRate: Double
    /// The learning rate falls in a line to this part of itself.
    public var finalRate = 0.01

    /// A study of models of one size at one sparsity.
    public init(
        features: Int, dimensions: Int, decay: Double, sparsity: Double, steps: Int, batch: Int, learningRate: Double
    ) {
        (self.features, self.dimensions, self.decay, self.sparsity) = (features, dimensions, decay, sparsity)
        (self.steps, self.batch, self.learningRate) = (steps, batch, learningRate)
    }

    /// One trained model.
    public struct Outcome: Sendable {
        /// The model after the last step.
        public let model: SuperpositionModel
        /// The loss on fresh features.
        public let loss: Double
        /// The loss at each step.
        public let losses: [Float]
        /// How the features lie in the model's hidden space.
        public var geometry: FeatureGeometry { model.geometry }

        /// Means of the losses of neighboring steps, about so many, each at the last of its steps.
        public func smoothedLosses(places: Int) -> (steps: [Double], losses: [Double]) {
            let width = max(1, losses.count / max(1, places))
            let starts = stride(from: 0, to: losses.count, by: width)
            return (
                starts.map { Double(min($0 + width, losses.count)) },
                starts.map { Statistics.mean(losses[$0...].prefix(width).map(Double.init)) }
            )
        }
    }

    /// The importance of each feature.
    public var importance: Tensor {
        var value = 1.0
        return Tensor(
            (0..<features).map { _ in
                defer { value *= decay }
                return Float(value)
            })
    }

    /// Trains one model; the same key gives the same model.
    ///
    /// - Parameters:
    ///   - key: of the first weights and the features learned from.
    ///   - test: draws the fresh features; give all models that are compared the same one.
    ///   - label: names the model's checkpoint, where the session keeps any.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    ///   - watch: hears the step from time to time, and may throw to stop.
    /// - Throws: `FitError` when training diverges or a checkpoint is of another model; what `watch` throws.
    public func train(
        key: RandomKey, test: RandomKey, label: String, in session: FitSession = .silent,
        watch: (Int) throws -> Void = { _ in }
    ) throws -> Outcome {
        let data = SparseFeatures(features: features, sparsity: sparsity, key: key["features"])
        let start = SuperpositionModel(
            features: features, dimensions: dimensions, isRectified: isRectified, key: key["model"])
        let importance = importance
        var fit = Fit(steps: steps)
        fit.schedule = .linear(warmup: 0, total: steps, floor: finalRate)
        let result = try fit.run(start, optimizer: Adam(learningRate: learningRate), label: label, in: session) {
            model, step in
            if step % 100 == 0 { try watch(step) }
            return model.loss(data.batch(batch, step: step), importance: importance)
        }
        let fresh = SparseFeatures(features: features, sparsity: sparsity, key: test).batch(
            max(1024, 500_000 / features), step: 0)
        let loss = Double(result.model.loss(fresh, importance: importance).item)
        try session.keep(result.model, as: label)
        return Outcome(model: result.model, loss: loss, losses: result.losses)
    }
}
