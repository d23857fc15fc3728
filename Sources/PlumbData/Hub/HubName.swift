internal import PlumbTensor

/// What a user calls a hub model: `organization/name`, `name`, with `@revision` or `/file` behind it.
struct HubName: Sendable, Equatable {
    let repository: String
    var revision = "main"
    var file: String?

    /// Well-known repositories that people call by their last name only.
    static let wellKnown = [
        "gpt2": "openai-community/gpt2", "gpt2-medium": "openai-community/gpt2-medium",
        "gpt2-large": "openai-community/gpt2-large", "gpt2-xl": "openai-community/gpt2-xl",
        "distilgpt2": "distilbert/distilgpt2",
    ]

    /// - Throws: ``FileError`` when `text` cannot be a repository's name.
    init(_ text: String) throws {
        var rest = text
        if let at = rest.lastIndex(of: "@") {
            revision = String(rest[rest.index(after: at)...])
            rest = String(rest[..<at])
        }
        rest = HubName.wellKnown[rest] ?? rest
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        repository = parts.prefix(2).joined(separator: "/")
        if parts.count > 2 { file = parts[2...].joined(separator: "/") }
        guard parts.prefix(2).allSatisfy(HubName.isPlain), HubName.isSafePath(revision),
            file.map(HubName.isSafePath) ?? true
        else {
            throw FileError(
                "\(text) cannot be a hub name: it should look like organization/name, organization/name@revision or "
                    + "organization/name/file.gguf")
        }
    }

    /// One component of a name: letters, digits, `-`, `_` and `.`.
    static func isPlain(_ part: String) -> Bool {
        !part.isEmpty && part.utf8.count <= 96 && !part.hasPrefix(".") && !part.contains("..")
            && part.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "-_.".unicodeScalars.contains($0))
            }
    }

    /// A relative path that stays below where it begins.
    static func isSafePath(_ path: String) -> Bool {
        !path.isEmpty && path.utf8.count <= 1_024 && !path.contains("\\")
            && path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty && part != "." && part != ".."
            }
    }
}
