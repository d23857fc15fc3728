public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbLearning
public import PlumbModels
public import PlumbRecords
internal import PlumbTensor
internal import PlumbTokenizers

/// A dictionary of a language model's residual stream, with two that should find nothing of the kind: of a model with random
/// weights, and of activations whose coordinates are permuted.
public struct LanguageModelSparseStudy: SettingGroup {
    @Setting("A UTF-8 text to read with the language model; a corpus of some megabytes.") public var text: String? = nil
    @Setting("The block whose residual stream is read where it leaves the block; half-way by default.", 0...1000)
    public var layer: Int? = nil
    @Setting("Tokens to train on; a shorter text is read again.", 256...10_000_000_000) public var tokens = 2_000_000
    @Setting("Tokens to train each control on.", 256...10_000_000_000) public var controlTokens = 500_000
    @Setting("Tokens of a window.", 8...8192) public var window = 128
    @Setting("Windows of a batch.", 1...4096) public var windows = 16
    @Setting("Features of a dictionary.", 8...1_000_000) public var dictionary = 4096
    @Setting("Mean number of active features.", 1...4096) public var k = 48
    @Setting("Adam's learning rate for these dictionaries.", 1e-6...1) public var rate = 0.0007
    @Setting("Windows on which dictionaries are evaluated; none is trained on.", 4...4096) public var testWindows = 64

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

    /// The tokens of the text, and its bytes.
    ///
    /// - Throws: `SettingsError` for a text that is not named, cannot be read, or is too short.
    public func read(for model: HookedTransformer) throws -> (tokens: [Int], data: Data, path: String) {
        guard let path = text else {
            throw SettingsError(
                "a language model needs a text to read: name a UTF-8 file of some megabytes with --text")
        }
        let data: Data
        do {
            data = try WholeFile.read(URL(fileURLWithPath: path), limit: 1 << 30, kind: .stream)
        } catch { throw SettingsError("cannot read the text in \(path): \(error)") }
        guard let text = String(data: data, encoding: .utf8) else {
            throw SettingsError("the text in \(path) is not UTF-8")
        }
        guard let tokenizer = model.tokenizer else { throw SettingsError("\(model.name) has no tokenizer for --text") }
        let tokens = tokenizer.encode(text, addSpecialTokens: false)
        guard tokens.count >= (testWindows + windows) * window else {
            throw SettingsError(
                "--text \(path) has \(tokens.count) tokens, and --windows \(windows) and --test-windows \(testWindows) of "
                    + "--window \(window) need \((testWindows + windows) * window)")
        }
        return (tokens, data, path)
    }

    /// Refuses settings that do not fit the model.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ model: HookedTransformer) throws {
        let layers = model.configuration.layers
        if let layer, layer >= layers {
            throw SettingsError("--layer \(layer): \(model.name) has \(layers) blocks, counted from 0")
        }
        guard window < model.configuration.context else {
            throw SettingsError("--window \(window): \(model.name) reads at most \(model.configuration.context - 1)")
        }
        guard k <= dictionary / 2 else {
            throw SettingsError("--k \(k) of --dictionary \(dictionary) is not sparse: take at most half")
        }
        let (rows, n) = (Double(windows * window), Double(dictionary))
        try MemoryEstimate([
            .init("--windows \(windows) of --window \(window) with --dictionary \(dictionary)", bytes: 8 * rows * n),
            .init("--dictionary \(dictionary)", bytes: 2 * 40 * n * Double(model.configuration.width)),
        ]).check()
    }

    /// Where the stream is read.
    public func point(_ model: HookedTransformer) -> HookPoint {
        .block(layer ?? model.configuration.layers / 2, .residPost)
    }
}
