import Foundation
import PlumbData
import PlumbNN
import PlumbTensor
import PlumbTokenizers
import Testing

@testable import PlumbModels

@Suite("Saving a model")
struct SavingTests {
    private let tokens = TinyModel.tokens(9, seed: 2)

    private func expectSame(_ model: HookedTransformer, in scratch: Scratch) throws {
        try model.save(to: scratch.folder)
        let again = try HookedTransformer.load(folder: scratch.folder)
        #expect(again.configuration == model.configuration)
        let tokens = tokens.map { $0 % model.configuration.vocabulary }
        #expect(again.run(tokens).output == model.run(tokens).output)
        let (before, after) = (model.parameters, again.parameters)
        let names = Set(before.map(\.name))
        #expect(after.filter { names.contains($0.name) }.map(\.tensor) == before.map(\.tensor))
    }

    @Test("What is saved is read back bit for bit, whatever the checkpoint", arguments: TinyModel.all)
    func golden(_ name: String) throws { try expectSame(TinyModel.load(name), in: Scratch()) }

    @Test(
        "New models of each architecture are read back bit for bit, tied and not",
        arguments: Architecture.allCases, [true, false])
    func new(_ architecture: Architecture, isTied: Bool) throws {
        let sizes = TransformerConfiguration(
            architecture: architecture, layers: 2, width: 32, heads: 4,
            keyValueHeads: architecture.family.kind.sharesKeys ? 2 : 4,
            vocabulary: 50, context: 12)
        try expectSame(
            HookedTransformer(sizes, key: RandomKey(4), initialization: .scaled(), isTied: isTied), in: Scratch())
    }

    @Test("The tokenizer is saved with the model")
    func tokenizer() throws {
        let text = "To be, or not to be: näive — façade 雪!"
        let tokenizer = try CharacterVocabulary(of: text).tokenizer()
        let model = try HookedTransformer(
            TransformerConfiguration(
                architecture: .gpt2, layers: 1, width: 16, heads: 2, vocabulary: tokenizer.vocabularySize, context: 64),
            key: RandomKey(4), tokenizer: tokenizer)
        let scratch = try Scratch()
        try expectSame(model, in: scratch)
        let again = try HookedTransformer.load(folder: scratch.folder)
        #expect(try again.tokens(text) == model.tokens(text))
        #expect(again.tokenizer?.decode(try again.tokens(text)) == text)
    }

    @Test("Every token that ends a text is saved, and what an earlier model ended with is not read again")
    func endTokens() throws {
        var tokenizer = try CharacterVocabulary(of: "abcdef").tokenizer()
        let sizes = TransformerConfiguration(
            architecture: .llama, layers: 1, width: 16, heads: 2, vocabulary: tokenizer.vocabularySize, context: 8)
        for (stops, saved) in [([5, 2], "[2,5]"), ([3], "3"), ([], "null")] as [([Int], String)] {
            tokenizer.stopTokens = Set(stops)
            let scratch = try Scratch()
            try Data(#"{"eos_token_id":[0,1]}"#.utf8).write(
                to: scratch.folder.appendingPathComponent("generation_config.json"))
            try HookedTransformer(sizes, key: RandomKey(4), tokenizer: tokenizer).save(to: scratch.folder)
            #expect(try HookedTransformer.load(folder: scratch.folder).tokenizer?.stopTokens == Set(stops))
            let text = try String(contentsOf: scratch.folder.appendingPathComponent("config.json"), encoding: .utf8)
            #expect(text.filter { !$0.isWhitespace }.contains("\"eos_token_id\":\(saved)"), "\(text)")
        }
    }

    @Test("The tokenizer's own end token is the first of several")
    func ownEndTokenFirst() throws {
        let letters = (0x100..<0x200).compactMap { Unicode.Scalar($0).map { String($0) } }
        let tokenizer = try Tokenizer(
            vocabulary: (32..<127).compactMap { Unicode.Scalar($0).map { String($0) } } + letters.prefix(68),
            merges: [],
            preTokenizer: .gpt2, eos: 66, stopTokens: [65])
        let sizes = TransformerConfiguration(
            architecture: .llama, layers: 1, width: 16, heads: 2, vocabulary: tokenizer.vocabularySize, context: 8)
        let scratch = try Scratch()
        try HookedTransformer(sizes, key: RandomKey(4), tokenizer: tokenizer).save(to: scratch.folder)
        let text = try String(contentsOf: scratch.folder.appendingPathComponent("config.json"), encoding: .utf8)
        #expect(text.filter { !$0.isWhitespace }.contains("\"eos_token_id\":[66,65]"), "\(text)")
        let again = try #require(try HookedTransformer.load(folder: scratch.folder).tokenizer)
        #expect((again.eos, again.stopTokens) == (66, [65, 66]))
    }

    @Test("Positions that config.json cannot describe are refused")
    func refused() throws {
        var model = try TinyModel.load(TinyModel.llama)
        let width = model.configuration.headWidth
        for (rotary, part) in [
            (RotaryEmbedding(width: width - 2, positions: 8, base: 10_000), "features of a head turn"),
            (
                RotaryEmbedding(
                    width: width, positions: 8, base: 10_000, scaling: .factors(Array(repeating: 2, count: width / 2))),
                "factor of its own"
            ),
        ] {
            model.transformer = model.transformer.turning(by: rotary)
            #expect(throws: ModelError.self) { try model.checkSavable() }
            let error = #expect(throws: ModelError.self) { try model.save(to: Scratch().folder) }
            #expect(error?.description.contains(part) ?? false)
        }
    }
}

extension Transformer {
    fileprivate func turning(by rotary: RotaryEmbedding) -> Transformer {
        var design = design
        design.rotary = rotary
        return Transformer(
            configuration: configuration, design: design, tokenEmbedding: tokenEmbedding, positionEmbedding: nil,
            blocks: blocks, finalNorm: finalNorm, unembedding: unembedding)
    }
}
