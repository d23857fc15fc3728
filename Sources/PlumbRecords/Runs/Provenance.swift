/// The version of Plumbline, as records and `plumb --version` give it.
public enum PlumbVersion {
    /// Semantic: major, minor, patch.
    public static let current = "0.1.0"
}

/// A file a run was made from: weights, data, prompts.
public struct InputFile: Codable, Sendable, Equatable, Hashable {
    /// As given or found when the run read it.
    public var path: String
    /// Lower-case hexadecimal.
    public var sha256: String
    /// The size in bytes.
    public var bytes: Int
    /// What it was for, for example "weights".
    public var role: String

    /// A file by its path and hash.
    public init(path: String, sha256: String, bytes: Int, role: String) {
        self.path = path
        self.sha256 = sha256
        self.bytes = bytes
        self.role = role
    }
}

/// A file a run produced beside its record.
public struct Artifact: Codable, Sendable, Equatable, Hashable {
    /// The file name.
    public var name: String
    /// Relative to the run's folder where it lies inside it.
    public var path: String
    /// What it is, for example "report" or "table".
    public var kind: String
    /// Lower-case hexadecimal, where it was computed.
    public var sha256: String?

    /// A file by its name, path and kind.
    public init(name: String, path: String, kind: String, sha256: String? = nil) {
        self.name = name
        self.path = path
        self.kind = kind
        self.sha256 = sha256
    }
}

/// How a run ended.
public enum RunStatus: String, Codable, Sendable, CaseIterable {
    /// With findings.
    case finished
    /// By an error.
    case failed
    /// From outside, for example by Ctrl-C.
    case interrupted
}
