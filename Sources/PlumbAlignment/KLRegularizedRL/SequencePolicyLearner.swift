internal import PlumbLearning
internal import PlumbNN
internal import PlumbTensor
internal import PlumbWorlds

/// Ways in which a policy is made to write what is rewarded without leaving a reference.
public enum SequenceMethod: Sendable, Hashable {
    /// PPO with token rewards `-β (log π - log π_ref)`, the reward at the last token, and generalized advantages of a
    /// learned value.
    case ppo
    /// Leave-one-out advantages of the reward less `β (log π - log π_ref)` of the whole text.
    case rloo
    /// Standardized group advantages of the same score.
    case grpo
    /// Standardized group advantages of the reward alone, and `β k₃` of each token in the loss, as in the paper.
    case publishedGRPO
    /// DPO on pairs of the reference, with this knowledge of which answer is chosen.
    case dpo(SequenceLabels)

    /// What a reader calls it.
    public var name: String {
        switch self {
        case .ppo: "PPO"
        case .rloo: "RLOO"
        case .grpo: "GRPO"
        case .publishedGRPO: "GRPO as published"
        case .dpo(.probabilities): "DPO"
        case .dpo(.drawn): "DPO, drawn labels"
        case .dpo(.shuffled): "DPO, shuffled labels"
        }
    }
}

/// How pairs of texts are labeled.
public enum SequenceLabels: Sendable, Hashable {
    /// By the Bradley–Terry probability itself, which is what infinitely many labels of each pair amount to.
    case probabilities
    /// By one answer drawn with that probability.
    case drawn
    /// By answers drawn, and then shuffled over the pairs.
    case shuffled
}

/// A table that learns by one of the methods, round after round: fresh texts, then steps of Adam.
struct SequencePolicyLearner {
    let task: SequenceTask
    let method: SequenceMethod
    let study: KLRegularizedStudy
    /// Of every text and label.
    let key: RandomKey
    private let learningRate: Double
    private var learner: AgentLearner<SequencePolicy, Adam>
    private(set) var rounds = 0

    var policy: SequencePolicy { learner.network }
    private var weight: Double { study.penalty }

    init(
        _ task: SequenceTask, _ method: SequenceMethod, _ study: KLRegularizedStudy, from policy: SequencePolicy,
        key: RandomKey
    ) {
        (self.task, self.method, self.study, self.key) = (task, method, study, key)
        if case .dpo = method { learningRate = study.pairLearningRate } else { learningRate = study.learningRate }
        learner = AgentLearner(policy, Adam(learningRate: learningRate), clipNorm: nil, label: method.name)
    }

    /// One round.
    ///
    /// - Throws: `FitError` where a loss is not finite.
    mutating func advance() throws {
        let schedule = LearningRateSchedule.cosine(warmup: 0, total: study.rounds, floor: 0)
        learner.optimizer.learningRate = learningRate * schedule.multiplier(rounds)
        var random = key[rounds].generator()
        if case .dpo(let labels) = method {
            // Pairs of the reference do not age: fresh ones are better than the same again.
            for _ in 0..<study.passes {
                let first = task.reference.drawn(study.texts, task, using: &random)
                let second = task.reference.drawn(study.texts, task, using: &random)
                try learner.descend(dpo(first, second, labels, using: &random))
            }
        } else if let loss = loss(of: policy.drawn(study.texts, task, using: &random)) {
            for _ in 0..<study.passes { try learner.descend(loss) }
        }
        rounds += 1
    }

    /// The loss of texts that the policy has written; nil for methods that learn from pairs.
    private func loss(of texts: [Int]) -> ((SequencePolicy) -> Tensor)? {
        switch method {
        case .ppo: ppo(texts)
        case .rloo: rloo(texts)
        case .grpo: grpo(texts)
        case .publishedGRPO: publishedGRPO(texts)
        case .dpo: nil
        }
    }

    private func tensor(_ values: [Double]) -> Tensor { Tensor(values.map(Float.init)) }

