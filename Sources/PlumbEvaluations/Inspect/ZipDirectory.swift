internal import CZlib
internal import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbTensor

/// A zip archive of any size, read where it lies: nothing is allocated for its members until one is asked for.
///
/// Members may be stored, deflated, or packed with Zstandard where its library is installed, and there may be more of
/// them than a plain archive can have (zip64). Every offset and length is checked against the file; a member never
/// unpacks to more than was declared.
struct ZipDirectory: Sendable {
    /// A member as the directory describes it.
    struct Member: Sendable, Equatable {
        var method = 0
        var isEncrypted = false
        var crc: UInt32 = 0
        var packedSize = 0
        var size = 0
        var offset = 0
    }

    private let bytes: MappedBytes
    private let directory: Range<Int>
    /// How many members the archive says it has.
    let count: Int

    init(contentsOf url: URL) throws {
        let bytes = try MappedBytes(contentsOf: url)
        self.bytes = bytes
        (directory, count) = try bytes.withUnsafeBytes { try Self.directory(in: LittleEndian($0)) }
    }

    /// Where the directory lies, and its number of entries.
    private static func directory(in bytes: LittleEndian) throws -> (Range<Int>, Int) {
        guard let end = bytes.endRecord else {
            throw EvaluationError("it is not a complete zip archive: it has no directory at its end")
        }
        var (count, size, offset) = (bytes.number(end + 10, 2), bytes.number(end + 12, 4), bytes.number(end + 16, 4))
        if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF, end >= 20,
            bytes.number(end - 20, 4) == 0x0706_4B50
        {
            guard let record = bytes.place(end - 20 + 8), bytes.holds(record, 56),
                bytes.number(record, 4) == 0x0606_4B50, let total = bytes.place(record + 32),
                let wide = bytes.place(record + 40), let start = bytes.place(record + 48)
            else { throw EvaluationError("its zip64 directory lies outside the file") }
            (count, size, offset) = (total, wide, start)
        }
        guard offset <= end, size <= end - offset else {
            throw EvaluationError("its zip directory lies outside the file")
        }
        // An entry takes at least 46 bytes.
        guard count <= size / 46 else { throw EvaluationError("its zip directory is too short for \(count) members") }
        return (offset..<offset + size, count)
    }

    /// Calls `body` with the name of each member; it may ask for the rest. Returning false ends the walk.
    func forEach(_ body: (_ name: UnsafeRawBufferPointer, _ member: () throws -> Member) throws -> Bool) throws {
        try bytes.withUnsafeBytes { whole in
            let bytes = LittleEndian(whole)
            var place = directory.lowerBound
            for _ in 0..<count {
                guard place <= directory.upperBound - 46, bytes.number(place, 4) == 0x0201_4B50 else {
                    throw EvaluationError("its zip directory is damaged")
                }
                let (name, extra, comment) = (
                    bytes.number(place + 28, 2), bytes.number(place + 30, 2), bytes.number(place + 32, 2)
                )
                let next = place + 46 + name + extra + comment
                guard next <= directory.upperBound else { throw EvaluationError("its zip directory is damaged") }
                let entry = place
                let goesOn = try body(UnsafeRawBufferPointer(rebasing: whole[place + 46..<place + 46 + name])) {
                    try Self.member(bytes, entry, extra: entry + 46 + name..<entry + 46 + name + extra)
                }
                guard goesOn else { return }
                place = next
            }
        }
    }

    private static func member(_ bytes: LittleEndian, _ place: Int, extra: Range<Int>) throws -> Member {
        var member = Member(
            method: bytes.number(place + 10, 2), isEncrypted: bytes.number(place + 8, 2) & 1 == 1,
            crc: UInt32(bytes.number(place + 16, 4)), packedSize: bytes.number(place + 20, 4),
            size: bytes.number(place + 24, 4), offset: bytes.number(place + 42, 4))
        // Fields that are full stand in a field of their own, in this order.
        var field = extra.lowerBound
        while field + 4 <= extra.upperBound {
            let (id, length) = (bytes.number(field, 2), bytes.number(field + 2, 2))
            guard field + 4 + length <= extra.upperBound else { break }
            if id == 1 {
                var value = field + 4
                func take(_ current: Int) throws -> Int {
                    guard current == 0xFFFF_FFFF else { return current }
                    guard value + 8 <= field + 4 + length, let wide = bytes.place(value) else {
                        throw EvaluationError("a member's zip64 sizes are damaged")
                    }
                    value += 8
                    return wide
                }
                member.size = try take(member.size)
                member.packedSize = try take(member.packedSize)
                member.offset = try take(member.offset)
            }
            field += 4 + length
        }
        return member
    }

