import Foundation
import PlumbData
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbModels

/// Small random checkpoints against `transformers` (logits) and TransformerLens 4.3.0 (activations).
@Suite struct ModelLogitsTests {
    private struct Record: Decodable {
        struct Sequence: Decodable {
            let tokens: [Int]
            let logits: [[Float]]
        }
        let sequences: [Sequence]
    }

    @Test(arguments: TinyModel.all) func logitsAgreeWithTransformers(name: String) throws {
        let model = try TinyModel.load(name)
        for sequence in try Golden.decode(Record.self, "\(name)/logits.json").sequences {
            let expected = Tensor(sequence.logits.flatMap { $0 }, shape: [sequence.tokens.count, 211])
            let (logits, cache) = model.run(sequence.tokens)
            #expect(largestDifference(logits, expected) <= 1e-5, "\(sequence.tokens.count) tokens")
            #expect(cache.points.isEmpty)
        }
    }

    @Test(arguments: [TinyModel.qwen2, TinyModel.neox]) func theSameWeightsInGGUFGiveTheSameBits(name: String) throws {
        let folder = try TinyModel.load(name)
        let file = try HookedTransformer.load(gguf: Golden.url("\(name)/model.gguf"))
        #expect(file.configuration == folder.configuration)
        let tokens = TinyModel.tokens(21, seed: 3)
        #expect(file.run(tokens).output == folder.run(tokens).output)
    }

    @Test(arguments: TinyModel.hooked) func everyActivationAgreesWithTransformerLens(name: String) throws {
        let model = try TinyModel.load(name)
        let record = try SafetensorsFile(contentsOf: Golden.url("\(name)/hooks.safetensors"))
        #expect(Set(record.names) == Set(model.hookPoints.map(\.description)))
        let tokens = try Golden.decode(Record.self, "\(name)/logits.json").sequences[0].tokens
        let cache = model.run(tokens, recording: Recording { _ in true }).cache
        #expect(Set(cache.points) == Set(model.hookPoints))
        for name in record.names {
            let expected = try record.tensor(name).dequantized()
            let activation = try #require(cache[name], "\(name)")
            #expect(activation.shape == expected.shape, "\(name)")
            #expect(largestDifference(activation, expected) <= 1e-5 * scale(of: expected), "\(name)")
        }
    }

    @Test(arguments: TinyModel.hooked) func scoresAreMaskedWithMinusInfinity(name: String) throws {
        let model = try TinyModel.load(name)
        let cache = model.run(TinyModel.tokens(5, seed: 1), recording: .sites(.attnScores, .pattern)).cache
        for layer in 0..<model.configuration.layers {
            let scores = try #require(cache[.block(layer, .attnScores)])
            let pattern = try #require(cache[.block(layer, .pattern)])
            for head in 0..<model.configuration.heads {
                for query in 0..<5 {
                    let (row, shares) = (scores[head][query].elements, pattern[head][query].elements)
                    #expect(row[...query].allSatisfy(\.isFinite) && row[(query + 1)...].allSatisfy { $0 == -.infinity })
                    #expect(shares[(query + 1)...].allSatisfy { $0 == 0 })
                    #expect(abs(shares.reduce(0, +) - 1) < 1e-6)
                }
            }
        }
    }

    @Test func configurationsAreReadFromTheFolder() throws {
        let gpt2 = try TinyModel.load(TinyModel.gpt2).configuration
        #expect(
            gpt2
                == TransformerConfiguration(
                    architecture: .gpt2, layers: 3, width: 48, heads: 4, keyValueHeads: 4, headWidth: 12,
                    mlpWidth: 192,
                    vocabulary: 211, context: 64))
        let llama = try TinyModel.load("llama-tiny-bias").configuration
        #expect(
            llama
                == TransformerConfiguration(
                    architecture: .llama, layers: 2, width: 32, heads: 4, keyValueHeads: 2, headWidth: 12,
                    mlpWidth: 56,
                    vocabulary: 211, context: 64))
        #expect(try TinyModel.load("llama-tiny-tied").files.count == 2)
    }

    /// Layers from `max_window_layers` on see the last `sliding_window` tokens; `layer_types` says the same by name.
    @Test func windowsOfQwen2AreThoseOfTheLayersThatHaveThem() throws {
        let data = try Data(contentsOf: Golden.url("\(TinyModel.qwen2)/config.json"))
        var configuration = try JSONDecoder().decode(Qwen2.Configuration.self, from: data)
        (configuration.sliding_window, configuration.layer_types, configuration.max_window_layers) = (8, nil, 1)
        #expect(try Qwen2.description(configuration, .qwen2).design.masks == [.causal])
        configuration.use_sliding_window = true
        #expect(try Qwen2.description(configuration, .qwen2).design.masks == [.causal, .window(8)])
        configuration.layer_types = ["full_attention", "full_attention"]
        #expect(try Qwen2.description(configuration, .qwen2).design.masks == [.causal, .causal])
        configuration.layer_types = ["full_attention"]
        #expect(throws: ModelError.self) { try Qwen2.description(configuration, .qwen2) }
    }

    @Test(arguments: TinyModel.all) func batchesGiveTheBitsOfSingleRuns(name: String) throws {
        let model = try TinyModel.load(name)
        let prompts = (0..<3).map { TinyModel.tokens(7, seed: 10 + $0) }
        let (logits, cache) = model.run(batch: prompts, recording: Recording { _ in true })
        #expect(logits.shape == [3, 7, 211])
        for (index, prompt) in prompts.enumerated() {
            let (alone, aloneCache) = model.run(prompt, recording: Recording { _ in true })
            #expect(logits[index] == alone)
            for point in model.hookPoints { #expect(cache[point]?[index] == aloneCache[point], "\(point)") }
        }
    }

    @Test(arguments: TinyModel.all) func nextTokenLogProbabilitiesAreTheLastRow(name: String) throws {
        let model = try TinyModel.load(name)
        let tokens = TinyModel.tokens(6, seed: 2)
        let steered = [
            Intervention.steer(.finalNormalized, by: Tensor(repeating: 0.5, shape: [model.configuration.width]))
        ]
        for interventions in [[], steered] {
            let expected = model.run(tokens, with: interventions).output[5].logSoftmax()
            #expect(model.nextTokenLogProbabilities(tokens, with: interventions) == expected)
        }
    }
}
