internal import Foundation

/// The lock on a file that this process holds until it is released or the process ends, however it ends.
///
/// The file is made where it is missing, and removed when the lock is released.
public final class HeldLock: @unchecked Sendable {
    // Only changed by `release`, which the owner calls once.
    private var descriptor: Int32
    private let path: String

    /// Why a lock was not taken.
    public enum Failure: Error, Equatable {
        /// Another process, or another owner in this one, holds it.
        case isHeld
        /// The file cannot be made or opened: the system's error number.
        case system(Int32)
    }

    /// Takes the lock on the file at `path`, or fails at once.
    ///
    /// - Throws: ``Failure``.
    public init(_ path: String) throws(Failure) {
        self.path = path
        while true {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o644)
            guard file >= 0 else { throw .system(errno) }
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                let code = errno
                close(file)
                throw code == EWOULDBLOCK ? .isHeld : .system(code)
            }
            // Between opening and locking, another process may have released its lock and removed the file.
            var (mine, present) = (stat(), stat())
            if fstat(file, &mine) == 0, stat(path, &present) == 0, mine.st_ino == present.st_ino {
                descriptor = file
                return
            }
            close(file)
        }
    }

    deinit { release() }

    /// Gives the lock back.
    public func release() {
        guard descriptor >= 0 else { return }
        // The file goes while it is locked still: afterwards it could be another process's lock.
        unlink(path)
        close(descriptor)
        descriptor = -1
    }

    /// Whether some process, perhaps this one, holds the lock on the file at `path`.
    public static func isHeld(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return false }
        defer { close(file) }
        return flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}
