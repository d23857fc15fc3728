import Foundation
import PlumbBasics
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

/// Ids and texts of every kind of tokenizer against those that Hugging Face's and Google's libraries gave.
@Suite struct TokenizerKindsTests {
    static let small = [
        "gemma", "llama2", "mistral", "metaspace-always", "metaspace-never", "added", "unfused", "fused", "whole",
        "scored",
        "wordpiece", "wordpiece-cased", "unigram",
    ]

    func check(_ tokenizer: Tokenizer, _ golden: JSONValue?, _ texts: [String], _ name: String) throws {
        let ids = try #require(golden?["ids"]?.array).map(\.string)
        let decoded = try #require(golden?["decoded"]?.array).map(\.string)
        try #require(ids.count == texts.count && decoded.count == texts.count && texts.count > 60)
        for (index, text) in texts.enumerated() where ids[index] != nil {
            // SentencePiece finds no special tokens in text, and decodes to none.
            let isGoogles = name == "scored"
            let tokens = tokenizer.encode(text, parseSpecialTokens: !isGoogles)
            let shown = text.prefix(60).debugDescription
            #expect(
                TokenizerKinds.hex(TokenizerKinds.hash(ids: tokens)) == ids[index],
                "\(name): \(shown) \(tokens.prefix(40))")
            let back = tokenizer.decode(tokens, skipSpecialTokens: isGoogles)
            #expect(
                TokenizerKinds.hex(TokenizerKinds.hash(back.utf8)) == decoded[index],
                "\(name): \(shown) \(back.prefix(80))")
        }
        #expect(tokenizer.encode(texts[3]) == golden?["first"]?.array?.compactMap(\.int))
    }

    func checkLines(_ tokenizer: Tokenizer, _ golden: JSONValue?, _ name: String, every step: Int) throws {
        let all = try TokenizerGolden.lines()
        let lines = stride(from: 0, to: all.count, by: step).map { all[$0] }
        let blocks = try #require(golden?["blocks"]?.array).compactMap(\.string)
        let texts = try #require(golden?["texts"]?.array).compactMap(\.string)
        try #require(blocks.count == (lines.count + 999) / 1000)
        for (index, expected) in blocks.enumerated() {
            let block = lines[index * 1000..<min(index * 1000 + 1000, lines.count)]
            var hash: UInt32 = 0
            var text: UInt32 = 0
            for line in block + [block.prefix(100).joined(separator: "\n")] {
                let ids = tokenizer.encode(line, parseSpecialTokens: name != "scored")
                hash = TokenizerKinds.hash(ids: ids + [0xFFFF_FFFF], hash)
                text = TokenizerKinds.hash(
                    Array(tokenizer.decode(ids, skipSpecialTokens: name == "scored").utf8) + [0], text)
            }
            #expect(TokenizerKinds.hex(hash) == expected, "\(name): ids of lines from \(index * 1000)")
            #expect(TokenizerKinds.hex(text) == texts[index], "\(name): texts of lines from \(index * 1000)")
        }
    }

    static func texts() throws -> [String] { try (TokenizerKinds.golden()["texts"]?.array ?? []).compactMap(\.string) }

    @Test(arguments: small) func casesHaveTheRecordedIDsAndTexts(_ name: String) throws {
        let golden = try TokenizerKinds.golden()
        try check(TokenizerKinds.tokenizer(name), golden["tokenizers"]?[name], Self.texts(), name)
    }

    @Test(.enabled(if: TokenizerGolden.hasText, TokenizerGoldenTests.needsText), arguments: small)
    func linesHaveTheRecordedIDsAndTexts(_ name: String) throws {
        try checkLines(TokenizerKinds.tokenizer(name), TokenizerKinds.golden()["tokenizers"]?[name], name, every: 10)
    }

    static let needsGemma: Comment = "needs plumb model get gemma3-270m, or its folder in PLUMB_TEST_MODELS"
    static let needsMiniLM: Comment = "needs plumb model get minilm, or its folder in PLUMB_TEST_MODELS"

    @Test(
        .enabled(if: TokenizerKinds.real("gemma3-270m") != nil, needsGemma),
        .enabled(if: TokenizerGolden.hasText, TokenizerGoldenTests.needsText))
    func gemma3HasTheRecordedIDsAndTexts() throws {
        let url = try #require(TokenizerKinds.real("gemma3-270m"))
        let tokenizer = try Tokenizer(gguf: try GGUFFile(contentsOf: url))
        let golden = try TokenizerGolden.json("tokenizer-real.json")["tokenizers"]?["gemma3"]
        try check(tokenizer, golden, Self.texts(), "gemma3")
        try checkLines(tokenizer, golden, "gemma3", every: 1)
        #expect(tokenizer.addsBOS)
        #expect(tokenizer.token(for: " Mary").map { tokenizer.string(of: $0) } == " Mary")
    }

    @Test(
        .enabled(if: TokenizerKinds.real("minilm") != nil, needsMiniLM),
        .enabled(if: TokenizerGolden.hasText, TokenizerGoldenTests.needsText))
    func miniLMHasTheRecordedIDsAndTexts() throws {
        let url = try #require(TokenizerKinds.real("minilm"))
        let tokenizer = try Tokenizer(json: try Data(contentsOf: url))
        let golden = try TokenizerGolden.json("tokenizer-real.json")["tokenizers"]?["minilm"]
        try check(tokenizer, golden, Self.texts(), "minilm")
        try checkLines(tokenizer, golden, "minilm", every: 1)
    }

    /// What is written is read as the same tokenizer.
    @Test(arguments: small) func writtenTokenizersGiveTheSameIDs(_ name: String) throws {
        let tokenizer = try TokenizerKinds.tokenizer(name)
        let again = try Tokenizer(json: tokenizer.json, configuration: tokenizer.configurationJSON)
        #expect(again.preTokenizer == tokenizer.preTokenizer)
        #expect(again.core.normalizer == tokenizer.core.normalizer)
        #expect(again.core.decoder == tokenizer.core.decoder)
        for text in try Self.texts() {
            let ids = tokenizer.encode(text)
            #expect(again.encode(text) == ids, "\(name): \(text.prefix(60).debugDescription)")
            #expect(again.decode(ids) == tokenizer.decode(ids))
        }
    }

    /// The windows over long text give what a single heap over all of it would.
    @Test(arguments: ["gemma", "scored", "gpt2"]) func longTextMergesAsItDoesAtOnce(_ name: String) throws {
        let tokenizer = try name == "gpt2" ? TokenizerGolden.small(name) : TokenizerKinds.tokenizer(name)
        let merger: PairMerger
        switch tokenizer.core.encoder {
        case .bytePairs(let encoder): merger = encoder.merger
        case .characterPairs(let encoder): merger = encoder.merger
        default: return
        }
        var random = SystemRandomNumberGenerator.Seeded(state: 5)
        let words = ["the", "a", "aa", "of", "in", "ing", "er", "x", "qz", "and", "1", "ab", "the", "aaaa"]
        for round in 0..<200 {
            let text = (0..<Int.random(in: 20..<200, using: &random)).map { _ in
                words.randomElement(using: &random) ?? ""
            }
            var work = PairMerger.Workspace()
            work.tokens = text.joined().utf8.compactMap { byte in
                tokenizer.core.vocabulary.id(of: CollectionOfOne(byte))
            }
            var whole = work
            merger.merge(&work)
            merger.mergeAtOnce(&whole)
            #expect(work.tokens == whole.tokens, "\(name), round \(round)")
        }
    }

    @Test func bytesThatAreNoTextStay() throws {
        let tokenizer = try TokenizerKinds.scored(addsSpacePrefix: false)
        let bytes: [UInt8] = [0x61, 0xFF, 0xC3, 0x20, 0x62, 0xED, 0xA0, 0x80]
        let ids = tokenizer.encode(bytes: bytes, addSpecialTokens: false)
        #expect(tokenizer.decodeBytes(ids) == bytes)
        var stream = tokenizer.textStream()
        #expect(tokenizer.encode("né ☃").map { stream.append($0) }.joined() + stream.finish() == "né ☃")
    }

    @Test func aTokenIsFoundByItsText() throws {
        let tokenizer = try TokenizerKinds.tokenizer("gemma")
        let the = try #require(tokenizer.token(for: " the"))
        #expect(tokenizer.string(of: the) == " the")
        #expect(tokenizer.bytes(of: try #require(tokenizer.token(for: "\n"))) == [0x0A])
        #expect(tokenizer.token(for: " neverAWord") == nil)
        #expect(tokenizer.isSpecial(1) && !tokenizer.isSpecial(the))
        let words = try TokenizerKinds.tokenizer("wordpiece")
        #expect(words.encode("[CLS] the", addSpecialTokens: false).first == 2)
        #expect(words.string(of: try #require(words.token(for: "##ing"))) == "##ing")
    }

    /// GGUF's form of a WordPiece vocabulary: "▁" before what begins a word, nothing before what goes on.
    @Test func phantomSpacesAreReadAsWordPieces() throws {
        let words = try TokenizerKinds.tokenizer("wordpiece")
        let spellings = (0..<words.vocabularySize).map { id in
            let text = words.string(of: id)
            if text.hasPrefix("[") && text.hasSuffix("]") { return text }
            return text.utf8.starts(with: "##".utf8) ? String(text.unicodeScalars.dropFirst(2)) : "▁" + text
        }
        var options = Tokenizer.ScoredOptions()
        options.addsEOS = true
        let types = spellings.map { ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].contains($0) ? 3 : 1 }
        let read = try Tokenizer(wordPieces: spellings, tokenTypes: types, options: options)
        for text in try Self.texts() {
            #expect(read.encode(text) == words.encode(text), "\(text.prefix(60).debugDescription)")
        }
    }

    /// Prints bytes a second for 1 MB of text; run by hand with PLUMB_TOKENIZER_SPEED set, on a quiet machine.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["PLUMB_TOKENIZER_SPEED"] != nil, "run by hand"))
    func speed() throws {
        let text = try TokenizerGolden.lines().joined(separator: "\n")
        func measure(_ name: String, _ tokenizer: Tokenizer, _ text: String) {
            _ = tokenizer.encode(String(text.prefix(1000)))
            let start = ContinuousClock.now
            let count = tokenizer.encode(text, addSpecialTokens: false).count
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let bytes = Double(text.utf8.count)
            print("\(name): \(Int(bytes)) bytes, \(count) tokens, \(bytes / seconds / 1e6) MB/s")
        }
        var all: [(String, Tokenizer)] = []
        for name in Self.small + ["gpt2", "llama3"] {
            let isOld = TokenizerGoldenTests.small.contains(name)
            all.append((name, try isOld ? TokenizerGolden.small(name) : TokenizerKinds.tokenizer(name)))
        }
        if let url = TokenizerKinds.real("gemma3-270m") {
            all.append(("gemma3", try Tokenizer(gguf: try GGUFFile(contentsOf: url))))
        }
        if let url = TokenizerKinds.real("minilm") {
            all.append(("minilm", try Tokenizer(json: try Data(contentsOf: url))))
        }
        if TokenizerGolden.hasModel { all.append(("smollm2", try TokenizerGolden.smolLM2(.transformers))) }
        let some = String(text.utf8.prefix(1_000_000)) ?? ""
        let joined = String(text.filter { $0 != " " && $0 != "\n" }.utf8.prefix(1_000_000)) ?? ""
        for (name, tokenizer) in all {
            measure(name, tokenizer, some)
            measure(name + " without spaces", tokenizer, joined)
            if name.hasPrefix("gemma") || name == "scored" {
                measure(name + " a quarter", tokenizer, String(joined.prefix(250_000)))
                measure(name + " of one letter", tokenizer, String(repeating: "a", count: 1_000_000))
            }
        }
    }
}
