internal import PlumbLearning
public import PlumbModels
public import PlumbRecords

/// A dictionary of a language model's residual stream, with two that should find nothing of the kind: of a model with random
/// weights, and of activations whose coordinates are permuted.
public struct LanguageModelSparseStudy: SettingGroup {
    /// The text.
    public var corpus = CorpusWindows()
    @Setting("The block whose residual stream is read where it leaves the block; half-way by default.", 0...1000)
    public var layer: Int? = nil
    @Setting("Tokens to train on; a shorter text is read again.", 256...10_000_000_000) public var tokens = 2_000_000
    @Setting("Tokens to train each control on.", 256...10_000_000_000) public var controlTokens = 500_000
    @Setting("Features of a dictionary.", 8...1_000_000) public var dictionary = 4096
    @Setting("Mean number of active features.", 1...4096) public var k = 48
    @Setting("Adam's learning rate for these dictionaries.", 1e-6...1) public var rate = 0.0007

    /// Sizes for which SmolLM2-135M takes some hours on two cores.
    public init() {}

    /// What is found about a dictionary.
    public struct Evaluation: Sendable, Codable {
        /// 1 less the squared error as a share of the variance.
        public let explainedVariance: Double
        /// The mean number of active features.
        public let active: Double
        /// The share of features that were active in no test row.
        public let dead: Double
        /// The share of features that were active in more than a tenth of the test rows.
        public let dense: Double
        /// For each feature in how many of the test rows it was active, as a share.
        public let density: [Double]
        /// How much of each judged feature's activity its token explains.
        public let lookup: [Double]
        /// The share of judged features of which the token explains less than half.
        public let unexplained: Double
    }

    /// What a run shows.
    public struct Outcome: Sendable, Codable {
        /// Cross-entropies of the test windows: of the model, with the stream set to 0, with the dictionary's reconstruction
        /// in its place, and with that of the dictionary of permuted activations; nats.
        public let losses: [Double]
        /// Of the dictionary, of that of a model with random weights, and of that of permuted activations.
        public let evaluations: [Evaluation]

        /// The share of the loss that setting the stream to 0 costs which a reconstruction saves.
        public func recovered(_ index: Int) -> Double { (losses[1] - losses[index]) / (losses[1] - losses[0]) }
    }

    /// Refuses settings that do not fit the model.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ model: HookedTransformer) throws {
        let layers = model.configuration.layers
        if let layer, layer >= layers {
            throw SettingsError("--layer \(layer): \(model.name) has \(layers) blocks, counted from 0")
        }
        try corpus.check(model)
        guard k <= dictionary / 2 else {
            throw SettingsError("--k \(k) of --dictionary \(dictionary) is not sparse: take at most half")
        }
        let (rows, n) = (Double(corpus.batchTokens), Double(dictionary))
        try MemoryEstimate([
            .init(
                "--windows \(corpus.windows) of --window \(corpus.window) with --dictionary \(dictionary)",
                bytes: 8 * rows * n),
            .init("--dictionary \(dictionary)", bytes: 2 * 40 * n * Double(model.configuration.width)),
        ]).check()
    }

    /// Where the stream is read.
    public func point(_ model: HookedTransformer) -> HookPoint {
        .block(layer ?? model.configuration.layers / 2, .residPost)
    }
}
