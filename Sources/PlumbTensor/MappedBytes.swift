public import Foundation
internal import PlumbBasics

/// Read-only bytes with an owner: a memory-mapped file, or a part of one.
///
/// Slices share the mapping, which lasts as long as any of them.
public struct MappedBytes: Sendable {
    private let owner: Mapping
    private let range: Range<Int>

    /// Maps the file at `url` into memory; pages are read when they are first touched.
    ///
    /// - Throws: ``FileError`` when the file cannot be opened or mapped.
    public init(contentsOf url: URL) throws {
        owner = try Mapping(url)
        range = 0..<owner.buffer.count
    }

    /// Copies `bytes` into memory of its own.
    public init(_ bytes: some Collection<UInt8>) {
        owner = Mapping(copying: bytes)
        range = 0..<owner.buffer.count
    }

    private init(owner: Mapping, range: Range<Int>) {
        self.owner = owner
        self.range = range
    }

    /// The number of bytes.
    public var count: Int { range.count }

    /// The bytes at `bounds`, counted from this value's first byte, without copying.
    public subscript(bounds: Range<Int>) -> MappedBytes {
        require(
            bounds.lowerBound >= 0 && bounds.upperBound <= count, "bytes \(bounds) of \(count) do not exist")
        return MappedBytes(
            owner: owner, range: range.lowerBound + bounds.lowerBound..<range.lowerBound + bounds.upperBound)
    }

    /// Calls `body` with the bytes. The pointer is valid during the call only.
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(owner) { try body(UnsafeRawBufferPointer(rebasing: owner.buffer[range])) }
    }
}

/// Something is wrong with a file: what was found, and what to do.
public struct FileError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}

/// The memory behind ``MappedBytes``. Immutable from birth, so it may cross tasks.
private final class Mapping: @unchecked Sendable {
    let buffer: UnsafeRawBufferPointer
    private let isMapped: Bool

    init(_ url: URL) throws {
        let path = url.path
        // A pipe would be waited for until somebody writes to it.
        let file = open(path, O_RDONLY | O_NONBLOCK)
        guard file >= 0 else {
            throw FileError("cannot open \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FileError("\(path) is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else {
            buffer = UnsafeRawBufferPointer(start: nil, count: 0)
            isMapped = false
            return
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), address != MAP_FAILED else {
            throw FileError("cannot map \(path) into memory: \(String(cString: strerror(errno)))")
        }
        buffer = UnsafeRawBufferPointer(start: address, count: size)
        isMapped = true
    }

    init(copying bytes: some Collection<UInt8>) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        copy.copyBytes(from: bytes)
        buffer = UnsafeRawBufferPointer(copy)
        isMapped = false
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress), buffer.count)
        } else {
            buffer.deallocate()
        }
    }
}
