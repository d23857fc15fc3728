/// How far a download is.
public struct DownloadProgress: Sendable, Equatable {
    /// The file's name, for people.
    public let file: String
    /// Bytes on disk, those of earlier attempts included.
    public let received: Int
    /// Bytes there will be, where the server said.
    public let total: Int?

    public init(file: String, received: Int, total: Int?) {
        self.file = file
        self.received = received
        self.total = total
    }
}

/// Is told of a download's progress, at most about twenty times a second and once at the end.
public typealias DownloadProgressHandler = @Sendable (DownloadProgress) -> Void
