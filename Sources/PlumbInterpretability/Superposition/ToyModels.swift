internal import Foundation
public import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// The toy models of Elhage et al. 2022 (arXiv:2209.10652): small ones, of five features in two dimensions, from several
/// initializations, and wide ones over a range of sparsities.
public struct ToyModels: SettingGroup {
    @Setting("Initializations of each small model; the one with the lowest loss is analyzed.", 1...1000)
    public var seeds = 24
    @Setting("Training steps of each small model (5 features in 2 dimensions).", 1...10_000_000) public var steps = 1500
    @Setting("Rows in a batch of the small models.", 1...1_000_000) public var batch = 1024
    @Setting("Adam's learning rate at the first step; it decays linearly to a hundredth.", 1e-9...10)
    public var learningRate = 0.01
    @Setting("Features of the wide models, all equally important.", 1...4096) public var wideFeatures = 128
    @Setting("Dimensions of the wide models.", 1...4096) public var wideDimensions = 16
    @Setting("Wide models at each density, each from an initialization of its own.", 1...1000) public var wideSeeds = 3
    @Setting("Training steps of each wide model.", 1...10_000_000) public var wideSteps = 2000
    @Setting("Rows in a batch of the wide models.", 1...65_536) public var wideBatch = 256
    @Setting("How many densities (1 - sparsity) the wide models are trained at, from 1 down in equal ratios.", 2...1000)
    public var densities = 13
    @Setting("The lowest density.", 1e-6...0.999_999) public var leastDensity = 0.1

    /// The sizes of the quick run.
    public init() {}

    /// The sparsities of the small models.
    public static let sparsities = [0, 0.8, 0.9]

    /// The importance of feature i of the small models is this to the power i.
    public static let decay = 0.9

    /// The losses to reproduce at ``sparsities``: an independent implementation's best of four initializations.
    public static let expectedLosses = [0.0370, 0.0116, 0.00416]

    /// The sparsities of the wide models.
    public var wideSparsities: [Double] {
        (0..<densities).map { 1 - pow(leastDensity, Double($0) / Double(densities - 1)) }
    }

    /// The trained models.
    public struct Outcome: Sendable {
        /// For each of ``ToyModels/sparsities``, a model from each initialization.
        public let small: [[SuperpositionStudy.Outcome]]
        /// A small model without ReLU at the highest of the sparsities.
        public let linear: SuperpositionStudy.Outcome
        /// For each initialization of the wide models, one at each sparsity, in rising order.
        public let wide: [[(sparsity: Double, outcome: SuperpositionStudy.Outcome)]]

        /// For each sparsity the small model with the lowest loss.
        public var best: [SuperpositionStudy.Outcome] {
            small.compactMap { models in models.min { $0.loss < $1.loss } }
        }

        /// The share of initializations at one of the sparsities whose model has this property.
        public func share(_ index: Int, _ holds: (FeatureGeometry) -> Bool) -> Double {
            Double(small[index].count { holds($0.geometry) }) / Double(small[index].count)
        }

        /// For each initialization of the wide models, how long D* stays near a level.
        public var plateaus: [DimensionPlateaus] {
            wide.map { models in
                DimensionPlateaus(
                    densities: models.map { 1 - $0.sparsity },
                    dimensionsPerFeature: models.map(\.outcome.geometry.dimensionsPerFeature))
            }
        }

        /// For each initialization of the wide models, whether the dimensionalities of the features that they represent, at
        /// all sparsities together, stick at simple fractions.
        ///
        /// - Parameters:
        ///   - besideHalf: leaves out the fraction 1/2, and dimensionalities within 0.05 of it.
        ///   - key: of the smooth draws.
        public func sticking(besideHalf: Bool = false, key: RandomKey) -> [FractionSticking] {
            func counts(_ value: Double) -> Bool { !besideHalf || abs(value - 0.5) > 0.05 }
            let fractions = FractionSticking.fractions.filter(counts)
            return wide.enumerated().map { index, models in
                let values = models.flatMap(\.outcome.geometry.dimensionalityOfRepresented).filter(counts)
                return FractionSticking(values, fractions: fractions, key: key[index])
            }
        }
    }

    /// Trains all models; the same seed gives the same models.
    ///
    /// - Throws: `FitError` when training diverges; `RunInterrupted` when the session is asked to stop.
    public func train(seed: UInt64, in session: FitSession = .silent) throws -> Outcome {
        let key = RandomKey(seed)
        func train(_ study: SuperpositionStudy, _ key: RandomKey, _ label: String) throws -> SuperpositionStudy.Outcome
        {
            let test = RandomKey(seed)["test"]
            // Each model takes about a second: its checkpoint is the finished one.
            return try study.train(
                key: key, test: test, label: label,
                in: FitSession(checkpoints: session.checkpoints, models: session.models)
            ) { step in
                try session.reporter.checkpoint()
                session.reporter.progress(label, step, of: study.steps)
            }
        }
        let small = try Self.sparsities.map { sparsity in
            try (0..<seeds).map { index in
                try train(
                    self.small(sparsity), key["small"][Int(100 * sparsity)][index],
                    "sparsity \(sparsity), initialization \(index)")
            }
        }
        var linear = self.small(Self.sparsities[2])
        linear.isRectified = false
        return Outcome(
            small: small, linear: try train(linear, key["linear"], "no ReLU"),
            wide: try (0..<wideSeeds).map { seed in
                try wideSparsities.enumerated().map { index, sparsity in
                    let index = seed * densities + index
                    return (sparsity, try train(wide(sparsity), key["wide"][index], "wide model \(index)"))
                }
            })
    }

    private func small(_ sparsity: Double) -> SuperpositionStudy {
        SuperpositionStudy(
            features: 5, dimensions: 2, decay: Self.decay, sparsity: sparsity, steps: steps, batch: batch,
            learningRate: learningRate)
    }

    /// Refuses settings that need more memory than the machine can give.
    ///
    /// - Throws: `SettingsError` naming what needs it.
    public func check() throws { try wide(0).memory(models: wideSeeds * densities, prefix: "wide-").check() }

    private func wide(_ sparsity: Double) -> SuperpositionStudy {
        SuperpositionStudy(
            features: wideFeatures, dimensions: wideDimensions, decay: 1, sparsity: sparsity, steps: wideSteps,
            batch: wideBatch, learningRate: learningRate)
    }
}
