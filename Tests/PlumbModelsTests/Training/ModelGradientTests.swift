import Foundation
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbModels

/// Whole language models beside PyTorch, recorded by `Scripts/record-gradients.py`.
@Suite("Training a model")
struct ModelGradientTests {
    private struct Index: Decodable {
        var models: [Entry]
    }

    /// A recorded model; those that are not transformers have no tokens.
    private struct Entry: Decodable {
        var name: String
        var file: String
        var parameters: [String]
        var tokens: [[Int]] = []
        var gpt2: GPT2.Configuration?
        var llama: Llama.Configuration?

        private enum Key: String, CodingKey { case name, file, parameters, inputs, tokens, configuration }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            name = try values.decode(String.self, forKey: .name)
            file = try values.decode(String.self, forKey: .file)
            parameters = try values.decode([String].self, forKey: .parameters)
            guard ["gpt2", "llama"].contains(name) else { return }
            let inputs = try values.nestedContainer(keyedBy: Key.self, forKey: .inputs)
            tokens = try inputs.decode([[Int]].self, forKey: .tokens)
            if name == "gpt2" { gpt2 = try values.decode(GPT2.Configuration.self, forKey: .configuration) }
            if name == "llama" { llama = try values.decode(Llama.Configuration.self, forKey: .configuration) }
        }
    }

    /// Where the recorder writes; the files serve the layers' tests too.
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("PlumbNNTests/Golden/gradients")

    /// A file whose tensors are known without the first part of their names.
    private struct Prefixed: TensorSource {
        let file: SafetensorsFile
        let prefix: String

        var names: [String] {
            file.names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        }
        func contains(_ name: String) -> Bool { file.contains(prefix + name) }
        func tensor(_ name: String) throws -> StoredTensor { try file.tensor(prefix + name) }
    }

    private func model(_ name: String) throws -> (HookedTransformer, SafetensorsFile, Entry) {
        let index = try JSONDecoder().decode(
            Index.self, from: Data(contentsOf: Self.folder.appendingPathComponent("index.json")))
        let entry = try #require(index.models.first { $0.name == name })
        let file = try SafetensorsFile(contentsOf: Self.folder.appendingPathComponent(entry.file))
        let description =
            try entry.gpt2.map { try GPT2.description($0, .gpt2) }
            ?? Llama.description(try #require(entry.llama), .llama)
        let names = description.sizes.architecture.family.names
        let weights = WeightReader(Prefixed(file: file, prefix: "weight."), names, .huggingFace)
        let transformer = try Transformer(description, from: weights)
        let model = HookedTransformer(
            name: name, transformer: transformer, tokenizer: nil, isQuantized: false, files: [])
        return (model, file, entry)
    }

    @Test("Gradients of every parameter are PyTorch's", arguments: ["gpt2", "llama"])
    func gradients(_ name: String) throws {
        let (model, file, entry) = try model(name)
        let rows = entry.tokens
        let windows = TokenBatch(rows.flatMap { $0 }, rows: rows.count, columns: rows[0].count)
        let (loss, gradient) = valueWithGradient(at: model) { $0.loss(windows) }
        let exact = try file.tensor("loss").dequantized().item
        #expect(abs(loss.item - exact) < 1e-5 * exact)
        let found = gradient.parameters
        #expect(Set(found.map(\.name)) == Set(entry.parameters))
        for (name, tensor) in found {
            let exact = try file.tensor("gradient.\(name)").dequantized()
            let largest = exact.elements.map(abs).max() ?? 0
            #expect(largestDifference(tensor, exact) <= 1e-4 * largest, "\(name)")
        }
    }

    @Test("A batch of lists gives the loss of the same rows, and leaves out what is not scored")
    func ragged() throws {
        let model = try HookedTransformer(
            TransformerConfiguration(
                architecture: .attentionOnly, layers: 2, width: 16, heads: 2, vocabulary: 11, context: 8),
            key: RandomKey(3), initialization: .scaled(gain: 2))
        let rows = [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]]
        let windows = TokenBatch(rows.flatMap { $0 }, rows: 2, columns: 5)
        #expect(model.loss(windows).item == model.loss(batch: rows).item)
        let each = model.crossEntropies(windows)
        let half = model.loss(batch: rows, where: { $1 >= 3 }).item
        let scored = [each[0][2], each[0][3], each[1][2], each[1][3]].map(\.item)
        let expected = scored.reduce(0, +) / 4
        #expect(abs(half - expected) < 1e-6)
        #expect(abs(model.meanLoss(windows, rows: 1) - Double(model.loss(windows).item)) < 1e-6)
        // Rows that do not share a length do not read each other.
        let short = model.loss(batch: [[1, 2, 3], [5, 4, 3, 2, 1]], where: { row, _ in row == 1 }).item
        #expect(abs(short - model.loss(batch: [[5, 4, 3, 2, 1]]).item) < 1e-6)
    }
}
