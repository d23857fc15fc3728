public import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How does a model represent more features than it has dimensions? The sparser they are, the more share a space.
public struct ToySuperposition: Experiment {
    public struct Settings: ExperimentSettings {
        public var models = ToyModels()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.models.seeds, tiny.models.steps, tiny.models.batch) = (2, 150, 128)
        (tiny.models.wideFeatures, tiny.models.wideDimensions) = (32, 4)
        (tiny.models.wideSteps, tiny.models.wideBatch, tiny.models.densities) = (150, 64, 3)
        tiny.models.wideSeeds = 2
        (paper.models.steps, paper.models.densities, paper.models.leastDensity) = (10_000, 25, 0.01)
        (paper.models.wideFeatures, paper.models.wideDimensions) = (400, 30)
        (paper.models.wideSteps, paper.models.wideBatch) = (10_000, 1024)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "toy-superposition", title: "More features than dimensions",
        direction: "interpretability: superposition",
        question: "How does a model of two dimensions represent five features, and what decides whether it does?",
        method: "Train x̂ = ReLU(W Wᵀ x + b) to reconstruct sparse features weighted by importances 0.9ⁱ, from several "
            + "initializations, and look at the feature directions in W; then train wide models of equally important "
            + "features over a range of sparsities, and compute their dimensions per feature, D*, and the dimensionality "
            + "of each feature, D. On a plateau D* stays near a level while the density falls. D sticks at fractions where "
            + "more of them are within 0.01 of 1, 3/4, 2/3, 1/2, 2/5 or 3/8 than when noise of 0.05 spreads them smoothly.",
        limits: "A model of a few weights, on features that are independent and known. The geometry is that of the "
            + "best of several initializations; others end in worse arrangements, and the metrics say how many.",
        references: [
            Reference(
                authors: "Elhage, Hume, Olsson, Schiefer, Henighan, Kravec, Hatfield-Dodds, Lasenby, Drain, Chen, "
                    + "Grosse, McCandlish, Kaplan, Amodei, Wattenberg, Olah",
                title: "Toy Models of Superposition", year: 2022, arXiv: "2209.10652")
        ],
        changes:
            "A share of features in pairs, whose control had almost no features, became the claims about both plateaus and "
            + "about fractions. One of three wide models may miss each since one in twelve had a share of .28 at fractions.",
        minutes: 1)

    static let dedication = Quantity("lowest_dimensionality_sparsity_0")
    static let shared = Quantity("highest_dimensionality_sparsity_90")
    static let paired = Quantity("features_in_orthogonal_pairs_sparsity_80", unit: "features")
    static let pairedDense = Quantity("features_in_pairs_sparsity_0", unit: "features")
    static let pentagon = Quantity("pentagon_error_sparsity_90", unit: "°")
    static let beyond = Quantity("features_beyond_dimensions_sparsity_0", unit: "features")
    static let lossError = Quantity("largest_relative_loss_error")
    static let linearRatio = Quantity("loss_ratio_without_relu", unit: "times as high")
    static let atOne = wide("density_range_at_1", unit: "times", isHeadline: true)
    static let atHalf = wide("density_range_at_one_half", unit: "times", isHeadline: true)
    static let elsewhere = wide("largest_density_range_elsewhere", unit: "times")
    static let stuck = wide("share_at_fractions", isHeadline: true)
    static let smooth = wide("share_at_fractions_smooth")
    static let chance = wide("p_of_share_at_fractions")
    static let stuckBeside = wide("share_at_fractions_beside_half")
    static let smoothBeside = wide("share_at_fractions_beside_half_smooth")
    static let chanceBeside = wide("p_of_share_at_fractions_beside_half")
    private static func wide(_ name: String, unit: String = "", isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: unit, per: "initialization", isHeadline: isHeadline)
    }

    public let claims = [
        Claim(
            .value, "At sparsity 0 only the two most important features are represented, each in its own dimension",
            dedication, .atLeast(0.8),
            control: "At sparsity 0.9 no feature has a dimension of its own: the highest dimensionality", shared,
            .atMost(0.6)),
        Claim(
            .value, "At sparsity 0.8 only features in antipodal pairs are represented, the pairs at right angles",
            paired, .within(0, of: 4), control: "At sparsity 0 no features are in antipodal pairs", pairedDense,
            .atMost(0)),
        Claim(
            .value, "At sparsity 0.9 the five features form a regular pentagon: the largest deviation from 72°",
            pentagon, .atMost(8), control: "Features represented at sparsity 0 beyond the number of dimensions", beyond,
            .within(0, of: 0)),
        Claim(
            .value, "The lowest losses are those of an independent implementation: the largest relative difference",
            lossError, .atMost(0.1),
            control: "Without the ReLU, which superposition needs, the loss at sparsity 0.9 is higher", linearRatio,
            .atLeast(2)),
        Claim(
            .each(allowing: 1),
            "On a plateau at 1 the dimensions per feature, D*, stay within a tenth while the density falls",
            atOne, .atLeast(1.4), control: "At no level between or below the plateaus do they over such a range",
            elsewhere,
            .atMost(1.4)
        ).development(missed: 0, controlMissed: 0, of: 51),
        Claim(
            .each(allowing: 1), "On a plateau at 1/2, as of antipodal pairs, they stay while the density falls further",
            atHalf,
            .atLeast(1.6), control: "At no level between or below the plateaus do they over such a range", elsewhere,
            .atMost(1.4)
        ).development(missed: 0, controlMissed: 0, of: 51),
        Claim(
            .each(allowing: 1),
            "The dimensionalities of features stick at simple fractions, nearly all of these at 1/2", stuck,
            .atLeast(0.3),
            control: "Spread smoothly, as many would not be there: the mean share of such draws", smooth, .atMost(0.2)
        ).and(chance, .atMost(0.001)).development(missed: 2, controlMissed: 0, of: 51),
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.models.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let outcome = try settings.models.train(seed: context.seed, in: FitSession(context))
        let (best, linear, seeds) = (outcome.best, outcome.linear.loss, settings.models.seeds)
        let measured = measured(outcome, seed: context.seed)
        let figures = ToyModelFigures(outcome)
        return Findings(summary: summary(outcome, measured), claims: claims, from: measured) {
            for (sparsity, model) in zip(ToyModels.sparsities, best) {
                Metric("loss_sparsity_\(Int(100 * sparsity))", model.loss, n: seeds, isHeadline: sparsity == 0.9)
            }
            Metric("loss_linear_sparsity_90", linear)
            Metric("share_of_initializations_two_features", outcome.share(0) { $0.dedication >= 0.8 })
            Metric("share_of_initializations_two_pairs", outcome.share(1) { $0.featuresInOrthogonalPairs == 4 })
            Metric("share_of_initializations_pentagon", outcome.share(2) { $0.pentagonError <= 8 })
            measured.metrics(Self.atOne, Self.atHalf, Self.elsewhere, Self.stuck, Self.smooth, Self.chance)
            measured.metrics(Self.stuckBeside, Self.smoothBeside, Self.chanceBeside)
            figures.geometry
            figures.arrows
            figures.losses
            figures.dimensions
            figures.clusters
            "Geometries are those of the best of \(seeds) initializations by loss on fresh features."
            "The wide models have \(settings.models.wideFeatures) features in \(settings.models.wideDimensions) dimensions."
            "The number of initializations, the steps and the learning rate were chosen on seeds 1 and 2."
            "Sticking is of all features that the wide models of one initialization represent, at all sparsities; p is the "
                + "share of 999 smooth draws with as many at fractions. Beside 1/2 it was not found in development: features of "
                + "sparse models have nearly equal dimensionalities, at no simple fraction. Figures show the first "
                + "initialization."
        }
    }

    private func measured(_ outcome: ToyModels.Outcome, seed: UInt64) -> Measurements {
        let geometry = outcome.best.map(\.geometry)
        let sticking = outcome.sticking(key: RandomKey(seed)["smooth"])
        let beside = outcome.sticking(besideHalf: true, key: RandomKey(seed)["smooth beside half"])
        let errors = zip(outcome.best, ToyModels.expectedLosses).map { abs($0.loss / $1 - 1) }
        var measured = Measurements(seeds: [seed])
        measured.set(Self.dedication, geometry[0].dedication)
        measured.set(Self.shared, Statistics.greatest(geometry[2].dimensionality))
        measured.set(Self.paired, Double(geometry[1].featuresInOrthogonalPairs))
        measured.set(
            Self.pairedDense, Double(2 * geometry[0].antipodalPairs(among: geometry[0].represented()).count))
        measured.set(Self.pentagon, geometry[2].pentagonError)
        measured.set(Self.beyond, Double(geometry[0].represented().count - geometry[0].dimensions))
        measured.set(Self.lossError, Statistics.greatest(errors))
        measured.set(Self.linearRatio, outcome.linear.loss / outcome.best[2].loss)
        measured[Self.atOne] = outcome.plateaus.map { $0.range(at: 1) }
        measured[Self.atHalf] = outcome.plateaus.map { $0.range(at: 0.5) }
        measured[Self.elsewhere] = outcome.plateaus.map { $0.largestRange(beside: [1, 0.5]) }
        measured[Self.stuck] = sticking.map(\.share)
        measured[Self.smooth] = sticking.map(\.smoothShare)
        measured[Self.chance] = sticking.map(\.pValue)
        measured[Self.stuckBeside] = beside.map(\.share)
        measured[Self.smoothBeside] = beside.map(\.smoothShare)
        measured[Self.chanceBeside] = beside.map(\.pValue)
        return measured
    }

    private func summary(_ outcome: ToyModels.Outcome, _ measured: Measurements) -> String {
        func mean(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        let represented = Phrase.list(outcome.best.map { "\($0.geometry.represented().count)" })
        return
            "With two dimensions, the best models represent \(represented) of five features at sparsity 0, 0.8 and 0.9. "
            + "In wide models the dimensions per feature stay within a tenth of 1 while the density falls by a factor of "
            + "\(mean(Self.atOne)), and of 1/2 over \(mean(Self.atHalf)); at no other level over more than "
            + "\(mean(Self.elsewhere)). \(percent(Self.stuck)) of the features' dimensionalities are at simple fractions, "
            + "\(percent(Self.smooth)) if they were spread smoothly; beside 1/2, \(percent(Self.stuckBeside)) against "
            + "\(percent(Self.smoothBeside))."
    }
}
