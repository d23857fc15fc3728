internal import PlumbTensor

extension ModelStore {
    /// Finds `name`'s files like ``locate(_:progress:)``, holding the calling thread while files are fetched.
    ///
    /// - Throws: `FileError` saying what was found and what to do.
    public func locateBlocking(_ name: String, progress: DownloadProgressHandler? = nil) throws -> ModelLocation {
        if let location = try locateAtHand(name) { return location }
        return try Blocking.run { try await locate(name, progress: progress) }
    }
}
