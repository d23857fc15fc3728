internal import PlumbTensor

/// A position in untrusted little-endian bytes. Every read is checked against the end; nothing is allocated by a
/// length that was not.
///
/// Never outlives the `withUnsafeBytes` that lent the bytes.
struct ByteReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }

    /// Moves past `count` bytes and returns them.
    ///
    /// - Throws: ``FileError`` naming `what` when they are not there.
    mutating func take(_ count: Int, _ what: @autoclosure () -> String) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw truncated(what(), needing: String(count)) }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// Reads one number.
    mutating func read<Number: FixedWidthInteger>(
        _ what: @autoclosure () -> String, as type: Number.Type = Number.self
    ) throws -> Number {
        let size = MemoryLayout<Number>.size
        guard size <= remaining else { throw truncated(what(), needing: String(size)) }
        defer { position += size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
    }

    /// Reads a 64-bit count of things that take at least `size` bytes each, and checks that the rest of the file could
    /// hold them.
    mutating func readCount(atLeast size: Int, _ what: @autoclosure () -> String) throws -> Int {
        let count = try read(what(), as: UInt64.self)
        guard count <= UInt64(remaining / size) else {
            throw FileError("\(what()) is \(count), more than the remaining \(remaining) bytes can hold")
        }
        return Int(count)
    }

    /// Reads a 64-bit length and that many bytes of UTF-8.
    mutating func readString(_ what: @autoclosure () -> String) throws -> String {
        let count = try read(what(), as: UInt64.self)
        guard count <= UInt64(remaining) else { throw truncated(what(), needing: String(count)) }
        let text = try take(Int(count), what())
        guard let string = String(validating: text.bindMemory(to: UInt8.self), as: UTF8.self) else {
            throw FileError("\(what()) is not UTF-8 text")
        }
        return string
    }

    /// Reads `count` numbers.
    mutating func readArray<Number: FixedWidthInteger>(
        of type: Number.Type, count: Int, _ what: @autoclosure () -> String
    ) throws -> [Number] {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Number>.size)
        guard count >= 0, !overflow, size <= remaining else {
            throw truncated(what(), needing: "\(count) × \(MemoryLayout<Number>.size)")
        }
        let source = try take(size, what())
        return [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
            for index in 0..<count {
                let offset = index * MemoryLayout<Number>.size
                let value = Number(littleEndian: source.loadUnaligned(fromByteOffset: offset, as: Number.self))
                buffer.initializeElement(at: index, to: value)
            }
            initialized = count
        }
    }

    private func truncated(_ what: String, needing need: String) -> FileError {
        FileError(
            "\(what) needs \(need) bytes at byte \(position) but only \(remaining) are left: the file is truncated")
    }
}
