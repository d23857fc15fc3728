/// A strict reader of JSON (RFC 8259) that keeps strings exactly.
///
/// Foundation's readers bridge keys to `String` and thereby merge canonically equivalent ones, and refuse lone
/// surrogates. This one hands over bytes. Memory is proportional to the input, nesting is limited, and no input traps.
struct JSONReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let maximumDepth: Int
    private var position = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// Reads one value that fills all of `text` but surrounding white space.
    ///
    /// - Throws: ``JSONError``, with the offset of the first byte that cannot be.
    static func read(_ text: some Collection<UInt8>, maximumDepth: Int = 128) throws -> JSONValue {
        func read(_ buffer: UnsafeBufferPointer<UInt8>) throws -> JSONValue {
            var reader = JSONReader(buffer, maximumDepth: maximumDepth)
            return try reader.document()
        }
        if let value = try text.withContiguousStorageIfAvailable(read) { return value }
        return try Array(text).withUnsafeBufferPointer(read)
    }

    private mutating func document() throws -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw error("text after the end of the value") }
        return value
    }

    private func error(_ problem: String, at offset: Int? = nil) -> JSONError {
        JSONError(offset: offset ?? position, problem: problem)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth < maximumDepth else { throw error("nested deeper than \(maximumDepth) levels") }
        skipSpace()
        guard let first = current else { throw error("the text ends where a value should begin") }
        switch first {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("a value should begin here")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes.count - position >= expected.count,
            UnsafeBufferPointer(rebasing: bytes[position..<position + expected.count]).elementsEqual(
                expected)
        else { throw error("a value should begin here") }
        position += expected.count
        return value
    }

    private mutating func array(depth: Int) throws -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array(values)
        }
        while true {
            values.append(try value(depth: depth + 1))
            if try endOfItem(closing: UInt8(ascii: "]"), "array") { return .array(values) }
        }
    }

    private mutating func object(depth: Int) throws -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("an object's key should begin here") }
            let key = try string()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw error("a colon should follow the key") }
            position += 1
            members.append(JSONValue.Member(key: key, value: try value(depth: depth + 1)))
            if try endOfItem(closing: UInt8(ascii: "}"), "object") { return .object(members) }
        }
    }

    /// Steps over a comma (false) or the closing bracket (true).
    private mutating func endOfItem(closing: UInt8, _ container: String) throws -> Bool {
        skipSpace()
        guard let byte = current else { throw error("the text ends inside an \(container)") }
        guard byte == closing || byte == UInt8(ascii: ",") else {
            throw error("a comma or the end of the \(container) should follow")
        }
        position += 1
        return byte == closing
    }
}

// MARK: - Numbers

extension JSONReader {
    private mutating func digits() -> Int {
        let start = position
        while let byte = current, byte >= 0x30, byte <= 0x39 { position += 1 }
        return position - start
    }

    private mutating func number() throws -> JSONValue {
        let start = position
        var isInteger = true
        if current == UInt8(ascii: "-") { position += 1 }
        let leadingZero = current == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !(leadingZero && whole > 1) else { throw error("not a number", at: start) }
        if current == UInt8(ascii: ".") {
            position += 1
            isInteger = false
            guard digits() > 0 else { throw error("digits should follow the decimal point") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            isInteger = false
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { throw error("digits should follow the exponent sign") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text) else { throw error("not a number", at: start) }
        return .number(value)
    }
}

// MARK: - Strings

extension JSONReader {
    private mutating func string() throws -> JSONString {
        let opening = position
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20,
            byte < 0x80
        {
            position += 1
        }
        var result = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return JSONString(bytes: result)
            case UInt8(ascii: "\\"):
                try escape(into: &result)
            case 0..<0x20:
                throw error("a control character inside a string must be escaped")
            case 0x20..<0x80:
                result.append(byte)
                position += 1
            default:
                let length = UTF8Scalar.decode(bytes, at: position, end: bytes.count).length
                guard length > 1 else { throw error("a string is not valid UTF-8") }
                result.append(contentsOf: bytes[position..<position + length])
                position += length
            }
        }
        throw error("a string is never closed", at: opening)
    }

    private mutating func escape(into result: inout [UInt8]) throws {
        guard position + 1 < bytes.count else { throw error("the text ends inside a string") }
        let letter = bytes[position + 1]
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(letter)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try codeUnit(at: position + 2)
            position += 6
            if scalar >> 10 == 0xD800 >> 10, position + 1 < bytes.count,
                bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            {
                let low = try codeUnit(at: position + 2)
                if low >> 10 == 0xDC00 >> 10 {
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
                    position += 6
                }
            }
            UTF8Scalar.append(scalar, to: &result)
            return
        default: throw error("unknown escape in a string")
        }
        position += 2
    }

    private func codeUnit(at offset: Int) throws -> UInt32 {
        guard bytes.count - offset >= 4 else {
            throw error("four hexadecimal digits should follow \\u")
        }
        var unit: UInt32 = 0
        for byte in bytes[offset..<offset + 4] {
            switch byte {
            case 0x30...0x39: unit = unit << 4 + UInt32(byte - 0x30)
            case 0x41...0x46: unit = unit << 4 + UInt32(byte - 0x41 + 10)
            case 0x61...0x66: unit = unit << 4 + UInt32(byte - 0x61 + 10)
            default: throw error("four hexadecimal digits should follow \\u", at: offset)
            }
        }
        return unit
    }
}
