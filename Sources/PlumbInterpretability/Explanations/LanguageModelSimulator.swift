internal import Foundation
internal import PlumbData
public import PlumbModels
internal import PlumbTensor
internal import PlumbTokenizers

/// Simulates a unit from a sentence by a language model, all tokens of a text in one pass: after each token the prompt
/// says "unknown", and what the model expects in place of this word, among the levels, is the simulated activation
/// (Bills et al. 2023, the all-at-once method).
///
/// Where the model's tokenizer has no token for 10, levels go from 0 to 9 and are stretched.
public struct LanguageModelSimulator: Simulator {
    private let model: HookedTransformer
    private let tokenizer: Tokenizer
    /// The tokens of the levels, in order.
    private let levels: [Int]
    private let tab: [Int]
    private let unknown: [Int]
    private let lineBreak: [Int]

    /// A simulator that runs `model`.
    ///
    /// - Throws: `ModelError` for a model without a tokenizer, or whose tokenizer has no tokens for single digits.
    public init(_ model: HookedTransformer) throws {
        guard let tokenizer = model.tokenizer else {
            throw ModelError("\(model.name) has no tokenizer: it cannot simulate from sentences")
        }
        func ids(_ text: String) -> [Int] { tokenizer.encode(text, addSpecialTokens: false) }
        let digits = (0...ActivationRecord.highestLevel).map { ids("\($0)") }.prefix { $0.count == 1 }
        guard digits.count >= 10 else {
            throw ModelError("the tokenizer of \(model.name) has no tokens for the digits 0 to 9")
        }
        (self.model, self.tokenizer, levels) = (model, tokenizer, digits.map { $0[0] })
        (tab, unknown, lineBreak) = (ids("\t"), ids("unknown"), ids("\n"))
    }

    /// The expected level of each token, from 0 to 10.
    ///
    /// - Throws: `ModelError` for a text that does not fit into the model's context.
    public func simulate(_ explanation: Explanation, tokens: [String]) throws -> [Double] {
        guard !tokens.isEmpty else { return [] }
        var prompt = tokenizer.encode(header(explanation.sentence))
        var places: [Int] = []
        for token in tokens {
            prompt += tokenizer.encode(PromptExamples.line(token), addSpecialTokens: false) + tab
            places.append(prompt.count - 1)
            prompt += unknown + lineBreak
        }
        try model.check(prompt)
        let logits = model.logits(features: model.features(batch: [prompt]).gathered(places))
        try model.requireNumbers(logits)
        let (values, vocabulary) = (logits.elements, logits.shape[1])
        return tokens.indices.map { row in
            expectedLevel(levels.map { Double(values[row * vocabulary + $0]) })
        }
    }

    /// The mean level under the probabilities of the levels' tokens.
    private func expectedLevel(_ logits: [Double]) -> Double {
        let weights = SimulatedLevels.softmax(logits)
        let mean = weights.indices.reduce(0) { $0 + weights[$1] * Double($1) }
        return mean * Double(ActivationRecord.highestLevel) / Double(levels.count - 1)
    }

    private func header(_ explanation: String) -> String {
        let task =
            "We study neurons of a neural network. Each neuron looks for one thing in a short text. Read what the "
            + "neuron looks for, and predict its activation at each token, from 0 to \(levels.count - 1). Most "
            + "activations are 0. \"unknown\" stands for an activation that is not shown.\n"
        let highest = Double(levels.count - 1)
        let examples = PromptExamples.standard.enumerated().map { number, example in
            let shown = example.record.activations.map { Int(($0 / 10 * highest).rounded()) }
            let lines = zip(example.record.tokens, shown).enumerated().map { place, pair in
                // The first tokens are not shown, so that the word is seen where it stands below.
                "\(PromptExamples.line(pair.0))\t\(place < 2 ? "unknown" : "\(pair.1)")"
            }
            return "\nNeuron \(number + 1) looks for: \(example.explanation)\n<start>\n" + lines.joined(separator: "\n")
                + "\n<end>\n"
        }
        return task + examples.joined() + "\nNeuron \(examples.count + 1) looks for: \(explanation)\n<start>\n"
    }
}

/// Simulates a unit by asking for the level of each token in words: for models behind an endpoint that shows no
/// probabilities of the tokens of a prompt.
public struct PromptedSimulator: Simulator {
    private let reply: PromptedExplainer.Reply

    /// A simulator that asks whatever `reply` asks.
    public init(reply: @escaping PromptedExplainer.Reply) { self.reply = reply }

    /// The level of each token, from 0 to 10.
    ///
    /// - Throws: what `reply` throws; ``ExplanationError`` for an answer that does not give a level for each token.
    public func simulate(_ explanation: Explanation, tokens: [String]) async throws -> [Double] {
        let task =
            "A neuron of a neural network looks for: \(explanation.sentence)\nPredict its activation at each token of "
            + "this text, from 0 to 10; most are 0. Answer with one line for each token: the token, a tab, and the "
            + "number.\n\n"
        let answer = try await reply([
            ChatMessage(role: "user", content: task + tokens.map(PromptExamples.line).joined(separator: "\n"))
        ])
        return try SimulatedLevels.parse(answer, tokens: tokens)
    }
}

enum SimulatedLevels {
    static func softmax(_ logits: [Double]) -> [Double] {
        let most = logits.max() ?? 0
        let weights = logits.map { exp($0 - most) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// The numbers at the ends of an answer's lines.
    static func parse(_ answer: String, tokens: [String]) throws -> [Double] {
        let values = answer.split(separator: "\n").compactMap { line -> Double? in
            line.split(separator: "\t").last.flatMap { Double(TokenRule.plain(String($0))) }
        }
        guard values.count == tokens.count else {
            throw ExplanationError(
                "the simulator answered with \(values.count) numbers for a text of \(tokens.count) tokens")
        }
        guard let odd = values.first(where: { !(0...10).contains($0) }) else { return values }
        throw ExplanationError("the simulator answered with an activation of \(odd), which is not from 0 to 10")
    }
}
