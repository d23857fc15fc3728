internal import PlumbTensor

/// The fields of a message in protocol buffers' wire format, read one after another.
///
/// Every length is checked against the bytes that are there before anything is taken.
struct ProtobufMessage {
    /// A field's value as the wire has it.
    enum Value {
        case integer(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(UnsafeRawBufferPointer)
    }

    private var reader: ByteReader

    init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes) }

    /// The next field; nil at the end.
    ///
    /// - Throws: ``FileError`` for what is no message.
    mutating func next() throws -> (number: Int, value: Value)? {
        guard reader.remaining > 0 else { return nil }
        let tag = try reader.readVariableInteger()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw FileError("a field has the number \(tag >> 3)") }
        let number = Int(tag >> 3)
        switch tag & 7 {
        case 0: return (number, .integer(try reader.readVariableInteger()))
        case 1: return (number, .fixed64(try reader.read("field \(number)", as: UInt64.self)))
        case 2:
            let length = try reader.readVariableInteger()
            guard length <= UInt64(reader.remaining) else {
                throw FileError(
                    "field \(number) claims \(length) bytes where \(reader.remaining) are left: it is cut short, or not ONNX"
                )
            }
            return (number, .bytes(try reader.take(Int(length), "field \(number)")))
        case 5: return (number, .fixed32(try reader.read("field \(number)", as: UInt32.self)))
        default: throw FileError("field \(number) is of a kind, \(tag & 7), that no field of ONNX is")
        }
    }
}

extension ProtobufMessage.Value {
    /// The message inside.
    func message() throws -> ProtobufMessage { ProtobufMessage(try bytes()) }

    /// The bytes of a text or a message.
    func bytes() throws -> UnsafeRawBufferPointer {
        guard case .bytes(let bytes) = self else { throw FileError("a number stands where bytes belong") }
        return bytes
    }

    /// The text.
    func text() throws -> String {
        guard let text = String(validating: try bytes().bindMemory(to: UInt8.self), as: UTF8.self) else {
            throw FileError("a name is not UTF-8 text")
        }
        return text
    }

    /// The whole number.
    func integer() throws -> Int {
        guard case .integer(let value) = self else { throw FileError("a whole number is missing") }
        return Int(Int64(bitPattern: value))
    }

    /// Whole numbers, one or packed.
    func integers() throws -> [Int] {
        guard case .bytes(let bytes) = self else { return [try integer()] }
        var (reader, values) = (ByteReader(bytes), [Int]())
        while reader.remaining > 0 { values.append(Int(Int64(bitPattern: try reader.readVariableInteger()))) }
        return values
    }

    /// Numbers of 32 bits, one or packed.
    func floats() throws -> [Float] {
        switch self {
        case .fixed32(let bits): return [Float(bitPattern: bits)]
        case .bytes(let bytes):
            guard bytes.count % 4 == 0 else { throw FileError("\(bytes.count) bytes are no numbers of 32 bits") }
            return ONNXTensor.floats(bytes)
        default: throw FileError("a number of 32 bits is missing")
        }
    }
}

extension ByteReader {
    /// A number of 7 bits a byte, lowest first.
    fileprivate mutating func readVariableInteger() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            let byte = try read("a number", as: UInt8.self)
            guard shift < 63 || byte <= 1 else { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw FileError("a number has more than 64 bits")
    }
}
