internal import PlumbNN
public import PlumbTensor

/// What a patched run is judged by: a number computed from its logits.
public struct PatchMetric: Sendable {
    /// The positions whose logits a metric reads.
    public enum Positions: Sendable { case last, all }

    /// The name in tables and records, as "logit difference".
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
    /// The same made of operations that have gradients, of whole rows of logits; nil where there is no such form.
    let derivable: (@Sendable (_ source: Tensor) -> @Sendable (_ patched: Tensor) -> Tensor)?

    /// A metric of the caller's own.
    ///
    /// - Parameters:
    ///   - name: in tables and records, as "logit difference".
    ///   - unit: of the number: `logits`, `probability`, `nats`.
    ///   - positions: the positions whose logits it reads; by default the last alone.
    ///   - evaluate: the number, from the logits of those positions.
    ///   - differentiable: the same number made of operations that have gradients, where attributions want them.
    /// - Shapes: `evaluate` and `differentiable` get logits `[V]` of the last position, or `[T, V]` of all.
    public init(
        _ name: String, unit: String, positions: Positions = .last,
        evaluate: @escaping @Sendable (Tensor) -> Double, differentiable: (@Sendable (Tensor) -> Tensor)? = nil
    ) {
        self.init(
            name, unit: unit, positions: positions, tokens: [], evaluate: evaluate, differentiable: differentiable)
    }

    private init(
        _ name: String, unit: String, positions: Positions = .last, tokens: [Int], promptLength: Int? = nil,
        evaluate: @escaping @Sendable (Tensor) -> Double, differentiable: (@Sendable (Tensor) -> Tensor)?
    ) {
        let isLast = positions == .last
        var derivable: (@Sendable (Tensor) -> @Sendable (Tensor) -> Tensor)?
        if let differentiable {
            derivable = { _ in { logits in isLast ? differentiable(logits[0]) : differentiable(logits) } }
        }
        self.init(
            name: name, unit: unit, positions: positions, columns: nil, tokens: tokens, promptLength: promptLength,
            judge: { _ in { logits in isLast ? evaluate(logits[0]) : evaluate(logits) } }, derivable: derivable)
    }

    private init(
        name: String, unit: String, positions: Positions, columns: [Int]?, tokens: [Int], promptLength: Int? = nil,
        judge: @escaping @Sendable (Tensor) -> @Sendable (Tensor) -> Double,
        derivable: (@Sendable (Tensor) -> @Sendable (Tensor) -> Tensor)?
    ) {
        self.name = name
        self.unit = unit
        self.positions = positions
        self.columns = columns
        self.tokens = tokens
        self.promptLength = promptLength
        self.judge = judge
        self.derivable = derivable
    }

    /// Whether the metric can be differentiated: every metric of this library can.
    public var isDifferentiable: Bool { derivable != nil }

    /// The metric as a function that can be differentiated, given the source run's logits; nil where it has no such form.
    ///
    /// - Shapes: `source` and the function's argument `[T, V]`, its result one number.
    public func differentiable(source: Tensor) -> (@Sendable (_ patched: Tensor) -> Tensor)? {
        let positions = positions
        @Sendable func read(_ logits: Tensor) -> Tensor {
            let rows = logits.shape[0]
            return positions == .last ? logits[rows - 1..<rows] : logits
        }
        guard let function = derivable?(read(source)) else { return nil }
        return { function(read($0)) }
    }

    /// The logit of `answer` less that of `wrong` at the last position (Wang et al. 2022, arXiv:2211.00593).
    public static func logitDifference(answer: Int, wrong: Int) -> PatchMetric {
        PatchMetric(
            name: "logit difference", unit: "logits", positions: .last, columns: [answer, wrong],
            tokens: [answer, wrong],
            judge: { _ in { logits in logits.difference } },
            derivable: { _ in { logits in logits.entry(answer) - logits.entry(wrong) } })
    }

    /// The probability of `token` at the last position.
    public static func probability(of token: Int) -> PatchMetric {
        PatchMetric(
            "probability", unit: "probability", tokens: [token],
            evaluate: { logits in Double(logits.softmax()[token].item) },
            differentiable: { $0.softmax().entry(token) })
    }

    /// The log-probability of `token` at the last position, in nats.
    public static func logProbability(of token: Int) -> PatchMetric {
        PatchMetric(
            "log-probability", unit: "nats", tokens: [token],
            evaluate: { logits in Double(logits.logSoftmax()[token].item) },
            differentiable: { $0.logSoftmax().entry(token) })
    }

    /// `KL(source ‖ patched)` of the next-token distributions at the last position, in nats.
    public static let klDivergence = PatchMetric(
        name: "KL divergence", unit: "nats", positions: .last, columns: nil, tokens: [],
        judge: { source in
            let target = source.logSoftmax()
            let probabilities = source.softmax()
            return { logits in probabilities.dot(target) - probabilities.dot(logits.logSoftmax()) }
        },
        derivable: { source in { logits in source.klDivergence(to: logits) } })

    /// The mean next-token cross-entropy over the prompt, in nats, against the tokens of the run that is patched.
    public static func loss(tokens: [Int]) -> PatchMetric {
        PatchMetric(
            "loss", unit: "nats", positions: .all, tokens: tokens, promptLength: tokens.count,
            evaluate: { logits in
                let logProbabilities = logits.logSoftmax()
                let targets = tokens.dropFirst()
                let sum = targets.enumerated().reduce(0.0) {
                    $0 - Double(logProbabilities[$1.offset][$1.element].item)
                }
                return sum / Double(max(1, targets.count))
            },
            differentiable: { $0.crossEntropy(Array(tokens.dropFirst()) + [-1]) })
    }
}

extension Tensor {
    /// The first element less the second.
    fileprivate var difference: Double {
        let values = elements
        return Double(values[0] - values[1])
    }

    /// Element `index` of the only row, as one number through which a gradient flows.
    fileprivate func entry(_ index: Int) -> Tensor { reshaped([-1]).columns(index..<index + 1).reshaped([]) }
}
