import Foundation

/// Files written so that a reader sees the old content or the new, never a part.
enum FileWriting {
    /// Writes beside `path`, flushes to the disk, then renames over it. A failure leaves nothing behind.
    static func replace(_ path: String, with data: Data) throws {
        let temporary = path + ".\(getpid())\(temporarySuffix)"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw RunStoreError("write", path, code: errno) }
        do {
            defer { close(file) }
            try append(data, to: file, path: path)
            guard fsync(file) == 0 else { throw RunStoreError("write", path, code: errno) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = RunStoreError("write", path, code: errno)
            unlink(temporary)
            throw error
        }
        flushFolder(of: path)
    }

    private static let temporarySuffix = ".tmp"

    /// Removes what a killed process left of its attempts to write files of `folder`. Only for who holds its lock.
    static func removeLeftovers(in folder: URL) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names where name.hasSuffix(temporarySuffix) {
            unlink(folder.appendingPathComponent(name).path)
        }
    }

    /// Writes all of `data` behind what an open file holds; a failure leaves the file as it was.
    static func appendWhole(_ data: Data, to file: Int32, path: String) throws {
        var before = stat()
        let isKnown = fstat(file, &before) == 0
        do {
            try append(data, to: file, path: path)
        } catch {
            if isKnown { ftruncate(file, before.st_size) }
            throw error
        }
    }

    /// Writes all of `data` to an open file.
    static func append(_ data: Data, to file: Int32, path: String) throws {
        try data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                guard let base = bytes.baseAddress else { return }
                let written = write(file, base + done, bytes.count - done)
                if written < 0 {
                    if errno == EINTR { continue }
                    throw RunStoreError("write", path, code: errno)
                }
                done += written
            }
        }
    }

    /// Makes `path` and the folders above it.
    static func makeFolder(_ path: String) throws {
        if mkdir(path, 0o755) == 0 { return }
        switch errno {
        case EEXIST:
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
            else {
                throw RunStoreError("make the folder", path, code: ENOTDIR)
            }
        case ENOENT:
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
            guard parent != path else { throw RunStoreError("make the folder", path, code: ENOENT) }
            try makeFolder(parent)
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw RunStoreError("make the folder", path, code: errno)
            }
        default:
            throw RunStoreError("make the folder", path, code: errno)
        }
    }

    /// A rename is safe from a power cut once its folder is flushed; where the file system refuses, nothing is lost but that.
    private static func flushFolder(of path: String) {
        let folder = open(
            URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }
}
