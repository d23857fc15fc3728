public import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// Checksums of files, as lower-case hexadecimal.
public enum FileHash {
    /// The SHA-256 of the file at `url`.
    ///
    /// With `cache`, a folder, the result is kept there by the file's identity (device, inode, size, time of change),
    /// so that a large file is read once only.
    ///
    /// - Complexity: O(size); about a second a gigabyte.
    /// - Throws: `FileError` when the file cannot be read.
    public static func sha256(of url: URL, cache: URL? = nil) throws -> String {
        if let cache {
            let memo = cache.appendingPathComponent(try identity(of: url))
            if let data = try? WholeFile.read(memo, limit: 64) {
                let text = String(decoding: data, as: UTF8.self)
                if isHex(text, digits: 64) { return text }
            }
        }
        let digest = Digest(.sha256)
        try read(url) { digest.update($0) }
        let result = hex(digest.value)
        if let cache { remember(result, of: url, in: cache) }
        return result
    }

    /// How many hashes a cache keeps: those of files that have changed or gone are never asked for again.
    static let limit = 256

    /// Keeps a known hash in `cache`, in place of the oldest where there are many. A cache that cannot be written only
    /// costs time.
    static func remember(_ hash: String, of url: URL, in cache: URL) {
        guard let name = try? identity(of: url) else { return }
        try? AtomicFile.replace(cache.appendingPathComponent(name)) { file in
            try Array(hash.utf8).withUnsafeBytes { try file.append($0) }
        }
        forgetOldest(in: cache)
    }

    private static func forgetOldest(in cache: URL) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: cache.path)) ?? []
        guard files.count > limit else { return }
        let dated = files.map { name -> (path: String, time: Int) in
            var status = stat()
            let path = cache.appendingPathComponent(name).path
            guard lstat(path, &status) == 0 else { return (path, 0) }
            #if canImport(Darwin)
                return (path, status.st_mtimespec.tv_sec)
            #else
                return (path, status.st_mtim.tv_sec)
            #endif
        }
        // Half of them, so that this is seldom done; among them what killed processes left under hidden names.
        for file in dated.sorted(by: { $0.time < $1.time }).prefix(files.count - limit / 2) { unlink(file.path) }
    }

    /// The SHA-256 of `bytes`.
    public static func sha256(of bytes: some DataProtocol) -> String {
        let digest = Digest(.sha256)
        for region in bytes.regions { region.withUnsafeBytes { digest.update($0) } }
        return hex(digest.value)
    }

    /// The name git gives to the file's content: SHA-1 over `blob <size>`, a zero byte and the content.
    static func gitBlob(of url: URL) throws -> String {
        let bytes = try MappedBytes(contentsOf: url)
        let digest = Digest(.sha1)
        Array("blob \(bytes.count)\0".utf8).withUnsafeBytes { digest.update($0) }
        bytes.withUnsafeBytes { digest.update($0) }
        return hex(digest.value)
    }

    /// Calls `body` with the file's bytes, a piece at a time.
    static func read(_ url: URL, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let bytes = try MappedBytes(contentsOf: url)
        try bytes.withUnsafeBytes { whole in
            for start in stride(from: 0, to: whole.count, by: 1 << 20) {
                try body(UnsafeRawBufferPointer(rebasing: whole[start..<min(start + 1 << 20, whole.count)]))
            }
        }
    }

    static func isHex(_ text: String, digits: Int) -> Bool {
        text.utf8.count == digits && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func identity(of url: URL) throws -> String {
        var status = stat()
        guard stat(url.path, &status) == 0 else {
            throw FileError("cannot read \(url.path): \(systemReason(errno))")
        }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        return "sha256-\(status.st_dev)-\(status.st_ino)-\(status.st_size)-\(time.tv_sec)-\(time.tv_nsec)"
    }

    fileprivate static func hex(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// A SHA-256 taken while bytes pass by.
struct StreamingHash {
    private let digest = Digest(.sha256)

    mutating func update(_ bytes: UnsafeRawBufferPointer) { digest.update(bytes) }

    /// The hash of everything so far.
    var value: String { FileHash.hex(digest.value) }
}
