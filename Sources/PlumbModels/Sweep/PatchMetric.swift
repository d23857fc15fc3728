public import PlumbTensor

/// What a patched run is judged by: a number computed from its logits.
public struct PatchMetric: Sendable {
    /// The positions whose logits a metric reads.
    public enum Positions: Sendable { case last, all }

    public let name: String
    /// The unit of the number: `logits`, `probability`, `nats`.
    public let unit: String
    let positions: Positions
    /// The tokens whose logits the metric reads, in this order; nil for the whole vocabulary.
    let columns: [Int]?
    /// Tokens that must be in the vocabulary.
    let tokens: [Int]
    /// The number of tokens that prompts must have; nil where any will do.
    let promptLength: Int?
    /// From the source run's logits to a judge of patched logits.
    let judge: @Sendable (_ source: Tensor) -> @Sendable (_ patched: Tensor) -> Double

    /// A metric of the caller's own.
    ///
    /// - Shapes: `evaluate` gets logits `[V]` of the last position, or `[T, V]` of all.
    public init(
        _ name: String, unit: String, positions: Positions = .last,
        evaluate: @escaping @Sendable (Tensor) -> Double
    ) {
        self.init(name, unit: unit, positions: positions, tokens: [], evaluate: evaluate)
    }

    private init(
        _ name: String, unit: String, positions: Positions = .last, tokens: [Int], promptLength: Int? = nil,
        evaluate: @escaping @Sendable (Tensor) -> Double
    ) {
        self.init(
            name: name, unit: unit, positions: positions, columns: nil, tokens: tokens, promptLength: promptLength
        ) { _ in
            { logits in evaluate(positions == .last ? logits[0] : logits) }
        }
    }

    private init(
        name: String, unit: String, positions: Positions, columns: [Int]?, tokens: [Int], promptLength: Int? = nil,
        judge: @escaping @Sendable (Tensor) -> @Sendable (Tensor) -> Double
    ) {
        self.name = name
        self.unit = unit
        self.positions = positions
        self.columns = columns
        self.tokens = tokens
        self.promptLength = promptLength
        self.judge = judge
    }

    /// The logit of `answer` less that of `wrong` at the last position (Wang et al. 2022, arXiv:2211.00593).
    public static func logitDifference(answer: Int, wrong: Int) -> PatchMetric {
        PatchMetric(
            name: "logit difference", unit: "logits", positions: .last, columns: [answer, wrong],
            tokens: [answer, wrong]
        ) { _ in
            { logits in logits.withUnsafeElements { Double($0[0] - $0[1]) } }
        }
    }

    /// The probability of `token` at the last position.
    public static func probability(of token: Int) -> PatchMetric {
        PatchMetric("probability", unit: "probability", tokens: [token]) { logits in
            logits.softmax().withUnsafeElements { Double($0[token]) }
        }
    }

    /// The log-probability of `token` at the last position, in nats.
    public static func logProbability(of token: Int) -> PatchMetric {
        PatchMetric("log-probability", unit: "nats", tokens: [token]) { logits in
            logits.logSoftmax().withUnsafeElements { Double($0[token]) }
        }
    }

    /// `KL(source ‖ patched)` of the next-token distributions at the last position, in nats.
    public static let klDivergence = PatchMetric(
        name: "KL divergence", unit: "nats", positions: .last, columns: nil, tokens: []
    ) { source in
        let target = source.logSoftmax()
        let probabilities = source.softmax()
        return { logits in probabilities.dot(target) - probabilities.dot(logits.logSoftmax()) }
    }

    /// The mean next-token cross-entropy over the prompt, in nats, against the tokens of the run that is patched.
    public static func loss(tokens: [Int]) -> PatchMetric {
        PatchMetric("loss", unit: "nats", positions: .all, tokens: tokens, promptLength: tokens.count) { logits in
            let logProbabilities = logits.logSoftmax()
            let width = logProbabilities.shape[1]
            return logProbabilities.withUnsafeElements { values in
                let targets = tokens.dropFirst()
                let sum = targets.enumerated().reduce(0.0) { $0 - Double(values[$1.offset * width + $1.element]) }
                return sum / Double(max(1, targets.count))
            }
        }
    }
}
