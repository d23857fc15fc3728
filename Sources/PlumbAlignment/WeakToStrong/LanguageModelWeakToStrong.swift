internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// A linear probe on the activations of a language model learns from the labels of a bag of words whether short texts
/// praise what they are about.
///
/// The bag of words knows the few words of its own labeled texts, and cannot express that "not" turns a word around. What
/// is claimed: the probe does better than the bag of words that taught it, since the language model tells praise from
/// blame by directions that words share, and errors about single words do not lie along them. How this fails: with many
/// steps the probe learns the supervisor's errors too, and a bag of words in its place learns them all.
///
/// Source: Burns et al. 2023, *Weak-to-Strong Generalization: Eliciting Strong Capabilities With Weak Supervision*,
/// arXiv:2312.09390.
public struct LanguageModelWeakToStrong: SettingGroup {
    @Setting("Texts that a language model reads.", 40...20_000) public var texts = 1200
    @Setting("Texts with true labels that the bag of words learns from.", 4...10_000) public var labeledTexts = 150
    @Setting("Texts that the bag of words labels for the language model's probe.", 20...10_000)
    public var taughtTexts = 600
    @Setting("Training steps of a probe; each uses all texts.", 1...100_000) public var probeSteps = 60
    @Setting("Adam's learning rate for a probe.", 1e-9...1) public var probeRate = 0.003

    /// Short texts and few steps.
    public init() {}

