internal import PlumbTensor

/// What stands before a GGUF file's tensor data, decoded and checked.
struct GGUFHeader {
    static let magic: [UInt8] = Array("GGUF".utf8)
    static let versions: ClosedRange<UInt32> = 2...3
    /// Arrays of arrays deeper than this are refused.
    static let maximumDepth = 4
    /// The format allows four axes.
    static let maximumRank = 4
    /// The format allows 65,535 bytes for a key and 64 for a tensor's name; the reader is a little more patient.
    static let maximumNameLength = 65_535

    var version = 0
    var keys: [String] = []
    var metadata: [String: GGUFValue] = [:]
    var tensors: [GGUFTensorInfo] = []
    /// Where the tensor descriptions end; tensor data begins at the next multiple of the alignment.
    var end = 0

    /// - Throws: ``FileError`` saying what is wrong, without the file's name.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(bytes)
        guard bytes.count >= 4, bytes.prefix(4).elementsEqual(GGUFHeader.magic) else {
            throw FileError("not a GGUF file: it does not begin with the letters GGUF")
        }
        _ = try reader.take(4, "the signature")
        let version = try reader.read("the version", as: UInt32.self)
        guard GGUFHeader.versions.contains(version) else { throw GGUFHeader.unsupported(version) }
        self.version = Int(version)
        // The smallest tensor description: an empty name, no axes, a type and an offset.
        let tensorCount = try reader.readCount(atLeast: 24, "the number of tensors")
        // The smallest pair: an empty key, a type and one byte.
        let pairCount = try reader.readCount(atLeast: 13, "the number of metadata keys")
        for index in 0..<pairCount { try readPair(&reader, index) }
        for index in 0..<tensorCount { tensors.append(try GGUFTensorInfo(&reader, index)) }
        end = reader.position
    }

    private static func unsupported(_ version: UInt32) -> FileError {
        if versions.contains(version.byteSwapped) {
            return FileError(
                "a big-endian GGUF file: only little-endian ones can be read; convert it with gguf_convert_endian.py")
        }
        return FileError("GGUF version \(version): only versions 2 and 3 can be read; convert the model again")
    }

    private mutating func readPair(_ reader: inout ByteReader, _ index: Int) throws {
        let key = try reader.readString("the name of metadata key \(index)")
        guard key.utf8.count <= GGUFHeader.maximumNameLength else {
            throw FileError("the name of metadata key \(index) has \(key.utf8.count) bytes, more than 65535")
        }
        let type = try reader.read("the type of \(key)", as: UInt32.self)
        let value = try GGUFHeader.readValue(&reader, type, key)
        guard metadata.updateValue(value, forKey: key) == nil else {
            throw FileError("metadata key \(key) appears twice")
        }
        keys.append(key)
    }

    private static func readValue(_ reader: inout ByteReader, _ type: UInt32, _ key: String) throws -> GGUFValue {
        switch type {
        case 0: return .uint8(try reader.read(key))
        case 1: return .int8(try reader.read(key))
        case 2: return .uint16(try reader.read(key))
        case 3: return .int16(try reader.read(key))
        case 4: return .uint32(try reader.read(key))
        case 5: return .int32(try reader.read(key))
        case 6: return .float32(Float(bitPattern: try reader.read(key)))
        case 7: return .bool(try readBool(reader.read(key), key))
        case 8: return .string(try reader.readString(key))
        case 9: return .array(try readArray(&reader, key, depth: 1))
        case 10: return .uint64(try reader.read(key))
        case 11: return .int64(try reader.read(key))
        case 12: return .float64(Double(bitPattern: try reader.read(key)))
        default: throw FileError("metadata key \(key) has the unknown type \(type)")
        }
    }

    private static func readBool(_ byte: UInt8, _ key: String) throws -> Bool {
        guard byte <= 1 else { throw FileError("\(key) should be true or false (1 or 0), found \(byte)") }
        return byte == 1
    }

    private static func readArray(_ reader: inout ByteReader, _ key: String, depth: Int) throws -> GGUFArray {
        guard depth <= maximumDepth else {
            throw FileError("metadata key \(key) nests arrays more than \(maximumDepth) deep")
        }
        let type = try reader.read("the element type of \(key)", as: UInt32.self)
        let size: Int
        switch type {
        case 0, 1, 7: size = 1
        case 2, 3: size = 2
        case 4, 5, 6: size = 4
        case 8, 10, 11, 12: size = 8
        case 9: size = 12
        default: throw FileError("the array \(key) has elements of the unknown type \(type)")
        }
        let count = try reader.readCount(atLeast: size, "the number of elements of \(key)")
        switch type {
        case 0: return .uint8(try reader.readArray(of: UInt8.self, count: count, key))
        case 1: return .int8(try reader.readArray(of: Int8.self, count: count, key))
        case 2: return .uint16(try reader.readArray(of: UInt16.self, count: count, key))
        case 3: return .int16(try reader.readArray(of: Int16.self, count: count, key))
        case 4: return .uint32(try reader.readArray(of: UInt32.self, count: count, key))
        case 5: return .int32(try reader.readArray(of: Int32.self, count: count, key))
        case 6: return .float32(try reader.readArray(of: UInt32.self, count: count, key).map(Float.init(bitPattern:)))
        case 7: return .bool(try reader.readArray(of: UInt8.self, count: count, key).map { try readBool($0, key) })
        case 8: return .string(try readStrings(&reader, count, key))
        case 10: return .uint64(try reader.readArray(of: UInt64.self, count: count, key))
        case 11: return .int64(try reader.readArray(of: Int64.self, count: count, key))
        case 12: return .float64(try reader.readArray(of: UInt64.self, count: count, key).map(Double.init(bitPattern:)))
        default: return .array(try (0..<count).map { _ in try readArray(&reader, key, depth: depth + 1) })
        }
    }

    private static func readStrings(_ reader: inout ByteReader, _ count: Int, _ key: String) throws -> [String] {
        var strings: [String] = []
        strings.reserveCapacity(count)
        for index in 0..<count { strings.append(try reader.readString("element \(index) of \(key)")) }
        return strings
    }
}
