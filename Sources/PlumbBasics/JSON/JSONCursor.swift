/// Why bytes are not the JSON they should be.
public struct JSONError: Error, CustomStringConvertible, Equatable, Sendable {
    /// Offset in bytes from the beginning of the text.
    public let offset: Int
    /// What is wrong there.
    public let problem: String

    /// A problem at a place.
    public init(offset: Int, problem: String) {
        (self.offset, self.problem) = (offset, problem)
    }

    /// One sentence with the place.
    public var description: String { "invalid JSON at byte \(offset): \(problem)" }
}

/// A strict walk over JSON text (RFC 8259) that builds no tree but where it is asked to.
///
/// Foundation's readers bridge keys to `String` and thereby merge canonically equivalent ones ("é" as one scalar and as
/// two, which are different tokens of a vocabulary), and refuse lone surrogates. This one hands over bytes. Memory is
/// proportional to the input, nesting is limited, and no input traps.
public struct JSONCursor {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let maximumDepth: Int
    private var depth = 0
    /// Offset in bytes of what is read next.
    private(set) var position = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// Reads one value that fills all of `text` but surrounding white space.
    ///
    /// - Parameters:
    ///   - text: JSON in UTF-8.
    ///   - maximumDepth: how many arrays and objects may lie within each other.
    ///   - body: reads exactly one value; it must not keep the cursor.
    /// - Throws: ``JSONError``, with the offset of the first byte that cannot be, and what `body` throws.
    public static func read<Result>(
        _ text: some Collection<UInt8>, maximumDepth: Int = 128, _ body: (inout JSONCursor) throws -> Result
    ) throws -> Result {
        func read(_ buffer: UnsafeBufferPointer<UInt8>) throws -> Result {
            var cursor = JSONCursor(buffer, maximumDepth: maximumDepth)
            let result = try body(&cursor)
            cursor.skipSpace()
            guard cursor.position == buffer.count else { throw cursor.error("text after the end of the value") }
            return result
        }
        if let value = try text.withContiguousStorageIfAvailable(read) { return value }
        return try Array(text).withUnsafeBufferPointer(read)
    }

    /// Reads an object, calling `body` at each value with the bytes of its key; `body` must read the value.
    ///
    /// A key may come twice.
    public mutating func object(_ body: (_ key: [UInt8], _ value: inout JSONCursor) throws -> Void) throws {
        try open("{", "an object")
        defer { depth -= 1 }
        guard !skipped("}") else { return }
        repeat {
            guard peek() == UInt8(ascii: "\"") else { throw error("an object's key should begin here") }
            let key = try string()
            guard skipped(":") else { throw error("a colon should follow the key") }
            try body(key, &self)
        } while try hasNext(closing: "}", "object")
    }

    /// Reads an array, calling `body` at each value; `body` must read the value.
    public mutating func array(_ body: (inout JSONCursor) throws -> Void) throws {
        try open("[", "an array")
        defer { depth -= 1 }
        guard !skipped("]") else { return }
        repeat { try body(&self) } while try hasNext(closing: "]", "array")
    }

    /// Reads a string as bytes: UTF-8, except that a lone surrogate escape (`"\ud83d"`) keeps its three bytes.
    public mutating func string() throws -> [UInt8] {
        guard peek() == UInt8(ascii: "\"") else { throw error("a string should begin here") }
        let opening = position
        position += 1
        var isASCII = true
        var isEscaped = false
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw error("a control character inside a string must be escaped") }
            if byte >= 0x80 { isASCII = false }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                position += 1
            }
            position += 1
        }
        guard position < bytes.count else { throw error("a string is never closed", at: opening) }
        let text = UnsafeBufferPointer(rebasing: bytes[opening + 1..<position])
        guard isASCII || String(validating: text, as: UTF8.self) != nil else {
            throw error("a string is not valid UTF-8", at: opening + 1)
        }
        position += 1
        return isEscaped ? try JSONCursor.unescaped(text, at: opening + 1) : Array(text)
    }

    /// Reads any value as a tree. Lone surrogates become replacement characters; of members with the same name the last
    /// counts.
    public mutating func value() throws -> JSONValue {
        switch try first() {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try object { key, cursor in members[String(decoding: key, as: UTF8.self)] = try cursor.value() }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try array { elements.append(try $0.value()) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(String(decoding: try string(), as: UTF8.self))
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("a value should begin here")
        }
    }

    /// Reads past any value.
    public mutating func skip() throws {
        switch try first() {
        case UInt8(ascii: "{"): try object { try $1.skip() }
        case UInt8(ascii: "["): try array { try $0.skip() }
        case UInt8(ascii: "\""): _ = try string()
        default: _ = try value()
        }
    }

    /// Whether an object comes next.
    public mutating func isAtObject() -> Bool { peek() == UInt8(ascii: "{") }

    /// Whether an array comes next.
    public mutating func isAtArray() -> Bool { peek() == UInt8(ascii: "[") }

    /// Whether a string comes next.
    public mutating func isAtString() -> Bool { peek() == UInt8(ascii: "\"") }

    /// A problem with what comes next, for what only the reader of a format can see.
    public func error(_ problem: String) -> JSONError { error(problem, at: position) }
}

