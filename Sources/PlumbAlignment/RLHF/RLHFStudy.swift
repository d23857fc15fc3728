internal import Foundation
internal import PlumbBasics
public import PlumbLearning
internal import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Learning from preferences in full: a labeler compares continuations that a language model wrote, a reward model learns
/// from the comparisons, and the language model is optimized by it with PPO; beside it, DPO learns from the comparisons
/// themselves.
///
/// The claim: both make the model write what the labeler likes, near what it was. It should be so because comparisons say
/// what is liked and the penalty keeps the texts ones that the reward model has seen. It must not happen where labels are
/// shuffled, nor where the penalty is large.
///
/// After Ziegler et al. 2019, *Fine-Tuning Language Models from Human Preferences* (arXiv:1909.08593), and Rafailov et al.
/// 2023, *Direct Preference Optimization* (arXiv:2305.18290).
public struct RLHFStudy: SettingGroup {
    @Setting("Width of the small language model, which the heads divide by 4.", 8...1024) public var width = 32
    @Setting("Steps in which it learns its language.", 1...1_000_000) public var languageSteps = 300
    @Setting("Tokens that are written.", 1...512) public var length = 12
    @Setting("Comparisons that the reward model learns from.", 10...1_000_000) public var pairs = 400
    @Setting("Comparisons that it is tested on.", 10...1_000_000) public var heldOut = 200
    @Setting("Texts to one prompt, the best and worst of which are compared.", 2...64) public var choices = 2
    @Setting("The rank of LoRA's pairs beside every linear layer.", 1...1024) public var rank = 8
    @Setting("Steps of the reward model.", 1...1_000_000) public var rewardSteps = 200
    @Setting("Comparisons in a step of the reward model.", 1...65_536) public var rewardBatch = 16
    @Setting("The reward model's learning rate.", 1e-9...1) public var rewardRate = 3e-3
    @Setting("Rounds of PPO.", 1...100_000) public var rounds = 40
    @Setting("Texts of a round.", 4...65_536) public var texts = 64
    @Setting("Passes of PPO over the texts of a round.", 1...64) public var passes = 2
    @Setting("PPO's learning rate.", 1e-9...1) public var policyRate = 3e-3
    @Setting("β at the start, where rewards have standard deviation 1.", 0...1000) public var penalty = 0.1
    @Setting("The divergence in nats a text that β is adapted to.", 0.01...1000) public var target = 4.0
    @Setting("The β of the control, which is not adapted.", 0...10_000) public var largePenalty = 20.0
    @Setting("Whether GRPO and RLOO optimize by the reward too.") public var usesGroups = true
    @Setting("Comparisons that DPO learns from, the first of the reward model's.", 10...1_000_000)
    public var dpoPairs = 200
    @Setting("Steps of DPO.", 1...1_000_000) public var dpoSteps = 150
    @Setting("Comparisons in a step of DPO.", 1...65_536) public var dpoBatch = 16
    @Setting("DPO's learning rate.", 1e-9...1) public var dpoRate = 3e-3
    @Setting("DPO's β.", 1e-3...100) public var dpoPenalty = 0.1
    @Setting("Fresh texts on which policies are judged.", 4...1_000_000) public var test = 256

    /// The quick run's study.
    public init() {}

    /// A run of a second, which shows nothing.
    public static let tiny: Self = {
        var study = Self()
        (study.languageSteps, study.pairs, study.heldOut, study.test) = (30, 40, 20, 16)
        (study.rewardSteps, study.rounds, study.texts) = (10, 4, 8)
        (study.dpoPairs, study.dpoSteps) = (20, 6)
        return study
    }()

    /// A study of a trained language model.
    public static let smolLM2: Self = {
        var study = Self()
        (study.length, study.pairs, study.heldOut, study.choices) = (12, 400, 80, 4)
        (study.rewardSteps, study.rewardBatch, study.rewardRate) = (100, 8, 5e-4)
        (study.rounds, study.texts, study.passes, study.policyRate) = (24, 16, 2, 2e-4)
        (study.penalty, study.largePenalty, study.target, study.usesGroups) = (0.2, 20, 5, false)
        (study.dpoSteps, study.dpoBatch, study.dpoRate, study.test) = (50, 8, 3e-4, 48)
        return study
    }()

