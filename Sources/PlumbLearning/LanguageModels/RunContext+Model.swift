internal import Foundation
internal import PlumbData
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

extension RunContext {
    /// Fetches, loads and packs a language model, and notes in the record what its numbers rest on.
    ///
    /// - Parameters:
    ///   - name: a name of the catalogue, a .gguf file, a folder with config.json and safetensors, or a hub id.
    ///   - arithmetic: float32 is exact on the stored weights; bfloat16 is faster and inexact.
    ///   - addsBOS: whether texts begin with the beginning-of-sequence token; nil is as the model's files say.
    /// - Throws: `ModelError` and the errors of files and downloads, where the model cannot be had.
    public mutating func load(
        _ name: String, arithmetic: Arithmetic = .float32, addsBOS: Bool? = nil
    ) async throws -> HookedTransformer {
        let (store, reporter) = (ModelStore(), reporter)
        var model = try await HookedTransformer.load(name, store: store) { progress in
            reporter.progress("fetching \(name)", progress.fraction ?? 0)
        }
        (model.arithmetic, model.addsBOS) = (arithmetic, addsBOS)
        self.arithmetic =
            arithmetic == .float32
            ? "float32 on exactly dequantized weights" : "bfloat16 products, float32 sums"
        for file in model.files {
            record(
                input: InputFile(
                    path: file.path, sha256: try store.sha256(of: file), bytes: try MappedBytes(contentsOf: file).count,
                    role: "weights"))
        }
        model.prepare()
        return model
    }
}
