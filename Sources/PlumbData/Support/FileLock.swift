internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// A lock that holds between processes as well as tasks, by a file of its own; the system lifts it when a process ends.
enum FileLock {
    /// Runs `body` while no one else holds the lock on the file at `url`; waits for it without blocking a thread.
    ///
    /// - Throws: ``FileError`` when the file cannot be made, `CancellationError`, or what `body` throws.
    static func hold<T>(_ url: URL, _ body: () async throws -> T) async throws -> T {
        try AtomicFile.makeFolder(url.deletingLastPathComponent())
        let file = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o644)
        guard file >= 0 else { throw FileError("cannot write \(url.path): \(systemReason(errno, at: url.path))") }
        defer { close(file) }
        var pause = 10
        while flock(file, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw FileError("cannot lock \(url.path): \(systemReason(errno))")
            }
            try await Task.sleep(for: .milliseconds(pause))
            pause = min(pause * 2, 500)
        }
        return try await body()
    }
}
