public import Foundation

/// Where a model's files are.
public enum ModelLocation: Sendable, Equatable {
    /// One GGUF file with weights, configuration and tokenizer.
    case gguf(URL)
    /// A folder with `config.json`, `tokenizer.json` and safetensors.
    case folder(URL)

    /// The file or folder.
    public var url: URL {
        switch self {
        case .gguf(let url), .folder(let url): url
        }
    }
}
