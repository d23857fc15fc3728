internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbModels
public import PlumbTensor

// One seed: policy, gold reward model, proxies, and what optimizing by each of them does.

extension LanguageModelOveroptimizationStudy {
    /// What the policy is optimized by.
    public struct Condition: Sendable, Codable, Hashable {
        /// Which reward.
        public enum Reward: String, Sendable, Codable {
            /// A proxy that learned from comparisons.
            case proxy
            /// A proxy that learned from as many comparisons with random labels.
            case shuffled
            /// The gold reward model itself.
            case gold
        }
        /// The reward.
        public var reward: Reward
        /// Its width.
        public var width: Int
        /// The comparisons that it learned from; 0 for the gold reward.
        public var comparisons: Int
        /// The weight of PPO's penalty; 0 for the best of n.
        public var penalty = 0.0
    }

    /// What an optimizer does to the policy, from nothing on.
    public struct Curve: Sendable, Codable, Equatable {
        /// What is optimized.
        public var condition: Condition
        /// √KL from the policy before, in √nats.
        public var distances: [Double] = []
        /// The mean reward that is optimized, in standard deviations over the policy's own texts.
        public var optimized: [Double] = []
        /// The mean gold reward, likewise.
        public var gold: [Double] = []
        /// The mean hidden property, likewise.
        public var property: [Double] = []
    }

    /// A text that was written in a round of PPO.
    public struct Example: Sendable, Codable, Equatable {
        /// The round.
        public var round: Int
        /// Prompt and completion.
        public var prompt: String, completion: String
        /// What it is worth by the reward that is optimized and by the gold reward.
        public var optimized: Double, gold: Double
    }

    /// How often a proxy prefers the text of the higher gold reward, on fresh pairs of the policy's texts.
    public struct Accuracy: Sendable, Codable, Equatable {
        /// The proxy.
        public var condition: Condition
        /// From 0 to 1.
        public var value: Double
    }

    /// Everything about one seed.
    public struct Outcome: Sendable, Codable {
        /// Nats a character of the policy on held-out text.
        public var policyLoss: Double
        /// The gold reward's correlation with the hidden property on the policy's texts and on changed ones.
        public var goldOwn: Double, goldChanged: Double
        /// Of each proxy.
        public var accuracies: [Accuracy]
        /// The best of n, for n in the order of ``LanguageModelOveroptimizationStudy/choices``.
        public var bestOfN: [Curve]
        /// PPO, a point for each window of rounds.
        public var ppo: [Curve]
        /// Texts along PPO by the widest proxy with the middle number of comparisons and the least penalty.
        public var examples: [Example]
    }

    /// The proxies: every number of comparisons for the widest, the middle one for the others, and random labels.
    public var proxies: [Condition] {
        let widest = widths.last ?? 0
        return counts.map { Condition(reward: .proxy, width: widest, comparisons: $0) }
            + widths.dropLast().map { Condition(reward: .proxy, width: $0, comparisons: middle) } + [random.rewardAlone]
    }

    /// PPO by the widest proxy with the least penalty, for each number of comparisons in rising order.
    public var countRuns: [Condition] {
        counts.map {
            Condition(reward: .proxy, width: widths.last ?? 0, comparisons: $0, penalty: weights.first ?? 0)
        }
    }
    /// That of the middle number of comparisons.
    public var main: Condition { countRuns[counts.count / 2] }
    /// That of the fewest comparisons.
    public var fewest: Condition { countRuns[0] }
    /// That of the most comparisons.
    public var most: Condition { countRuns[counts.count - 1] }
    /// ``main`` by the narrowest proxy.
    public var narrowest: Condition {
        var condition = main
        condition.width = widths.first ?? 0
        return condition
    }
    /// ``most`` by a proxy of as many random labels.
    public var random: Condition {
        var condition = most
        condition.reward = .shuffled
        return condition
    }
    /// ``main`` by the gold reward itself.
    public var ideal: Condition {
        Condition(reward: .gold, width: goldWidth, comparisons: 0, penalty: weights.first ?? 0)
    }
    /// ``main`` with the largest penalty.
    public var penalized: Condition {
        var condition = main
        condition.penalty = weights.last ?? 0
        return condition
    }

