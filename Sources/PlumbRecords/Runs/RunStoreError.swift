import Foundation
internal import PlumbBasics

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
        let advice =
            switch code {
            case ENOSPC, EDQUOT: ": free some space, or choose another folder with --out"
            case EACCES, EPERM: ": choose a folder you may write with --out"
            case EROFS: ": choose another folder with --out"
            default: ""
            }
        description = "cannot \(action) \(path): \(systemReason(code, at: path))\(advice)"
    }
}
