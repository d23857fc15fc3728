public import PlumbModels
public import PlumbTensor

/// A task for which a language model's circuit is looked for: pairs of prompts of one length, and a number that tells their
/// runs apart.
public struct CircuitTask: Sendable {
    /// In snake case, for the names of metrics.
    public let id: String
    /// For sentences.
    public let title: String
    private let drawn: @Sendable (Int, HookedTransformer, RandomKey) throws -> [PatchPair]
    private let isRight: @Sendable (_ clean: Double, _ corrupted: Double) -> Bool

    /// `count` pairs of those that the model answers correctly, drawn by `key`.
    ///
    /// - Throws: `ModelError` where the model answers too few of the prompts drawn, or cannot read them.
    public func pairs(_ count: Int, for model: HookedTransformer, key: RandomKey) throws -> [PatchPair] {
        let drawn = try drawn(3 * count, model, key[id])
        let ends = try CircuitSweep(model).run([], on: drawn)
        let right = zip(drawn, ends).filter { isRight($1.clean, $1.corrupted) }.map(\.0)
        guard right.count >= count else {
            throw ModelError(
                "\(model.name) answers \(right.count) of \(drawn.count) pairs of \(title) correctly, and \(count) are needed"
            )
        }
        return Array(right.prefix(count))
    }

    /// "When Mary and John went to the store, John gave a drink to": both orders of the names, four sentences (Wang et al.
    /// 2022, arXiv:2211.00593). Corrupted prompts have the other giver; the metric is the logit difference of the names.
    public static let indirectObject = CircuitTask(
        id: "indirect_object", title: "indirect object",
        drawn: { count, model, key in
            let variety = IndirectObject.templates.count
            let halves = try [IndirectObject.Order.abba, .baba].map { order in
                try IndirectObject.pairs(
                    (count + 1) / 2, for: model, key: key[order.rawValue], order: order, variety: variety)
            }
            return try zip(halves[0], halves[1]).flatMap { [$0, $1] }.prefix(count).map { pair in
                let pair = try pair.tokenized(by: model)
                return PatchPair(
                    clean: pair.clean, corrupted: pair.corrupted,
                    metric: .logitDifference(answer: pair.answer, wrong: pair.wrong))
            }
        }, isRight: { $0 > 0 && $1 < 0 })

    /// "The war lasted from the year 1743 to the year 17": the next digit is 4 or larger (Hanna, Liu, Variengien 2023,
    /// arXiv:2305.00586, for models that read digits one at a time). Corrupted prompts begin in the first decade; the metric
    /// is the probability of larger digits less that of smaller ones.
    public static let greaterThan = CircuitTask(
        id: "greater_than", title: "greater than",
        drawn: { count, model, key in
            let digits = try (0...9).map { try model.token("\($0)") }
            var random = key.generator()
            return try (0..<count).map { _ in
                let (noun, century) = (random.element(of: spans), random.element(of: ["16", "17", "18"]))
                let (tens, ones) = (2 + random.index(below: 7), 1 + random.index(below: 8))
                func prompt(_ tens: Int) -> String {
                    "The \(noun) lasted from the year \(century)\(tens)\(ones) to the year \(century)"
                }
                return PatchPair(
                    clean: try model.tokens(prompt(tens)), corrupted: try model.tokens(prompt(0)),
                    metric: laterDigits(digits, than: tens, vocabulary: model.configuration.vocabulary))
            }
        }, isRight: { $0 > 0 && $0 > $1 + 0.1 })

    /// Both tasks.
    public static let all = [indirectObject, greaterThan]

    private static func laterDigits(_ digits: [Int], than digit: Int, vocabulary: Int) -> PatchMetric {
        var weights = [Float](repeating: 0, count: vocabulary)
        for (value, token) in digits.enumerated() { weights[token] = value == digit ? 0 : value > digit ? 1 : -1 }
        let signs = Tensor(weights)
        return PatchMetric(
            "probability of larger less smaller digits", unit: "probability",
            evaluate: { $0.softmax().dot(signs) }, differentiable: { ($0.softmax() * signs).summed() })
    }

    private static let spans = [
        "war", "siege", "conflict", "campaign", "voyage", "journey", "reign", "rebellion", "dispute", "famine",
        "project",
        "empire", "trial", "alliance", "expedition", "quarrel",
    ]
}

extension PatchPair {
    /// The pair with the tokens between the first and the last in one random order, the same in both prompts: a control
    /// in which the prompts still differ in as many tokens, and ask nothing.
    public func permuted(key: RandomKey) -> PatchPair {
        var random = key.generator()
        let middle = clean.count > 2 ? Array(1..<clean.count - 1).shuffled(using: &random) : []
        let order = clean.count > 2 ? [0] + middle + [clean.count - 1] : Array(clean.indices)
        return PatchPair(clean: order.map { clean[$0] }, corrupted: order.map { corrupted[$0] }, metric: metric)
    }
}
