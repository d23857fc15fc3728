internal import CZlib
public import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Arrays of NumPy by name: a file NPZ (`numpy.savez`, packed or not), or a single array NPY.
public struct NPZFile: Sendable {
    /// The file's path, for messages.
    public let path: String
    /// The names of the arrays in the file's order; one empty name for a file NPY.
    public let names: [String]

    private enum Content: Sendable {
        case single(MappedBytes)
        case archive(ZipArchive)
    }
    private let content: Content

    /// Opens the file at `url`; arrays are read when they are asked for.
    ///
    /// - Throws: `FileError` naming the file and what is wrong.
    public init(contentsOf url: URL) throws {
        path = url.path
        let bytes = try MappedBytes(contentsOf: url)
        let isArchive = bytes.withUnsafeBytes { $0.starts(with: [0x50, 0x4B]) }
        guard isArchive else {
            guard bytes.withUnsafeBytes({ $0.starts(with: [0x93] + Array("NUMPY".utf8)) }) else {
                throw FileError("\(path) is neither an array of NumPy (.npy) nor an archive of them (.npz)")
            }
            (content, names) = (.single(bytes), [""])
            return
        }
        let archive = try ZipArchive(contentsOf: url)
        names = archive.members.map { $0.name.hasSuffix(".npy") ? String($0.name.dropLast(4)) : $0.name }
        content = .archive(archive)
    }

    /// The array called `name`.
    ///
    /// - Throws: `FileError` naming the file, the array and what is wrong.
    public func array(_ name: String) throws -> NPYArray {
        switch content {
        case .single(let bytes): return try NPYArray(bytes, name: path)
        case .archive(let archive):
            guard let place = names.firstIndex(of: name) else {
                throw FileError(
                    "\(path) has no array \(visible(name, limit: 60)); it has "
                        + visible(names.prefix(8).joined(separator: ", "), limit: 200))
            }
            var bytes: [UInt8] = []
            do {
                try archive.unpack(archive.members[place].name, limit: NPYArray.limit) {
                    bytes.append(contentsOf: $0)
                }
            } catch let error as FileError {
                throw FileError("\(path): \(error.description)")
            }
            return try bytes.withUnsafeBytes { try NPYArray($0, name: "\(path), array \(visible(name, limit: 60))") }
        }
    }
}

/// Collects arrays and writes them as one file that `numpy.load` reads.
public struct NPZWriter: Sendable {
    private var members: [(name: String, header: [UInt8], body: [UInt8])] = []

    /// Begins an empty file.
    public init() {}

    /// Adds a tensor as float32.
    public mutating func add(_ name: String, _ tensor: Tensor) {
        let body = tensor.elements.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        add(name, "<f4", tensor.shape, body)
    }

    /// Adds whole numbers, `[N]` of 64 bits.
    public mutating func add(_ name: String, _ numbers: [Int]) {
        add(name, "<i8", [numbers.count], numbers.flatMap { withUnsafeBytes(of: Int64($0).littleEndian, Array.init) })
    }

    /// Adds truth values, `[N]`.
    public mutating func add(_ name: String, _ values: [Bool]) {
        add(name, "|b1", [values.count], values.map { $0 ? 1 : 0 })
    }

    private mutating func add(_ name: String, _ type: String, _ shape: [Int], _ body: [UInt8]) {
        require(
            !name.isEmpty && !members.contains { $0.name == name }, "the array \(name) has no name or was added before")
        members.append((name, NPYArray.header(type, shape), body))
    }

    /// Writes the file, whole or not at all: a failure leaves what was at `url` before.
    ///
    /// - Throws: `FileError` when the file cannot be written, or would be larger than the 4 GB of a plain zip file.
    public func write(to url: URL) throws {
        let stored = members.map {
            let crc = crc32(crc32(0, $0.header, uInt($0.header.count)), $0.body, uInt($0.body.count))
            return StoredMember("\($0.name).npy", size: $0.header.count + $0.body.count, checksum: UInt32(crc))
        }
        try StoredMember.check(stored, url)
        try AtomicFile.replace(url) { file in
            let parts = zip(members, stored).flatMap { [$1.local, $0.header, $0.body] }
            for part in parts + [StoredMember.directory(stored)] { try part.withUnsafeBytes { try file.append($0) } }
        }
    }
}