    /// The member called `name`; of several the last.
    func member(_ name: String) throws -> Member? {
        let name = Array(name.utf8)
        var found: Member?
        try forEach { other, member in
            if other.count == name.count, other.elementsEqual(name) { found = try member() }
            return true
        }
        return found
    }

    /// Unpacks a member, handing its bytes over in pieces, and checks their number and checksum.
    func unpack(_ member: Member, _ name: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !member.isEncrypted else { throw EvaluationError("its member \(name) is encrypted") }
        let damaged = EvaluationError("its member \(name) is damaged; get the file again")
        try bytes.withUnsafeBytes { whole in
            let bytes = LittleEndian(whole)
            guard bytes.holds(member.offset, 30), bytes.number(member.offset, 4) == 0x0403_4B50 else {
                throw EvaluationError("its member \(name) has no header where the directory says")
            }
            let start = member.offset + 30 + bytes.number(member.offset + 26, 2) + bytes.number(member.offset + 28, 2)
            guard bytes.holds(start, member.packedSize) else { throw damaged }
            let packed = UnsafeRawBufferPointer(rebasing: whole[start..<start + member.packedSize])
            var (size, crc) = (0, crc32(0, nil, 0))
            func count(_ piece: UnsafeRawBufferPointer) throws {
                size += piece.count
                guard size <= member.size else { throw damaged }
                crc = crc32(crc, piece.bindMemory(to: UInt8.self).baseAddress, uInt(piece.count))
                try body(piece)
            }
            switch member.method {
            case 0:
                for first in stride(from: 0, to: packed.count, by: 1 << 18) {
                    try count(UnsafeRawBufferPointer(rebasing: packed[first..<min(first + 1 << 18, packed.count)]))
                }
            case 8:
                do { try Inflater.inflate(packed, name: name, count) } catch is FileError { throw damaged }
            case 93:
                guard let zstandard = Zstandard() else {
                    throw EvaluationError(
                        "its member \(name) is packed with Zstandard, and the library libzstd is not installed: "
                            + "install it, "
                            + "or convert the log with: inspect log convert LOG.eval --to json --output-dir DIR")
                }
                try zstandard.unpack(packed, damaged, count)
            default:
                throw EvaluationError(
                    "its member \(name) is packed with method \(member.method); stored, deflated and Zstandard "
                        + "ones are read"
                )
            }
            guard size == member.size, crc == uLong(member.crc) else { throw damaged }
        }
    }

    /// All bytes of a member of at most `limit` bytes.
    func content(_ member: Member, _ name: String, limit: Int) throws -> [UInt8] {
        guard member.size <= limit else {
            throw EvaluationError("its member \(name) has \(member.size) bytes, more than the \(limit) that are read")
        }
        var content: [UInt8] = []
        try unpack(member, name) { content.append(contentsOf: $0) }
        return content
    }
}

/// Numbers in untrusted bytes, lowest byte first; 0 where the bytes are not there.
private struct LittleEndian {
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether `count` bytes lie at `place`.
    func holds(_ place: Int, _ count: Int) -> Bool {
        place >= 0 && count >= 0 && place <= bytes.count && count <= bytes.count - place
    }

    /// The number in at most 4 bytes.
    func number(_ place: Int, _ size: Int) -> Int {
        guard holds(place, size) else { return 0 }
        return (0..<size).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }

    /// A number of 8 bytes that is small enough to be a place in memory.
    func place(_ place: Int) -> Int? {
        guard holds(place, 8) else { return nil }
        let value = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
        return value <= UInt64(bytes.count) || value < 1 << 48 ? Int(value) : nil
    }

    /// Where the record that ends an archive begins, found by its signature and its comment's length.
    var endRecord: Int? {
        for comment in 0...0xFFFF {
            let start = bytes.count - 22 - comment
            guard start >= 0 else { return nil }
            if bytes[start] == 0x50, number(start, 4) == 0x0605_4B50, number(start + 20, 2) == comment { return start }
        }
        return nil
    }
}
