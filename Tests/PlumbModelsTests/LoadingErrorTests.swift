import Foundation
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbModels

/// A model that cannot be loaded is refused with one sentence that names what is wrong; nothing traps.
@Suite struct LoadingErrorTests {
    /// The sentence with which a copy of a checkpoint is refused, after `damage` was done to it.
    private func refusal(
        of name: String, after damage: (Scratch) throws -> Void
    ) throws -> String {
        let scratch = try Scratch()
        for file in try FileManager.default.contentsOfDirectory(atPath: Golden.url(name).path)
        where file != "hooks.safetensors" {
            try FileManager.default.copyItem(
                at: Golden.url(name).appendingPathComponent(file), to: scratch.folder.appendingPathComponent(file))
        }
        try damage(scratch)
        let error = #expect(throws: (any Error).self) { try HookedTransformer.load(folder: scratch.folder) }
        let message = error.map { "\($0)" } ?? ""
        #expect(!message.contains("Swift.") && !message.contains("Context(") && !message.contains("\n"), "\(message)")
        #expect((20...400).contains(message.count), "\(message)")
        return message
    }

    /// The sentence for a configuration with some values replaced; nil takes one away.
    private func refusal(of name: String, with changes: [String: Any?]) throws -> String {
        try refusal(of: name) { scratch in
            let url = scratch.folder.appendingPathComponent("config.json")
            let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
            var configuration = try #require(object as? [String: Any])
            for (key, value) in changes { configuration[key] = value }
            try JSONSerialization.data(withJSONObject: configuration).write(to: url)
        }
    }

    @Test func foldersNeedAConfiguration() throws {
        let message = try refusal(of: TinyModel.gpt2) { scratch in
            try FileManager.default.removeItem(at: scratch.folder.appendingPathComponent("config.json"))
        }
        #expect(message.contains("config.json"))
    }

    @Test func configurationsMustBeJSON() throws {
        for text in ["", "{", "[1, 2]", "\"gpt2\"", "{\"model_type\": 3}", "\u{0}\u{1}"] {
            let message = try refusal(of: TinyModel.gpt2) { try $0.write(text, "config.json") }
            #expect(message.contains("config.json"), "\(text)")
        }
    }

    @Test func unknownArchitecturesAreNamedWithTheKnown() throws {
        let message = try refusal(of: TinyModel.gpt2, with: ["model_type": "mamba"])
        #expect(message.contains("\"mamba\"") && message.contains("llama") && message.contains("gpt2"))
        #expect(try refusal(of: TinyModel.gpt2, with: ["model_type": nil]).contains("gpt2, llama, qwen2"))
    }

    @Test func weightsOfMoreLayersAreNamed() throws {
        #expect(try refusal(of: TinyModel.llama, with: ["num_hidden_layers": 2]).contains("model.layers.2."))
        #expect(try refusal(of: TinyModel.gpt2, with: ["n_layer": 2]).contains("transformer.h.2."))
    }

    @Test func missingKeysAreNamed() throws {
        #expect(try refusal(of: TinyModel.gpt2, with: ["n_layer": nil]).contains("n_layer"))
        #expect(try refusal(of: TinyModel.llama, with: ["hidden_size": nil]).contains("hidden_size"))
    }

    @Test func valuesOfTheWrongKindAreNamed() throws {
        #expect(try refusal(of: TinyModel.llama, with: ["hidden_size": "wide"]).contains("hidden_size"))
        #expect(try refusal(of: TinyModel.llama, with: ["head_dim": 7]).contains("odd"))
        #expect(try refusal(of: TinyModel.gpt2, with: ["n_head": 5]).contains("evenly"))
        #expect(try refusal(of: TinyModel.llama, with: ["num_hidden_layers": 1e30]).contains("not whole, or too large"))
        #expect(try refusal(of: TinyModel.gpt2, with: ["n_head": 1.5]).contains("not whole"))
    }

    @Test(arguments: [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "head_dim",
        "vocab_size", "max_position_embeddings",
    ])
    func absurdSizesOfLlamaAreRefused(key: String) throws {
        for value in [0, -1, 1 << 40, Int.max, Int.min] {
            _ = try refusal(of: TinyModel.llama, with: [key: value])
        }
        guard key != "max_position_embeddings" else { return }
        for value in [7, 100] { _ = try refusal(of: TinyModel.llama, with: [key: value]) }
    }

    @Test(arguments: ["n_embd", "n_head", "n_layer", "n_positions", "n_inner", "vocab_size"])
    func absurdSizesOfGPT2AreRefused(key: String) throws {
        for value in [0, -1, 5, 100, 1 << 40, Int.max, Int.min] {
            _ = try refusal(of: TinyModel.gpt2, with: [key: value])
        }
    }

