import Foundation

/// A run folder or file that cannot be written, read or found: the sentence names it and says what to do.
public struct RunStoreError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String

    /// An error that is this sentence.
    public init(_ description: String) { self.description = description }

    /// A failed system call in plain words.
    /// - Parameters:
    ///   - action: what was being done, for example "write".
    ///   - code: the system's error number.
    init(_ action: String, _ path: String, code: Int32) {
        let reason: String
        switch code {
        case ENOSPC, EDQUOT:
            reason = "the disk is full: free some space, or choose another folder with --out"
        case EACCES, EPERM:
            reason = "permission denied: choose a folder you may write with --out"
        case EROFS:
            reason = "the file system is read-only: choose another folder with --out"
        case ENOTDIR:
            reason = "a part of the path is a file, not a folder"
        case ENOENT:
            reason = "there is no such file or folder"
        case ENAMETOOLONG:
            reason = "the name is too long"
        case EMFILE, ENFILE:
            reason = "too many files are open"
        default:
            reason = String(cString: strerror(code))
        }
        description = "cannot \(action) \(path): \(reason)"
    }
}
