import Foundation
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbModels

@Suite("New models")
struct InitializationTests {
    private func sizes(_ architecture: Architecture, layers: Int = 2) -> TransformerConfiguration {
        TransformerConfiguration(
            architecture: architecture, layers: layers, width: 64, heads: 4, vocabulary: 100, context: 16)
    }

    private func deviation(_ tensor: Tensor) -> Double { tensor.norm() / Double(tensor.count).squareRoot() }

    @Test(
        "What writes to the residual stream begins smaller, as in GPT-2",
        arguments: [
            (Architecture.gpt2, "transformer.h.1.mlp.c_proj.weight"), (.llama, "model.layers.1.mlp.down_proj.weight"),
        ])
    func gpt2(_ architecture: Architecture, _ writer: String) throws {
        let model = try HookedTransformer(sizes(architecture), key: RandomKey(1))
        for (name, tensor) in model.parameters {
            let values = Set(tensor.elements)
            switch tensor.shape.count {
            case 1: #expect(values == [name.hasSuffix("bias") ? 0 : 1], "\(name)")
            default:
                let isWriter = ["c_proj", "o_proj", "down_proj"].contains { name.contains($0) }
                let expected = isWriter ? 0.01 : 0.02
                #expect(abs(deviation(tensor) / expected - 1) < 0.1, "\(name)")
            }
        }
        #expect(model.parameters.contains { $0.name == writer })
    }

    @Test("The scaled initialization divides by the root of the inputs, in either layout")
    func scaled() throws {
        let model = try HookedTransformer(sizes(.gpt2), key: RandomKey(1), initialization: .scaled(), isTied: false)
        let found = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, deviation($0.tensor)) })
        let down = try #require(found["transformer.h.0.mlp.c_proj.weight"])
        let up = try #require(found["transformer.h.0.mlp.c_fc.weight"])
        let head = try #require(found["lm_head.weight"])
        #expect(abs(down * 16 - 1) < 0.05)
        #expect(abs(up * 8 - 1) < 0.05)
        #expect(abs(head * 8 - 1) < 0.05)
    }

    @Test("The same key gives the same weights, another key others")
    func keys() throws {
        func weights(_ seed: UInt64) throws -> [Tensor] {
            try HookedTransformer(sizes(.llama), key: RandomKey(seed)).parameters.map(\.tensor)
        }
        #expect(try weights(1) == weights(1))
        #expect(try weights(1) != weights(2))
    }

    @Test("An attention-only model has no MLP, no hook point of one, and runs with every hook point recorded")
    func attentionOnly() throws {
        let model = try HookedTransformer(sizes(.attentionOnly), key: RandomKey(1))
        #expect(!model.parameters.contains { $0.name.contains("mlp") || $0.name.contains("ln_2") })
        let (logits, cache) = model.run([1, 2, 3], recording: Recording { _ in true })
        #expect(logits.shape == [3, 100])
        #expect(Set(cache.points) == Set(model.hookPoints))
        #expect(logits == model.run([1, 2, 3]).output)
    }

    @Test("Sizes that no model has are refused by name")
    func refused() throws {
        var bad = sizes(.gpt2)
        bad.heads = 3
        #expect(throws: ModelError.self) { try HookedTransformer(bad, key: RandomKey(0)) }
        #expect(throws: ModelError.self) { try Architecture(named: "mamba") }
        var neurons = sizes(.attentionOnly)
        neurons.mlpWidth = 8
        #expect(throws: ModelError.self) { try HookedTransformer(neurons, key: RandomKey(0)) }
    }

    @Test("A checkpoint of another architecture is refused with the first parameter that differs and both shapes")
    func foreign() throws {
        let folder = try Golden.url("gpt2-tiny")
        let checkpoint = try SafetensorsCheckpoint(folder: folder)
        let golden = try HookedTransformer.load(folder: folder)
        var model = try HookedTransformer(golden.configuration, key: RandomKey(0))
        try model.load(parameters: checkpoint)
        #expect(model.run([1, 2, 3]).output == golden.run([1, 2, 3]).output)

        var wide = golden.configuration
        wide.vocabulary += 1
        model = try HookedTransformer(wide, key: RandomKey(0))
        let before = model.parameters.map(\.tensor)
        let error = #expect(throws: ModelError.self) { try model.load(parameters: checkpoint) }
        let (found, d) = (golden.configuration.vocabulary, wide.width)
        #expect(
            error?.description == "transformer.wte.weight has shape [\(found + 1), \(d)] in the model and "
                + "[\(found), \(d)] in the checkpoint: it is of another architecture")
        #expect(model.parameters.map(\.tensor) == before)

        var shallow = golden.configuration
        shallow.layers -= 1
        model = try HookedTransformer(shallow, key: RandomKey(0))
        let extra = #expect(throws: ModelError.self) { try model.load(parameters: checkpoint) }
        #expect(extra?.description.contains("which the model lacks") ?? false)
        model = try HookedTransformer(sizes(.llama), key: RandomKey(0))
        let none = #expect(throws: ModelError.self) { try model.load(parameters: checkpoint) }
        #expect(none?.description.contains("no model.embed_tokens.weight") ?? false)
    }
}
