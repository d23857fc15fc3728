public import Foundation
public import PlumbData
internal import PlumbTensor
public import PlumbTokenizers

extension HookedTransformer {
    /// Loads a model by a name of the catalogue (`smollm2-135m`), a `.gguf` file, a folder with `config.json`,
    /// `tokenizer.json` and safetensors, or a hub id (`gpt2`, `org/name`), fetching it first where it is not at hand.
    ///
    /// - Throws: an error whose description says what was found and what to do.
    public static func load(
        _ name: String, store: ModelStore = ModelStore(), progress: DownloadProgressHandler? = nil
    ) async throws -> HookedTransformer {
        switch try await store.locate(name, progress: progress) {
        case .gguf(let url): try load(gguf: url, name: name)
        case .folder(let url): try load(folder: url, name: name)
        }
    }

    /// Loads a GGUF file, with the other parts of the model where it is one of several. Pages of weights are read when
    /// they are first used.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - name: what the model is called; the file's name where it is nil.
    ///   - preTokenizer: how text is cut first, where the file does not say.
    /// - Throws: an error whose description says what was found and what to do.
    public static func load(
        gguf url: URL, name: String? = nil, preTokenizer: PreTokenizer? = nil
    ) throws -> HookedTransformer {
        let file = try GGUFFile(contentsOf: url)
        guard !file.names.isEmpty else {
            throw ModelError(
                "\(url.path) is a vocabulary without weights: plumb tokens works with it, a model needs its tensors too"
            )
        }
        let architecture = try file.architecture
        let transformer =
            switch architecture {
            case "llama", "qwen2": try Llama.load(file)
            case "gpt2": try GPT2.load(file)
            default:
                throw ModelError("\(url.lastPathComponent) is a \"\(architecture)\" model; \(supportedKinds)")
            }
        let isQuantized = file.names.contains { name in
            guard let tensor = try? file.tensor(name) else { return false }
            return tensor.elementType.isQuantized
        }
        return HookedTransformer(
            name: name ?? url.deletingPathExtension().lastPathComponent, transformer: transformer,
            tokenizer: try Tokenizer(gguf: file, preTokenizer: preTokenizer), isQuantized: isQuantized,
            files: file.files)
    }

    /// Loads a folder as Hugging Face's `save_pretrained` writes it.
    public static func load(folder: URL, name: String? = nil) throws -> HookedTransformer {
        let configuration = folder.appendingPathComponent("config.json")
        guard let data = try? Data(contentsOf: configuration) else {
            throw ModelError("\(folder.path) has no config.json: a model folder holds one, beside its weights")
        }
        try GitLFS.refusePointer(data, at: configuration)
        let checkpoint = try SafetensorsCheckpoint(folder: folder)
        let weights = WeightReader(source: checkpoint)
        let kind = try decode(Kind.self, data, configuration).model_type ?? "unnamed"
        let transformer =
            switch kind {
            case "llama", "qwen2":
                try Llama.load(try decode(Llama.Configuration.self, data, configuration), from: weights)
            case "gpt2", "attention-only":
                try GPT2.load(try decode(GPT2.Configuration.self, data, configuration), from: weights)
            default:
                throw ModelError("\(configuration.path) describes a \"\(kind)\" model; \(supportedKinds)")
            }
        return HookedTransformer(
            name: name ?? folder.lastPathComponent, transformer: transformer, tokenizer: try Tokenizer.read(in: folder),
            isQuantized: false, files: checkpoint.files.map(\.url))
    }

    private static let supportedKinds = "llama, qwen2 and gpt2 are supported"

    private struct Kind: Decodable {
        var model_type: String?
    }

    private static func decode<T: Decodable>(_ type: T.Type, _ data: Data, _ url: URL) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch DecodingError.keyNotFound(let key, _) {
            throw ModelError("\(url.path) does not give \(key.stringValue)")
        } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context)
        {
            let key = context.codingPath.map(\.stringValue).joined(separator: ".")
            guard key.isEmpty else { throw ModelError("\(url.path) gives a \(key) of the wrong kind") }
            // Foundation does not say which number it could not take.
            let isObject = (try? JSONSerialization.jsonObject(with: data)) is [String: Any]
            throw ModelError(
                isObject
                    ? "\(url.path) gives a number that is not whole, or too large, where a size belongs"
                    : "\(url.path) should hold a JSON object that describes a model")
        }
    }
}
