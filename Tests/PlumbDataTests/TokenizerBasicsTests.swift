import Testing

@testable import PlumbData
@testable import PlumbTokenizers

@Suite struct TokenizerBasicsTests {
    /// All single bytes in their printable stand-ins, then a few longer tokens.
    static let alphabet: [String] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte -> String in
            let isPrintable = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
            let value = isPrintable ? UInt32(byte) : next
            if !isPrintable { next += 1 }
            return Unicode.Scalar(value).map { String(Character($0)) } ?? ""
        }
    }()

    func tokenizer(addsBOS: Bool = false) throws -> Tokenizer {
        try Tokenizer(
            vocabulary: Self.alphabet + ["ab", "abab", "Ġa", "Ġab", "<|end|>", "<|word|>"],
            merges: ["a b", "ab ab", "Ġ a", "Ġ ab"],
            tokenTypes: [Int](repeating: 1, count: 260) + [3, 4], preTokenizer: .gpt2, bos: 260, eos: 260,
            addsBOS: addsBOS)
    }

    @Test func mergesLowestRankFirst() throws {
        let tokenizer = try tokenizer()
        #expect(tokenizer.encode("abab ab") == [257, 259])
        #expect(tokenizer.encode("ababab") == [257, 256])
        #expect(tokenizer.token(for: " ab") == 259)
        #expect(tokenizer.token(for: "abc") == nil)
    }

    @Test func findsSpecialTokensUnlessToldNotTo() throws {
        let tokenizer = try tokenizer(addsBOS: true)
        #expect(tokenizer.encode("ab<|end|>ab") == [260, 256, 260, 256])
        #expect(
            tokenizer.encode("<|end|>", addSpecialTokens: false, parseSpecialTokens: false).count == 7)
        #expect(
            tokenizer.encode("<|word|>", addSpecialTokens: false, parseSpecialTokens: false) == [261])
        #expect(tokenizer.addsBOS)
        #expect(tokenizer.decode([256, 260, 256], skipSpecialTokens: true) == "abab")
    }

    @Test func anyBytesRoundTrip() throws {
        let tokenizer = try tokenizer()
        var random = SystemRandomNumberGenerator.Seeded(state: 7)
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in
                Bool.random(using: &random) ? UInt8.random(in: 0...255, using: &random) : UInt8(ascii: "a")
            }
            #expect(
                tokenizer.decodeBytes(tokenizer.encode(bytes: bytes, parseSpecialTokens: false)) == bytes)
        }
    }

    @Test func longWordsMergeAsShortOnesDo() throws {
        let tokenizer = try tokenizer()
        let ids = tokenizer.encode(String(repeating: "ab", count: 50_001))
        #expect(ids.count == 25_001)
        #expect(ids.dropLast().allSatisfy { $0 == 257 } && ids.last == 256)
    }

    @Test func streamsHoldBackPartsOfCharacters() throws {
        let tokenizer = try tokenizer()
        var stream = tokenizer.textStream()
        let pieces = tokenizer.encode("é🙂a").map { stream.append($0) }
        #expect(pieces == ["", "é", "", "", "", "🙂", "a"])
        #expect(stream.append(0xF0) == "")
        #expect(stream.finish() == "\u{FFFD}")
    }

    @Test func saysWhatIsWrongWithAVocabulary() {
        #expect(
            throws: TokenizerError(
                "the tokenizer has no merges, so words cannot be put together; the file is incomplete")
        ) {
            try Tokenizer(vocabulary: Self.alphabet + ["ab"], merges: [], preTokenizer: .gpt2)
        }
        #expect(
            throws: TokenizerError(
                "merge 0 of the tokenizer, \"a c\", names a token that is not in the vocabulary")
        ) {
            try Tokenizer(vocabulary: Self.alphabet + ["ab"], merges: ["a c"], preTokenizer: .gpt2)
        }
        #expect(
            throws: TokenizerError("the tokenizer's eos_token is 300, but the vocabulary has 256 tokens")
        ) {
            try Tokenizer(vocabulary: Self.alphabet, merges: [], preTokenizer: .gpt2, eos: 300)
        }
        #expect(throws: TokenizerError.self) { try PreTokenizer(gguf: "no-such") }
    }
}

extension SystemRandomNumberGenerator {
    /// SplitMix64 (Steele, Lea and Flood 2014), so that failures repeat.
    struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return z ^ z >> 31
        }
    }
}
