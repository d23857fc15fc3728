internal import PlumbBasics
public import PlumbModels
public import PlumbRecords
public import PlumbTensor
internal import PlumbTokenizers

/// Steers what a language model writes by a direction of its activations, and by random directions of equal length.
///
/// The direction is the difference of means between texts that show a concept and texts that show the opposite. It is added
/// to the residual stream at the end of some layers, times a dose, at every position (activation addition: Turner et al.
/// 2023, arXiv:2308.10248; representation engineering: Zou et al. 2023, arXiv:2310.01405), or removed from it everywhere
/// (directional ablation: Arditi et al. 2024, arXiv:2406.11717). The dose is chosen on development prompts, as the
/// smallest with half of the largest effect, and judged on others. It fails where a concept is not linear, and where a dose that shows it makes other text improbable.
public struct SteeringStudy: SettingGroup {
    @Setting("Layers at whose end directions are added; the last of them gives the one that is removed.", 0...10_000)
    public var layers = [12]
    @Setting("Doses that the chosen one is among: what a direction is multiplied by.", 0...1000)
    public var doses = [0.5, 0.75, 1, 1.5]
    @Setting("Pairs of texts that a direction is made from.", 1...10_000) public var pairs = 12
    @Setting("Prompts that the dose is chosen on.", 1...10_000) public var developmentPrompts = 12
    @Setting("Other prompts that the effect is judged on.", 1...10_000) public var testPrompts = 20
    @Setting("Neutral texts that a dose is chosen on, and as many others that it is judged on.", 1...16)
    public var neutralTexts = 10
    @Setting("Tokens written after each prompt.", 1...10_000) public var written = 24
    @Setting("Random directions of equal length.", 1...1000) public var randomDirections = 2
    @Setting("Temperature of sampling; 0 takes the most probable token.", 0...100) public var temperature = 0.7

    /// Sizes for which a model of 135 million parameters takes about three minutes a seed.
    public init() {}

    /// Which direction steers.
    public enum Direction: String, Sendable, Codable, CaseIterable {
        /// The concept's.
        case concept
        /// Random ones, all being equally likely.
        case isotropic
        /// Random ones with the covariance of the layer's activations.
        case covariance
    }

    /// What one seed finds for one concept.
    public struct Outcome: Sendable, Codable {
        /// The score of each test prompt's continuation without steering.
        public var plain: [Double] = []
        /// The mean score of the test prompts at dose 0 and at each dose.
        public var curves: [Direction: [Double]] = [:]
        /// How much the cross-entropy of neutral test text rises at dose 0 and at each dose, relative to it.
        public var rises: [Direction: [Double]] = [:]
        /// How much the cross-entropy of English sentences about plain facts rises at the dose chosen, relative to it.
        public var factsRise = 0.0
        /// The dose that was chosen, and its place among the doses.
        public var dose = 0.0, chosen = 0
        /// The score of each test prompt's continuation at the dose chosen; of random directions their mean.
        public var steered: [Direction: [Double]] = [:]
        /// The mean score of the test prompts for each random direction at the dose chosen.
        public var randomEffects: [Double] = []
        /// The score after each leading prompt: as it is, without the direction, without a random one.
        public var leading: [Double] = [], ablated: [Double] = [], ablatedRandom: [Double] = []
        /// How much the cross-entropy of neutral test text rises without the direction, relative to it.
        public var ablatedRise = 0.0
        /// The length of the direction at the last of its layers, and the mean length of the residual stream there.
        public var length = 0.0, activationLength = 0.0
        /// What the first test prompts lead to: the prompt, and what is written without steering and with it.
        public var samples: [[String]] = []

        /// The mean difference of scores at the dose chosen.
        public func effect(_ direction: Direction) -> Double {
            Statistics.mean(steered[direction] ?? []) - Statistics.mean(plain)
        }

        /// How much more the concept's direction raises the score of each test prompt than random ones of either kind do on
        /// average.
        public var gains: [Double] {
            guard let own = steered[.concept], let first = steered[.isotropic], let second = steered[.covariance] else {
                return []
            }
            return own.indices.map { own[$0] - (first[$0] + second[$0]) / 2 }
        }
    }

    /// Refuses sizes that the texts of concepts do not allow.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ concepts: [SteeringConcept]) throws {
        guard !layers.isEmpty else { throw SettingsError("--layers \(layers): give one or more numbers") }
        guard !doses.isEmpty else { throw SettingsError("--doses \(doses): give one or more numbers") }
        for concept in concepts {
            guard pairs < concept.positive.count else {
                throw SettingsError(
                    "--pairs \(pairs): \(concept.name) has \(concept.positive.count) pairs of texts, and one or more are "
                        + "left for the test")
            }
            guard 2 * neutralTexts <= concept.neutral.count else {
                throw SettingsError(
                    "--neutral-texts \(neutralTexts): \(concept.name) has \(concept.neutral.count) neutral texts in "
                        + "all")
            }
            guard developmentPrompts + testPrompts <= concept.prompts.count else {
                throw SettingsError(
                    "--development-prompts \(developmentPrompts), --test-prompts \(testPrompts): \(concept.name) has "
                        + "\(concept.prompts.count) prompts in all")
            }
        }
    }

    /// Refuses layers that a model lacks.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ model: HookedTransformer) throws {
        let count = model.configuration.layers
        guard let last = layers.max(), last < count else {
            throw SettingsError("--layers \(layers): \(model.name) has layers 0 to \(count - 1)")
        }
    }

    /// Finds the direction of a concept and tries it.
    ///
    /// - Parameters:
    ///   - key: of the pairs, prompts, random directions and samples.
    ///   - checkpoint: called now and then with the fraction that is done.
    /// - Throws: `ModelError` for a model without a tokenizer or that cannot read the texts; what `checkpoint` throws.
    public func run(
        _ model: HookedTransformer, _ concept: SteeringConcept, key: RandomKey,
        checkpoint: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        let trial = try SteeringTrial(self, model, concept, key: key)
        var outcome = Outcome()
        (outcome.length, outcome.activationLength) = (trial.length, trial.activationLength)
        try checkpoint(0.1)
        let chosen = try trial.chosenDose()
        (outcome.chosen, outcome.dose) = (chosen, doses[chosen])
        try checkpoint(0.3)
        try trial.steer(&outcome)
        try checkpoint(0.8)
        try trial.ablate(&outcome)
        try checkpoint(1)
        return outcome
    }
}