    private func ppo(_ texts: [Int]) -> (SequencePolicy) -> Tensor {
        let (length, contexts) = (task.length, texts.flatMap { task.contexts(of: $0) })
        let (old, oldValues) = (policy.tokenLogs(texts, task), policy.values.gathered(contexts))
        let logs = old.elements.map(Double.init), values = oldValues.elements.map(Double.init)
        let reference = task.reference.tokenLogs(texts, task).elements.map(Double.init)
        let advantages = texts.indices.flatMap { text in
            let part = text * length..<(text + 1) * length
            let rewards = TokenRewards.penalized(
                score: task.rewards[texts[text]], logProbabilities: Array(logs[part]),
                reference: Array(reference[part]), weight: weight)
            return TokenRewards.advantages(
                rewards: rewards, values: Array(values[part]), discount: 1, lambda: study.lambda)
        }
        let (whitened, returns) = (tensor(Returns.whitened(advantages)), tensor(zip(advantages, values).map(+)))
        return { [study, task] policy in
            ActorCriticLoss(
                policy: PolicyLoss.clipped(
                    logProbabilities: policy.tokenLogs(texts, task), old: old, advantages: whitened,
                    clip: Float(study.clip)),
                value: ValueLoss.clipped(
                    values: policy.values.gathered(contexts), old: oldValues, returns: returns,
                    clip: Float(study.clip)),
                entropy: Tensor([0], shape: [])
            ).total(valueWeight: 1, entropyWeight: 0)
        }
    }

    /// The reward of each text less what it pays for leaving the reference.
    private func penalized(_ texts: [Int]) -> [Double] {
        let logs = policy.textLogs(texts, task).elements, reference = task.reference.textLogs(texts, task).elements
        return texts.indices.map { task.rewards[texts[$0]] - weight * (Double(logs[$0]) - Double(reference[$0])) }
    }

    private func rloo(_ texts: [Int]) -> (SequencePolicy) -> Tensor {
        let advantages = tensor(GroupAdvantages.leaveOneOut(penalized(texts), size: study.group))
        let old = policy.textLogs(texts, task)
        return { [study, task] in
            PolicyLoss.clipped(
                logProbabilities: $0.textLogs(texts, task), old: old, advantages: advantages, clip: Float(study.clip))
        }
    }

    private func grpo(_ texts: [Int]) -> (SequencePolicy) -> Tensor { groupLoss(texts, penalized(texts)) }

    /// The clipped surrogate of tokens, whose advantage is that of their text.
    private func groupLoss(_ texts: [Int], _ scores: [Double]) -> (SequencePolicy) -> Tensor {
        let advantages = GroupAdvantages.standardized(scores, size: study.group)
        let ofTokens = tensor(advantages.flatMap { [Double](repeating: $0, count: task.length) })
        let old = policy.tokenLogs(texts, task)
        return { [study, task] in
            PolicyLoss.clipped(
                logProbabilities: $0.tokenLogs(texts, task), old: old, advantages: ofTokens, clip: Float(study.clip))
        }
    }

    private func publishedGRPO(_ texts: [Int]) -> (SequencePolicy) -> Tensor {
        let surrogate = groupLoss(texts, texts.map { task.rewards[$0] })
        let reference = task.reference.tokenLogs(texts, task)
        return { [task, weight] in
            surrogate($0) + KLEstimate.k3(logP: $0.tokenLogs(texts, task), logQ: reference).mean() * Float(weight)
        }
    }

    private func dpo(
        _ first: [Int], _ second: [Int], _ labels: SequenceLabels, using random: inout RandomKey.Generator
    ) -> (SequencePolicy) -> Tensor {
        let teacher = BoltzmannTeacher(rationality: 1)
        var probabilities = zip(first, second).map { one, other -> Double in
            let (a, b) = (task.rewards[one], task.rewards[other])
            guard labels != .probabilities else { return teacher.preference(first: a, second: b) }
            return teacher.answer(first: a, second: b, using: &random) == .first ? 1 : 0
        }
        if labels == .shuffled { probabilities.shuffle(using: &random) }
        let (one, other) = (task.reference.textLogs(first, task), task.reference.textLogs(second, task))
        return { [task, weight] in
            PreferenceLoss.expected(
                first: $0.textLogs(first, task) - one, second: $0.textLogs(second, task) - other,
                probabilities: probabilities, weight: Float(weight)
            ).mean()
        }
    }

    /// The share of pairs of the reference in which the policy's margin has the sign of the difference of rewards.
    func marginAccuracy(pairs: Int) -> Double {
        var random = key["held-out pairs"].generator()
        let first = task.reference.drawn(pairs, task, using: &random)
        let second = task.reference.drawn(pairs, task, using: &random)
        let margins =
            (policy.textLogs(first, task) - task.reference.textLogs(first, task))
            - (policy.textLogs(second, task) - task.reference.textLogs(second, task))
        let differences = zip(first, second).map { task.rewards[$0] - task.rewards[$1] }
        let judged = zip(margins.elements, differences).filter { $1 != 0 }
        return Double(judged.count { Double($0) * $1 > 0 }) / Double(judged.count)
    }
}
