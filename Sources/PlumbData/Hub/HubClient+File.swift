public import Foundation
internal import PlumbTensor

extension HubClient {
    /// Gets one file of a repository and returns where it is. What the cache holds unchanged is not fetched again.
    ///
    /// Where the hub cannot be reached, the file is taken from the cache as it was at the last visit.
    ///
    /// - Throws: `FileError` saying what is wrong and what to do; ``HubUnreachable`` when no answer comes.
    public func file(
        _ path: String, in repository: String, revision: String = "main", progress: DownloadProgressHandler? = nil
    ) async throws -> URL {
        let name = try HubName("\(repository)@\(revision)")
        guard HubName.isSafePath(path) else { throw FileError("\(path) cannot be a file's path in \(repository)") }
        let known = cache.commit(of: revision, in: name.repository)
        let cached = known.flatMap { cache.file(path, commit: $0, of: name.repository) }
        if let cached, isOffline || known == revision { return cached }
        guard !isOffline else {
            throw absent(
                "\(repository)/\(path)", "the network may not be used (HF_HUB_OFFLINE or PLUMB_OFFLINE is set)")
        }
        do {
            let entry = try await entry(path, name)
            try await fetch(entry, name, progress)
            try cache.remember(entry.commit, as: revision, of: name.repository)
            return try cache.link(path, commit: entry.commit, to: entry.etag, of: name.repository)
        } catch let error as HubUnreachable {
            guard let cached else { throw error }
            return cached
        }
    }

    /// What the hub says about a file before sending it.
    struct Entry: Sendable {
        let path: String
        let url: URL
        let commit: String
        let etag: String
        let size: Int?
    }

    private func entry(_ path: String, _ name: HubName) async throws -> Entry {
        let url = address("\(name.repository)/resolve", name.revision, path)
        let answer = try await reaching(name.repository) {
            try await downloader.head(url, headers: headers(for: url), policy: .stayOnHost)
        }
        guard (200..<400).contains(answer.status) else {
            throw refusal(answer.status, answer.headers, name, file: path)
        }
        guard let commit = answer.headers["x-repo-commit"], FileHash.isHex(commit, digits: 40),
            let etag = (answer.headers["x-linked-etag"] ?? answer.headers["etag"]).flatMap(HubClient.plain)
        else { throw FileError("\(endpoint.absoluteString) does not answer like a Hugging Face hub; see HF_ENDPOINT") }
        let linked = answer.headers["x-linked-size"].flatMap { Int($0) }
        return Entry(
            path: path, url: answer.status < 300 ? answer.url : url, commit: commit, etag: etag,
            size: linked ?? (answer.status == 200 ? answer.totalSize : nil))
    }

    /// An entity tag without its quotes, if it can be a file's name.
    static func plain(_ etag: String) -> String? {
        let bare = (etag.hasPrefix("W/") ? String(etag.dropFirst(2)) : etag).filter { $0 != "\"" }
        return HubName.isPlain(bare) ? bare : nil
    }

    /// Brings the entry's blob into the cache, unless it is there.
    private func fetch(_ entry: Entry, _ name: HubName, _ progress: DownloadProgressHandler?) async throws {
        let blob = cache.blob(entry.etag, of: name.repository)
        if FileManager.default.fileExists(atPath: blob.path) { return }
        try await FileLock.hold(cache.lock(entry.etag, of: name.repository)) {
            if FileManager.default.fileExists(atPath: blob.path) { return }
            HubCache.removeLeftovers(in: blob.deletingLastPathComponent())
            let partial = blob.appendingPathExtension("incomplete")
            let checksum: Downloader.Checksum
            switch entry.etag {
            case let etag where FileHash.isHex(etag, digits: 64): checksum = .sha256(etag)
            case let etag where FileHash.isHex(etag, digits: 40): checksum = .gitBlob(etag)
            default: checksum = .unknown
            }
            let source = Downloader.Source(
                url: entry.url, headers: headers(for: entry.url), name: entry.path, size: entry.size, checksum: checksum
            )
            try await reaching(name.repository) {
                do {
                    try await downloader.download(source, to: partial, progress: progress)
                } catch let status as HTTPStatus {
                    throw refusal(status.status, status.headers, name, file: entry.path)
                } catch let mismatch as ChecksumMismatch {
                    throw FileError(mismatch.description)
                }
            }
            try AtomicFile.move(partial.path, to: blob.path)
        }
    }
}

extension HubClient {
    /// What to send to `url`: the token goes to the hub's own scheme, host and port only.
    func headers(for url: URL) -> [String: String] {
        guard let token, WebOrigin(url) == WebOrigin(endpoint) else { return [:] }
        return ["Authorization": "Bearer \(token)"]
    }

    /// The endpoint with components below it; a revision's slashes are escaped, a path's are not.
    func address(_ base: String, _ revision: String, _ path: String? = nil) -> URL {
        var allowed = CharacterSet.urlPathAllowed
        allowed.remove(charactersIn: "/+")
        func escaped(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text }
        var text = endpoint.absoluteString + "/" + base + "/" + escaped(revision)
        if let path { text += "/" + path.split(separator: "/").map { escaped(String($0)) }.joined(separator: "/") }
        return URL(string: text) ?? endpoint
    }

    /// Runs `body`, saying ``HubUnreachable`` where the network fails.
    func reaching<T>(_ repository: String, _ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let failure as HTTPFailure {
            throw HubUnreachable(description: absent(repository, failure.description).description)
        }
    }

    func absent(_ what: String, _ reason: String) -> FileError {
        FileError(
            "\(what) is not in the cache (\(cacheFolder.path)) and cannot be fetched from \(endpoint.absoluteString): "
                + "\(reason). Connect to the network and try again, or give the path of a model on this machine")
    }

    /// A sentence for an answer that is not what was asked for.
    func refusal(_ status: Int, _ headers: [String: String], _ name: HubName, file: String?) -> FileError {
        let repository = name.repository
        let page = endpoint.appendingPathComponent(repository).absoluteString
        switch (status, headers["x-error-code"]) {
        case (_, "GatedRepo"), (403, _):
            return FileError(
                "\(repository) is given to those who accepted its license: accept it at \(page), then set HF_TOKEN to "
                    + "a token of yours")
        case (404, "RevisionNotFound"):
            return FileError("\(repository) has no revision \(name.revision); see \(page)")
        case (401, _):
            let reason = token == nil ? "HF_TOKEN is not set" : "HF_TOKEN does not open it"
            return FileError(
                "there is no repository \(repository) for you on \(endpoint.absoluteString): the name is wrong, or it "
                    + "is private and \(reason)")
        case (404, _):
            guard let file, headers["x-error-code"] != "RepoNotFound" else {
                return FileError("there is no repository \(repository) on \(endpoint.absoluteString); check the name")
            }
            return FileError("\(repository) has no file \(file) at revision \(name.revision); see \(page)")
        default:
            return FileError("\(endpoint.absoluteString) answers \(status) for \(repository); try again later")
        }
    }
}
