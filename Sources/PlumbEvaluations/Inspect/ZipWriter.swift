internal import CZlib
internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// Writes a zip archive member by member: deflated, or stored where that is smaller.
///
/// The archive is written beside its place and moved there when it is complete, so that a name never stands for a part.
struct ZipWriter: ~Copyable {
    private struct Entry {
        let name: [UInt8]
        let method: UInt16
        let crc: UInt32
        let packedSize: Int
        let size: Int
        let offset: Int
    }

    private let url: URL
    private let partial: URL
    private let file: FileHandle
    private var entries: [Entry] = []
    private var buffer: [UInt8] = []
    private var offset = 0
    private var isFinished = false

    init(_ url: URL) throws {
        self.url = url
        partial = url.deletingLastPathComponent().appendingPathComponent(
            ".\(url.lastPathComponent).\(UUID().uuidString)")
        guard FileManager.default.createFile(atPath: partial.path, contents: nil),
            let file = FileHandle(forWritingAtPath: partial.path)
        else { throw FileError("cannot write \(url.path): \(systemReason(errno, at: partial.path))") }
        self.file = file
    }

    deinit {
        try? file.close()
        if !isFinished { unlink(partial.path) }
    }

    /// Adds a member.
    mutating func add(_ name: String, _ content: [UInt8]) throws {
        let name = Array(name.utf8)
        guard name.count < 1 << 16, content.count < 1 << 32 - 1 else {
            throw FileError("cannot write \(url.path): a member of \(content.count) bytes is too large")
        }
        let crc = UInt32(crc32(0, content, uInt(content.count)))
        let packed = Self.deflate(content)
        let (method, body) = packed.map { $0.count < content.count ? (UInt16(8), $0) : (0, content) } ?? (0, content)
        let entry = Entry(
            name: name, method: method, crc: crc, packedSize: body.count, size: content.count, offset: offset)
        try append([0x50, 0x4B, 3, 4] + common(entry, version: 20) + bytes(UInt16(0)) + name)
        try append(body)
        entries.append(entry)
    }

    /// Version, flags (names in UTF-8), method, 1 January 1980, checksum, sizes and the length of the name.
    private func common(_ entry: Entry, version: UInt16) -> [UInt8] {
        bytes(version) + bytes(UInt16(0x800)) + bytes(entry.method) + [0, 0, 0x21, 0] + bytes(entry.crc)
            + bytes(UInt32(entry.packedSize)) + bytes(UInt32(entry.size)) + bytes(UInt16(entry.name.count))
    }

    /// Writes the directory and puts the archive in place.
    mutating func finish() throws {
        let start = offset
        for entry in entries {
            let isFar = entry.offset >= 0xFFFF_FFFF
            let extra = isFar ? bytes(UInt16(1)) + bytes(UInt16(8)) + bytes(UInt64(entry.offset)) : []
            let version: UInt16 = isFar ? 45 : 20
            try append(
                [0x50, 0x4B, 1, 2] + bytes(version) + common(entry, version: version) + bytes(UInt16(extra.count))
                    + [UInt8](repeating: 0, count: 10) + bytes(isFar ? UInt32.max : UInt32(entry.offset)) + entry.name
                    + extra)
        }
        let (count, size) = (entries.count, offset - start)
        if count >= 0xFFFF || start >= 0xFFFF_FFFF || size >= 0xFFFF_FFFF {
            let record = offset
            try append(
                [0x50, 0x4B, 6, 6] + bytes(UInt64(44)) + bytes(UInt16(45)) + bytes(UInt16(45)) + bytes(UInt64(0))
                    + bytes(UInt64(count)) + bytes(UInt64(count)) + bytes(UInt64(size)) + bytes(UInt64(start)))
            try append([0x50, 0x4B, 6, 7] + bytes(UInt32(0)) + bytes(UInt64(record)) + bytes(UInt32(1)))
        }
        let shown = bytes(UInt16(min(count, 0xFFFF)))
        try append(
            [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + shown + shown + bytes(UInt32(min(size, 0xFFFF_FFFF)))
                + bytes(UInt32(min(start, 0xFFFF_FFFF))) + [0, 0])
        try flush()
        do { try file.synchronize() } catch { throw failure(error) }
        guard rename(partial.path, url.path) == 0 else {
            throw FileError("cannot write \(url.path): \(systemReason(errno, at: url.path))")
        }
        isFinished = true
    }

    private mutating func append(_ part: [UInt8]) throws {
        buffer += part
        offset += part.count
        if buffer.count >= 1 << 20 { try flush() }
    }

    private mutating func flush() throws {
        do { try file.write(contentsOf: Data(buffer)) } catch { throw failure(error) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func failure(_ error: any Error) -> FileError {
        FileError("cannot write \(url.path): \(systemReason(of: error))")
    }

    private func bytes<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian, Array.init)
    }

    /// The deflate stream of bytes; nil where there is no memory for it.
    private static func deflate(_ content: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, uLong(content.count)))
        var isComplete = false
        let packed = content.withUnsafeBufferPointer { source in
            [UInt8](unsafeUninitializedCapacity: bound) { target, count in
                stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                stream.avail_in = uInt(source.count)
                stream.next_out = target.baseAddress
                stream.avail_out = uInt(bound)
                isComplete = CZlib.deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = bound - Int(stream.avail_out)
            }
        }
        return isComplete ? packed : nil
    }
}
