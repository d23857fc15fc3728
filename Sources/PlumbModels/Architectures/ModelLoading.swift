public import Foundation
internal import PlumbBasics
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
        let kind = try file.architecture
        guard let architecture = Architecture(ggufName: kind) else {
            throw ModelError("\(url.lastPathComponent) is a \"\(kind)\" model; \(Architecture.supported)")
        }
        try refuseWhatIsNotRead(in: file, kind)
        let reader = WeightReader(file, architecture.family.names, .gguf)
        let transformer = try Transformer(
            try architecture.family.description(file, reader, architecture), from: reader)
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
        guard FileManager.default.fileExists(atPath: configuration.path) else {
            let adapter = folder.appendingPathComponent("adapter_config.json")
            if FileManager.default.fileExists(atPath: adapter.path) {
                throw ModelError(
                    "\(folder.path) holds an adapter (adapter_config.json), not a model: merge it into its base model and "
                        + "load the result")
            }
            throw ModelError("\(folder.path) has no config.json: a model folder holds one, beside its weights")
        }
        let data: Data
        do { data = try WholeFile.read(configuration, limit: 16 << 20) } catch {
            throw ModelError("cannot read \(configuration.path): \(error)")
        }
        try GitLFS.refusePointer(data, at: configuration)
        let checkpoint = try SafetensorsCheckpoint(folder: folder)
        return try load(folder, name, textPart(of: data), configuration, checkpoint)
    }

    /// A model of text and images describes its text part within.
    private static func textPart(of data: Data) -> Data {
        guard let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any],
            let text = object["text_config"] as? [String: Any], let type = text["model_type"] as? String,
            Architecture(rawValue: type) != nil, let part = try? JSONSerialization.data(withJSONObject: text)
        else { return data }
        return part
    }

    private static func load(
        _ folder: URL, _ name: String?, _ data: Data, _ configuration: URL, _ checkpoint: SafetensorsCheckpoint
    ) throws -> HookedTransformer {
        let kind = try decode(Kind.self, data, configuration)
        let type = kind.model_type ?? "unnamed"
        try kind.refuseWhatIsNotRead(in: configuration)
        guard let architecture = Architecture(rawValue: type) else {
            throw ModelError("\(configuration.path) describes a \"\(type)\" model; \(Architecture.supported)")
        }
        let transformer = try load(architecture.family, architecture, data, configuration, kind, checkpoint)
        return HookedTransformer(
            name: name ?? folder.lastPathComponent, transformer: transformer, tokenizer: try Tokenizer.read(in: folder),
            isQuantized: false, files: checkpoint.files.map(\.url))
    }

    /// What `config.json` says whatever the family.
    private struct Kind: Decodable {
        struct Quantization: Decodable {
            var quant_method: String?
        }

        var model_type: String?
        var tie_word_embeddings: Bool?
        var quantization_config: Quantization?
        var num_local_experts: Int?
        var num_experts: Int?

        func refuseWhatIsNotRead(in url: URL) throws {
            if let method = quantization_config {
                throw ModelError(
                    "\(url.path) has a quantization_config\(method.quant_method.map { " (\($0))" } ?? ""): its weights are "
                        + "packed in a form that is not read; take the unquantized model, or a GGUF file of it")
            }
            if let experts = num_local_experts ?? num_experts, experts > 1 {
                throw ModelError("\(url.path) describes a mixture of \(experts) experts, which is not supported")
            }
        }
    }

    private static func refuseWhatIsNotRead(in file: GGUFFile, _ kind: String) throws {
        let experts = try file.integer("\(kind).expert_count", default: 0)
        guard experts == 0 else {
            throw ModelError(
                "\(file.url.lastPathComponent) is a mixture of experts (\(kind).expert_count is \(experts)), which is not "
                    + "supported")
        }
    }

    /// A family's model from a Hugging Face checkpoint.
    private static func load<Family: ModelFamily>(
        _ family: Family.Type, _ architecture: Architecture, _ data: Data, _ url: URL, _ kind: Kind,
        _ checkpoint: SafetensorsCheckpoint
    ) throws -> Transformer {
        let configuration = try decode(Family.Configuration.self, data, url)
        try ConfigurationKeys.refuseUnknown(
            in: data, taken: configuration, of: architecture.rawValue, url.path)
        var description = try family.description(configuration, architecture)
        let reader = WeightReader(checkpoint, family.names, .huggingFace)
        let storesHead = reader.contains(.unembedding)
        if description.design.isTied {
            // A head of its own wins over the flag, as in `transformers`.
            description.design.isTied = try !storesHead || reader.hasTiedHead()
        } else if kind.tie_word_embeddings == nil {
            description.design.isTied = !storesHead
        }
        return try Transformer(description, from: reader)
    }

    static func decode<T: Decodable>(_ type: T.Type, _ data: Data, _ url: URL) throws -> T {
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
