import CZlib
import Foundation

/// Writes IDX bytes, right or deliberately wrong, and gzip around any bytes.
enum IDXWriter {
    static func bytes(_ shape: [UInt32], _ elements: [UInt8], type: UInt8 = 8) -> [UInt8] {
        let extents = shape.flatMap { extent in withUnsafeBytes(of: extent.bigEndian, Array.init) }
        return [0, 0, type, UInt8(shape.count)] + extents + elements
    }

    static func gzipped(_ bytes: [UInt8]) -> [UInt8] {
        let crc = UInt32(crc32(0, bytes, uInt(bytes.count)))
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + ZipWriter.deflated(bytes) + GGUFWriter.bytes(crc)
            + GGUFWriter.bytes(UInt32(bytes.count))
    }
}
