import Foundation
import PlumbBasics
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

/// Ids against those that Hugging Face's `tokenizers` gave.
@Suite struct TokenizerGoldenTests {
    static let small = ["gpt2", "gpt2-prefix", "smollm", "llama3", "qwen2"]
    static let real = ["smollm2-transformers", "smollm2-published"]
    static let needsModel: Comment = "needs the SmolLM2 file in the cache folder: plumb model get smollm2-135m"
    static let needsText: Comment = "needs wikitext2-*.txt and tinyshakespeare.txt in PLUMB_SHARED_DATA"

    /// The recorded cases: emoji sequences, scripts, digits, white space, NUL, special tokens, 100 kB words …
    func checkCases(_ name: String) throws {
        let golden = try TokenizerGolden.json("tokenizers.json")
        let tokenizer = try TokenizerGolden.tokenizer(name)
        let texts = try #require(golden["texts"]?.array)
        let cases = try #require(golden["tokenizers"]?[name]?["cases"]?.array)
        try #require(texts.count == cases.count && cases.count >= 50)
        for (text, expected) in zip(texts, cases) {
            let piece = try #require(text.array?[0].text)
            let times = try #require(text.array?[1].integer)
            let ids = tokenizer.encode(String(repeating: piece, count: times))
            if let list = expected["ids"]?.array {
                #expect(ids == list.map(\.integer), "\(name): \(piece.debugDescription)")
                guard let decoded = expected["decoded"]?.string else { continue }
                #expect(Array(tokenizer.decode(ids).utf8) == Array(decoded.utf8), "\(name): \(piece.debugDescription)")
            } else {
                #expect(ids.count == expected["count"]?.integer, "\(name): \(piece) × \(times)")
                #expect(TokenizerGolden.hex(TokenizerGolden.hash(ids)) == expected["hash"]?.text, "\(name): \(piece)")
            }
        }
    }

    /// 13,120 lines one by one, and in blocks of 100 with their line ends.
    func checkLines(_ name: String) throws {
        let golden = try TokenizerGolden.json("tokenizers.json")
        let tokenizer = try TokenizerGolden.tokenizer(name)
        let lines = try TokenizerGolden.lines()
        try #require(lines.count == golden["lines"]?.integer)
        let blocks = try #require(golden["tokenizers"]?[name]?["blocks"]?.array)
        try #require(blocks.count == (lines.count + 99) / 100)
        for (index, expected) in blocks.enumerated() {
            let block = lines[index * 100..<min(index * 100 + 100, lines.count)]
            var hash = TokenizerGolden.hash([])
            for text in block + [block.joined(separator: "\n")] {
                hash = TokenizerGolden.hash(tokenizer.encode(text) + [0xFFFF_FFFF], hash)
            }
            #expect(TokenizerGolden.hex(hash) == expected.text, "\(name): lines from \(index * 100)")
        }
    }

    @Test(arguments: small) func casesHaveTheRecordedIDs(_ name: String) throws { try checkCases(name) }

    @Test(.enabled(if: TokenizerGolden.hasText, needsText), arguments: small)
    func linesHaveTheRecordedIDs(_ name: String) throws { try checkLines(name) }

    @Test(.enabled(if: TokenizerGolden.hasModel, needsModel), arguments: real)
    func smolLM2HasTheRecordedIDs(_ name: String) throws { try checkCases(name) }

    @Test(
        .enabled(if: TokenizerGolden.hasModel, needsModel), .enabled(if: TokenizerGolden.hasText, needsText),
        arguments: real)
    func smolLM2LinesHaveTheRecordedIDs(_ name: String) throws { try checkLines(name) }

    @Test(.enabled(if: TokenizerGolden.hasModel, needsModel))
    func smolLM2HasTheDocumentedIDs() throws {
        let tokenizer = try TokenizerGolden.smolLM2(.transformers)
        let ids = tokenizer.encode("When Mary and John went to the store, John gave a drink to")
        #expect(ids == [2427, 5099, 284, 2322, 3514, 288, 260, 4249, 28, 2322, 4502, 253, 5968, 288])
        #expect(tokenizer.token(for: " Mary") == 5099)
        #expect(tokenizer.string(of: 5099) == " Mary")
        #expect(tokenizer.vocabularySize == 49_152)
        #expect(tokenizer.addedTokens.count == 17)
        #expect(tokenizer.addedTokens.allSatisfy { $0.isSpecial && tokenizer.token(for: $0.text) == $0.id })
        #expect(tokenizer.missingBytes.count == 21)
        #expect(!tokenizer.addsBOS)
    }

    @Test(arguments: small.filter { $0 != "gpt2-prefix" }) func anyBytesRoundTrip(_ name: String) throws {
        let tokenizer = try TokenizerGolden.tokenizer(name)
        #expect(tokenizer.missingBytes.isEmpty)
        var random = SystemRandomNumberGenerator.Seeded(state: 11)
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0..<120, using: &random)).map { _ in
                let isWild = Int.random(in: 0..<3, using: &random) == 0
                return isWild ? UInt8.random(in: 0...255, using: &random) : UInt8.random(in: 32...126, using: &random)
            }
            let ids = tokenizer.encode(bytes: bytes, addSpecialTokens: false, parseSpecialTokens: false)
            // The added words of this fixture take in white space beside them, as Hugging Face's do.
            if name == "qwen2", ids.contains(where: { $0 >= tokenizer.vocabularySize - 6 }) { continue }
            #expect(tokenizer.decodeBytes(ids) == bytes)
        }
    }

    @Test func aHundredKilobytesWithoutASpaceComeBack() throws {
        let tokenizer = try TokenizerGolden.small("gpt2")
        for piece in ["a", "the", "abcdefghijklmnopqrstuvwxyz"] {
            let text = String(repeating: piece, count: 100_000 / piece.utf8.count)
            #expect(tokenizer.decode(tokenizer.encode(text)) == text)
        }
    }

    @Test func manyTasksMayEncodeAtOnce() async throws {
        let tokenizer = try TokenizerGolden.small("llama3")
        let texts = (0..<64).map { "Number \($0 * 977) of the texts\n\nthat it's about; \($0 % 7) more." }
        let alone = texts.map { tokenizer.encode($0) }
        await withTaskGroup(of: (Int, [Int]).self) { group in
            for (index, text) in texts.enumerated() { group.addTask { (index, tokenizer.encode(text)) } }
            for await (index, ids) in group { #expect(ids == alone[index]) }
        }
    }
}
