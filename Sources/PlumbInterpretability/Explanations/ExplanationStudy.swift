public import PlumbRecords
internal import PlumbTensor

/// Explains units whose activation is known, and neurons of a small transformer that is trained here, and scores the
/// explanations on other texts (Bills et al. 2023, *Language models can explain neurons in language models*).
///
/// Two explainers that need no language model are compared: the mean activation of each token, and rules that are
/// searched for. The first cannot explain a unit that depends on what stands before a token; neither can explain what
/// its language cannot say.
public struct ExplanationStudy: SettingGroup {
    @Setting("Texts that units are explained from.", 10...100_000) public var texts = 200
    @Setting("Other texts that explanations are scored on.", 10...100_000) public var testTexts = 120
    @Setting("Deviation of the noise of planted units, which are 1 where their rule holds.", 0...10)
    public var noise = 0.05
    @Setting("Training steps of the transformer.", 0...10_000_000) public var steps = 400
    @Setting("Texts that it is trained on.", 10...10_000_000) public var trainingTexts = 4000
    @Setting("Its blocks.", 1...64) public var layers = 2
    @Setting("The width of its residual stream, a multiple of 4; its MLPs have four times as many neurons.", 4...4096)
    public var width = 64
    @Setting("Windows in a training batch.", 1...65_536) public var batch = 32
    @Setting("The highest learning rate.", 1e-9...10) public var learningRate = 0.003
    @Setting("Neurons of each block that are explained.", 1...100_000) public var neurons = 24
    @Setting("Texts on which neurons are replaced by their simulations.", 1...10_000) public var ablationTexts = 6

    /// The sizes of the quick run.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check() throws {
        guard width.isMultiple(of: 4) else {
            throw SettingsError("--width \(width): it is shared by 4 heads, give a multiple of 4")
        }
        guard neurons <= 4 * width else {
            throw SettingsError("--neurons \(neurons): a block has \(4 * width) neurons")
        }
    }

    /// What is found of a planted unit; scores are correlations unless said otherwise.
    public struct Planted: Sendable, Codable {
        /// The unit, and what decides its activation.
        public var name: String, kind: PlantedUnit.Kind
        /// The rules that the search found, in words.
        public var sentence = ""
        /// The scores of the right explanation, of the rules found, of one rule alone, and of the token means.
        public var right = 0.0, found = 0.0, single = 0.0, lookup = 0.0
        /// With exchanged activations: of the right explanation, and of rules found from them.
        public var rightExchanged = 0.0, foundExchanged = 0.0
        /// The mean score of the right explanation on the other units.
        public var elsewhere = 0.0
        /// The balanced accuracy of the right explanation in telling texts and marked tokens; NaN where none is
        /// inactive.
        public var detection = 0.0, fuzzing = 0.0
        /// The same on the other units, on average.
        public var detectionElsewhere = 0.0, fuzzingElsewhere = 0.0
    }

    /// What is found of a neuron of the trained transformer.
    public struct Neuron: Sendable, Codable {
        /// Where the neuron is.
        public let block: Int, index: Int
        /// The rules that the search found, in words.
        public let sentence: String
        /// The scores of the rules and of the token means.
        public let found: Double, lookup: Double
        /// The score of rules found from exchanged activations, on exchanged activations.
        public let exchanged: Double
        /// The ablation scores of the rules and of the token means.
        public let ablationFound: Double, ablationLookup: Double
    }

    /// What one seed's texts show.
    public struct Outcome: Sendable, Codable {
        /// For each planted unit.
        public let planted: [Planted]
        /// For neurons of each block.
        public let neurons: [Neuron]
        /// The loss of the transformer on texts that it was not trained on, before and after training, in nats.
        public let losses: [Double]

        /// The mean over the planted units of some kinds, of those where it can be measured.
        public func mean(_ value: KeyPath<Planted, Double>, _ kinds: PlantedUnit.Kind...) -> Double {
            Statistics.mean(
                planted.filter { kinds.isEmpty || kinds.contains($0.kind) }.map { $0[keyPath: value] }
                    .filter { !$0.isNaN })
        }
        /// The mean over the neurons, of those where it can be measured.
        public func mean(_ value: KeyPath<Neuron, Double>) -> Double {
            Statistics.mean(neurons.map { $0[keyPath: value] }.filter { !$0.isNaN })
        }
    }
}
