public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Pointers that Git LFS leaves in the place of files that were not fetched.
public enum GitLFS {
    private static let signatures = [
        "version https://git-lfs.github.com/spec/", "version https://hawser.github.com/spec/",
    ]
    /// A pointer has less than this many bytes.
    private static let maximumSize = 1024

    /// Refuses a pointer in the place of a file.
    ///
    /// - Parameters:
    ///   - bytes: all of the file.
    ///   - url: where it is, for the message.
    /// - Throws: `FileError` saying that the file itself was not fetched, and what to do.
    public static func refusePointer(_ bytes: some Collection<UInt8>, at url: URL) throws {
        guard bytes.count < maximumSize, signatures.contains(where: { bytes.starts(with: $0.utf8) }) else { return }
        let size = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("size ") }
            .flatMap { Int($0.dropFirst(5)) }
        throw FileError(
            "\(visible(url.path, limit: 1000)) is a Git LFS pointer, not the file itself"
                + "\(size.map { " (\($0) bytes)" } ?? ""), which was not fetched: run \"git lfs pull\" in its repository, or "
                + "download the file")
    }

    /// Refuses a pointer in the place of a mapped file.
    ///
    /// - Throws: `FileError` saying that the file itself was not fetched, and what to do.
    public static func refusePointer(_ bytes: MappedBytes, at url: URL) throws {
        guard bytes.count < maximumSize else { return }
        try bytes.withUnsafeBytes { try refusePointer($0, at: url) }
    }
}
