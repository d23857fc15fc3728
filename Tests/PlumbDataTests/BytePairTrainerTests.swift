import Foundation
import PlumbTensor
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

@Suite struct BytePairTrainerTests {
    private struct Golden: Decodable {
        struct Case: Decodable {
            let name: String
            let size: Int
            let special: [String]
            let merges: [[Int]]
            let ids: [Int]
            let count: Int
        }
        let text: String
        let cases: [Case]
    }

    private static func golden() throws -> Golden {
        try JSONDecoder().decode(Golden.self, from: try TokenizerGolden.data("byte-pairs.json"))
    }

    private static let cuts: [String: PreTokenizer] = ["gpt2": .gpt2, "smollm": .smolLM, "llama3": .llama3]

    @Test func mergesAndIDsAreThoseOfHuggingFacesTrainer() throws {
        let golden = try Self.golden()
        #expect(golden.cases.count == 3)
        for expected in golden.cases {
            let trainer = BytePairTrainer(
                vocabularySize: expected.size, preTokenizer: try #require(Self.cuts[expected.name]),
                specialTokens: expected.special)
            let learned = trainer.train([golden.text])
            #expect(learned.merges.map { [$0.left, $0.right] } == expected.merges, "\(expected.name)")
            let tokenizer = try learned.tokenizer()
            #expect(tokenizer.vocabularySize == learned.vocabularySize)
            let ids = tokenizer.encode(golden.text)
            #expect(ids.count == expected.count, "\(expected.name)")
            #expect(Array(ids.prefix(400)) == expected.ids, "\(expected.name)")
            #expect(tokenizer.decode(ids) == golden.text)
        }
    }

    @Test func specialTokensComeFirstAndAreFoundAsAWhole() throws {
        let learned = BytePairTrainer(vocabularySize: 300, specialTokens: ["<|\"end\"|>\n"]).train(["so so so it is"])
        let tokenizer = try learned.tokenizer()
        #expect(tokenizer.encode("so<|\"end\"|>\n").last == 0)
        #expect(tokenizer.addedTokens.map(\.text) == ["<|\"end\"|>\n"])
        #expect(tokenizer.encode("so").count == 1)
    }

    @Test func everyByteIsATokenWhateverTheText() throws {
        let tokenizer = try BytePairTrainer(vocabularySize: 256).train([""]).tokenizer()
        #expect(tokenizer.vocabularySize == 256)
        #expect(tokenizer.missingBytes == [])
        let all = (0..<256).map { UInt8($0) }
        #expect(tokenizer.decodeBytes(tokenizer.encode(bytes: all)) == all)
    }

    @Test func learningEndsWhereNoPairIsFrequentEnough() {
        let trainer = BytePairTrainer(vocabularySize: 1_000, minimumCount: 3)
        let learned = trainer.train(["ab ab ab cd cd"])
        // "ab", " ab"? the first word has no space before it: " a" and "ab" are seen twice and thrice.
        #expect(learned.tokens.dropFirst(256).map { String(decoding: $0, as: UTF8.self) } == ["ab"])
        #expect(BytePairTrainer(vocabularySize: 1_000).train(["aaaaa"]).vocabularySize == 257)
    }

    @Test func theOrderOfTextsDoesNotMatter() throws {
        let words = try Self.golden().text.split(separator: " ").map { " \($0)" }
        let trainer = BytePairTrainer(vocabularySize: 400, preTokenizer: .none)
        #expect(trainer.train(words).json == trainer.train(words.reversed()).json)
    }

    @Test(.enabled(if: TokenizerGolden.hasText, "needs tinyshakespeare.txt: see PLUMB_SHARED_DATA"))
    func aMillionCharactersGiveThePeersTokens() throws {
        let file = TokenizerGolden.folder.appendingPathComponent("tinyshakespeare.txt")
        let corpus = try TextCorpus(contentsOf: [file])
        let tokenizer = try BytePairTrainer(vocabularySize: 1_024).train([corpus.text]).tokenizer()
        // The count that Hugging Face's trainer and tokenizer give.
        #expect(TokenStream(corpus, tokenizer: tokenizer).tokens.count == 459_792)
    }
}
