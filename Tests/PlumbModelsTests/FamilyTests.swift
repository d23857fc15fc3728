import Foundation
import PlumbData
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbModels

/// Small random checkpoints of every family against `transformers` 5 (recorded by Scripts/record-families.py): vocabulary
/// 61, windows of 8 keys, sequences of 7 and 26 tokens.
@Suite("Model families")
struct FamilyTests {
    static let inGGUF = [
        "gemma2-tiny", "gemma3-tiny", "qwen3-tiny", "qwen3-tiny-yarn", "phi3-tiny", "phi3-tiny-long", "olmo2-tiny",
        "olmo3-tiny", "phi-tiny",
    ]
    static let all =
        inGGUF + [
            "gemma3-tiny-caps", "mistral-tiny", "llama-tiny-linear", "llama-tiny-dynamic", "phi-tiny-norms",
            "gptj-tiny", "gpt-neo-tiny", "gelu-tiny", "solu-tiny",
        ]

    private struct Record: Decodable {
        struct Sequence: Decodable {
            let tokens: [Int]
            let logits: [[Float]]
        }
        let sequences: [Sequence]
    }

    @Test("Logits agree with transformers at every position, beyond windows too", arguments: all)
    func logits(_ name: String) throws {
        let model = try TinyModel.load(name)
        for sequence in try Golden.decode(Record.self, "\(name)/logits.json").sequences {
            let expected = Tensor(sequence.logits.flatMap { $0 }, shape: [sequence.tokens.count, 61])
            let logits = model.run(sequence.tokens).output
            #expect(
                largestDifference(logits, expected) <= 1e-5 * scale(of: expected), "\(sequence.tokens.count) tokens")
        }
    }

    @Test("The same weights in GGUF give the same logits", arguments: inGGUF)
    func gguf(_ name: String) throws {
        let folder = try TinyModel.load(name)
        let file = try HookedTransformer.load(gguf: Golden.url("\(name)/model.gguf"))
        #expect(file.configuration == folder.configuration)
        let tokens = TinyModel.tokens(26, seed: 3, below: 61)
        let (a, b) = (file.run(tokens).output, folder.run(tokens).output)
        // Numbers of a GGUF file are float32: a norm's epsilon, or a factor that config.json has in decimals.
        #expect(largestDifference(a, b) <= 2e-6 * scale(of: b))
    }

    @Test("Generation with a cache gives the bits of whole passes, beyond windows and longer contexts", arguments: all)
    func generation(_ name: String) throws {
        let model = try TinyModel.load(name)
        let prompt = TinyModel.tokens(5, seed: 4, below: 61)
        let generation = try model.generate(prompt, maxTokens: 20, stopTokens: [], recording: .sites(.residPost, .z))
        let text = prompt + generation.tokens
        let whole = model.run(text, recording: .sites(.residPost, .z))
        #expect(generation.tokens.count == 20)
        for place in prompt.count..<text.count {
            // LongRoPE turns a text otherwise once it is long.
            let before = name.hasSuffix("-long") ? model.run(Array(text[..<place])).output : whole.output
            #expect(
                before[place - 1].logSoftmax()[text[place]].item == generation.logProbabilities[place - prompt.count])
        }
        for layer in 0..<model.configuration.layers {
            #expect(generation.cache[.block(layer, .z)] == whole.cache[.block(layer, .z)]?[0..<text.count - 1])
        }
        let beside = try model.continuations(
            of: [TinyModel.tokens(9, seed: 1, below: 61), prompt], maxTokens: 20, temperature: 0, stopTokens: [],
            key: RandomKey(0))
        #expect(beside[1].tokens == generation.tokens && beside[1].logProbabilities == generation.logProbabilities)
    }

    @Test("Recording everything changes no bit, and every hook point is met", arguments: all)
    func hooks(_ name: String) throws {
        let model = try TinyModel.load(name)
        let tokens = TinyModel.tokens(20, seed: 5, below: 61)
        let (logits, cache) = model.run(tokens, recording: Recording { _ in true })
        #expect(logits == model.run(tokens).output)
        #expect(Set(cache.points) == Set(model.hookPoints))
        let batch = model.run(batch: [tokens.reversed(), tokens]).output
        #expect(batch[1] == logits)
    }

    @Test(
        "Activations agree with TransformerLens, which refuses norms of Phi",
        arguments: all.filter { $0 != "phi-tiny-norms" } + ["gpt2-tiny", "gpt-neox-tiny", "qwen2-tiny", "llama-tiny"])
    func transformerLens(_ name: String) throws {
        try Golden.decode(HookSamples.self, "\(name)/hooks.json").expectFrom(TinyModel.load(name))
    }

    @Test("A patching sweep gives the bits of single passes at every site, beyond windows too", arguments: all)
    func sweep(_ name: String) throws {
        let model = try TinyModel.load(name)
        let clean = TinyModel.tokens(14, seed: 6, below: 61)
        var corrupted = clean
        (corrupted[2], corrupted[9]) = ((clean[2] + 7) % 61, (clean[9] + 11) % 61)
        let metric = PatchMetric.logitDifference(answer: 3, wrong: 8)
        let pair = PatchPair(clean: clean, corrupted: corrupted, metric: metric)
        let source = model.run(clean, recording: Recording { _ in true }).cache
        var cells: [PatchCell] = []
        for point in model.hookPoints where point != .logits && !point.site.isAttentionMap {
            for position in [2, 11] { cells.append(PatchCell(point, position: position)) }
        }
        let result = try #require(try PatchSweep().run(model, pairs: [pair], cells: cells).first)
        for (cell, value) in zip(cells, result.values) {
            let patch = Intervention.patch(cell.point, from: source, position: cell.position)
            let logits = model.run(corrupted, with: [patch]).output
            let last = logits[logits.shape[0] - 1]
            #expect(value == Double(last[3].item - last[8].item), "\(cell.point) at \(cell.position ?? -1)")
        }
    }

    private struct Gradients: Decodable {
        struct Parameter: Decodable {
            let norm: Double
            let along: [Double]
        }
        let loss: Double
        let parameters: [String: Parameter]
    }

    @Test("Gradients of every parameter are PyTorch's", arguments: all)
    func gradients(_ name: String) throws {
        let model = try TinyModel.load(name)
        let tokens = try Golden.decode(Record.self, "\(name)/logits.json").sequences[1].tokens
        let expected = try JSONDecoder().decode(
            Gradients.self, from: Data(contentsOf: Golden.url("\(name)/gradients.json")))
        let (loss, gradient) = valueWithGradient(at: model) { $0.loss(batch: [tokens]) }
        #expect(abs(Double(loss.item) - expected.loss) <= 1e-5 * expected.loss)
        let found = gradient.parameters
        #expect(Set(found.map(\.name)) == Set(expected.parameters.keys))
        // A gradient that is zero but for rounding, such as that of keys' biases, is small beside all others.
        let largest = expected.parameters.values.map(\.norm).max() ?? 0
        for (name, tensor) in found {
            let exact = try #require(expected.parameters[name], "\(name)")
            let elements = tensor.elements
            let bound = 1e-4 * exact.norm + 1e-6 * largest
            let norm = elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(abs(norm - exact.norm) <= bound, "\(name)")
            for (direction, value) in exact.along.enumerated() {
                let place = Double(direction + 1) * 0.7
                let along = elements.indices.reduce(0) { $0 + Double(elements[$1]) * sin(place * Double($1 + 1)) }
                #expect(abs(along - value) <= bound, "\(name), direction \(direction): \(along), \(value)")
            }
        }
    }

    @Test("What is saved is read back bit for bit", arguments: all)
    func saving(_ name: String) throws {
        let model = try TinyModel.load(name)
        let scratch = try Scratch()
        // Scripts/check-saved-models.py shows the folders that are kept to transformers.
        let kept = ProcessInfo.processInfo.environment["PLUMB_KEEP_SAVED"].map { URL(fileURLWithPath: $0) }
        let folder = (kept ?? scratch.folder).appendingPathComponent(name)
        try model.save(to: folder)
        let again = try HookedTransformer.load(folder: folder)
        let tokens = TinyModel.tokens(26, seed: 8, below: 61)
        #expect(again.configuration == model.configuration)
        #expect(again.run(tokens).output == model.run(tokens).output)
    }

    @Test("Numbers that transformers reads as fractions are saved with one")
    func fractions() throws {
        let scratch = try Scratch()
        try TinyModel.load("gemma2-tiny").save(to: scratch.folder)
        let text = try String(contentsOf: scratch.folder.appendingPathComponent("config.json"), encoding: .utf8)
        #expect(text.contains("\"final_logit_softcapping\" : 3.0") && text.contains("\"attn_logit_softcapping\" : 5.0"))
        #expect(text.contains("\"num_hidden_layers\" : 3,"))
    }

    @Test("A damaged configuration is refused in one sentence or read, and nothing traps", arguments: all)
    func damaged(_ name: String) throws {
        let scratch = try Scratch()
        try FileManager.default.copyItem(
            at: Golden.url("\(name)/model.safetensors"), to: scratch.folder.appendingPathComponent("model.safetensors"))
        let data = try Data(contentsOf: Golden.url("\(name)/config.json"))
        let whole = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let values: [Any] = [
            NSNull(), -1, 0, 1e300, 1 << 40, 3, "x", [Any](), [String: Any](), [[-1]], true, 0.3, Int.max,
        ]
        var refusals = 0
        for (index, key) in whole.keys.sorted().enumerated() {
            for step in 0..<4 {
                var configuration = whole
                configuration[key] = values[(index * 5 + step * 3) % values.count]
                try JSONSerialization.data(withJSONObject: configuration).write(
                    to: scratch.folder.appendingPathComponent("config.json"))
                do { _ = try HookedTransformer.load(folder: scratch.folder) } catch {
                    refusals += 1
                    let text = "\(error)"
                    #expect(!text.isEmpty && !text.contains("\n") && text.count < 600, "\(key): \(text)")
                }
            }
        }
        #expect(refusals > 10)
    }

    @Test("A key that is not known, and a tensor that nothing reads, are refused by name", arguments: all)
    func unknown(_ name: String) throws {
        let scratch = try Scratch()
        let file = try SafetensorsFile(contentsOf: Golden.url("\(name)/model.safetensors"))
        func write(_ change: (inout [String: Any]) -> Void, without: String? = nil, with: String? = nil) throws
            -> String
        {
            let data = try Data(contentsOf: Golden.url("\(name)/config.json"))
            var configuration = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            change(&configuration)
            try JSONSerialization.data(withJSONObject: configuration).write(
                to: scratch.folder.appendingPathComponent("config.json"))
            var writer = SafetensorsWriter(metadata: ["format": "pt"])
            for tensor in file.names where tensor != without {
                writer.add(tensor, try file.tensor(tensor).dequantized())
            }
            if let with { writer.add(with, Tensor(repeating: 1, shape: [3])) }
            try writer.write(to: scratch.folder.appendingPathComponent("model.safetensors"))
            do { _ = try HookedTransformer.load(folder: scratch.folder) } catch { return "\(error)" }
            return ""
        }
        #expect(try write { _ in }.isEmpty)
        #expect(try write { $0["residual_multiplier"] = 0.5 }.contains("residual_multiplier"))
        #expect(try write({ _ in }, with: "model.extra.weight").contains("model.extra.weight"))
        let norm = try #require(file.names.first { $0.contains(".1.") && $0.hasSuffix("weight") })
        #expect(try write({ _ in }, without: norm).contains(norm))
    }
}
