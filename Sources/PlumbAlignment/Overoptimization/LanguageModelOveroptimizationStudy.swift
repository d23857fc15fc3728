internal import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// Reward models that are networks, and two ways of optimizing a small language model by them: the best of n, and PPO with
/// a penalty on the divergence from the model before.
///
/// The claim: PPO raises the reward that it is given to the end, and the gold reward only at first; more comparisons make
/// the gold reward's peak higher. It should be so because comparisons of the policy's own texts say little of the texts
/// that PPO ends with. It must not happen when PPO optimizes the gold reward itself.
///
/// After Gao, Schulman, Hilton 2022, *Scaling Laws for Reward Model Overoptimization* (arXiv:2210.10760), whose gold reward
/// is a larger reward model too.
public struct LanguageModelOveroptimizationStudy: SettingGroup {
    @Setting("Width of the policy, a transformer of two blocks.", 8...512) public var policyWidth = 48
    @Setting("Width of the gold reward model, which has three blocks.", 8...512) public var goldWidth = 64
    @Setting("Widths of the proxy reward models, which have two blocks.", 8...512) public var proxyWidths = [16, 32]
    @Setting(
        "Comparisons that the widest proxy learns from; narrower ones learn from the middle number.", 8...100_000)
    public var labels = [100, 400, 1600]
    @Setting("Rationality β of the labels, for gold rewards of standard deviation 1.", 1e-6 ... .infinity)
    public var labelRationality = 3.0
    @Setting("Weights of PPO's penalty; all but the least are for the middle number of comparisons.", 0...1000)
    public var penalties = [0.01, 0.2]
    @Setting("Rounds of PPO.", 4...100_000) public var rounds = 40
    @Setting("Texts of a round.", 2...100_000) public var texts = 64
    @Setting("PPO's learning rate.", 1e-9...1) public var policyRate = 1e-3
    @Setting("Characters of a prompt.", 1...256) public var promptLength = 8
    @Setting("Characters that the policy writes.", 1...256) public var completionLength = 16
    @Setting("Steps in which each transformer but the gold one learns the text.", 1...1_000_000)
    public var languageSteps = 300
    @Setting("Texts of the policy that the gold reward model learns from, and as many changed ones.", 8...1_000_000)
    public var goldTexts = 2048
    @Setting("Steps of the gold reward model.", 1...1_000_000) public var goldSteps = 300
    @Setting("Steps of each proxy reward model.", 1...1_000_000) public var proxySteps = 200
    @Setting("Prompts of the best of n.", 1...10_000) public var choicePrompts = 32
    @Setting("Texts of each prompt from which the best of n is estimated.", 8...1_000_000) public var draws = 256
    @Setting("Fresh texts, or pairs of them, on which reward models are tested.", 8...1_000_000) public var fresh = 512
    /// Rounds that a point of PPO's curves is the mean of.
    public var window: Int { max(1, rounds / 10) }

    /// The quick run's study.
    public init() {}

    /// A run of a second or two, which shows nothing.
    public static let tiny: Self = {
        var study = Self()
        (study.policyWidth, study.goldWidth, study.proxyWidths, study.labels) = (16, 24, [8, 16], [8, 32])
        (study.rounds, study.texts, study.languageSteps, study.goldTexts) = (4, 8, 20, 64)
        (study.goldSteps, study.proxySteps, study.choicePrompts, study.draws, study.fresh) = (20, 10, 2, 32, 32)
        return study
    }()

    /// Larger models, more comparisons and longer optimization.
    public static let large: Self = {
        var study = Self()
        (study.policyWidth, study.goldWidth, study.proxyWidths) = (64, 128, [16, 32, 64])
        (study.labels, study.penalties) = ([100, 400, 1600, 6400], [0, 0.01, 0.05, 0.2])
        (study.rounds, study.texts, study.languageSteps, study.goldTexts) = (120, 128, 2000, 8192)
        (study.goldSteps, study.proxySteps, study.draws) = (2000, 600, 1024)
        return study
    }()

    /// Numbers of comparisons in rising order.
    public var counts: [Int] { labels.sorted() }
    /// Widths of proxies in rising order.
    public var widths: [Int] { proxyWidths.sorted() }
    /// Weights of the penalty in rising order.
    public var weights: [Double] { penalties.sorted() }
    /// The number of comparisons that widths and penalties are compared at.
    public var middle: Int { counts.isEmpty ? 0 : counts[counts.count / 2] }
    /// n of the best of n: doublings from 1 to a quarter of the draws.
    public var choices: [Int] { Array(sequence(first: 1) { $0 * 8 <= draws ? $0 * 2 : nil }) }

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        func refuse<Value: Hashable>(_ values: [Value], _ option: String) throws {
            guard values.isEmpty || Set(values).count < values.count else { return }
            throw SettingsError("--\(option) \(values): there must be different numbers")
        }
        try refuse(labels, "labels")
        try refuse(proxyWidths, "proxy-widths")
        try refuse(penalties, "penalties")
        for width in [policyWidth, goldWidth] + proxyWidths where !width.isMultiple(of: 4) {
            throw SettingsError("a width of \(width) cannot be shared by 4 heads: take a multiple of 4")
        }
        guard goldWidth > (widths.last ?? 0) else {
            throw SettingsError(
                "--gold-width \(goldWidth) and --proxy-widths \(proxyWidths): the gold reward model must be the widest")
        }
    }

    /// The sizes of a transformer that reads prompt and completion.
    func sizes(_ width: Int, layers: Int, _ vocabulary: Int) -> TransformerConfiguration {
        TransformerConfiguration(
            architecture: .gpt2, layers: layers, width: width, heads: 4, vocabulary: vocabulary,
            context: promptLength + completionLength)
    }

    /// A transformer that has learned to predict the text.
    func pretrained(
        _ width: Int, layers: Int, _ stream: TokenStream, key: RandomKey, in session: FitSession
    ) throws -> LanguageModelTraining.Result {
        let model = try HookedTransformer(
            sizes(width, layers: layers, stream.vocabularySize), key: key["weights"], name: "policy")
        var training = LanguageModelTraining(steps: languageSteps, batch: 32, learningRate: 4e-3)
        training.evaluations = 1
        // Fits of one session need names of their own.
        var session = session
        session.checkpoints = session.checkpoints?.appendingPathComponent("language-model-\(width)")
        return try training.run(model, on: stream, key: key["training"], in: session)
    }
}
