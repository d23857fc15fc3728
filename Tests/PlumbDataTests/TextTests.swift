import Foundation
import PlumbTensor
import Testing

@testable import PlumbData
@testable import PlumbTokenizers

@Suite struct TextTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func filesAreReadOneAfterAnother() throws {
        let first = try scratch.write(Array("né".utf8), "a")
        let second = try scratch.write(Array("e\r\n".utf8), "b")
        #expect(try TextCorpus(contentsOf: [first, second]).text == "née\r\n")
    }

    @Test func filesThatAreNoTextAreNamed() throws {
        let empty = try scratch.write([], "empty")
        #expect(fileError { try TextCorpus(contentsOf: [empty]) }.hasSuffix("empty is empty: it holds no text"))
        let bad = try scratch.write(Array("né".utf8) + [0xFF, 0x41], "bad")
        #expect(fileError { try TextCorpus(contentsOf: [bad]) }.contains("bad is not UTF-8 text: see byte 3"))
        #expect(fileError { try TextCorpus(contentsOf: [scratch.folder]) }.contains("is not a regular file"))
    }

    @Test func charactersAreSortedScalars() throws {
        let vocabulary = CharacterVocabulary(of: "hello\r\n né")
        #expect(String(String.UnicodeScalarView(vocabulary.scalars)) == "\n\r ehlnoé")
        #expect(try vocabulary.encode("\r\nhé") == [1, 0, 4, 8])
        #expect(vocabulary.decode([1, 0, 4, 8]) == "\r\nhé")
        let stored = try JSONEncoder().encode(vocabulary)
        #expect(try JSONDecoder().decode(CharacterVocabulary.self, from: stored) == vocabulary)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(CharacterVocabulary.self, from: Data(#""ba""#.utf8))
        }
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(CharacterVocabulary.self, from: Data(#""aa""#.utf8))
        }
        do {
            _ = try vocabulary.encode("hey")
            #expect(Bool(false), "y is not in the vocabulary")
        } catch {
            #expect(error.description.hasPrefix("the character \"y\" (U+0079) is not among the 9"))
        }
    }

    @Test func streamsAreCutForValidation() throws {
        let corpus = TextCorpus("abcdefghij")
        let stream = try TokenStream(corpus, vocabulary: CharacterVocabulary(of: corpus.text))
        #expect((stream.tokens, stream.vocabularySize) == (Array(0..<10), 10))
        let (train, validation) = stream.split(validation: 0.25)
        #expect((train.tokens, validation.tokens) == (Array(0..<7), Array(7..<10)))
        #expect(stream.split(validation: 0).validation.tokens.isEmpty)
    }

    @Test func specialTokensInACorpusArePlainText() throws {
        let tokenizer = try BytePairTrainer(vocabularySize: 257, specialTokens: ["<s>"]).train([""]).tokenizer()
        #expect(!TokenStream(TextCorpus("a<s>b"), tokenizer: tokenizer).tokens.contains(0))
    }

    @Test func batchesAreFunctionsOfKeyAndStep() throws {
        let stream = TokenStream((0..<1_000).map { $0 }, vocabularySize: 1_000)
        let windows = try stream.windows(length: 16, batch: 8, key: RandomKey(3))
        let batches = (0..<20).map { windows.batch(step: $0) }
        // Any step again, in any order and from another value.
        let others = try stream.windows(length: 16, batch: 8, key: RandomKey(3))
        for step in (0..<20).reversed() { #expect(others.batch(step: step) == batches[step]) }
        #expect(Set(batches.map(\.tokens)).count == 20)
        #expect(try stream.windows(length: 16, batch: 8, key: RandomKey(4)).batch(step: 0) != batches[0])
        for batch in batches {
            #expect((batch.rows, batch.columns) == (8, 17))
            for row in 0..<8 {
                let tokens = Array(batch[row])
                #expect(tokens == Array(tokens[0]...tokens[0] + 16))
                #expect(Array(batch.inputs[row]) == Array(tokens.dropLast()))
                #expect(Array(batch.targets[row]) == Array(tokens.dropFirst()))
            }
        }
        // 160 starts reach both ends of 0...983: each tenth is missed with probability 0.9¹⁶⁰ < 1e-7.
        let starts = batches.flatMap { batch in (0..<8).map { batch[$0].first ?? 0 } }
        #expect(Set(starts.map { $0 * 10 / 984 }).count == 10)
    }

    @Test func theLastWindowIsReached() throws {
        let stream = TokenStream([0, 1, 2], vocabularySize: 3)
        let windows = try stream.windows(length: 1, batch: 64, key: RandomKey(0))
        #expect(Set(windows.batch(step: 0).targets.tokens) == [1, 2])
        #expect(try stream.windows(length: 2, batch: 1, key: RandomKey(0)).batch(step: 9).tokens == [0, 1, 2])
        #expect(
            fileError { try stream.windows(length: 3, batch: 1, key: RandomKey(0)) }
                == "the text has 3 tokens, but a window of length 3 needs 4; choose a shorter window or a longer text")
    }

    @Test func evaluationSeesEveryTargetOnce() {
        let stream = TokenStream(Array(0..<12), vocabularySize: 12)
        let windows = stream.consecutiveWindows(length: 4)
        #expect(windows.tokens == [0, 1, 2, 3, 4, 4, 5, 6, 7, 8])
        #expect(windows.targets.tokens == Array(1...8))
        #expect(TokenStream([], vocabularySize: 1).consecutiveWindows(length: 4).rows == 0)
    }
}
