internal import PlumbData

/// A family of models that can be loaded, trained and saved.
public enum Architecture: String, Sendable, Codable, CaseIterable {
    /// GPT-2 (Radford et al. 2019).
    case gpt2
    /// Llama, SmolLM2, TinyLlama (Touvron et al. 2023, arXiv:2302.13971).
    case llama
    /// Qwen 2 and 2.5 (Yang et al. 2024, arXiv:2407.10671).
    case qwen2
    /// Qwen 3, the dense models (Qwen Team 2025, arXiv:2505.09388).
    case qwen3
    /// Mistral (Jiang et al. 2023, arXiv:2310.06825).
    case mistral
    /// Gemma 2 (Gemma Team 2024, arXiv:2408.00118).
    case gemma2
    /// Gemma 3, the text part (Gemma Team 2025, arXiv:2503.19786).
    case gemma3 = "gemma3_text"
    /// Phi-3 and Phi-4-mini (Abdin et al. 2024, arXiv:2404.14219).
    case phi3
    /// Phi-1.5 and Phi-2 (Li et al. 2023, arXiv:2309.05463).
    case phi
    /// OLMo 2 (OLMo Team 2024, arXiv:2501.00656).
    case olmo2
    /// OLMo 3 (OLMo Team 2025).
    case olmo3
    /// GPT-NeoX and Pythia (Black et al. 2022, arXiv:2204.06745; Biderman et al. 2023, arXiv:2304.01373).
    case gptNeoX = "gpt_neox"
    /// GPT-J (Wang and Komatsuzaki 2021).
    case gptJ = "gptj"
    /// GPT-Neo and TinyStories (Black et al. 2021; Eldan and Li 2023, arXiv:2305.07759).
    case gptNeo = "gpt_neo"
    /// GPT-2 without MLPs (Elhage et al. 2021).
    case attentionOnly = "attention-only"

    /// How a model of the family is read and what it is made of.
    var family: any ModelFamily.Type {
        switch self {
        case .gpt2, .attentionOnly: GPT2.self
        case .llama: Llama.self
        case .qwen2: Qwen2.self
        case .qwen3: Qwen3.self
        case .mistral: Mistral.self
        case .gemma2: Gemma2.self
        case .gemma3: Gemma3.self
        case .phi3: Phi3.self
        case .phi: Phi.self
        case .olmo2: OLMo2.self
        case .olmo3: OLMo3.self
        case .gptNeoX: GPTNeoX.self
        case .gptJ: GPTJ.self
        case .gptNeo: GPTNeo.self
        }
    }

    /// The name in GGUF files; nil for families that they have not.
    var ggufName: String? { self == .attentionOnly ? nil : family.kind.ggufName }

    /// The class of `transformers`; nil for a family that it has not.
    var className: String? { self == .attentionOnly ? nil : family.kind.className }

    /// The family that a GGUF file's `general.architecture` names.
    init?(ggufName: String) {
        guard let found = Architecture.allCases.first(where: { $0.ggufName == ggufName }) else { return nil }
        self = found
    }

    /// What people call the family.
    public var title: String { self == .attentionOnly ? "attention-only GPT-2" : family.kind.title }

    /// What the family's numbers were compared with, for people.
    public var verification: String {
        guard self != .attentionOnly else { return "the GPT-2 block without its MLP" }
        let kind = family.kind
        return "transformers 5: logits of a small random checkpoint"
            + (kind.ggufName == nil ? "" : ", in GGUF too") + (kind.realModel.map { "; \($0)" } ?? "")
    }

    static var supported: String {
        let names = allCases.filter { $0 != .attentionOnly }.map(\.rawValue)
        return names.dropLast().joined(separator: ", ") + " and \(names.last ?? "") are supported"
    }

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

/// What a family is called elsewhere, and which sizes its models may have.
struct FamilyKind: Sendable {
    /// How many features of a head turn by position.
    enum Rotation: Sendable { case none, some, all }

    /// What people call the family.
    var title: String
    /// The class of `transformers`.
    var className: String
    /// The name in GGUF files; nil where llama.cpp has no such family.
    var ggufName: String?
    /// A published model whose numbers are tested too.
    var realModel: String?
    /// Whether query heads may share keys and values.
    var sharesKeys = true
    /// Whether heads need not share the width among them.
    var hasFreeHeadWidth = true
    /// Whether the MLP multiplies its activation by a linear half.
    var isGated = true
    var rotation = Rotation.all
}

/// Everything about a family of models, in one file: how its configuration is written in `config.json` and in GGUF, what
/// its block is made of, and what its tensors are called.
protocol ModelFamily: Sendable {
    /// `config.json` as Hugging Face writes it: every key that changes what the model computes.
    associatedtype Configuration: Codable, Sendable

    static var kind: FamilyKind { get }
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
    static func description(
        _ file: GGUFFile, _ weights: WeightReader, _ architecture: Architecture
    ) throws -> TransformerDescription {
        throw ModelError("\(architecture.rawValue) models are not kept in GGUF files: take the safetensors")
    }

    static func rowOrder(
        _ part: TensorNames.Part, _ dialect: TensorNames.Dialect, _ description: TransformerDescription
    ) -> [Int]? { nil }
}
