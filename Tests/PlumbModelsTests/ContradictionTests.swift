import Foundation
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbModels

/// Weights and metadata that contradict the reading are applied or refused by name, never passed over.
@Suite("Contradictions of a checkpoint")
struct ContradictionTests {
    private let tokens = TinyModel.tokens(11, seed: 4)

    /// A checkpoint's copy with some values of its configuration replaced; nil takes one away.
    private func copy(_ name: String, _ changes: [String: Any?]) throws -> Scratch {
        let scratch = try Scratch()
        for file in try FileManager.default.contentsOfDirectory(atPath: Golden.url(name).path)
        where file.hasSuffix("safetensors") && file != "hooks.safetensors" {
            try FileManager.default.copyItem(
                at: Golden.url(name).appendingPathComponent(file), to: scratch.folder.appendingPathComponent(file))
        }
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: Golden.url("\(name)/config.json")))
        var configuration = try #require(object as? [String: Any])
        for (key, value) in changes { configuration[key] = value }
        try JSONSerialization.data(withJSONObject: configuration).write(
            to: scratch.folder.appendingPathComponent("config.json"))
        return scratch
    }

    private func model(_ name: String, _ changes: [String: Any?]) throws -> HookedTransformer {
        // The folder goes with the scratch.
        let scratch = try copy(name, changes)
        return try withExtendedLifetime(scratch) { try HookedTransformer.load(folder: scratch.folder) }
    }

    private func refusal(_ name: String, _ changes: [String: Any?]) -> String {
        let error = #expect(throws: ModelError.self) { try model(name, changes) }
        return error?.description ?? ""
    }

    private func gguf(_ edit: (inout GGUFEdit) -> Void) throws -> HookedTransformer {
        var entries = GGUFEdit()
        edit(&entries)
        let scratch = try Scratch()
        let url = scratch.folder.appendingPathComponent("model.gguf")
        try entries.applied(to: Data(contentsOf: Golden.url("\(TinyModel.qwen2)/model.gguf"))).write(to: url)
        return try withExtendedLifetime(scratch) { try HookedTransformer.load(gguf: url) }
    }

    @Test("A head of its own wins over the flag that says it is tied, as in transformers")
    func head() throws {
        let flagged = try model(TinyModel.llama, ["tie_word_embeddings": true])
        #expect(flagged.run(tokens).output == (try TinyModel.load(TinyModel.llama).run(tokens).output))
        #expect(flagged.parameters.contains { $0.name == "lm_head.weight" })
    }

    @Test("A stored head that is the token embedding again is tied")
    func tiedHead() throws {
        let scratch = try Scratch()
        let tied = try TinyModel.load("llama-tiny-tied")
        try tied.save(to: scratch.folder)
        var writer = SafetensorsWriter()
        for (name, tensor) in tied.parameters { writer.add(name, tensor) }
        writer.add("lm_head.weight", tied.parameters[0].tensor)
        try writer.write(to: scratch.folder.appendingPathComponent("model.safetensors"))
        let again = try HookedTransformer.load(folder: scratch.folder)
        #expect(again.parameters.map(\.name) == tied.parameters.map(\.name))
    }

    @Test("The base of rotary positions may stand inside rope_scaling, and two bases are refused")
    func base() throws {
        func logits(_ changes: [String: Any?]) throws -> Tensor {
            try model(TinyModel.llama, changes).run(tokens).output
        }
        let inside: [String: Any] = ["rope_type": "linear", "factor": 4.0, "rope_theta": 500.0]
        let outside: [String: Any] = ["rope_type": "linear", "factor": 4.0]
        let found = try logits(["rope_parameters": nil, "rope_scaling": inside])
        #expect(found == (try logits(["rope_parameters": nil, "rope_scaling": outside, "rope_theta": 500.0])))
        #expect(found != (try logits(["rope_parameters": nil, "rope_scaling": outside])))
        let message = refusal(
            TinyModel.llama, ["rope_parameters": nil, "rope_scaling": inside, "rope_theta": 10_000.0])
        #expect(message.contains("as 500.0 and as 10000.0"))
        let kinds = refusal(
            TinyModel.llama,
            ["rope_parameters": ["rope_type": "default"], "rope_scaling": ["rope_type": "linear", "factor": 2.0]])
        #expect(kinds.contains("\"linear\" in rope_scaling and \"default\" in rope_parameters"))
    }

    @Test("A window that no layer has changes nothing, one that a layer has hides what lies before it")
    func window() throws {
        func logits(_ changes: [String: Any?]) throws -> Tensor {
            try model(TinyModel.qwen2, changes).run(tokens).output
        }
        let plain = try TinyModel.load(TinyModel.qwen2).run(tokens).output
        let none = ["full_attention", "full_attention"]
        #expect(try logits(["use_sliding_window": true, "sliding_window": 4, "layer_types": none]) == plain)
        let last = ["full_attention", "sliding_attention"]
        let windowed = try logits(["use_sliding_window": true, "sliding_window": 4, "layer_types": last])
        #expect(windowed[0..<4] == plain[0..<4])
        for position in 4..<11 { #expect(windowed[position] != plain[position]) }
    }

    @Test("A model with windows generates, sweeps and saves as it runs")
    func windowedRuns() throws {
        let changes: [String: Any?] = [
            "use_sliding_window": true, "sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"],
        ]
        let model = try model(TinyModel.qwen2, changes)
        let generation = try model.generate(tokens, maxTokens: 5)
        let text = tokens + generation.tokens
        let logits = model.run(text).output
        #expect(generation.tokens == (10..<15).map { logits[$0].argmax() })
        let corrupted = TinyModel.tokens(11, seed: 5)
        let points: [HookPoint] = [.block(0, .residPre), .block(0, .pattern), .block(1, .attnOut)]
        let cells = points.flatMap { point -> [PatchCell] in
            (0..<11).map { PatchCell(point, position: $0) }
        }
        let swept = try PatchSweep().run(
            model, clean: tokens, corrupted: corrupted, metric: .logitDifference(answer: 3, wrong: 9), cells: cells)
        let cache = model.run(tokens, recording: .all).cache
        for (cell, value) in zip(cells, swept.values) {
            let patched = model.run(corrupted, with: [.patch(cell.point, from: cache, position: cell.position)]).output[
                10]
            #expect(value == Double(patched[3].item - patched[9].item), "\(cell)")
        }
        let scratch = try Scratch()
        try model.save(to: scratch.folder)
        #expect(try HookedTransformer.load(folder: scratch.folder).run(text).output == logits)
    }

    @Test("Packed weights, mixtures of experts and adapters are named")
    func refusals() throws {
        #expect(refusal(TinyModel.llama, ["quantization_config": ["quant_method": "gptq"]]).contains("gptq"))
        #expect(refusal(TinyModel.llama, ["num_local_experts": 8]).contains("mixture of 8 experts"))
        #expect(refusal(TinyModel.llama, ["rope_parameters": ["partial_rotary_factor": 0.5]]).contains("0.5"))
        let scratch = try Scratch()
        try scratch.write("{}", "adapter_config.json")
        let error = #expect(throws: ModelError.self) { try HookedTransformer.load(folder: scratch.folder) }
        #expect(error?.description.contains("adapter") ?? false)
    }

    @Test("A GGUF factor of rotary positions without a type is linear, in either key")
    func factors() throws {
        let rope: [String: Any] = ["rope_type": "linear", "factor": 4.0, "rope_theta": 1_000_000.0]
        let expected = try model(TinyModel.qwen2, ["rope_parameters": rope]).run(tokens).output
        #expect(try gguf { $0.add("qwen2.rope.scaling.factor", 4 as Float) }.run(tokens).output == expected)
        #expect(try gguf { $0.add("qwen2.rope.scale_linear", 4 as Float) }.run(tokens).output == expected)
        let plain = try TinyModel.load(TinyModel.qwen2).run(tokens).output
        let none = try gguf {
            $0.add("qwen2.rope.scaling.type", "none")
            $0.add("qwen2.rope.scaling.factor", 4 as Float)
        }
        #expect(none.run(tokens).output == plain)
        let other = #expect(throws: ModelError.self) { try gguf { $0.add("qwen2.rope.scaling.type", "ntk") } }
        #expect(other?.description.contains("\"ntk\"") ?? false)
    }

    @Test("A GGUF mixture of experts and one part of a model are refused by name")
    func parts() throws {
        let experts = #expect(throws: ModelError.self) { try gguf { $0.add("qwen2.expert_count", 2 as UInt32) } }
        #expect(experts?.description.contains("qwen2.expert_count is 2") ?? false)
        let parts = #expect(throws: (any Error).self) { try gguf { $0.add("split.count", 3 as UInt32) } }
        #expect(parts.map { "\($0)".contains("3") } ?? false)
    }
}