    @Test func aContextOfMillionsCostsNothing() throws {
        let scratch = try Scratch()
        let source = try Golden.url(TinyModel.llama)
        try FileManager.default.copyItem(
            at: source.appendingPathComponent("model.safetensors"),
            to: scratch.folder.appendingPathComponent("model.safetensors"))
        let configuration = try String(contentsOf: source.appendingPathComponent("config.json"), encoding: .utf8)
            .replacing("\"max_position_embeddings\": 64", with: "\"max_position_embeddings\": 100000000")
        try scratch.write(configuration, "config.json")
        let long = try HookedTransformer.load(folder: scratch.folder)
        #expect(long.configuration.context == 100_000_000)
        #expect(long.run([1, 2, 3]).output == (try TinyModel.load(TinyModel.llama).run([1, 2, 3]).output))
        // Past the positions that the first run needed.
        let tokens = TinyModel.tokens(200, seed: 3)
        #expect(
            long.run(tokens).output[0..<64] == (try TinyModel.load(TinyModel.llama).run(Array(tokens[..<64])).output))
    }

    @Test func variantsThatAreNotSupportedAreNamed() throws {
        #expect(try refusal(of: TinyModel.llama, with: ["hidden_act": "swish2"]).contains("\"swish2\""))
        #expect(try refusal(of: TinyModel.gpt2, with: ["activation_function": "tanh_new"]).contains("\"tanh_new\""))
        #expect(try refusal(of: TinyModel.gpt2, with: ["scale_attn_by_inverse_layer_idx": true]).contains("scale"))
        let ntk: [String: Any] = ["rope_type": "ntk", "factor": 4.0]
        #expect(try refusal(of: TinyModel.llama, with: ["rope_parameters": ntk]).contains("\"ntk\""))
        #expect(try refusal(of: TinyModel.llama, with: ["rope_parameters": ["rope_type": "llama3"]]).contains("llama3"))
    }

    @Test func numbersThatNoModelHasAreRefused() throws {
        func rope(_ members: [String: Any]) throws -> String {
            try refusal(of: TinyModel.llama, with: ["rope_parameters": members])
        }
        for factor in [0.0, -2, 1e300] {
            #expect(try rope(["rope_type": "linear", "factor": factor]).contains("the factor of rope scaling"))
        }
        for base in [0.0, -1, 1e300] { #expect(try rope(["rope_theta": base]).contains("the base of rotary")) }
        #expect(try rope(["rope_type": "linear"]).contains("\"linear\" does not give factor"))
        let equal: [String: Any] = [
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64.0,
        ]
        #expect(try rope(equal).contains("high_freq_factor"))
        #expect(try refusal(of: TinyModel.llama, with: ["rms_norm_eps": -1.0]).contains("epsilon"))
        #expect(try refusal(of: TinyModel.gpt2, with: ["layer_norm_epsilon": -1.0]).contains("epsilon"))
    }

    @Test func aHeadThatIsNotTiedMustBeThere() throws {
        for name in ["llama-tiny-tied", TinyModel.gpt2] {
            #expect(try refusal(of: name, with: ["tie_word_embeddings": false]).contains("lm_head.weight"))
        }
    }

    @Test func wrongShapesNameTheTensorAndBothShapes() throws {
        let llama = try refusal(of: TinyModel.llama, with: ["intermediate_size": 81])
        #expect(llama.contains("model.layers.0.mlp.gate_proj.weight"))
        #expect(llama.contains("[80, 48]") && llama.contains("[81, 48]"))
        let gpt2 = try refusal(of: TinyModel.gpt2, with: ["vocab_size": 212])
        #expect(gpt2.contains("transformer.wte.weight") && gpt2.contains("[211, 48]") && gpt2.contains("[212, 48]"))
        let context = try refusal(of: TinyModel.gpt2, with: ["n_positions": 65])
        #expect(
            context.contains("transformer.wpe.weight") && context.contains("[64, 48]") && context.contains("[65, 48]"))
    }

    @Test func missingTensorsAreNamed() throws {
        let message = try refusal(of: TinyModel.llama, with: ["num_hidden_layers": 4])
        #expect(message.contains("model.layers.3.input_layernorm.weight"))
    }

    @Test(arguments: [TinyModel.gpt2, TinyModel.llama, "llama-tiny-bf16"]) func truncatedFilesAreRefused(name: String)
        throws
    {
        let length = try Data(contentsOf: Golden.url(name).appendingPathComponent("model.safetensors")).count
        for kept in [0, 5, 8, 200, length / 2, length - 1] {
            let message = try refusal(of: name) { scratch in
                let url = scratch.folder.appendingPathComponent("model.safetensors")
                try Data(contentsOf: url).prefix(kept).write(to: url)
            }
            #expect(message.contains("model.safetensors"), "\(kept) bytes")
        }
    }

    @Test func missingShardsAreRefused() throws {
        let shard = "model-00002-of-00002.safetensors"
        let message = try refusal(of: "llama-tiny-tied") { scratch in
            try FileManager.default.removeItem(at: scratch.folder.appendingPathComponent(shard))
        }
        #expect(message.contains(shard))
        let gone = try refusal(of: TinyModel.gpt2) { scratch in
            try FileManager.default.removeItem(at: scratch.folder.appendingPathComponent("model.safetensors"))
        }
        #expect(gone.contains("safetensors"))
    }
}
