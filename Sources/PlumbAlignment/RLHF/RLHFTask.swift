internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
internal import PlumbRecords
internal import PlumbTensor

/// A language model, prompts that it continues, and a labeler whose reward of a completion is known: it stands for what
/// people want.
public struct RLHFTask: Sendable {
    /// Writes the texts, before anything is optimized.
    public let policy: HookedTransformer
    /// What it continues.
    public let prompts: [[Int]]
    /// The labeler's reward of a completion.
    public let gold: @Sendable (Completion) -> Double
    /// Tokens as people read them.
    public let text: @Sendable ([Int]) -> String

    /// A task of its parts.
    public init(
        policy: HookedTransformer, prompts: [[Int]], gold: @escaping @Sendable (Completion) -> Double,
        text: @escaping @Sendable ([Int]) -> String
    ) {
        (self.policy, self.prompts, self.gold, self.text) = (policy, prompts, gold, text)
    }

    /// A trained language model that writes words, judged by a list of words.
    ///
    /// - Throws: `ModelError` for a model without a tokenizer.
    public init(_ model: HookedTransformer, prompts: [[Int]], lexicon: LexiconReward) throws {
        self.init(
            policy: model, prompts: prompts, gold: try lexicon.scorer(for: model),
            text: { $0.map(model.string(of:)).joined() })
    }

    /// Words of praise, worth 1, and of blame, worth -1.
    public static let sentiment = LexiconReward(
        Dictionary(
            uniqueKeysWithValues: praise.split(separator: " ").map { (String($0), 1.0) }
                + blame.split(separator: " ").map { (String($0), -1.0) }))

    private static let praise =
        "amazing beautiful best better comfortable delicious delighted enjoy enjoyable enjoyed excellent excited exciting "
        + "fantastic friendly fun glad good great happy helpful interesting joy love loved lovely nice perfect pleasant "
        + "proud warm well wonderful"
    private static let blame =
        "afraid angry awful bad badly boring broken cold confused dark difficult dirty disappointed empty fear hard hate "
        + "horrible hurt lonely lost pain poor problem sad scared sick terrible tired ugly unhappy worse worst wrong"

    // MARK: A small language

    /// Words of the small language: kinds of equal size that are worth 1, -1 and 0, a third part each.
    static let words = 24
    /// The labeler's weight of each word.
    static func weight(_ word: Int) -> Double { word < words / 3 ? 1 : word < 2 * words / 3 ? -1 : 0 }

    /// A small transformer that has learned a random chain of words: each word says how probable each is as the next.
    ///
    /// - Parameters:
    ///   - spread: the standard deviation of the chain's logits.
    ///   - steps: of the transformer's training.
    ///   - length: the most tokens of a text.
    /// - Throws: `FitError`; `RunInterrupted`.
    static func small(
        width: Int, spread: Double, steps: Int, length: Int, key: RandomKey, in session: FitSession
    ) throws -> RLHFTask {
        let logits = Tensor.normal([words, words], standardDeviation: spread, key: key["chain"])
        let rows = logits.softmax().elements.map(Double.init)
        var random = key["text"].generator()
        var stream = [0]
        for _ in 0..<20_000 {
            let row = stream[stream.count - 1] * words
            var (rest, next) = (random.uniform() - rows[row], 0)
            while rest >= 0, next < words - 1 {
                next += 1
                rest -= rows[row + next]
            }
            stream.append(next)
        }
        let sizes = TransformerConfiguration(
            architecture: .llama, layers: 2, width: width, heads: 4, vocabulary: words, context: length)
        let model = try HookedTransformer(sizes, key: key["weights"], name: "policy")
        var training = LanguageModelTraining(steps: steps, batch: 32, learningRate: 4e-3)
        training.evaluations = 1
        let result = try training.run(
            model, on: TokenStream(stream, vocabularySize: words), key: key["training"], in: session)
        let prompts = (0..<words).flatMap { first in [[first], [(first * 7 + 3) % words, first]] }
        return RLHFTask(
            policy: result.model, prompts: prompts, gold: { $0.tokens.reduce(0) { $0 + weight($1) } },
            text: { $0.map { ["+", "-", "o"][$0 / (words / 3)] + String($0 % (words / 3)) }.joined(separator: " ") })
    }
}
