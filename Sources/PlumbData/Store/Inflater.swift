internal import CZlib
internal import PlumbTensor

/// Deflate (RFC 1951), bare or in gzip's wrapping (RFC 1952), unpacked by zlib a piece at a time.
public enum Inflater {
    /// Unpacks the raw deflate stream `source`, handing the result to `body` in pieces of at most 256 kB.
    ///
    /// - Throws: ``FileError`` when `source` is damaged or ends early, or what `body` throws.
    public static func inflate(
        _ source: UnsafeRawBufferPointer, name: String, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let damaged = FileError("the archive's member \(name) is damaged; download it again")
        // Negative window bits: no header, no trailer.
        let used = try unpack(source, windowBits: -15, damaged, body)
        guard used == source.count else { throw damaged }
    }

    /// Whether the bytes begin as a gzip file does.
    static func isGzip(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
    }

    /// Unpacks a gzip file of one member or several, handing the result to `body` in pieces of at most 256 kB. zlib
    /// checks each member's length and checksum.
    ///
    /// - Throws: ``FileError`` naming `name` when `source` is damaged or ends early, or what `body` throws.
    static func gunzip(
        _ source: UnsafeRawBufferPointer, name: String, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var position = 0
        repeat {
            let rest = UnsafeRawBufferPointer(rebasing: source[position...])
            let damaged = FileError(
                isGzip(rest)
                    ? "\(name): the gzip data is damaged or cut short; get the file again"
                    : position == 0
                        ? "\(name) is not a gzip file"
                        : "\(name): \(rest.count) bytes that are no gzip data follow the gzip data; get the file again")
            // 16 more than the window's bits: a gzip header and trailer.
            position += try unpack(rest, windowBits: 15 + 16, damaged, body)
        } while position < source.count
    }

    /// All that ``gunzip(_:name:_:)`` unpacks, of which there may be at most `limit` bytes.
    static func gunzip(_ source: UnsafeRawBufferPointer, limit: Int, name: String) throws -> [UInt8] {
        var result: [UInt8] = []
        try gunzip(source, name: name) { piece in
            guard result.count + piece.count <= limit else {
                throw FileError("\(name) unpacks to more than the \(limit) bytes expected")
            }
            result.append(contentsOf: piece)
        }
        return result
    }

    /// Unpacks one stream and returns how many bytes of `source` it took.
    private static func unpack(
        _ source: UnsafeRawBufferPointer, windowBits: Int32, _ damaged: FileError,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        var stream = z_stream()
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw FileError("there is no memory to unpack with")
        }
        defer { inflateEnd(&stream) }
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { target.deallocate() }
        var position = 0
        var status = Z_OK
        while status != Z_STREAM_END {
            if stream.avail_in == 0 {
                let piece = UnsafeRawBufferPointer(rebasing: source[position..<min(position + 1 << 26, source.count)])
                stream.next_in = UnsafeMutablePointer(mutating: piece.bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = uInt(piece.count)
                position += piece.count
            }
            stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
            stream.avail_out = uInt(target.count)
            status = CZlib.inflate(&stream, Z_NO_FLUSH)
            guard status == Z_OK || status == Z_STREAM_END else { throw damaged }
            let produced = target.count - Int(stream.avail_out)
            try body(UnsafeRawBufferPointer(rebasing: target[..<produced]))
            if produced == 0, stream.avail_in == 0, position == source.count, status == Z_OK { throw damaged }
        }
        return position - Int(stream.avail_in)
    }
}
