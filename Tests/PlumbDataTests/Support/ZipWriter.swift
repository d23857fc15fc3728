import CZlib
import Foundation

/// Writes zip bytes, right or deliberately wrong.
struct ZipWriter {
    struct Member {
        var name: String
        var content: [UInt8]
        var method: UInt16 = 8
        var flags: UInt16 = 0
        var packed: [UInt8]?
        var size: UInt32?
        var packedSize: UInt32?
        var crc: UInt32?
        var offset: UInt32?
    }

    var members: [Member] = []
    var comment: [UInt8] = []
    var count: UInt16?
    var directoryOffset: UInt32?

    static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(
            &stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(bytes.count))))
        let produced = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = uInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(output.count)
                _ = deflate(&stream, Z_FINISH)
                return output.count - Int(stream.avail_out)
            }
        }
        return Array(output.prefix(produced))
    }

    func encoded() -> [UInt8] {
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let packed = member.packed ?? (member.method == 8 ? ZipWriter.deflated(member.content) : member.content)
            let crc = member.crc ?? UInt32(crc32(0, member.content, uInt(member.content.count)))
            let sizes =
                GGUFWriter.bytes(crc) + GGUFWriter.bytes(member.packedSize ?? UInt32(packed.count))
                + GGUFWriter.bytes(member.size ?? UInt32(member.content.count))
            let name = Array(member.name.utf8)
            let common = GGUFWriter.bytes(member.flags) + GGUFWriter.bytes(member.method) + [0, 0, 0, 0] + sizes
            directory += [0x50, 0x4B, 1, 2, 20, 3, 20, 0] + common + GGUFWriter.bytes(UInt16(name.count))
            directory += [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            directory += GGUFWriter.bytes(member.offset ?? UInt32(archive.count)) + name + [0x6F, 0x6B]
            archive += [0x50, 0x4B, 3, 4, 20, 0] + common + GGUFWriter.bytes(UInt16(name.count)) + [3, 0]
            archive += name + [1, 2, 3] + packed
        }
        let count = GGUFWriter.bytes(self.count ?? UInt16(members.count))
        let end =
            [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + GGUFWriter.bytes(UInt32(directory.count))
            + GGUFWriter.bytes(directoryOffset ?? UInt32(archive.count)) + GGUFWriter.bytes(UInt16(comment.count))
        return archive + directory + end + comment
    }
}
