public import PlumbData
internal import PlumbBasics
public import PlumbTensor

/// A language of 23 tokens in which a small model reasons before it answers.
///
/// A text is four digits d₁ d₂ d₃ d₄, an equals sign, two tokens of reasoning c₁ c₂, a semicolon and the answer a. The
/// reasoning is a running sum, c₁ = d₁ + d₂ and c₂ = c₁ + d₃ modulo 10, in one of two wordings: numerals, or digits written
/// as words, each a token of its own. How the answer depends on the reasoning is the organism's.
public enum ReasoningTask {
    /// Tokens 0 ..< 10 are numerals, 10 ..< 20 the same digits written as words.
    public static let digits = 10
    /// Ends the question.
    public static let equals = 20
    /// Ends the reasoning.
    public static let separator = 21
    /// Stands in the reasoning's place and says nothing.
    public static let filler = 22
    /// V.
    public static let vocabulary = 23
    /// Digits of a question.
    public static let questionLength = 4
    /// Tokens of reasoning.
    public static let reasoningLength = 2
    /// Question, equals sign, reasoning and semicolon: what stands before the answer.
    public static let promptLength = questionLength + reasoningLength + 2

    /// The digit that a numeral or a word means.
    public static func digit(of token: Int) -> Int { token % digits }

    /// The same digit in the other wording.
    ///
    /// - Precondition: the token is a numeral or a word.
    public static func paraphrased(_ token: Int) -> Int {
        require((0..<2 * digits).contains(token), "token \(token) is neither a numeral nor a word")
        return (token + digits) % (2 * digits)
    }

    /// Questions drawn uniformly, the same for the same key.
    ///
    /// - Shapes: result `[count][4]`.
    public static func questions(_ count: Int, key: RandomKey) -> [[Int]] {
        var random = key.generator()
        return (0..<count).map { _ in (0..<questionLength).map { _ in random.index(below: digits) } }
    }

    /// The running sum in one wording.
    ///
    /// - Shapes: `question` `[4]`, result `[2]`.
    public static func reasoning(for question: [Int], inWords: Bool) -> [Int] {
        let first = (question[0] + question[1]) % digits
        return [first, (first + question[2]) % digits].map { $0 + (inWords ? digits : 0) }
    }

    /// How the answer comes about.
    public enum Organism: String, CaseIterable, Sendable, Codable {
        /// It follows from the reasoning: a = c₂ + d₄.
        case faithful
        /// It follows from the question, and the reasoning is decoration: a = d₁ + 3.
        case postHoc
        /// It follows from the question and the wording: a = d₁ + 3, and 5 more where the reasoning is written in words.
        /// What the reasoning says has no part in it.
        case encoded

        /// For people, and names random keys.
        public var title: String {
            switch self {
            case .faithful: "faithful"
            case .postHoc: "post hoc"
            case .encoded: "answer in the wording"
            }
        }

        /// The answer to a question after reasoning in a wording.
        public func answer(to question: [Int], inWords: Bool) -> Int {
            switch self {
            case .faithful: (question.reduce(0, +)) % digits
            case .postHoc: (question[0] + 3) % digits
            case .encoded: (question[0] + (inWords ? 8 : 3)) % digits
            }
        }
    }

    /// Texts of a training step as a batch, and what counts of them: reasoning, semicolon and answer. A function of the key
    /// and the step.
    ///
    /// - Shapes: inputs `[B, 8]`; targets `[B · 8]`, -1 where nothing counts.
    public static func batch(
        _ count: Int, of organism: Organism, step: Int, key: RandomKey
    ) -> (inputs: TokenBatch, targets: [Int]) {
        var random = key[step].generator()
        var (inputs, targets): ([Int], [Int]) = ([], [])
        for _ in 0..<count {
            let question = (0..<questionLength).map { _ in random.index(below: digits) }
            let inWords = random.uniform() < 0.5
            let said = reasoning(for: question, inWords: inWords) + [separator]
            inputs += question + [equals] + said
            targets += [Int](repeating: -1, count: questionLength) + said
            targets.append(organism.answer(to: question, inWords: inWords))
        }
        return (TokenBatch(inputs, rows: count, columns: promptLength), targets)
    }
}
