internal import CZlib
internal import PlumbTensor

/// Raw deflate (RFC 1951), unpacked by zlib a piece at a time.
enum Inflater {
    /// Unpacks `source`, handing the result to `body` in pieces of at most 256 kB.
    ///
    /// - Throws: ``FileError`` when `source` is damaged or ends early, or what `body` throws.
    static func inflate(
        _ source: UnsafeRawBufferPointer, name: String, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var stream = z_stream()
        // Negative window bits: no header, no trailer.
        guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw FileError("there is no memory to unpack \(name)")
        }
        defer { inflateEnd(&stream) }
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { target.deallocate() }
        let damaged = FileError("the archive's member \(name) is damaged; download it again")
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
        guard stream.avail_in == 0, position == source.count else { throw damaged }
    }
}
