public import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// A file being written under a name of its own until it is complete.
struct AtomicFile: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// Calls `body` to write a new file beside `url`, then puts it in `url`'s place in one step.
    ///
    /// - Throws: ``FileError``, or what `body` throws; nothing is left behind.
    static func replace(_ url: URL, _ body: (borrowing AtomicFile) throws -> Void) throws {
        let folder = url.deletingLastPathComponent()
        try makeFolder(folder)
        let partial = folder.appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString)").path
        do {
            let file = try AtomicFile(creating: partial)
            try body(file)
            try file.synchronize()
        } catch {
            unlink(partial)
            throw error
        }
        try move(partial, to: url.path)
    }

    /// Removes what killed processes left of their attempts to write `url`. Only for who holds a lock on `url`.
    ///
    /// Every file is first written under a hidden name, so that a name never stands for a part: a process that is killed
    /// leaves at most that, and whoever writes the file next removes it.
    static func removeLeftovers(of url: URL) {
        let folder = url.deletingLastPathComponent().path
        let prefix = ".\(url.lastPathComponent)."
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix(prefix) {
            unlink(folder + "/" + name)
        }
    }

    /// Makes `folder` and its parents.
    static func makeFolder(_ folder: URL) throws {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw FileError("cannot make the folder \(folder.path): \(systemReason(of: error))")
        }
    }

    /// Puts the file at `path` in place of `destination` in one step, or removes it.
    static func move(_ path: String, to destination: String) throws {
        guard rename(path, destination) == 0 else {
            let reason = systemReason(errno, at: destination)
            unlink(path)
            throw FileError("cannot write \(destination): \(reason)")
        }
    }

    /// Opens `path` for writing: a new file, or the old one's end.
    init(creating path: String, appending: Bool = false) throws {
        self.path = path
        // A pipe of that name would be waited for until somebody reads it.
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | (appending ? O_APPEND : O_TRUNC)
        descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else { throw FileError("cannot write \(path): \(systemReason(errno, at: path))") }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Appends all of `bytes`.
    borrowing func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            let written = write(descriptor, base, rest.count)
            if written < 0, errno == EINTR { continue }
            guard written >= 0 else { throw FileError("cannot write \(path): \(systemReason(errno, at: path))") }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    /// Writes all of `bytes` at an offset from the file's beginning.
    borrowing func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var (rest, place) = (bytes, offset)
        while let base = rest.baseAddress, !rest.isEmpty {
            let written = pwrite(descriptor, base, rest.count, off_t(place))
            if written < 0, errno == EINTR { continue }
            guard written >= 0 else { throw FileError("cannot write \(path): \(systemReason(errno, at: path))") }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            place += written
        }
    }

    /// Makes the file `length` bytes long; what was not written is zero.
    borrowing func extend(to length: Int) throws {
        guard ftruncate(descriptor, off_t(length)) == 0 else {
            throw FileError("cannot write \(path): \(systemReason(errno, at: path))")
        }
    }

    /// Waits until the bytes are on the disk.
    borrowing func synchronize() throws {
        guard fsync(descriptor) == 0 else {
            throw FileError("cannot write \(path): \(systemReason(errno, at: path))")
        }
    }

    /// Calls `body`, which appends; where it fails the file becomes as long again as it was.
    borrowing func undoingFailure(_ body: (borrowing AtomicFile) throws -> Void) throws {
        var before = stat()
        let isKnown = fstat(descriptor, &before) == 0
        do {
            try body(self)
        } catch {
            if isKnown { ftruncate(descriptor, before.st_size) }
            throw error
        }
    }
}

extension Data {
    /// Writes the bytes to `url`, whole or not at all: a failure leaves what was there before.
    ///
    /// - Throws: ``FileError`` when the file cannot be written.
    public func writeWhole(to url: URL) throws {
        try AtomicFile.replace(url) { file in try withUnsafeBytes { try file.append($0) } }
    }

    /// Writes the bytes behind what `url` holds, and waits until they are on the disk; a new file where there is none. A
    /// failure leaves what was there before.
    ///
    /// - Throws: ``FileError`` when the file cannot be written.
    public func append(to url: URL) throws {
        let file = try AtomicFile(creating: url.path, appending: true)
        try file.undoingFailure { file in
            try withUnsafeBytes { try file.append($0) }
            try file.synchronize()
        }
    }
}