    /// Refuses settings that leave fewer than ten texts for the test.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard labeledTexts + taughtTexts + 10 <= texts else {
            throw SettingsError(
                "--labeled-texts \(labeledTexts) and --taught-texts \(taughtTexts) leave fewer than 10 of --texts \(texts) "
                    + "for the test: give more texts")
        }
    }

    /// What a random split of the texts gave: accuracies on texts that nothing was fitted to.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The probe taught by the bag of words with cross-entropy.
        public let plain: PerformanceGap
        /// The same with the confidence loss.
        public let confident: PerformanceGap
        /// A bag of words in the place of the probe.
        public let equal: PerformanceGap
        /// The accuracy of a probe taught by the same labels in random order.
        public let shuffled: Double

        /// How much more accurate the confidence loss is than cross-entropy.
        public var advantage: Double { confident.weakToStrong - plain.weakToStrong }
    }

    /// Texts as the bag of words and as the language model sees them.
    public struct Examples: Sendable {
        /// How often each word is in each text, `[N, words]`.
        let words: DoubleMatrix
        /// Standardized activations, `[N, D]`.
        let activations: Tensor
        /// The tokens of each text.
        let tokens: [[Int]]
        /// 1 where a text praises, 0 where it blames.
        let labels: [Int]
    }

    /// A random split of the texts, and what the bag of words says of those that it labels.
    public struct Split: Sendable {
        /// Places of the texts that the bag of words labels, and of those that nothing is fitted to.
        let taught: [Int], test: [Int]
        /// The labels of the bag of words, and the true ones.
        let said: [Int], truth: [Int]
        /// The true labels of the test.
        let testTruth: [Int]
        /// The accuracy of the bag of words on the test.
        let weak: Double
        /// Labels of the bag of words in random order.
        let shuffled: [Int]
        /// Labels that are right for half of the texts of each class: a student that learns fast learns the little that
        /// labels in random order have in common with the truth.
        let uninformative: [Int]

        /// The part of the test that these answers get right.
        func accuracy(_ answers: [Int]) -> Double {
            Double(zip(answers, testTruth).count { $0 == $1 }) / Double(testTruth.count)
        }
    }

    /// Draws texts and lets the model read them.
    ///
    /// - Parameter checkpoint: called before each pass with the share that is done; may throw to end the work.
    /// - Throws: `ModelError` for a model without a tokenizer or activations that are not numbers; what `checkpoint` throws.
    public func examples(
        _ model: HookedTransformer, key: RandomKey, checkpoint: (Double) throws -> Void = { _ in }
    ) throws -> Examples {
        let drawn = (0..<texts).map { OpinionText(key: key[$0]) }
        let tokens = try drawn.map { try model.tokens($0.prompt) }
        var parts: [Tensor] = []
        for first in stride(from: 0, to: drawn.count, by: 16) {
            try checkpoint(Double(first) / Double(drawn.count))
            let batch = Array(tokens[first..<min(first + 16, drawn.count)])
            var (ends, end) = ([Int](), -1)
            for tokens in batch {
                end += tokens.count
                ends.append(end)
            }
            let last = model.features(batch: batch).gathered(ends)
            try model.requireNumbers(last)
            parts.append(last)
        }
        let read = DoubleMatrix(Tensor.concatenated(parts))
        return Examples(
            words: OpinionText.counts(drawn), activations: Tensor(Standardization(of: read)(read)),
            tokens: tokens, labels: drawn.map { $0.isPraise ? 1 : 0 })
    }

    /// Splits the texts at random, and lets a bag of words learn from its part and label another.
    public func split(_ examples: Examples, key: RandomKey) throws -> Split {
        var random = key["split"].generator()
        let order = examples.labels.indices.shuffled(using: &random)
        let own = Array(order[..<labeledTexts])
        let taught = Array(order[labeledTexts..<labeledTexts + taughtTexts])
        let test = Array(order[(labeledTexts + taughtTexts)...])
        func truth(_ rows: [Int]) -> [Int] { rows.map { examples.labels[$0] } }
        let supervisor = try Self.bag(examples, own, truth(own))
        func said(_ rows: [Int]) -> [Int] { supervisor(examples.words.gathered(rows)).argmaxOfRows() }
        let shuffled = said(taught).shuffled(using: &random)
        let right = truth(taught)
        var uninformative = right
        for label in 0...1 {
            let places = right.indices.filter { right[$0] == label }.shuffled(using: &random)
            for place in places.prefix(places.count / 2) { uninformative[place] = 1 - label }
        }
        let weak = zip(said(test), truth(test)).count { $0 == $1 }
        return Split(
            taught: taught, test: test, said: said(taught), truth: right, testTruth: truth(test),
            weak: Double(weak) / Double(test.count), shuffled: shuffled, uninformative: uninformative)
    }

    private static func bag(_ examples: Examples, _ rows: [Int], _ labels: [Int]) throws -> RidgeRegression {
        try RidgeRegression(examples.words.gathered(rows), targets: .oneHot(labels, 2), penalty: 1)
    }

    /// Learns and measures on a split of the texts.
    ///
    /// - Throws: `FitError` where training fails; `RunInterrupted`.
    public func run(
        _ examples: Examples, _ split: Split, key: RandomKey, in session: FitSession = .silent
    ) throws -> Outcome {
        func probe(_ labels: [Int], isConfident: Bool, _ label: String) throws -> Double {
            let targets = Tensor(DoubleMatrix.oneHot(labels, 2))
            let (inputs, schedule) = (examples.activations.gathered(split.taught), ConfidenceSchedule())
            let result = try Fit(steps: probeSteps).run(
                MLP([inputs.shape[1], 2], key: key["probe"]), optimizer: Adam(learningRate: probeRate),
                label: label, in: session
            ) { network, step in
                let c = isConfident ? schedule.coefficient(at: Double(step) / Double(probeSteps)) : 0
                return network(inputs).confidenceLoss(weak: targets, coefficient: c)
            }
            return split.accuracy(result.model(examples.activations.gathered(split.test)).argmaxOfRows())
        }
        let ceiling = try probe(split.truth, isConfident: false, "probe, true labels")
        func gap(_ student: Double) -> PerformanceGap {
            PerformanceGap(weak: split.weak, weakToStrong: student, ceiling: ceiling)
        }
        let equal = try Self.bag(examples, split.taught, split.said)
        return Outcome(
            plain: gap(try probe(split.said, isConfident: false, "probe, weak labels")),
            confident: gap(try probe(split.said, isConfident: true, "probe, confidence loss")),
            equal: gap(split.accuracy(equal(examples.words.gathered(split.test)).argmaxOfRows())),
            shuffled: try probe(split.shuffled, isConfident: false, "probe, shuffled labels"))
    }
}
