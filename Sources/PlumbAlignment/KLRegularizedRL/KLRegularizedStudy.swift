internal import PlumbBasics
public import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// Methods that maximize `E[reward] - β KL(π ‖ π_ref)` on texts that can all be listed, so that the optimum is known and
/// what each method ends with can be compared with it.
public struct KLRegularizedStudy: SettingGroup {
    @Setting("Prompts.", 1...100) public var prompts = 3
    @Setting("Tokens that a text is written with.", 2...64) public var vocabulary = 8
    @Setting("Tokens of a text.", 1...8) public var length = 4
    @Setting("The standard deviation of the reference policy's logits.", 0...3) public var spread = 0.5
    @Setting("β, the weight of the divergence, where rewards have standard deviation 1.", 0.05...100)
    public var penalty = 0.7
    @Setting("Rounds, each with fresh texts.", 1...100_000) public var rounds = 400
    @Setting("Texts, or pairs of them, of each prompt in a round.", 2...100_000) public var texts = 1024
    @Setting("Texts of a group whose rewards are compared.", 2...10_000) public var group = 8
    @Setting("Steps on the texts of a round.", 1...100) public var passes = 4
    @Setting("The learning rate at the start; it falls to 0 along half a cosine.", 1e-6...10)
    public var learningRate = 0.05
    @Setting("The same for DPO, whose loss has no noise at its optimum.", 1e-6...10)
    public var pairLearningRate = 0.1
    @Setting("How far the probability of a token may move in a round before it gains no more.", 0.01...10)
    public var clip = 0.2
    @Setting("λ of generalized advantage estimation.", 0...1) public var lambda = 0.95
    @Setting("Draws n of which the best is kept.", 1...100_000) public var choices = [2, 4, 16, 64]

    /// The reference settings.
    public init() {}

    /// Points of a curve.
    static let points = 50
    /// Pairs that margins are judged on, of each prompt.
    static let heldOutPairs = 4096

    /// The methods that must reach the optimum.
    public static let methods: [SequenceMethod] = [.ppo, .grpo, .rloo, .dpo(.probabilities)]

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        let sequences = (0..<length).reduce(1.0) { product, _ in product * Double(vocabulary) } * Double(prompts)
        guard sequences <= 1_000_000 else {
            throw SettingsError(
                "--prompts \(prompts) --vocabulary \(vocabulary) --length \(length): all texts are listed, and there may "
                    + "be 1,000,000 of them at most")
        }
        guard texts.isMultiple(of: group) else {
            throw SettingsError("--texts \(texts): it must be a multiple of --group \(group)")
        }
        guard !choices.isEmpty else { throw SettingsError("--choices: there must be a number of draws") }
    }

    /// How one method came on.
    public struct Course: Codable, Sendable, Equatable {
        /// Rounds made at each point.
        public var rounds: [Int] = []
        /// The total variation from the optimum, mean over prompts.
        public var variation: [Double] = []
        /// The divergence from the reference in nats, mean over prompts.
        public var divergence: [Double] = []
        /// The expected reward.
        public var reward: [Double] = []
        /// The share of held-out pairs of the reference that the policy's margins order as rewards do.
        public var marginAccuracy = 0.0
    }

    /// What one task gave.
    public struct Outcome: Codable, Sendable, Equatable {
        /// Of ``KLRegularizedStudy/methods`` in their order.
        public var courses: [Course] = []
        /// The same where every text has one reward, from a policy that writes all texts equally often.
        public var constant: [Course] = []
        /// GRPO as published.
        public var published = Course()
        /// DPO with one label drawn for each pair, and with those labels shuffled.
        public var drawn = Course(), shuffled = Course()
        /// The divergence of the best of n from the reference for each of ``KLRegularizedStudy/choices``, mean over
        /// prompts, in nats.
        public var kept: [Double] = []
        /// The same by a score of two values.
        public var keptByTwo: [Double] = []
        /// The total variation of the reference from the optimum.
        public var distance = 0.0
        /// Probabilities of the first prompt's texts under the optimum, the reference, the methods and published GRPO.
        public var probabilities: [[Double]] = []
    }

    /// Draws a task and lets all methods learn it.
    ///
    /// - Throws: `FitError` where one diverges; `RunInterrupted`.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let task = SequenceTask(
            prompts: prompts, vocabulary: vocabulary, length: length, spread: spread, key: key["task"])
        let constant = task.rewarded(0.7)
        var (outcome, done) = (Outcome(), 0)
        func learn(
            _ method: SequenceMethod, _ task: SequenceTask, from start: SequencePolicy
        ) throws -> (course: Course, policy: SequencePolicy) {
            defer { done += 1 }
            return try self.learn(method, task, from: start, key: key["methods"]) { fraction in
                try session.reporter.checkpoint()
                session.reporter.progress(
                    method.name, (Double(done) + fraction) / Double(2 * Self.methods.count + 3))
            }
        }
        let ends = try Self.methods.map { try learn($0, task, from: task.reference) }
        outcome.courses = ends.map(\.course)
        outcome.constant = try Self.methods.map { try learn($0, constant, from: task.uniform).course }
        let published = try learn(.publishedGRPO, task, from: task.reference)
        outcome.published = published.course
        outcome.drawn = try learn(.dpo(.drawn), task, from: task.reference).course
        outcome.shuffled = try learn(.dpo(.shuffled), task, from: task.reference).course
        let (reference, optimum) = (task.distribution(task.reference), task.optimum(weight: penalty))
        outcome.distance = task.mean(ExactDivergence.totalVariation, optimum, reference)
        outcome.kept = choices.map { task.mean(ExactDivergence.kl, task.kept(of: $0), reference) }
        let two = task.rewards.map { $0 > 0 ? 1.0 : 0 }
        outcome.keptByTwo = choices.map { task.mean(ExactDivergence.kl, task.kept(of: $0, scores: two), reference) }
        let policies = ends.map { task.distribution($0.policy) } + [task.distribution(published.policy)]
        outcome.probabilities = ([optimum, reference] + policies).map { Array($0[task.range(0)]) }
        return outcome
    }

    /// Lets one method learn a task.
    private func learn(
        _ method: SequenceMethod, _ task: SequenceTask, from start: SequencePolicy, key: RandomKey,
        progress: (Double) throws -> Void
    ) throws -> (course: Course, policy: SequencePolicy) {
        var learner = SequencePolicyLearner(task, method, self, from: start, key: key[method.name])
        let (reference, optimum) = (task.distribution(task.reference), task.optimum(weight: penalty))
        var course = Course()
        func measure() {
            let policy = task.distribution(learner.policy)
            course.rounds.append(learner.rounds)
            course.variation.append(task.mean(ExactDivergence.totalVariation, policy, optimum))
            course.divergence.append(task.mean(ExactDivergence.kl, policy, reference))
            let earned = zip(policy, task.rewards).reduce(0) { $0 + $1.0 * $1.1 }
            course.reward.append(earned / Double(task.prompts))
        }
        measure()
        for round in 1...rounds {
            try progress(Double(round) / Double(rounds))
            try learner.advance()
            if round % max(1, rounds / Self.points) == 0 || round == rounds { measure() }
        }
        course.marginAccuracy = learner.marginAccuracy(pairs: Self.heldOutPairs)
        return (course, learner.policy)
    }
}
