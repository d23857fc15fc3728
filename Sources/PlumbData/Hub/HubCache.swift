internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// The hub's folder layout, shared with the hub's own tools: `blobs` by checksum, `snapshots` of symbolic links by
/// commit, `refs` from revision to commit.
struct HubCache: Sendable {
    let root: URL

    func folder(of repository: String) -> URL {
        root.appendingPathComponent("models--" + repository.replacingOccurrences(of: "/", with: "--"))
    }

    /// The repositories of models that have a folder, by name.
    var repositories: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return names.filter { $0.hasPrefix("models--") }.sorted().map {
            String($0.dropFirst("models--".count)).replacing("--", with: "/", maxReplacements: 1)
        }
    }

    func blob(_ etag: String, of repository: String) -> URL {
        folder(of: repository).appendingPathComponent("blobs").appendingPathComponent(etag)
    }

    /// Removes from `folder` what processes that were killed, or ended before they were done, left there a week ago or
    /// longer: parts of downloads (`.incomplete`) that nobody has gone on with since, and links that never got their name.
    ///
    /// A part is kept for a week, so that the next fetch of the same file goes on where it ended.
    static func removeLeftovers(in folder: URL) {
        let week = 7 * 24 * 3600
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        where name.hasSuffix(".incomplete") || UUID(uuidString: String(name.dropFirst())) != nil {
            var status = stat()
            let path = folder.appendingPathComponent(name).path
            guard lstat(path, &status) == 0 else { continue }
            #if canImport(Darwin)
                let changed = status.st_mtimespec.tv_sec
            #else
                let changed = status.st_mtim.tv_sec
            #endif
            if changed < time(nil) - week { unlink(path) }
        }
    }

    func lock(_ etag: String, of repository: String) -> URL {
        root.appendingPathComponent(".locks").appendingPathComponent(folder(of: repository).lastPathComponent)
            .appendingPathComponent(etag + ".lock")
    }

    func snapshot(_ commit: String, of repository: String) -> URL {
        folder(of: repository).appendingPathComponent("snapshots").appendingPathComponent(commit)
    }

    /// The commit a revision last stood for, or the revision itself where it is a commit.
    func commit(of revision: String, in repository: String) -> String? {
        if FileHash.isHex(revision, digits: 40) { return revision }
        let ref = folder(of: repository).appendingPathComponent("refs").appendingPathComponent(revision)
        guard let data = try? WholeFile.read(ref, limit: 1 << 10) else { return nil }
        let commit = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return FileHash.isHex(commit, digits: 40) ? commit : nil
    }

    /// The file at `path` in a snapshot, where it is there whole.
    func file(_ path: String, commit: String, of repository: String) -> URL? {
        let url = snapshot(commit, of: repository).appendingPathComponent(path)
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }

    func remember(_ commit: String, as revision: String, of repository: String) throws {
        guard revision != commit, self.commit(of: revision, in: repository) != commit else { return }
        let ref = folder(of: repository).appendingPathComponent("refs").appendingPathComponent(revision)
        try AtomicFile.replace(ref) { file in try Array(commit.utf8).withUnsafeBytes { try file.append($0) } }
    }

    /// Makes the snapshot's `path` a relative link to a blob.
    func link(_ path: String, commit: String, to etag: String, of repository: String) throws -> URL {
        let url = snapshot(commit, of: repository).appendingPathComponent(path)
        try AtomicFile.makeFolder(url.deletingLastPathComponent())
        let depth = path.split(separator: "/").count
        let target = String(repeating: "../", count: depth + 1) + "blobs/" + etag
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: url.path)) == target { return url }
        let temporary = url.deletingLastPathComponent().appendingPathComponent(".\(UUID().uuidString)").path
        guard symlink(target, temporary) == 0 else {
            throw FileError("cannot link \(url.path): \(systemReason(errno, at: url.path))")
        }
        try AtomicFile.move(temporary, to: url.path)
        return url
    }
}
