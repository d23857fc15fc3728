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
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
        // Elements begin at a multiple of 64 bytes, as the format asks.
        while (10 + text.utf8.count + 1) % 64 != 0 { text += " " }
        text += "\n"
        let length = UInt16(text.utf8.count)
        let header: [UInt8] =
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8)
        members.append((name, header, body))
    }

    /// Writes the file, whole or not at all: a failure leaves what was at `url` before.
    ///
    /// - Throws: `FileError` when the file cannot be written, or would be larger than the 4 GB of a plain zip file.
    public func write(to url: URL) throws {
        let total = members.reduce(0) { $0 + $1.header.count + $1.body.count + 256 + 2 * $1.name.utf8.count }
        guard total < 1 << 32, members.count < 1 << 16 else {
            throw FileError("cannot write \(url.path): \(total) bytes are more than the 4 GB of an NPZ file")
        }
        try AtomicFile.replace(url) { file in
            var directory: [UInt8] = []
            var offset = 0
            for member in members {
                let size = member.header.count + member.body.count
                var crc = crc32(0, member.header, uInt(member.header.count))
                crc = crc32(crc, member.body, uInt(member.body.count))
                let name = Array("\(member.name).npy".utf8)
                // Version 2.0, no flags, stored, 1 January 1980: the same arrays give the same bytes.
                let common: [UInt8] =
                    [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0] + Self.bytes(UInt32(crc)) + Self.bytes(UInt32(size))
                    + Self.bytes(UInt32(size)) + Self.bytes(UInt16(name.count)) + [0, 0]
                let local = [0x50, 0x4B, 3, 4] + common + name
                for part in [local, member.header, member.body] { try part.withUnsafeBytes { try file.append($0) } }
                directory += [0x50, 0x4B, 1, 2, 20, 0] + common + [UInt8](repeating: 0, count: 10)
                directory += Self.bytes(UInt32(offset)) + name
                offset += local.count + size
            }
            let count = Self.bytes(UInt16(members.count))
            let end: [UInt8] =
                [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + Self.bytes(UInt32(directory.count))
                + Self.bytes(UInt32(offset)) + [0, 0]
            for part in [directory, end] { try part.withUnsafeBytes { try file.append($0) } }
        }
    }

    private static func bytes<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }
}
