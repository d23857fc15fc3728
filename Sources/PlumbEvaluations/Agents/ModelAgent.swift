internal import Foundation
internal import PlumbData
public import PlumbModels
public import PlumbTensor
internal import PlumbTokenizers

/// A language model as an agent: it is shown the conversation by its chat template.
public struct ModelAgent: Sendable {
    /// The model.
    public let model: HookedTransformer
    /// The most tokens of a turn.
    public var maxTokens = 128
    /// The temperature of sampling; 0 takes the most probable token.
    public var temperature = 0.7

    /// An agent.
    ///
    /// - Throws: ``EvaluationError`` for a model without a chat template.
    public init(_ model: HookedTransformer) throws {
        guard let tokenizer = model.tokenizer, try tokenizer.chatTemplate != nil else {
            throw EvaluationError("\(model.name) has no chat template, which an agent's turns are written by")
        }
        self.model = model
    }

    /// What the model does next. Where the conversation is longer than its context, the oldest turns after the task are
    /// left out, and where it is still too long, the end of the last result.
    ///
    /// - Parameter key: of the sampling.
    public func policy(key: RandomKey) -> AgentPolicy {
        { transcript in
            guard let tokenizer = model.tokenizer else { return "" }
            var turns = transcript
            var prompt: [Int]
            repeat {
                // A template may write the date; the same task should read the same on every day.
                let text = try tokenizer.render(turns, now: Date(timeIntervalSince1970: 0))
                prompt = tokenizer.encode(text, addSpecialTokens: false)
                guard prompt.count + maxTokens > model.configuration.context else { break }
                guard turns.count <= 4 else {
                    turns.removeSubrange(2..<4)
                    continue
                }
                // A single result can be longer than the context: its beginning is kept.
                let last = turns.count - 1
                guard last > 1, turns[last].content.count > 1 else { break }
                turns[last].content = String(turns[last].content.prefix(turns[last].content.count / 2))
            } while true
            let written = try model.generate(
                prompt, maxTokens: maxTokens, temperature: temperature, key: key[transcript.count])
            return tokenizer.decode(written.tokens)
        }
    }
}
