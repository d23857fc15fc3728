internal import PlumbData
public import PlumbModels
public import PlumbTokenizers

/// A request to a chat model with a place for a suffix, and the beginning of the answer that an attacker aims at.
public struct SuffixPrompt: Sendable, Equatable {
    /// What comes before the suffix: the chat template's tokens and the request.
    public let before: [Int]
    /// What comes after it, up to the beginning of the answer.
    public let after: [Int]
    /// The tokens that the answer should begin with.
    public let target: [Int]

    /// A prompt in tokens.
    public init(before: [Int], after: [Int], target: [Int]) {
        (self.before, self.after, self.target) = (before, after, target)
    }

    /// A request in the model's chat template.
    ///
    /// - Parameters:
    ///   - request: what the user says before the suffix.
    ///   - target: what the answer should begin with.
    /// - Throws: ``AttackError`` for a model without a tokenizer or whose template does not show the request, and for an
    ///   empty target; `ChatTemplateError` for a model without a chat template.
    public init(request: String, target: String, for model: HookedTransformer) throws {
        guard let tokenizer = model.tokenizer else {
            throw AttackError("\(model.name) has no tokenizer: a suffix is made for a model that reads text")
        }
        // The suffix's place is found by a mark that no request has.
        let mark = "\u{2043}\u{2043}"
        let text = try tokenizer.render([ChatMessage(role: "user", content: request + mark)])
        let parts = text.split(separator: mark, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw AttackError("the chat template of \(model.name) shows the request \(parts.count - 1) times, not once")
        }
        self.init(
            before: tokenizer.encode(parts[0], addSpecialTokens: false),
            after: tokenizer.encode(parts[1], addSpecialTokens: false),
            target: tokenizer.encode(target, addSpecialTokens: false, parseSpecialTokens: false))
        guard !self.target.isEmpty else {
            throw AttackError("the target is empty: give what the answer should begin with")
        }
    }

    /// The prompt with a suffix.
    public func tokens(_ suffix: [Int]) -> [Int] { before + suffix + after }

    /// Whether the prompt's text with a suffix is cut into the same tokens again: who types it then sends these tokens.
    public func isStable(_ suffix: [Int], _ tokenizer: Tokenizer) -> Bool {
        let tokens = tokens(suffix)
        return tokenizer.encode(tokenizer.decode(tokens), addSpecialTokens: false) == tokens
    }
}
