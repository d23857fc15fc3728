/// The prompts of an experiment, token by token.
public struct PromptPanel: Codable, Sendable, Equatable {
    /// The heading.
    public var title: String
    /// What the reader sees.
    public var caption: String
    /// The prompts, one below the other.
    public var prompts: [Prompt]

    /// One prompt.
    public struct Prompt: Codable, Sendable, Equatable {
        /// For example "clean".
        public var label: String
        /// The exact text of each token, white space included.
        public var tokens: [String]
        /// The tokens' numbers in the vocabulary; empty where they do not matter.
        public var ids: [Int]
        /// Positions to mark, for example those in which the prompts differ.
        public var marked: [Int]
        /// What the model expects next, most likely first.
        public var continuations: [Continuation]
        /// A number about the prompt, for example its logit difference; empty for none.
        public var note: String

        /// A prompt as the model reads it.
        public init(
            _ label: String, tokens: [String], ids: [Int] = [], marked: [Int] = [],
            continuations: [Continuation] = [], note: String = ""
        ) {
            self.label = label
            self.tokens = tokens
            self.ids = ids
            self.marked = marked
            self.continuations = continuations
            self.note = note
        }
    }

    /// A token the model may say next.
    public struct Continuation: Codable, Sendable, Equatable {
        /// The exact text of the token.
        public var token: String
        /// Natural logarithm of its probability.
        public var logProbability: Double
        /// Its part in the experiment, for example "answer" or "wrong answer"; empty for none.
        public var role: String

        /// A token with its log-probability.
        public init(_ token: String, logProbability: Double, role: String = "") {
            self.token = token
            self.logProbability = logProbability
            self.role = role
        }
    }

    /// Prompts under a heading.
    public init(title: String, caption: String, prompts: [Prompt]) {
        self.title = title
        self.caption = caption
        self.prompts = prompts
    }
}
