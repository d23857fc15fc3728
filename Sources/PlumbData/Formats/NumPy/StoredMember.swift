internal import Foundation
internal import PlumbTensor

/// A file in a zip archive that is not packed, as `numpy.savez` writes them: what stands before it, and at the archive's end.
struct StoredMember {
    let name: String
    /// In bytes.
    let size: Int
    var checksum: UInt32

    init(_ name: String, size: Int, checksum: UInt32 = 0) {
        (self.name, self.size, self.checksum) = (name, size, checksum)
    }

    /// Version 2.0, no flags, stored, 1 January 1980: the same files give the same bytes.
    private var common: [UInt8] {
        [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0] + Self.bytes(checksum) + Self.bytes(UInt32(truncatingIfNeeded: size))
            + Self.bytes(UInt32(truncatingIfNeeded: size))
            + Self.bytes(UInt16(name.utf8.count)) + [0, 0]
    }

    /// What stands before the file's bytes.
    var local: [UInt8] { [0x50, 0x4B, 3, 4] + common + Array(name.utf8) }

    /// What stands after all files, each of which follows the one before.
    static func directory(_ members: [StoredMember]) -> [UInt8] {
        var (directory, offset): ([UInt8], Int) = ([], 0)
        for member in members {
            directory += [0x50, 0x4B, 1, 2, 20, 0] + member.common + [UInt8](repeating: 0, count: 10)
            directory += bytes(UInt32(offset)) + Array(member.name.utf8)
            offset += member.local.count + member.size
        }
        let count = bytes(UInt16(members.count))
        return directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + bytes(UInt32(directory.count))
            + bytes(UInt32(offset)) + [0, 0]
    }

    /// - Throws: `FileError` where the archive would be larger than a plain one can be.
    static func check(_ members: [StoredMember], _ url: URL) throws {
        let total = members.reduce(0) { $0 + $1.size + 256 + 2 * $1.name.utf8.count }
        guard total < 1 << 32, members.count < 1 << 16, members.allSatisfy({ $0.name.utf8.count < 1 << 16 }) else {
            throw FileError(
                "cannot write \(url.path): \(total) bytes are more than the 4 GB of an NPZ file; choose .safetensors")
        }
    }

    private static func bytes<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }
}

extension NPYArray {
    /// What stands before the elements of an array, of which the first lies at a multiple of 64 bytes.
    static func header(_ type: String, _ shape: [Int]) -> [UInt8] {
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
        while (10 + text.utf8.count + 1) % 64 != 0 { text += " " }
        text += "\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count & 255), UInt8(text.utf8.count >> 8)]
            + Array(text.utf8)
    }
}
