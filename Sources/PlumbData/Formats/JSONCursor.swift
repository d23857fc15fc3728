internal import PlumbTensor

/// A strict walk over untrusted JSON that builds no tree: what a safetensors header needs.
///
/// Repeated keys are refused. Never outlives the bytes it was given.
struct JSONCursor {
    static let maximumDepth = 32

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads an object, calling `body` at each value; `body` must consume it.
    mutating func object(_ body: (_ key: String, _ value: inout JSONCursor) throws -> Void) throws {
        try open(UInt8(ascii: "{"))
        defer { depth -= 1 }
        var keys: Set<String> = []
        if skipped(UInt8(ascii: "}")) { return }
        repeat {
            let key = try string()
            guard keys.insert(key).inserted else { throw FileError("the header's key \(key) appears twice") }
            try expect(UInt8(ascii: ":"))
            try body(key, &self)
        } while skipped(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// Reads an array of at most `limit` integers from 0 on.
    mutating func integers(limit: Int) throws -> [Int] {
        var result: [Int] = []
        try array { json in
            guard result.count < limit else {
                throw FileError("the header's array at byte \(json.position) is too long")
            }
            result.append(try json.integer())
        }
        return result
    }

    /// Reads a string.
    mutating func string() throws -> String {
        try expect(UInt8(ascii: "\""))
        let start = position
        var isEscaped = false
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] >= 0x20 else { throw malformed("a control character in a string") }
            if bytes[position] == UInt8(ascii: "\\") {
                isEscaped = true
                position += 1
            }
            position += 1
        }
        guard position < bytes.count else { throw malformed("a string without an end") }
        let text = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        position += 1
        let decoded = isEscaped ? try JSONCursor.unescaped(text) : Array(text)
        guard let string = String(validating: decoded, as: UTF8.self) else { throw malformed("text that is not UTF-8") }
        return string
    }

    /// Passes over any value.
    mutating func skip() throws {
        switch peek() {
        case UInt8(ascii: "{"): try object { _, json in try json.skip() }
        case UInt8(ascii: "["): try array { try $0.skip() }
        case UInt8(ascii: "\""): _ = try string()
        default:
            let start = position
            while position < bytes.count, !",]} \t\r\n".utf8.contains(bytes[position]) { position += 1 }
            guard position > start else { throw malformed("a missing value") }
        }
    }

    /// Checks that only white space follows.
    mutating func end() throws {
        guard peek() == nil else { throw malformed("text after the end") }
    }

    private mutating func array(_ body: (inout JSONCursor) throws -> Void) throws {
        try open(UInt8(ascii: "["))
        defer { depth -= 1 }
        if skipped(UInt8(ascii: "]")) { return }
        repeat { try body(&self) } while skipped(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    private mutating func integer() throws -> Int {
        _ = peek()
        let start = position
        var value = 0
        while position < bytes.count, case let digit = bytes[position], (0x30...0x39).contains(digit) {
            let (tens, first) = value.multipliedReportingOverflow(by: 10)
            let (sum, second) = tens.addingReportingOverflow(Int(digit) - 0x30)
            guard !first, !second else { throw malformed("a number that is too large") }
            value = sum
            position += 1
        }
        guard position > start else { throw malformed("something that is not a whole number") }
        return value
    }

    private mutating func open(_ bracket: UInt8) throws {
        try expect(bracket)
        depth += 1
        guard depth <= JSONCursor.maximumDepth else { throw malformed("too deep a nesting") }
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard skipped(byte) else { throw malformed("something else than \(Character(UnicodeScalar(byte)))") }
    }

    private mutating func skipped(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    /// The next byte that is not white space.
    private mutating func peek() -> UInt8? {
        while position < bytes.count, " \t\r\n".utf8.contains(bytes[position]) { position += 1 }
        return position < bytes.count ? bytes[position] : nil
    }

    private func malformed(_ what: String) -> FileError {
        FileError("the header is not the JSON it should be: \(what) at byte \(position)")
    }
}

extension JSONCursor {
    private static func unescaped(_ text: UnsafeRawBufferPointer) throws -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var units: [UInt16] = []
        var index = 0
        func flush() throws {
            guard !units.isEmpty else { return }
            guard let string = String(validating: units, as: UTF16.self) else {
                throw FileError("the header holds half of a surrogate pair")
            }
            result.append(contentsOf: string.utf8)
            units = []
        }
        while index < text.count {
            guard text[index] == UInt8(ascii: "\\"), index + 1 < text.count else {
                try flush()
                result.append(text[index])
                index += 1
                continue
            }
            let letter = text[index + 1]
            index += 2
            if letter == UInt8(ascii: "u") {
                let digits = String(decoding: text[index..<min(index + 4, text.count)], as: UTF8.self)
                guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16)
                else {
                    throw FileError("the header holds a malformed \\u escape")
                }
                units.append(unit)
                index += 4
            } else {
                try flush()
                guard let plain = escapes[letter] else { throw FileError("the header holds an unknown escape") }
                result.append(plain)
            }
        }
        try flush()
        return result
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]
}
