internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// A language model that is itself trained, by low-rank pairs and a linear head, on the labels that a bag of words gives
/// to texts: the student of Burns et al. 2023 (arXiv:2312.09390) at a small size.
public struct TunedStudent: SettingGroup {
    @Setting(
        "Random splits of the texts on which the language model itself is trained with LoRA; 0 leaves it out.", 0...1000
    )
    public var tunedSplits = 3
    @Setting("Rank of LoRA's pairs beside queries and values.", 1...256) public var rank = 8
    @Setting("Steps that train the language model.", 1...100_000) public var tunedSteps = 80
    @Setting("Texts of such a step.", 2...1024) public var tunedBatch = 16
    @Setting("AdamW's highest learning rate for the language model.", 1e-9...1) public var tunedRate = 0.0005

    /// A few passes over the texts.
    public init() {}

    /// What a split gave: accuracies on texts that nothing was fitted to.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The language model taught by the bag of words with cross-entropy.
        public let plain: PerformanceGap
        /// The same with the confidence loss.
        public let confident: PerformanceGap
        /// The accuracy of a language model taught by labels that are right for half of each class.
        public let uninformed: Double
    }

    /// Trains the model four times on a split of the texts, each time from the same start.
    ///
    /// - Throws: `ModelError` for a rank that the model has no room for; `FitError` where training fails;
    ///   `RunInterrupted`.
    public func run(
        _ model: HookedTransformer, _ examples: LanguageModelWeakToStrong.Examples,
        _ split: LanguageModelWeakToStrong.Split, key: RandomKey, in session: FitSession = .silent
    ) throws -> Outcome {
        let start = FineTunedReward(try LoRA(model, rank: rank, key: key["pairs"]))
        let taught = split.taught.map { ScoredText([.init(examples.tokens[$0], isScored: false)]) }
        let batches = Batches(count: taught.count, size: min(tunedBatch, taught.count), key: key["batches"])
        let confidence = ConfidenceSchedule()
        var fit = Fit(steps: tunedSteps)
        fit.clipNorm = 1
        fit.schedule = .linear(warmup: max(1, tunedSteps / 20), total: tunedSteps, floor: 0)
        func accuracy(_ labels: [Int], isConfident: Bool, _ label: String, part: Int) throws -> Double {
            let range = Double(part) / 4...Double(part + 1) / 4
            let student = try fit.run(
                start, optimizer: Adam.decoupled(learningRate: tunedRate, weightDecay: 0), label: label,
                in: session.spanning(range)
            ) { student, step in
                let rows = batches.rows(step: step)
                let logits = Self.logits(student.rewards(rows.map { taught[$0] }))
                let c = isConfident ? confidence.coefficient(at: Double(step) / Double(tunedSteps)) : 0
                return logits.confidenceLoss(
                    weak: Tensor(DoubleMatrix.oneHot(rows.map { labels[$0] }, 2)), coefficient: c)
            }.model.merged
            let said = student.scores(split.test.map { examples.tokens[$0] }).map { $0 > 0 ? 1 : 0 }
            return split.accuracy(said)
        }
        let ceiling = try accuracy(split.truth, isConfident: false, "true labels", part: 0)
        func gap(_ student: Double) -> PerformanceGap {
            PerformanceGap(weak: split.weak, weakToStrong: student, ceiling: ceiling)
        }
        return Outcome(
            plain: gap(try accuracy(split.said, isConfident: false, "weak labels", part: 1)),
            confident: gap(try accuracy(split.said, isConfident: true, "confidence loss", part: 2)),
            uninformed: try accuracy(split.uninformative, isConfident: false, "uninformative labels", part: 3))
    }

    /// Logits of blame and praise, whose difference is the reward.
    ///
    /// - Shapes: `rewards` `[B]`; result `[B, 2]`.
    static func logits(_ rewards: Tensor) -> Tensor {
        let half = rewards.reshaped([rewards.count, 1]) * 0.5
        return Tensor.concatenated([half * -1, half], axis: 1)
    }
}
