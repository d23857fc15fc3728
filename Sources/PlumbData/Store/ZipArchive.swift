internal import CZlib
internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// A zip file, memory-mapped, of which members are unpacked one at a time.
///
/// Every offset and length is checked against the file; a member never unpacks to more than the directory declares.
/// Stored and deflated members are read; encrypted ones, zip64 and split archives are refused.
struct ZipArchive {
    /// A member as the archive's directory describes it.
    struct Member {
        let name: String
        let method: UInt16
        let isEncrypted: Bool
        let crc: UInt32
        let packedSize: Int
        let size: Int
        /// Where its local header begins.
        let offset: Int
    }

    let members: [Member]
    private let bytes: MappedBytes

    /// - Throws: ``FileError`` saying what is wrong, with the file's name.
    init(contentsOf url: URL) throws {
        bytes = try MappedBytes(contentsOf: url)
        do {
            members = try bytes.withUnsafeBytes { try ZipArchive.directory($0) }
        } catch let error as FileError {
            throw FileError("\(url.path): \(error.description)")
        }
    }

    /// Unpacks the member called `name`, handing its bytes to `body` a piece at a time, and checks size and checksum.
    ///
    /// - Parameter limit: the most bytes the member may have.
    func unpack(_ name: String, limit: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let member = members.first(where: { $0.name == name }) else {
            let near = closestMatch(to: name, in: members.lazy.map(\.name)) ?? members.first?.name
            throw FileError("the archive has no member \(name)\(near.map { "; it has \($0)" } ?? "")")
        }
        guard !member.isEncrypted else { throw FileError("the archive's member \(name) is encrypted") }
        guard member.size <= limit else {
            throw FileError("the archive's member \(name) has \(member.size) bytes, more than the \(limit) expected")
        }
        try bytes.withUnsafeBytes { whole in
            let packed = try ZipArchive.content(of: member, whole)
            var size = 0
            var crc = crc32(0, nil, 0)
            let count: (UnsafeRawBufferPointer) throws -> Void = { piece in
                size += piece.count
                guard size <= member.size else {
                    throw FileError("the archive's member \(name) unpacks to more than its \(member.size) bytes")
                }
                crc = crc32(crc, piece.bindMemory(to: UInt8.self).baseAddress, uInt(piece.count))
                try body(piece)
            }
            switch member.method {
            case 0: try ZipArchive.pieces(of: packed, count)
            case 8: try Inflater.inflate(packed, name: name, count)
            default: throw FileError("the archive's member \(name) uses the unknown compression \(member.method)")
            }
            guard size == member.size, crc == uLong(member.crc) else {
                throw FileError("the archive's member \(name) is damaged; download it again")
            }
        }
    }

    private static func directory(_ bytes: UnsafeRawBufferPointer) throws -> [Member] {
        let end = try endRecord(bytes)
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[end]))
        _ = try reader.take(4, "the end record")
        let disks = [try reader.read("the disk", as: UInt16.self), try reader.read("the disk", as: UInt16.self)]
        let onDisk = try reader.read("the count", as: UInt16.self)
        let count = try reader.read("the count", as: UInt16.self)
        let size = try reader.read("the directory's size", as: UInt32.self)
        let offset = try reader.read("the directory's offset", as: UInt32.self)
        guard count != .max, size != .max, offset != .max else {
            throw FileError("a zip64 archive: only plain zip files up to 4 GB can be read")
        }
        guard disks == [0, 0], onDisk == count else { throw FileError("a part of a split zip archive") }
        guard Int(offset) + Int(size) <= end.lowerBound else {
            throw FileError("the zip directory lies outside the file")
        }
        var directory = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + Int(size)]))
        return try (0..<Int(count)).map { _ in try member(&directory) }
    }

    /// The range of the record that ends the archive, found by its signature and its comment's length.
    private static func endRecord(_ bytes: UnsafeRawBufferPointer) throws -> Range<Int> {
        let length = 22
        for comment in 0...65_535 {
            let start = bytes.count - length - comment
            guard start >= 0 else { break }
            guard bytes[start] == 0x50, bytes[start + 1] == 0x4B, bytes[start + 2] == 5, bytes[start + 3] == 6 else {
                continue
            }
            guard Int(bytes[start + 20]) | Int(bytes[start + 21]) << 8 == comment else { continue }
            return start..<bytes.count
        }
        throw FileError("not a complete zip archive: it has no directory at its end")
    }

    private static func member(_ reader: inout ByteReader) throws -> Member {
        guard try reader.read("a directory entry", as: UInt32.self) == 0x0201_4B50 else {
            throw FileError("the zip directory is damaged")
        }
        _ = try reader.take(4, "a directory entry")
        let flags = try reader.read("a directory entry", as: UInt16.self)
        let method = try reader.read("a directory entry", as: UInt16.self)
        _ = try reader.take(4, "a directory entry")
        let crc = try reader.read("a directory entry", as: UInt32.self)
        let packedSize = try reader.read("a directory entry", as: UInt32.self)
        let size = try reader.read("a directory entry", as: UInt32.self)
        let lengths = try reader.readArray(of: UInt16.self, count: 3, "a directory entry")
        _ = try reader.take(8, "a directory entry")
        let offset = try reader.read("a directory entry", as: UInt32.self)
        let name = String(decoding: try reader.take(Int(lengths[0]), "a member's name"), as: UTF8.self)
        _ = try reader.take(Int(lengths[1]) + Int(lengths[2]), "a directory entry")
        guard packedSize != .max, size != .max, offset != .max else {
            throw FileError("the archive's member \(name) needs zip64: only members up to 4 GB can be read")
        }
        return Member(
            name: name, method: method, isEncrypted: flags & 1 != 0, crc: crc, packedSize: Int(packedSize),
            size: Int(size), offset: Int(offset))
    }

    /// The member's packed bytes, found behind its local header.
    private static func content(of member: Member, _ bytes: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer {
        guard member.offset <= bytes.count else {
            throw FileError("the archive's member \(member.name) lies outside the file")
        }
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[member.offset...]))
        guard try reader.read("the header of \(member.name)", as: UInt32.self) == 0x0403_4B50 else {
            throw FileError("the archive's member \(member.name) has no header where the directory says")
        }
        _ = try reader.take(22, "the header of \(member.name)")
        let lengths = try reader.readArray(of: UInt16.self, count: 2, "the header of \(member.name)")
        _ = try reader.take(Int(lengths[0]) + Int(lengths[1]), "the header of \(member.name)")
        return try reader.take(member.packedSize, "the content of \(member.name)")
    }

    private static func pieces(
        of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        for start in stride(from: 0, to: bytes.count, by: 1 << 18) {
            try body(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 1 << 18, bytes.count)]))
        }
    }
}
