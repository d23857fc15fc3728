internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// A search for suffixes with which a classifier passes what it should refuse.
public struct TokenAttack: SettingGroup {
    @Setting("Steps of an attack.", 1...10_000) public var attackSteps = 60
    @Setting("Candidates that a step evaluates.", 1...10_000) public var candidates = 64
    @Setting("Tokens for each place among which candidates are drawn, by the gradient.", 1...100_000) public var top =
        32

    /// The attack of the quick experiment.
    public init() {}

    /// The texts that an attack may evaluate.
    public var budget: Int { attackSteps * candidates }

    /// How the next suffixes are chosen.
    public enum Method: String, Sendable, Codable, CaseIterable {
        /// One token is replaced by one of those that the gradient prefers, and the best candidate is kept even where
        /// it is
        /// worse (greedy coordinate gradient: Zou, Wang, Carlini, Nasr, Kolter, Fredrikson 2023, arXiv:2307.15043).
        case gradient
        /// One token is replaced at random, and the best candidate is kept where it is better.
        case greedy
        /// Whole suffixes are drawn, and none depends on another.
        case random
    }

    /// What an attack on one text gives.
    public struct Result: Sendable, Codable, Equatable {
        /// The text that passes; nil where none was found.
        public let found: [Int]?
        /// Texts that were evaluated; the budget where none was found.
        public let evaluations: Int
    }

    /// Attacks one text.
    ///
    /// - Parameters:
    ///   - text: one that should be refused; its prompt stays as it is.
    ///   - key: of the suffix that the search begins with, and of candidates.
    /// - Throws: `ModelError` where a loss is not a number.
    public func run(
        _ method: Method, on text: [Int], of task: RefusalTask, against classifier: RefusalClassifier, key: RandomKey
    ) throws -> Result {
        var random = key.generator()
        var current = text
        for place in task.prompt..<task.length { current[place] = task.benign(&random) }
        var margin = Float.infinity
        for step in 0..<attackSteps {
            let texts = try drafts(method, current, task, classifier, &random)
            let margins = classifier.margins(texts)
            if let first = margins.firstIndex(where: { $0 < 0 }) {
                return Result(found: texts[first], evaluations: step * candidates + first + 1)
            }
            guard let best = margins.indices.min(by: { margins[$0] < margins[$1] }) else { break }
            if method == .gradient || margins[best] < margin { (current, margin) = (texts[best], margins[best]) }
        }
        return Result(found: nil, evaluations: budget)
    }

    private func drafts(
        _ method: Method, _ current: [Int], _ task: RefusalTask, _ classifier: RefusalClassifier,
        _ random: inout RandomKey.Generator
    ) throws -> [[Int]] {
        let preferred = method == .gradient ? try preferences(current, task, classifier) : nil
        return (0..<candidates).map { _ in
            var text = current
            if let (place, token) = preferred?.draw(&random) {
                text[task.prompt + place] = token
            } else if method == .greedy {
                let place = random.index(below: task.suffix)
                text[task.prompt + place] = task.benign(&random)
            } else {
                for place in task.prompt..<task.length { text[place] = task.benign(&random) }
            }
            return text
        }
    }

    /// For each place of the suffix, the tokens that lower the margin most by its gradient: `∇e · E`.
    private func preferences(
        _ text: [Int], _ task: RefusalTask, _ classifier: RefusalClassifier
    ) throws -> TokenPreferences {
        let run = try classifier.gradients([text], recording: .only(.embed)) { logits in
            logits.columns(1..<2).summed() - logits.columns(0..<1).summed()
        }
        let table = classifier.embedding.weight.tensor()
        guard let gradient = run.gradients[.embed]?.reshaped([task.length, table.shape[1]]) else {
            unmet("the classifier hands its embeddings to the hooks")
        }
        return TokenPreferences(
            gradient: gradient[task.prompt..<task.length], embeddings: table, allowed: task.harmful..<task.vocabulary,
            top: top)
    }

    /// Whether a suffix of embeddings, which need not be those of tokens, makes a text pass; and whether the tokens
    /// nearest
    /// to them do (Schwinn, Dobre, Xhonneux, Gidel, Günnemann 2024, *Soft Prompt Threats*, arXiv:2402.09063).
    ///
    /// - Throws: `ModelError` where a loss is not a number.
    public func embeddings(
        on text: [Int], of task: RefusalTask, against classifier: RefusalClassifier
    ) throws -> (passes: Bool, tokensPass: Bool) {
        let table = classifier.embedding.weight.tensor()
        let width = table.shape[1]
        var rows = table.gathered(text).reshaped([1, task.length * width])
        let mask = Tensor((0..<rows.count).map { $0 < task.prompt * width ? 0 : 1 }, shape: rows.shape)
        for _ in 0..<attackSteps {
            let (value, gradient) = valueWithGradient(at: rows) { rows in
                let logits = classifier.layers(rows)
                return logits.columns(1..<2).summed() - logits.columns(0..<1).summed()
            }
            if value.item < 0 { break }
            let slope = gradient * mask
            rows = rows - slope * Float(0.5 / max(slope.norm(), 1e-9))
        }
        let logits = classifier.layers(rows).elements
        var nearest = text
        let (place, known) = (rows.elements, table.elements)
        func distance(_ index: Int, _ token: Int) -> Float {
            (0..<width).reduce(0) { sum, k in
                let difference = place[index * width + k] - known[token * width + k]
                return sum + difference * difference
            }
        }
        for index in task.prompt..<task.length {
            nearest[index] = (task.harmful..<task.vocabulary).min { distance(index, $0) < distance(index, $1) } ?? 0
        }
        return (logits[1] < logits[0], classifier.margins([nearest])[0] < 0)
    }
}
