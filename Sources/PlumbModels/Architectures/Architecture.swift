internal import PlumbData

/// A family of models that can be loaded, trained and saved.
public enum Architecture: String, Sendable, Codable, CaseIterable {
    /// GPT-2 (Radford et al. 2019).
    case gpt2
    /// Llama, SmolLM2, TinyLlama (Touvron et al. 2023, arXiv:2302.13971).
    case llama
    /// Qwen 2 and 2.5 (Yang et al. 2024, arXiv:2407.10671).
    case qwen2
    /// GPT-NeoX and Pythia (Black et al. 2022, arXiv:2204.06745; Biderman et al. 2023, arXiv:2304.01373).
    case gptNeoX = "gpt_neox"
    /// GPT-2 without MLPs (Elhage et al. 2021).
    case attentionOnly = "attention-only"

    /// How a model of the family is read and what it is made of.
    var family: any ModelFamily.Type {
        switch self {
        case .gpt2, .attentionOnly: GPT2.self
        case .llama: Llama.self
        case .qwen2: Qwen2.self
        case .gptNeoX: GPTNeoX.self
        }
    }

    /// The name in GGUF files; nil for families that they have not.
    var ggufName: String? {
        switch self {
        case .gpt2, .llama, .qwen2: rawValue
        case .gptNeoX: "gptneox"
        case .attentionOnly: nil
        }
    }

    static let supported = "llama, qwen2, gpt2 and gpt_neox are supported"

    /// The family of a name as `config.json` has it.
    ///
    /// - Throws: ``ModelError`` listing the families.
    public init(named name: String) throws {
        guard let architecture = Architecture(rawValue: name) else {
            throw ModelError(
                "an architecture is one of \(Architecture.allCases.map(\.rawValue).joined(separator: ", ")), not "
                    + "\"\(name)\"")
        }
        self = architecture
    }
}

/// Everything about a family of models, in one file: how its configuration is written in `config.json` and in GGUF, what
/// its block is made of, and what its tensors are called.
protocol ModelFamily: Sendable {
    /// `config.json` as Hugging Face writes it.
    associatedtype Configuration: Codable, Sendable

    static var names: TensorNames { get }
    /// - Throws: ``ModelError`` naming what is not supported.
    static func description(_ configuration: Configuration, _ architecture: Architecture) throws
        -> TransformerDescription
    /// - Parameter weights: the tensors of the file.
    static func description(_ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture) throws
        -> TransformerDescription
    /// What a new model of these sizes is made of.
    static func design(_ sizes: TransformerConfiguration) -> TransformerDesign
    /// `config.json` of a model.
    ///
    /// - Throws: ``ModelError`` for what it cannot say.
    static func configuration(of transformer: Transformer) throws -> Configuration
    /// For a part whose rows stand in another order in files: the row of the file that gives each of ours.
    static func rowOrder(
        _ part: TensorNames.Part, _ dialect: TensorNames.Dialect, _ description: TransformerDescription
    ) -> [Int]?
}

extension ModelFamily {
    static func rowOrder(
        _ part: TensorNames.Part, _ dialect: TensorNames.Dialect, _ description: TransformerDescription
    ) -> [Int]? { nil }
}
