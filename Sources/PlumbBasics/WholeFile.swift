public import Foundation

/// Reading a small file whole, without waiting for ever and without taking memory for what is too large.
public enum WholeFile {
    /// What a file may be read from.
    public enum Kind: Sendable {
        /// Files on a disk only: a pipe of that name would be waited for.
        case file
        /// Also pipes and devices, such as a shell makes of `<(COMMAND)`.
        case stream
    }

    /// Why a file was not read, as a sentence without its path.
    public struct Failure: Error, CustomStringConvertible, Equatable {
        /// The sentence: which file, what was found, and what would be accepted.
        public let description: String
    }

    /// The bytes of the file at `url`.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are read.
    ///   - kind: what else than a file on a disk may be read.
    /// - Throws: ``Failure`` where it is missing, not readable, a folder, no file on a disk, or larger than `limit`.
    public static func read(_ url: URL, limit: Int, kind: Kind = .file) throws(Failure) -> Data {
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | (kind == .file ? O_NONBLOCK : 0))
        guard descriptor >= 0 else { throw Failure(description: systemReason(errno, at: url.path)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(description: systemReason(errno)) }
        let type = status.st_mode & S_IFMT
        guard type != S_IFDIR else { throw Failure(description: systemReason(EISDIR)) }
        guard type == S_IFREG || kind == .stream else {
            throw Failure(description: "it is a pipe or a device, not a file on a disk")
        }
        let tooLarge = Failure(description: "it holds more than the \(limit) bytes that can be read")
        guard type != S_IFREG || Int(status.st_size) <= limit else { throw tooLarge }
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(description: systemReason(errno)) }
            guard count > 0 else { return data }
            guard data.count + count <= limit else { throw tooLarge }
            data.append(contentsOf: buffer[..<count])
        }
    }
}
