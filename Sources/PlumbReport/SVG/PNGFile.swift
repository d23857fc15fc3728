import Foundation

/// A picture as a PNG file (ISO/IEC 15948), without compression.
enum PNGFile {
    /// The bytes of the file.
    ///
    /// - Parameter levels: red, green and blue of each pixel, row after row.
    static func encoded(height: Int, width: Int, levels: [UInt8]) -> Data {
        var rows: [UInt8] = []
        rows.reserveCapacity(levels.count + height)
        for row in 0..<height {
            // No filter.
            rows.append(0)
            rows += levels[row * width * 3..<(row + 1) * width * 3]
        }
        var file = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        // Eight bits a channel, three channels.
        file += chunk("IHDR", bytes(UInt32(width)) + bytes(UInt32(height)) + [8, 2, 0, 0, 0])
        file += chunk("IDAT", stored(rows))
        file += chunk("IEND", [])
        return file
    }

    /// A zlib stream (RFC 1950) of stored blocks.
    private static func stored(_ content: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x78, 0x01]
        var first = 0
        while first < content.count {
            let end = min(first + 65_535, content.count)
            let length = UInt16(end - first)
            result.append(end == content.count ? 1 : 0)
            for word in [length, ~length] { result += [UInt8(word & 255), UInt8(word >> 8)] }
            result += content[first..<end]
            first = end
        }
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in content {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return result + bytes(high << 16 | low)
    }

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + content
        var check: UInt32 = 0xFFFF_FFFF
        for byte in body {
            check ^= UInt32(byte)
            for _ in 0..<8 { check = check & 1 == 1 ? check >> 1 ^ 0xEDB8_8320 : check >> 1 }
        }
        return bytes(UInt32(content.count)) + body + bytes(~check)
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
