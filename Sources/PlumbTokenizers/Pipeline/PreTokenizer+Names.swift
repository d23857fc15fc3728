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
        case "gpt-2", "gpt2", "phi-2", "olmo", "mpt", "jina-es", "jina-de", "roberta-bpe", "gigachat", "jais",
            "trillion":
            self = .gpt2
        case "smollm" where reading == .transformers: self = .gpt2
        case "smollm", "starcoder", "refact", "codeshell", "command-r", "exaone", "minerva-7b": self = .smolLM
        case "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "dbrx",
            "smaug-bpe":
            self = .llama3
        case "qwen2", "stablelm2", "deepseek-r1-qwen", "kormo", "hunyuan", "megrez": self = .qwen2
        case "tekken": self = try Self.split([Patterns.tekken])
        case "gpt-4o", "llama4", "kanana2": self = try Self.split([Patterns.gpt4o])
        case "qwen35": self = try Self.split([Patterns.qwen35])
        case "deepseek-llm":
            self = try Self.split([
                "[\r\n]", #"\s?["# + Patterns.casedLetters + "]+", #"\s?[!-/:-~！-／：-～‘-‟　-。]+"#, #"\s+$"#,
                Patterns.eastAsian, #"\p{N}+"#,
            ])
        case "deepseek-coder":
            self = try Self.split(["[\r\n]", #"\s?\p{L}+"#, #"\s?\p{P}+"#, Patterns.eastAsian, #"\p{N}"#])
        case "deepseek-v3": self = try Self.split([#"\p{N}{1,3}"#, "[一-龥぀-ゟ゠-ヿ]+", Patterns.deepSeek3])
        case "falcon":
            let threes = try RegularExpression("[0-9][0-9][0-9]")
            self.init(steps: [
                .punctuation(.contiguous), .gpt2, .byteAlphabet, .digits(individual: false),
                .split(.expression(threes), .isolated, isInverted: false),
            ])
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
    public static let knownNames =
        "gpt-2, smollm, starcoder, llama-bpe, qwen2, qwen35, tekken, gpt-4o, falcon, deepseek-llm, deepseek-coder and "
        + "deepseek-v3"

    /// Cuts by one pattern after another, the matches and what is between them being pieces.
    private static func split(_ sources: [String]) throws(TokenizerError) -> PreTokenizer {
        var steps: [Step] = []
        for source in sources {
            let expression = try RegularExpression(source)
            steps.append(step(pattern: source) ?? .split(.expression(expression), .isolated, isInverted: false))
        }
        return PreTokenizer(steps: steps)
    }

    /// The regular expressions of published tokenizers.
    private enum Patterns {
        private static let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
        private static let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
        private static let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        private static let start = #"[^\r\n\p{L}\p{N}]?"#
        private static let contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"

        static let tekken =
            start + upper + "*" + lower + "+|" + start + upper + "+" + lower + "*" + #"|\p{N}"# + rest
        static let gpt4o =
            start + upper + "*" + lower + "+" + contraction + "?|" + start + upper + "+" + lower + "*" + contraction
            + "?"
            + #"|\p{N}{1,3}"# + rest
        static let qwen35 =
            contraction + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"#
            + #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        static let deepSeek3 =
            ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
            + #"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        static let eastAsian = "[一-龥ࠀ-一가-퟿]+"
        /// Letters that have a case, of an older version of Unicode.
        static let casedLetters =
            "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-"
            + "ὗὙὛὝὟ-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u{2126}ℨ\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-"
            + "ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
    }

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
