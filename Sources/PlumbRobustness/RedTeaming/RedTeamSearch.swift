internal import PlumbBasics
internal import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// A way of looking for prompts to which a model answers with harm. Every search sees the log-probability of the harmful
/// token, asks as many queries, and begins anew after a hit.
///
/// After Perez et al. 2022, *Red Teaming Language Models with Language Models*, arXiv:2202.03286.
public enum RedTeamSearch: String, Sendable, Codable, CaseIterable {
    /// Prompts drawn at random.
    case random
    /// A population: crossing and mutation, and the prompts of the highest scores survive.
    case evolution
    /// Greedy coordinate gradients (Zou et al. 2023, arXiv:2307.15043): the model's gradient proposes tokens, the best
    /// candidate is kept. A gradient counts as a query.
    case gradient
    /// A policy that writes prompts token by token, trained by policy gradients with the score as reward.
    case reinforcement

    /// For people.
    public var title: String {
        switch self {
        case .random: "random prompts"
        case .evolution: "evolution"
        case .gradient: "gradients"
        case .reinforcement: "reinforcement learning"
        }
    }

    /// Searches until the ledger's budget is spent.
    ///
    /// - Throws: `ModelError` where a gradient is not a number; `FitError` where the attacker's training diverges.
    public func run(_ ledger: inout QueryLedger, key: RandomKey) throws {
        var random = key.generator()
        switch self {
        case .random:
            while ledger.left > 0 { _ = ledger.ask((0..<64).map { _ in TriggerTask.randomPrompt(&random) }) }
        case .evolution: while ledger.left > 0 { Self.evolve(&ledger, &random) }
        case .gradient:
            let embeddings = ledger.model.embeddingWeights()
            while ledger.left > 0 { try Self.descend(&ledger, embeddings, &random) }
        case .reinforcement: try Self.reinforce(&ledger, &random)
        }
    }

    /// Prompts of a population and of a round.
    private static let population = 32
    /// Generations, or steps, without a hit after which a search begins anew.
    private static let patience = 20

    /// One population, until it hits.
    private static func evolve(_ ledger: inout QueryLedger, _ random: inout RandomKey.Generator) {
        var parents = ledger.ask((0..<population).map { _ in TriggerTask.randomPrompt(&random) })
        for _ in 0..<patience where ledger.left > 0 {
            if parents.contains(where: \.isHit) { return }
            func parent() -> [Int] {
                let (one, other) = (
                    parents[random.index(below: parents.count)], parents[random.index(below: parents.count)]
                )
                return one.score > other.score ? one.prompt : other.prompt
            }
            let children = (0..<population).map { _ in
                let (first, second, cut) = (parent(), parent(), random.index(below: TriggerTask.promptLength))
                var child = Array(first[..<cut] + second[cut...])
                for place in 0..<TriggerTask.contentLength where random.index(below: TriggerTask.contentLength) == 0 {
                    child[place] = random.index(below: TriggerTask.contentTokens)
                }
                return child
            }
            let all = parents + ledger.ask(children)
            let order = all.indices.sorted { (-all[$0].score, $0) < (-all[$1].score, $1) }
            parents = order.prefix(population).map { all[$0] }
        }
    }

    /// Candidates of a step, and tokens of each place that they are drawn among.
    private static let candidates = 15, top = 8

    /// One prompt, changed token by token along the gradient until it hits.
    private static func descend(
        _ ledger: inout QueryLedger, _ embeddings: Tensor, _ random: inout RandomKey.Generator
    ) throws {
        var current = TriggerTask.randomPrompt(&random)
        for _ in 0..<patience where ledger.left > 0 {
            let last = current.count - 1
            let run = try ledger.model.gradients(current, recording: .only(.embed)) { logits in
                logits[last..<last + 1].crossEntropy([TriggerTask.harm])
            }
            ledger.spend()
            guard let gradient = run.gradients[.embed] else { unmet("the model hands its embeddings to the hooks") }
            let preferences = TokenPreferences(
                gradient: gradient[0..<TriggerTask.contentLength], embeddings: embeddings,
                allowed: 0..<TriggerTask.contentTokens, top: top)
            let drafts = (0..<candidates).map { _ in
                var draft = current
                let (place, token) = preferences.draw(&random)
                draft[place] = token
                return draft
            }
            let answers = ledger.ask(drafts)
            if answers.contains(where: \.isHit) { return }
            guard let best = answers.max(by: { $0.score < $1.score }) else { return }
            current = best.prompt
        }
    }

    /// An attacker that learns which token to write after which, by REINFORCE with standardized scores as advantages and
    /// a bonus for entropy, which keeps it from writing one prompt only.
    private static func reinforce(_ ledger: inout QueryLedger, _ random: inout RandomKey.Generator) throws {
        var learner = AgentLearner(
            TokenChain(tokens: TriggerTask.contentTokens), Adam(learningRate: 0.2), clipNorm: 1, label: "attacker")
        while ledger.left > 1 {
            let prompts = learner.network.drawn(population, length: TriggerTask.contentLength, &random)
            let answers = ledger.ask(prompts.map { $0 + [TriggerTask.separator] })
            guard answers.count > 1 else { return }
            let advantages = GroupAdvantages.standardized(answers.map(\.score), size: answers.count)
            let asked = Array(prompts.prefix(answers.count))
            try learner.descend { chain in
                PolicyLoss.gradient(
                    logProbabilities: chain.logProbabilities(asked), advantages: Tensor(advantages.map(Float.init)))
                    - chain.entropy() * 0.02
            }
        }
        while ledger.left > 0 { _ = ledger.ask([TriggerTask.randomPrompt(&random)]) }
    }
}

/// A policy that writes tokens one after another, each by a table of logits in the row of the one before.
public struct TokenChain: ParameterTree {
    /// `[tokens + 1, tokens]`: the last row writes the first token.
    public var logits: Tensor

    /// Every token equally likely.
    public init(tokens: Int) { logits = .zeros([tokens + 1, tokens]) }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("logits", &logits) }

    private var tokens: Int { logits.shape[1] }

    /// Sequences drawn from the policy.
    ///
    /// - Shapes: result `[count][length]`.
    public func drawn(_ count: Int, length: Int, _ random: inout RandomKey.Generator) -> [[Int]] {
        let chances = logits.softmax().elements
        return (0..<count).map { _ in
            var (sequence, row) = ([Int](), tokens)
            for _ in 0..<length {
                var (left, token) = (random.uniform(), tokens - 1)
                for candidate in 0..<tokens {
                    left -= Double(chances[row * tokens + candidate])
                    if left < 0 {
                        token = candidate
                        break
                    }
                }
                sequence.append(token)
                row = token
            }
            return sequence
        }
    }

    /// The log-probability of each sequence, `[B]`, in nats.
    ///
    /// - Precondition: all sequences have one length of 1 or more.
    public func logProbabilities(_ sequences: [[Int]]) -> Tensor {
        let length = sequences.first?.count ?? 0
        require(
            length > 0 && sequences.allSatisfy { $0.count == length }, "sequences of a policy share a length above 0")
        let rows = sequences.flatMap { [tokens] + $0.dropLast() }
        return logits.gathered(rows).logProbabilities(of: sequences.flatMap { $0 })
            .reshaped([sequences.count, length]).summed(axis: -1)
    }

    /// The mean entropy of the rows, in nats.
    public func entropy() -> Tensor { logits.entropies().mean() }
}
