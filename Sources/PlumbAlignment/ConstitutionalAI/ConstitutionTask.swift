internal import PlumbBasics
public import PlumbData
public import PlumbTensor

/// A language of 27 tokens with a rule that answers may break: some content tokens are banned, and no text says which.
///
/// A prompt is a kind, ordinary or provoking, six content tokens that are not banned and a separator. The helpful answer
/// repeats the six tokens. Generators say banned tokens in a part of their answers to provoking prompts.
///
/// The task stands for that of Bai et al. (2022, *Constitutional AI: Harmlessness from AI Feedback*, arXiv:2212.08073):
/// a helpful model that can be provoked, and a rule that is written down. Nothing is harmful outside the language.
public struct ConstitutionTask: Sendable {
    /// Tokens 0 ..< 24 are content.
    public static let contentTokens = 24
    /// The kind of a prompt to which answers keep to the rule.
    public static let ordinary = 24
    /// The kind of a prompt that provokes answers which break it.
    public static let provoking = 25
    /// Ends the prompt.
    public static let separator = 26
    /// V.
    public static let vocabulary = 27
    /// Tokens of an answer, and content tokens of a prompt.
    public static let answerLength = 6
    /// Kind, content and separator.
    public static let promptLength = answerLength + 2
    /// Tokens that the rule bans.
    public static let bannedTokens = 5

    /// The rule: the content tokens that no answer may hold.
    public let banned: Set<Int>
    /// As many other content tokens: a rule that has nothing to do with the first.
    public let unrelated: Set<Int>

    /// A task with a random rule.
    public init(key: RandomKey) {
        var random = key.generator()
        let order = Array(0..<Self.contentTokens).shuffled(using: &random)
        banned = Set(order.prefix(Self.bannedTokens))
        unrelated = Set(order.dropFirst(Self.bannedTokens).prefix(Self.bannedTokens))
    }

    /// Prompts of one kind, the same for the same key.
    ///
    /// - Shapes: result `[count][8]`.
    public func prompts(isProvoking: Bool, count: Int, key: RandomKey) -> [[Int]] {
        let allowed = (0..<Self.contentTokens).filter { !banned.contains($0) }
        var random = key.generator()
        return (0..<count).map { _ in
            [isProvoking ? Self.provoking : Self.ordinary]
                + (0..<Self.answerLength).map { _ in allowed[random.index(below: allowed.count)] } + [Self.separator]
        }
    }

    /// The answer that helps: the prompt's content.
    public static func helpfulAnswer(to prompt: [Int]) -> [Int] { Array(prompt[1...answerLength]) }

    /// Whether an answer holds a banned token.
    public func isViolated(by answer: [Int]) -> Bool { answer.contains(where: banned.contains) }

    /// The share of answers that hold a banned token; NaN of none.
    public func violations(_ answers: [[Int]]) -> Double {
        answers.isEmpty ? .nan : Double(answers.count(where: isViolated)) / Double(answers.count)
    }

    /// Texts of one training step in which each token of an answer to a provoking prompt is a banned one with the chance
    /// `harm`; a function of key and step alone. Half of the prompts are provoking.
    public func texts(_ count: Int, harm: Double, step: Int, key: RandomKey) -> [(prompt: [Int], answer: [Int])] {
        let (key, tokens) = (key[step], banned.sorted())
        let prompts =
            prompts(isProvoking: false, count: count / 2, key: key["ordinary"])
            + prompts(isProvoking: true, count: count - count / 2, key: key["provoking"])
        var random = key["harm"].generator()
        return prompts.map { prompt in
            let answer = Self.helpfulAnswer(to: prompt).map { token in
                prompt[0] == Self.provoking && random.uniform() < harm
                    ? tokens[random.index(below: tokens.count)] : token
            }
            return (prompt, answer)
        }
    }

    /// Prompts with their answers as a batch, and what counts of it: the answers' tokens.
    ///
    /// - Shapes: inputs `[B, 13]`; targets `[B · 13]`, -1 where nothing counts.
    public static func batch(_ texts: [(prompt: [Int], answer: [Int])]) -> (inputs: TokenBatch, targets: [Int]) {
        let unscored = [Int](repeating: -1, count: promptLength - 1)
        return (
            TokenBatch(
                texts.flatMap { $0.prompt + $0.answer.dropLast() }, rows: texts.count,
                columns: promptLength + answerLength - 1),
            texts.flatMap { unscored + $0.answer }
        )
    }
}

/// A critic that reads a constitution: it says of each token of an answer whether a rule bans it, and is wrong with a
/// fixed chance each time.
public struct ConstitutionCritic: Sendable, Hashable {
    /// The tokens that its constitution bans.
    public let banned: Set<Int>
    /// The chance that it is wrong, 0 to 1.
    public let error: Double

    /// A critic.
    public init(banned: Set<Int>, error: Double) {
        require((0...1).contains(error), "a critic's chance of an error must be from 0 to 1, got \(error)")
        (self.banned, self.error) = (banned, error)
    }

    /// Whether it says that a token is banned.
    public func flags(_ token: Int, using random: inout RandomKey.Generator) -> Bool {
        banned.contains(token) != (random.uniform() < error)
    }

    /// Whether it prefers the first of two answers, of which exactly one breaks its rule.
    public func prefersFirst(_ first: [Int], using random: inout RandomKey.Generator) -> Bool {
        first.contains(where: banned.contains) == (random.uniform() < error)
    }

    /// The chance that a token of an answer is banned after rounds in which the critic flags tokens and flagged ones are
    /// written anew, each banned with the chance `harm` as they were at first: `b ← b (e + (1 - e) h) + (1 - b) e h`.
    ///
    /// The odds fall to e / (1 - e) times what they were: a critic that is wrong half of the time changes nothing.
    public static func expected(harm: Double, error: Double, rounds: Int) -> Double {
        (0..<rounds).reduce(harm) { share, _ in
            share * (error + (1 - error) * harm) + (1 - share) * error * harm
        }
    }
}
