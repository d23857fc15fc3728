import Foundation
import PlumbData
import PlumbModels
import PlumbTensor

/// A model of GPT-2-small's shape with random weights, by way of a checkpoint in a temporary folder.
struct RandomGPT2 {
    let layers: Int
    private let width = 768
    private let heads = 12
    private let context = 1024
    private let vocabulary = 50257

    init(layers: Int) { self.layers = layers }

    func load() throws -> HookedTransformer {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("plumb-bench-\(ProcessInfo.processInfo.processIdentifier)-\(layers)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Mapped files stay readable after their names are gone.
        defer { try? FileManager.default.removeItem(at: folder) }
        let configuration = """
            {"model_type": "gpt2", "n_embd": \(width), "n_layer": \(layers), "n_head": \(heads),
             "n_positions": \(context), "vocab_size": \(vocabulary), "activation_function": "gelu_new"}
            """
        try Data(configuration.utf8).write(to: folder.appendingPathComponent("config.json"))
        try writer().write(to: folder.appendingPathComponent("model.safetensors"))
        return try HookedTransformer.load(folder: folder, name: "gpt2-shape")
    }

    private func writer() -> SafetensorsWriter {
        var writer = SafetensorsWriter()
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func add(_ name: String, _ shape: [Int], offset: Float = 0) {
            let values = (0..<shape.reduce(1, *)).map { _ -> Float in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return offset + (Float(state >> 40) * 0x1p-23 - 1) * 0.035  // uniform, deviation 0.02 as GPT-2's
            }
            writer.add(name, shape: shape, values: values)
        }
        add("wte.weight", [vocabulary, width])
        add("wpe.weight", [context, width])
        for layer in 0..<layers {
            for norm in ["ln_1", "ln_2"] {
                add("h.\(layer).\(norm).weight", [width], offset: 1)
                add("h.\(layer).\(norm).bias", [width])
            }
            for (name, inputs, outputs) in [
                ("attn.c_attn", width, 3 * width), ("attn.c_proj", width, width), ("mlp.c_fc", width, 4 * width),
                ("mlp.c_proj", 4 * width, width),
            ] {
                add("h.\(layer).\(name).weight", [inputs, outputs])
                add("h.\(layer).\(name).bias", [outputs])
            }
        }
        add("ln_f.weight", [width], offset: 1)
        add("ln_f.bias", [width])
        return writer
    }
}