extension JSONCursor {
    private func error(_ problem: String, at offset: Int) -> JSONError { JSONError(offset: offset, problem: problem) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func peek() -> UInt8? {
        skipSpace()
        return current
    }

    private mutating func first() throws -> UInt8 {
        guard let byte = peek() else { throw error("the text ends where a value should begin") }
        return byte
    }

    private mutating func skipped(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func open(_ bracket: Unicode.Scalar, _ what: String) throws {
        guard depth < maximumDepth else { throw error("nested deeper than \(maximumDepth) levels") }
        guard skipped(bracket) else { throw error("\(what) should begin here") }
        depth += 1
    }

    /// Steps over a comma (true) or the closing bracket (false).
    private mutating func hasNext(closing: Unicode.Scalar, _ container: String) throws -> Bool {
        guard let byte = peek() else { throw error("the text ends inside an \(container)") }
        guard byte == UInt8(ascii: closing) || byte == UInt8(ascii: ",") else {
            throw error("a comma or the end of the \(container) should follow")
        }
        position += 1
        return byte == UInt8(ascii: ",")
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes.count - position >= expected.count,
            UnsafeBufferPointer(rebasing: bytes[position..<position + expected.count]).elementsEqual(expected)
        else { throw error("a value should begin here") }
        position += expected.count
        return value
    }

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
        if isInteger {
            if let value = Int(text) { return .integer(value) }
            if let value = UInt64(text) { return .unsigned(value) }
        }
        guard let value = Double(text), value.isFinite else { throw error("a number that is too large", at: start) }
        return .number(value)
    }
}

// MARK: - Escapes

extension JSONCursor {
    private static func unescaped(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) throws -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "\\") else {
                result.append(text[index])
                index += 1
                continue
            }
            guard index + 1 < text.count else {
                throw JSONError(offset: offset + index, problem: "the text ends inside a string")
            }
            if let plain = plain(text[index + 1]) {
                result.append(plain)
                index += 2
                continue
            }
            guard text[index + 1] == UInt8(ascii: "u") else {
                throw JSONError(offset: offset + index, problem: "unknown escape in a string")
            }
            var scalar = try codeUnit(text, index + 2, at: offset)
            index += 6
            if scalar >> 10 == 0xD800 >> 10, index + 1 < text.count, text[index] == UInt8(ascii: "\\"),
                text[index + 1] == UInt8(ascii: "u")
            {
                let low = try codeUnit(text, index + 2, at: offset)
                if low >> 10 == 0xDC00 >> 10 {
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
                    index += 6
                }
            }
            result.append(utf8: scalar)
        }
        return result
    }

    /// What a letter after a backslash stands for.
    private static func plain(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    private static func codeUnit(_ text: UnsafeBufferPointer<UInt8>, _ index: Int, at offset: Int) throws -> UInt32 {
        let problem = JSONError(offset: offset + index, problem: "four hexadecimal digits should follow \\u")
        guard text.count - index >= 4 else { throw problem }
        var unit: UInt32 = 0
        for byte in text[index..<index + 4] {
            switch byte {
            case 0x30...0x39: unit = unit << 4 + UInt32(byte - 0x30)
            case 0x41...0x46: unit = unit << 4 + UInt32(byte - 0x41 + 10)
            case 0x61...0x66: unit = unit << 4 + UInt32(byte - 0x61 + 10)
            default: throw problem
            }
        }
        return unit
    }
}
