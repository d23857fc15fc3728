internal import PlumbBasics

extension PreTokenizer {
    /// How the pre-tokenizer named in a GGUF file is read.
    public enum Reading: String, Sendable, Codable, CaseIterable {
        /// As `transformers` reads the file (`AutoTokenizer.from_pretrained(…, gguf_file:)`).
        ///
        /// It takes "smollm" for GPT-2's pattern, without cutting digits apart beforehand. Ids differ from the published
        /// tokenizer's only where several white-space characters stand before a digit ("\n\n1."): 5 of 8,120 lines of
        /// WikiText-2's test and validation text. Tools on top of `transformers` see these ids.
        case transformers
        /// As the model's authors published it, and as it was trained.
        case published
    }

    /// The pre-tokenizer that `tokenizer.ggml.pre` names.
    ///
    /// - Throws: ``TokenizerError`` for a name that is not known.
    public init(gguf name: String, reading: Reading = .transformers) throws(TokenizerError) {
        switch name {
        case "gpt-2", "gpt2", "phi-2", "olmo", "mpt": self = .gpt2
        case "smollm" where reading == .transformers: self = .gpt2
        case "smollm", "starcoder", "refact", "codeshell", "command-r", "exaone": self = .smolLM
        case "llama-bpe", "llama3", "llama-v3", "falcon3", "dbrx", "smaug-bpe": self = .llama3
        case "qwen2", "stablelm2", "deepseek-r1-qwen": self = .qwen2
        case "default":
            // llama.cpp cuts such text as only Falcon's tokenizer does: punctuation apart, digits in threes.
            throw TokenizerError(
                "the pre-tokenizer \"default\" is the one that llama.cpp takes where a converter knew none, so that "
                    + "the model's own tokens cannot be known: convert the model again, or write the right name into the "
                    + "file (gguf_new_metadata.py --pre-tokenizer NAME); known are \(PreTokenizer.knownNames)")
        default:
            throw TokenizerError(
                "the pre-tokenizer \"\(visible(name))\" is not known; known are \(PreTokenizer.knownNames), and their "
                    + "aliases")
        }
    }

    /// The names of `tokenizer.ggml.pre` that are known, without their aliases, for messages and help.
    public static let knownNames = "gpt-2, smollm, starcoder, llama-bpe and qwen2"

    /// The step a regular expression stands for; nil for one that is not known.
    static func step(pattern: String) -> Step? {
        patterns().first { $0.0 == pattern }?.1
    }

    /// A regular expression that stands for a step; nil for steps that are written otherwise.
    static func pattern(of step: Step) -> String? {
        patterns().first { $0.1 == step }?.0
    }

    private static func patterns() -> [(String, Step)] {
        func tail(_ digits: String) -> String {
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
                + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        }
        let rest = #"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        return [
            ("'s|'t|'re|'ve|'m|'ll|'d" + rest, .gpt2),
            ("'(?:[sdmt]|ll|ve|re)" + rest, .gpt2),
            (tail(#"\p{N}{1,3}"#), .llama3(digits: 3)),
            (tail(#"\p{N}"#), .llama3(digits: 1)),
        ]
    }
}
