public import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// A repository's files at one commit.
public struct HubListing: Sendable, Equatable {
    /// The commit, 40 hexadecimal digits.
    public let commit: String
    /// Paths below the repository's root.
    public let files: [String]
}

/// Downloads from the Hugging Face hub into the hub's own cache.
///
/// Honors `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME`, `HF_HUB_CACHE` and `HF_HUB_OFFLINE`. Downloads resume
/// where they were cut, are checked against the hub's checksum before they get their name, and may run in several
/// processes at once.
public struct HubClient: Sendable {
    /// The hub's address.
    public let endpoint: URL
    /// The folder with the hub's cache.
    public let cacheFolder: URL
    /// Whether only the cache may be used.
    public let isOffline: Bool

    let token: String?
    let downloader: Downloader
    let cache: HubCache

    /// Makes a client as `environment` says.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.init(environment: environment, downloader: Downloader())
    }

    init(environment: [String: String], downloader: Downloader) {
        func value(_ key: String) -> String? { environment[key].flatMap { $0.isEmpty ? nil : $0 } }
        let home =
            value("HF_HOME").map { CacheFolder.expand($0, environment) }
            ?? CacheFolder.base(environment).appendingPathComponent("huggingface")
        let address = value("HF_ENDPOINT") ?? "https://huggingface.co"
        endpoint =
            URL(string: address.hasSuffix("/") ? String(address.dropLast()) : address)
            ?? URL(fileURLWithPath: "/")
        cacheFolder =
            value("HF_HUB_CACHE").map { CacheFolder.expand($0, environment) } ?? home.appendingPathComponent("hub")
        cache = HubCache(root: cacheFolder)
        isOffline = CacheFolder.isOffline(environment)
        let tokenFile =
            value("HF_TOKEN_PATH").map { CacheFolder.expand($0, environment) } ?? home.appendingPathComponent("token")
        let token = value("HF_TOKEN") ?? Self.text(of: tokenFile)
        self.token = token?.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: "\n").first.map(
            String.init)
        self.downloader = downloader
    }

    private static func text(of file: URL) -> String? {
        (try? WholeFile.read(file, limit: 1 << 16)).flatMap { String(data: $0, encoding: .utf8) }
    }

    /// The repository's files at `revision`.
    ///
    /// - Throws: `FileError` saying what is wrong and what to do; ``HubUnreachable`` when no answer comes.
    public func listing(of repository: String, revision: String = "main") async throws -> HubListing {
        let name = try HubName("\(repository)@\(revision)")
        let url = address("api/models/\(name.repository)/revision", revision)
        let (answer, body) = try await reaching(repository) {
            try await downloader.data(url, headers: headers(for: url), limit: 64 << 20)
        }
        guard answer.status == 200 else { throw refusal(answer.status, answer.headers, name, file: nil) }
        guard let decoded = try? JSONDecoder().decode(Listing.self, from: body), FileHash.isHex(decoded.sha, digits: 40)
        else { throw FileError("\(endpoint.absoluteString) does not answer like a Hugging Face hub; see HF_ENDPOINT") }
        return HubListing(
            commit: decoded.sha, files: decoded.siblings.map(\.rfilename).filter(HubName.isSafePath))
    }

    /// Gets the files of `repository` that match any of `patterns` (`*` and `?`, as in a shell), and returns the folder
    /// of that snapshot.
    ///
    /// - Throws: `FileError` saying what is wrong and what to do; ``HubUnreachable`` when no answer comes.
    public func snapshot(
        of repository: String, revision: String = "main", matching patterns: [String] = ["*"],
        progress: DownloadProgressHandler? = nil
    ) async throws -> URL {
        if isOffline { return try offlineSnapshot(of: repository, revision: revision) }
        let listing = try await listing(of: repository, revision: revision)
        return try await snapshot(
            of: repository, listing: listing, revision: revision, matching: patterns, progress: progress)
    }

    func snapshot(
        of repository: String, listing: HubListing, revision: String, matching patterns: [String],
        progress: DownloadProgressHandler?
    ) async throws -> URL {
        let requested = listing.files.filter { file in patterns.contains { fnmatch($0, file, 0) == 0 } }
        guard !requested.isEmpty else {
            throw FileError("\(repository) holds no file that matches \(patterns.joined(separator: ", "))")
        }
        for file in requested {
            _ = try await self.file(file, in: repository, revision: listing.commit, progress: progress)
        }
        try cache.remember(listing.commit, as: revision, of: repository)
        return cache.snapshot(listing.commit, of: repository)
    }

    /// The folder of the last snapshot of `repository` in the cache, if there is one.
    public func cachedSnapshot(of repository: String, revision: String = "main") -> URL? {
        guard let commit = cache.commit(of: revision, in: repository) else { return nil }
        let folder = cache.snapshot(commit, of: repository)
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }

    func offlineSnapshot(of repository: String, revision: String) throws -> URL {
        guard let folder = cachedSnapshot(of: repository, revision: revision) else {
            throw absent(repository, "the network may not be used (HF_HUB_OFFLINE or PLUMB_OFFLINE is set)")
        }
        return folder
    }

    private struct Listing: Decodable {
        struct Sibling: Decodable {
            let rfilename: String
        }
        let sha: String
        let siblings: [Sibling]
    }
}

/// No answer came from the hub, and the cache does not help.
public struct HubUnreachable: Error, CustomStringConvertible {
    /// What was tried, and why it failed.
    public let description: String
}
