public import PlumbModels
internal import PlumbTokenizers

/// Asks a language model whether an explanation fits a text, or the marked tokens of a text: detection and fuzzing as
/// Paulo et al. 2024 (arXiv:2410.13928) score them.
public struct LanguageModelJudge: Sendable {
    private let model: HookedTransformer
    private let tokenizer: Tokenizer

    /// A judge that runs `model`.
    ///
    /// - Throws: `ModelError` for a model without a tokenizer.
    public init(_ model: HookedTransformer) throws {
        guard let tokenizer = model.tokenizer else {
            throw ModelError("\(model.name) has no tokenizer: it cannot judge texts")
        }
        (self.model, self.tokenizer) = (model, tokenizer)
    }

    /// How much more probable "yes" is than "no", in nats, for each text: whether it has what the explanation says.
    ///
    /// - Throws: `ModelError` for texts that the model cannot read.
    public func detect(_ explanation: Explanation, _ texts: [[String]]) throws -> [Double] {
        try answers(
            texts.map { "Text: \($0.joined())\nDoes the text contain \(explanation.sentence)? Answer:" },
            example: "Text: We sold 12 cups.\nDoes the text contain numbers? Answer: yes\n\n"
                + "Text: We went home.\nDoes the text contain words for colors? Answer: no\n\n")
    }

    /// The same for marked tokens: whether they are what the explanation says.
    ///
    /// - Throws: `ModelError` for texts that the model cannot read.
    public func judge(
        _ explanation: Explanation, _ items: [Detection.MarkedText], of records: [ActivationRecord]
    ) throws -> [Double] {
        try answers(
            items.map { item in
                let text = records[item.record].tokens.enumerated()
                    .map { item.marked.contains($0) ? "<<\($1)>>" : $1 }.joined()
                return "Text: \(text)\nAre the marked words \(explanation.sentence)? Answer:"
            },
            example: "Text: We sold<< 12>> cups.\nAre the marked words numbers? Answer: yes\n\n"
                + "Text: We<< sold>> 12 cups.\nAre the marked words numbers? Answer: no\n\n")
    }

    private func answers(_ questions: [String], example: String) throws -> [Double] {
        func ids(_ text: String) -> [Int] { tokenizer.encode(text, addSpecialTokens: false) }
        let options = [ids(" yes"), ids(" no")]
        return try model.optionLogProbabilities(
            of: questions.map { OptionQuestion(prompt: tokenizer.encode(example + $0), options: options) }
        ).map { $0[0] - $0[1] }
    }
}
