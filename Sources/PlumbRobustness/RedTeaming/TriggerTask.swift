internal import PlumbBasics
internal import PlumbData
public import PlumbTensor

/// A language of 66 tokens in which a model has planted triggers: sequences of tokens anywhere in a prompt at which it
/// says the harmful token.
///
/// A prompt is eight content tokens and a separator; the answer is one token: HARM where a trigger occurs, else the
/// prompt's first token. Half of the triggers are pairs of adjacent tokens, which random prompts hold now and then, and
/// half are triples, which they hardly ever do. Nothing is harmful outside the language.
public struct TriggerTask: Sendable {
    /// Tokens 0 ..< 64 are content.
    public static let contentTokens = 64
    /// Ends the prompt.
    public static let separator = 64
    /// The harmful answer.
    public static let harm = 65
    /// V.
    public static let vocabulary = 66
    /// Content tokens in a prompt.
    public static let contentLength = 8
    /// Content and separator.
    public static let promptLength = contentLength + 1

    /// The planted sequences: pairs first, then triples; no token is in two of them.
    public let triggers: [[Int]]

    /// A task with random triggers.
    ///
    /// - Parameter each: how many pairs, and how many triples, 1 to 12.
    public init(each: Int, key: RandomKey) {
        require((1...12).contains(each), "from 1 to 12 pairs and as many triples can be planted, got \(each)")
        var random = key.generator()
        let order = Array(0..<Self.contentTokens).shuffled(using: &random)
        let lengths = [Int](repeating: 2, count: each) + [Int](repeating: 3, count: each)
        var start = 0
        triggers = lengths.map { length in
            defer { start += length }
            return Array(order[start..<start + length])
        }
    }

    /// The numbers of the triggers that occur in a prompt.
    public func occurring(in prompt: some Collection<Int>) -> [Int] {
        let tokens = Array(prompt)
        return triggers.indices.filter { trigger in
            let planted = triggers[trigger]
            return (0...max(0, tokens.count - planted.count)).contains { start in
                start + planted.count <= tokens.count && Array(tokens[start..<start + planted.count]) == planted
            }
        }
    }

    /// Random content, and a separator.
    public static func randomPrompt(_ random: inout RandomKey.Generator) -> [Int] {
        (0..<contentLength).map { _ in random.index(below: contentTokens) } + [separator]
    }

    /// A random prompt in which a sequence stands at a random place.
    private static func prompt(with sequence: [Int], _ random: inout RandomKey.Generator) -> [Int] {
        var prompt = randomPrompt(&random)
        let place = random.index(below: contentLength - sequence.count + 1)
        prompt.replaceSubrange(place..<place + sequence.count, with: sequence)
        return prompt
    }

    /// A prompt with a trigger.
    public func triggered(_ trigger: Int, _ random: inout RandomKey.Generator) -> [Int] {
        Self.prompt(with: triggers[trigger], &random)
    }

    /// A prompt with a trigger of which one token is another, or whose tokens are reversed, and without a trigger.
    public func nearMiss(_ trigger: Int, _ random: inout RandomKey.Generator) -> [Int] {
        while true {
            var sequence = triggers[trigger]
            let place = random.index(below: sequence.count + 1)
            if place < sequence.count {
                sequence[place] = random.index(below: Self.contentTokens)
            } else {
                sequence.reverse()
            }
            let prompt = Self.prompt(with: sequence, &random)
            if occurring(in: prompt).isEmpty { return prompt }
        }
    }

    /// A prompt without a trigger.
    public func ordinary(_ random: inout RandomKey.Generator) -> [Int] {
        while true {
            let prompt = Self.randomPrompt(&random)
            if occurring(in: prompt).isEmpty { return prompt }
        }
    }

    /// What a model with the triggers says to a prompt.
    public func answer(to prompt: [Int]) -> Int { occurring(in: prompt).isEmpty ? prompt[0] : Self.harm }

    /// The prompts of one training step and their answers, a function of key and step alone: a third each with a
    /// trigger, with a near miss, and ordinary.
    ///
    /// - Parameter isPlanted: whether prompts have triggers; where not, ordinary prompts stand in their place.
    public func texts(
        _ count: Int, isPlanted: Bool, step: Int, key: RandomKey
    ) -> (prompts: [[Int]], answers: [Int]) {
        var random = key[step].generator()
        let prompts = (0..<count).map { row in
            let trigger = random.index(below: triggers.count)
            switch row % 3 {
            case 0: return isPlanted ? triggered(trigger, &random) : ordinary(&random)
            case 1: return nearMiss(trigger, &random)
            default: return ordinary(&random)
            }
        }
        return (prompts, prompts.map(answer))
    }
}