    /// What PPO is run for: every reward with the least penalty, ``main`` with the others.
    public var runs: [Condition] {
        let narrow = widths.dropLast().map {
            Condition(reward: .proxy, width: $0, comparisons: middle, penalty: weights.first ?? 0)
        }
        let penalized = weights.dropFirst().map { weight in
            var condition = main
            condition.penalty = weight
            return condition
        }
        return countRuns + narrow + penalized + [random, ideal]
    }

    /// Runs one seed.
    ///
    /// - Parameter text: what the language models are trained on.
    /// - Throws: errors of tokenizer and training; `RunInterrupted`.
    public func run(on text: String, key: RandomKey, in session: FitSession) throws -> Outcome {
        let task = try LanguageRewardTask(self, on: text, key: key["task"], in: session)
        try session.keep(task.policy, as: "policy")
        try session.keep(task.gold, as: "gold reward")
        let correlations = try task.goldCorrelations(fresh, key: key["correlations"])
        let rewards = try learnedRewards(task, on: text, key: key["proxies"], in: session)
        let bestOfN = try choose(task, rewards, key: key["best of n"])
        var (ppo, examples) = ([Curve](), [Example]())
        for condition in runs {
            let reward = rewards[condition.rewardAlone] ?? task.gold
            let result = try optimize(task, reward, condition, key: key["ppo"], in: session)
            ppo.append(result.curve)
            if condition == main { examples = result.examples }
        }
        return Outcome(
            policyLoss: task.policyLoss, goldOwn: correlations.own, goldChanged: correlations.changed,
            accuracies: try accuracies(task, rewards, key: key["accuracy"]), bestOfN: bestOfN, ppo: ppo,
            examples: examples)
    }

    /// The proxies, each from the features that a language model of its width has learned.
    private func learnedRewards(
        _ task: LanguageRewardTask, on text: String, key: RandomKey, in session: FitSession
    ) throws -> [Condition: RewardModel] {
        let stream = try TokenStream(TextCorpus(text), vocabulary: task.vocabulary)
        var trunks: [Int: HookedTransformer] = [:]
        for width in widths {
            trunks[width] = try pretrained(
                width, layers: 2, stream, key: key["language"][width], in: session
            ).model
        }
        let comparisons = try task.comparisons(counts.last ?? 0, key: key["comparisons"])
        let own = try task.written(task.prompts(fresh, key: key["own prompts"]), key: key["own"]).map(\.text)
        var rewards: [Condition: RewardModel] = [:]
        let training = RewardModelTraining(steps: proxySteps, batch: 32, learningRate: 1e-3)
        for condition in proxies {
            guard let trunk = trunks[condition.width] else { continue }
            var pairs = Array(comparisons.prefix(condition.comparisons))
            if condition.reward == .shuffled { pairs = LanguageRewardTask.shuffled(pairs, key: key["shuffled"]) }
            let model = RewardModel(trunk, key: key["head"][condition.width])
            rewards[condition] = try training.run(
                model, on: pairs, key: key["training"], label: condition.name, in: session
            ).normalized(on: own)
            if let reward = rewards[condition] { try session.keep(reward, as: condition.name) }
        }
        return rewards
    }

    private func accuracies(
        _ task: LanguageRewardTask, _ rewards: [Condition: RewardModel], key: RandomKey
    ) throws -> [Accuracy] {
        let prompts = task.prompts(fresh, key: key["prompts"])
        let texts = try [task.written(prompts, key: key["first"]), task.written(prompts, key: key["second"])].map {
            $0.map(\.text)
        }
        let gold = texts.map { task.gold.scores($0) }
        return proxies.compactMap { condition in
            guard let reward = rewards[condition] else { return nil }
            let scores = texts.map { reward.scores($0) }
            let right = prompts.indices.count { (scores[0][$0] > scores[1][$0]) == (gold[0][$0] > gold[1][$0]) }
            return Accuracy(condition: condition, value: Double(right) / Double(prompts.count))
        }
    }
}

extension LanguageModelOveroptimizationStudy.Condition {
    /// The reward without the penalty.
    var rewardAlone: Self { Self(reward: reward, width: width, comparisons: comparisons) }

    /// What it is called in figures and among models.
    public var name: String {
        let penalized = penalty > 0 ? ", penalty \(penalty)" : ""
        return switch reward {
        case .proxy: "width \(width), \(comparisons) comparisons\(penalized)"
        case .shuffled: "\(comparisons) random labels\(penalized)"
        case .gold: "gold reward\(penalized)"
        }
    }
}