    /// Texts of a group of GRPO and RLOO.
    static let group = 4

    /// How the policy is optimized.
    public enum Run: String, CaseIterable, Codable, Sendable {
        /// PPO by the learned reward.
        case ppo = "PPO"
        /// GRPO by the learned reward.
        case grpo = "GRPO"
        /// RLOO by the learned reward.
        case rloo = "RLOO"
        /// PPO by a reward that learned from shuffled comparisons.
        case shuffled = "PPO, shuffled comparisons"
        /// PPO by the learned reward with a large β.
        case held = "PPO, large β"

        /// As metrics are named: `ppo_large_beta`.
        public var id: String {
            rawValue.lowercased().replacing("β", with: "beta").replacing(",", with: "").replacing(" ", with: "_")
        }
    }

    /// How one optimization went; gold rewards are in standard deviations of the texts before.
    public struct Course: Codable, Sendable, Equatable {
        /// Which.
        public var run: Run
        /// The mean divergence from the model before, in nats a text, in each round.
        public var divergences: [Double] = []
        /// The same from the tokens drawn alone.
        public var estimated: [Double] = []
        /// The mean gain of the gold reward in each round.
        public var gold: [Double] = []
        /// The mean of the reward that is optimized in each round.
        public var proxy: [Double] = []
        /// The share of groups of equal rewards, mean over rounds.
        public var zeroVariance = 0.0
        /// The mean entropy of a token in the first round and in the last, in nats.
        public var entropies: [Double] = []
        /// The gain of the gold reward on fresh texts at the end.
        public var gain = 0.0
        /// The divergence on fresh texts at the end, in nats a text.
        public var divergence = 0.0
    }

    /// What DPO made of some comparisons.
    public struct Direct: Codable, Sendable, Equatable {
        /// The share of its own comparisons whose margin is above 0.
        public var accuracy = 0.0
        /// The same of comparisons that it did not see.
        public var heldOut = 0.0
        /// How much the log-probability of chosen answers rose on average, in nats.
        public var chosen = 0.0
        /// The same of rejected ones.
        public var rejected = 0.0
        /// The gain of the gold reward on fresh texts.
        public var gain = 0.0
        /// The divergence on fresh texts, in nats a text.
        public var divergence = 0.0
    }

    /// Everything about one seed.
    public struct Outcome: Codable, Sendable, Equatable {
        /// Mean and standard deviation of the gold reward of texts before, in the labeler's units.
        public var gold: [Double]
        /// The share of prompts whose texts were equally good, so that there was no comparison.
        public var ties: Double
        /// The share of fresh comparisons that the reward model orders as the labeler does, and that of a reward model of
        /// shuffled comparisons.
        public var accuracy: Double, accuracyShuffled: Double
        /// How the policy was optimized.
        public var courses: [Course]
        /// DPO, and DPO on shuffled comparisons.
        public var dpo: Direct, dpoShuffled: Direct
        /// A prompt, its continuation before, after PPO, and after DPO.
        public var samples: [[String]]

        /// The optimization of that kind.
        public subscript(run: Run) -> Course? { courses.first { $0.run == run } }
    }

    /// What is run, in order.
    public var runs: [Run] { Run.allCases.filter { usesGroups || ($0 != .grpo && $0 != .rloo) } }

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard width.isMultiple(of: 4) else { throw SettingsError("--width \(width): it must be a multiple of 4") }
        guard dpoPairs <= pairs else {
            throw SettingsError("--dpo-pairs \(dpoPairs): there are only --pairs \(pairs)")
        }
        guard !usesGroups || texts.isMultiple(of: Self.group) else {
            throw SettingsError("--texts \(texts): it must be a multiple of \(Self.group), the texts of a group")
        }
    }

    /// A small language model of a language of its own, and its labeler.
    ///
    /// - Throws: `FitError`; `RunInterrupted`.
    public func smallTask(key: RandomKey, in session: FitSession = .silent) throws -> RLHFTask {
        try .small(
            width: width, spread: 1, steps: languageSteps, length: length + 2, key: key["task"],
            in: Self.named("language", session))
    }

    /// A session whose fits have a name of their own.
    static func named(_ name: String, _ session: FitSession) -> FitSession {
        var session = session
        session.checkpoints = session.checkpoints?.appendingPathComponent(name)
        return session
    }
}
