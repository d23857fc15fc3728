internal import Foundation
internal import PlumbBasics
public import PlumbData
public import PlumbLearning
public import PlumbModels
public import PlumbTensor
internal import PlumbWorlds

/// A small language model that writes, and a gold reward model that says what its texts are worth.
///
/// The gold reward model is a transformer trained to score a hidden property, how many different letters a completion has,
/// which no weighting of its letters gives; then it is frozen, and stands for what people want. It is trained on texts of
/// the policy and on the same texts with characters replaced, many or few of them by many or few others, so that it knows
/// more than the policy's own texts.
public struct LanguageRewardTask: Sendable {
    /// The characters of the text.
    public let vocabulary: CharacterVocabulary
    /// Writes the texts, before anything is optimized.
    public let policy: HookedTransformer
    /// The loss of the policy on text that it was not trained on, in nats a character.
    public let policyLoss: Double
    /// What texts are worth: mean 0 and standard deviation 1 over the policy's own.
    public let gold: RewardModel
    /// Mean and standard deviation of the hidden property over the policy's own texts.
    let variety: (mean: Double, deviation: Double)
    private let study: LanguageModelOveroptimizationStudy
    private let held: [Int]
    private let letters: Set<Int>

    /// Trains policy and gold reward model.
    ///
    /// - Throws: errors of tokenizer and training; `RunInterrupted`.
    init(_ study: LanguageModelOveroptimizationStudy, on text: String, key: RandomKey, in session: FitSession) throws {
        let vocabulary = CharacterVocabulary(of: text)
        let stream = try TokenStream(TextCorpus(text), vocabulary: vocabulary)
        letters = Set(vocabulary.scalars.indices.filter { vocabulary.scalars[$0].properties.isAlphabetic })
        held = stream.split(validation: 0.1).validation.tokens
        let result = try study.pretrained(
            study.policyWidth, layers: 2, stream, key: key["policy"], in: session)
        (policy, policyLoss) = (result.model, result.validation.last?.loss ?? .nan)
        (self.study, self.vocabulary) = (study, vocabulary)
        let count = study.goldTexts
        let letters = letters
        let prompts = Self.prompts(count, from: held, study, key["gold prompts"])
        let own = try Self.written(by: policy, prompts, study, key["gold texts"])
        let score = { (completion: Completion) in Self.variety(completion, letters) }
        let mean = Statistics.mean(own.map(score))
        // Where every text has as many letters there is no scale, and any will do.
        let deviation = max(1e-9, Statistics.centered(own.map(score)).deviation)
        variety = (mean, deviation)
        let all = own + Self.changed(own, symbols: vocabulary.count, key: key["changed"])
        let trunk = try HookedTransformer(
            study.sizes(study.goldWidth, layers: 3, vocabulary.count), key: key["gold weights"],
            initialization: .scaled())
        let training = RewardModelTraining(steps: study.goldSteps, batch: 64, learningRate: 2e-3)
        gold = try training.run(
            RewardModel(trunk, key: key["gold head"]), on: all.map(\.text),
            scores: all.map { (score($0) - mean) / deviation }, key: key["gold"], label: "gold reward", in: session
        ).normalized(on: own.map(\.text))
    }

    /// Prompts: pieces of text that no model was trained on, `key`'s choice.
    public func prompts(_ count: Int, key: RandomKey) -> [[Int]] { Self.prompts(count, from: held, study, key) }

    private static func prompts(
        _ count: Int, from held: [Int], _ study: LanguageModelOveroptimizationStudy, _ key: RandomKey
    ) -> [[Int]] {
        var random = key.generator()
        return (0..<count).map { _ in
            let start = random.index(below: max(1, held.count - study.promptLength))
            return Array(held[start..<min(held.count, start + study.promptLength)])
        }
    }

    /// What the policy writes after prompts.
    public func written(_ prompts: [[Int]], key: RandomKey) throws -> [Completion] {
        try Self.written(by: policy, prompts, study, key)
    }

    private static func written(
        by policy: HookedTransformer, _ prompts: [[Int]], _ study: LanguageModelOveroptimizationStudy, _ key: RandomKey
    ) throws -> [Completion] {
        try stride(from: 0, to: prompts.count, by: 256).flatMap { first in
            let part = Array(prompts[first..<min(first + 256, prompts.count)])
            return zip(
                part, try policy.continuations(of: part, maxTokens: study.completionLength, key: key[first])
            ).map { Completion(prompt: $0, tokens: $1.tokens) }
        }
    }

    /// The texts with each character of a completion replaced with a probability of the text's own, by one of a few
    /// symbols of the text's own.
    static func changed(_ completions: [Completion], symbols: Int, key: RandomKey) -> [Completion] {
        var random = key.generator()
        return completions.map { completion in
            let (few, probability) = (1 + random.index(below: 16), random.uniform())
            let drawn = (0..<few).map { _ in random.index(below: symbols) }
            return Completion(
                prompt: completion.prompt,
                tokens: completion.tokens.map { token in
                    let symbol = drawn[random.index(below: few)]
                    return random.uniform() < probability ? symbol : token
                })
        }
    }

    /// How many different letters a completion has.
    static func variety(_ completion: Completion, _ letters: Set<Int>) -> Double {
        Double(letters.intersection(completion.tokens).count)
    }

    /// The hidden property of a completion, in standard deviations over the policy's own texts.
    public func property(_ completion: Completion) -> Double {
        (Self.variety(completion, letters) - variety.mean) / variety.deviation
    }

    /// How well the gold reward goes with the hidden property: the correlations on fresh texts of the policy and on
    /// changed ones.
    public func goldCorrelations(_ count: Int, key: RandomKey) throws -> (own: Double, changed: Double) {
        let own = try written(prompts(count, key: key["prompts"]), key: key["texts"])
        let changed = Self.changed(own, symbols: vocabulary.count, key: key["changed"])
        func correlation(_ texts: [Completion]) -> Double {
            Statistics.pearson(gold.scores(texts.map(\.text)), texts.map(property))
        }
        return (correlation(own), correlation(changed))
    }

    /// Comparisons of two completions of one prompt, labeled by a Bradley–Terry teacher who knows the gold reward.
    public func comparisons(_ count: Int, key: RandomKey) throws -> [TextComparison] {
        let prompts = prompts(count, key: key["prompts"])
        let (first, second) = (try written(prompts, key: key["first"]), try written(prompts, key: key["second"]))
        let (a, b) = (gold.scores(first.map(\.text)), gold.scores(second.map(\.text)))
        var random = key["labels"].generator()
        let teacher = BoltzmannTeacher(rationality: study.labelRationality)
        return first.indices.map { index in
            let isFirst = teacher.answer(first: a[index], second: b[index], using: &random) == .first
            let pair = isFirst ? (first[index], second[index]) : (second[index], first[index])
            return TextComparison(chosen: pair.0.text, rejected: pair.1.text)
        }
    }

    /// The same comparisons with labels drawn at random.
    static func shuffled(_ comparisons: [TextComparison], key: RandomKey) -> [TextComparison] {
        var random = key.generator()
        return comparisons.map {
            random.uniform() < 0.5 ? $0 : TextComparison(chosen: $0.rejected, rejected: $0.chosen)
        }
    }
}
