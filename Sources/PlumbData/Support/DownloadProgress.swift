/// How far a download is.
public struct DownloadProgress: Sendable, Equatable {
    /// The file's name, for people.
    public let file: String
    /// Bytes on disk, those of earlier attempts included.
    public let received: Int
    /// Bytes there will be, where the server said.
    public let total: Int?

    /// The part that has arrived, 0 to 1, where the size is known.
    public var fraction: Double? { total.map { $0 > 0 ? Double(received) / Double($0) : 1 } }

    /// A moment of a download; `total` is nil where the server did not say.
    public init(file: String, received: Int, total: Int?) {
        self.file = file
        self.received = received
        self.total = total
    }
}

/// Is told of a download's progress, at most about twenty times a second and once at the end.
public typealias DownloadProgressHandler = @Sendable (DownloadProgress) -> Void
