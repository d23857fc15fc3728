import Foundation
import PlumbBasics
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

/// Tokenizers written as files and read again.
@Suite struct TokenizerWritingTests {
    private func checkRoundTrip(_ tokenizer: Tokenizer, _ name: String) throws {
        let again = try Tokenizer(json: tokenizer.json, configuration: tokenizer.configurationJSON)
        #expect(again.vocabularySize == tokenizer.vocabularySize)
        #expect(again.addedTokens == tokenizer.addedTokens)
        #expect(again.preTokenizer == tokenizer.preTokenizer)
        #expect(again.chatTemplateSource == tokenizer.chatTemplateSource)
        #expect(
            [again.bos, again.eos, again.padding, again.unknown].map { $0 ?? -1 }
                == [tokenizer.bos, tokenizer.eos, tokenizer.padding, tokenizer.unknown].map { $0 ?? -1 })
        let golden = try TokenizerGolden.json("tokenizers.json")
        for text in try #require(golden["texts"]?.array) {
            let piece = try #require(text.array?[0].text)
            let ids = tokenizer.encode(piece)
            #expect(again.encode(piece) == ids, "\(name): \(piece.debugDescription)")
            #expect(again.decode(ids) == tokenizer.decode(ids), "\(name): \(piece.debugDescription)")
        }
        // Written again it is the same file.
        #expect(again.json == tokenizer.json)
    }

    @Test("A tokenizer read from tokenizer.json is written with the same ids", arguments: TokenizerGoldenTests.small)
    func small(_ name: String) throws { try checkRoundTrip(TokenizerGolden.tokenizer(name), name) }

    @Test(
        "SmolLM2's, read from GGUF, is written with the same ids",
        .enabled(if: TokenizerGolden.hasModel, TokenizerGoldenTests.needsModel), arguments: TokenizerGoldenTests.real)
    func real(_ name: String) throws { try checkRoundTrip(TokenizerGolden.tokenizer(name), name) }

    @Test("A character vocabulary becomes a tokenizer with the same ids, whatever the characters' bytes")
    func characters() throws {
        let text = "naïve façade — 雪の日 🙂🙃 é\n\t\"\\ the end"
        let vocabulary = CharacterVocabulary(of: text)
        let tokenizer = try vocabulary.tokenizer()
        #expect(tokenizer.encode(text) == (try vocabulary.encode(text)))
        #expect(tokenizer.decode(try vocabulary.encode(text)) == text)
        try checkRoundTrip(tokenizer, "characters")
        let plain = try CharacterVocabulary(of: "to be").tokenizer()
        #expect(plain.vocabularySize == 5)
    }
}
