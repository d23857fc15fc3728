internal import Foundation
internal import PlumbBasics

/// A walk over JSON as Inspect writes it: RFC 8259, and the bare words `NaN`, `Infinity` and `-Infinity`.
///
/// What is not asked for is passed over without being decoded, which is what makes long logs fast. No input traps;
/// nesting is limited where values are built.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    func error(_ problem: String) -> EvaluationError { EvaluationError("invalid JSON at byte \(position): \(problem)") }

    private mutating func skipSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    /// The next byte that is no white space.
    mutating func peek() -> UInt8? {
        skipSpace()
        return position < bytes.count ? bytes[position] : nil
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard accept(byte) else { throw error("\"\(Character(UnicodeScalar(byte)))\" should stand here") }
    }

    /// Refuses text after the value.
    mutating func finish() throws {
        guard peek() == nil else { throw error("text follows the end of the value") }
    }

    /// Reads an object; `body` reads or skips each value.
    mutating func object(_ body: (_ key: UnsafeRawBufferPointer, inout JSONScanner) throws -> Void) throws {
        try expect(UInt8(ascii: "{"))
        if accept(UInt8(ascii: "}")) { return }
        repeat {
            skipSpace()
            let key = try rawString()
            try expect(UInt8(ascii: ":"))
            try body(key, &self)
        } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// Reads an array; `body` reads or skips each value.
    mutating func array(_ body: (inout JSONScanner) throws -> Void) throws {
        try expect(UInt8(ascii: "["))
        if accept(UInt8(ascii: "]")) { return }
        repeat { try body(&self) } while accept(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// The bytes of a string between its quotes, escapes as they stand.
    mutating func rawString() throws -> UnsafeRawBufferPointer {
        guard peek() == UInt8(ascii: "\"") else { throw error("a string should begin here") }
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return UnsafeRawBufferPointer(rebasing: bytes[start..<position - 1])
            }
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        position = bytes.count
        throw error("a string is never closed")
    }

    /// A string.
    mutating func string() throws -> String { try Self.decoded(rawString()) }

    /// The text of a string's bytes.
    static func decoded(_ raw: UnsafeRawBufferPointer) throws -> String {
        guard raw.contains(UInt8(ascii: "\\")) else { return String(decoding: raw, as: UTF8.self) }
        let quoted = [UInt8(ascii: "\"")] + Array(raw) + [UInt8(ascii: "\"")]
        return try JSONCursor.read(quoted) { String(decoding: try $0.string(), as: UTF8.self) }
    }

    /// Passes over any value.
    mutating func skip() throws {
        var depth = 0
        repeat {
            guard let byte = peek() else { throw error("the text ends inside a value") }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { throw error("a value should begin here") }
                depth -= 1
                position += 1
            case UInt8(ascii: "\""): _ = try rawString()
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw error("a value should begin here") }
                position += 1
            default: _ = try word()
            }
        } while depth > 0
    }

    /// The letters, digits and signs of a number or a bare word.
    private mutating func word() throws -> UnsafeRawBufferPointer {
        skipSpace()
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
                position += 1
                continue
            default: break
            }
            break
        }
        guard position > start else { throw error("a value should begin here") }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
    }

    /// A number, truth value, null or bare word.
    private mutating func scalar() throws -> JSONValue {
        let start = position
        let text = String(decoding: try word(), as: UTF8.self)
        switch text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        case "NaN": return .number(.nan)
        case "Infinity": return .number(.infinity)
        case "-Infinity": return .number(-.infinity)
        default: break
        }
        if let whole = Int(text) { return .integer(whole) }
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
            let number = Double(text)
        else {
            position = start
            throw error("\(visible(text, limit: 30)) is no value")
        }
        return .number(number)
    }

    /// Any value as a tree.
    mutating func value(depth: Int = 0) throws -> JSONValue {
        guard depth < 128 else { throw error("nested deeper than 128 levels") }
        switch peek() {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try object { key, scanner in
                members[try Self.decoded(key)] = try scanner.value(depth: depth + 1)
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try array { elements.append(try $0.value(depth: depth + 1)) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try string())
        case nil: throw error("the text ends where a value should begin")
        default: return try scalar()
        }
    }
}

/// Cuts the elements of a JSON array out of bytes that come in pieces, so that no more than one of them is kept.
struct JSONElementSplitter {
    private var element: [UInt8] = []
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// Whether the array was closed.
    private(set) var isFinished = false

    /// The most bytes of an element.
    static let longest = 64 << 20

    private mutating func passInString(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
        }
    }

    /// Takes a piece, and hands over each element that it completes: an object, or what else stands between commas.
    mutating func append(
        _ piece: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var start = 0
        func flush(upTo end: Int, _ element: inout [UInt8]) throws {
            guard element.count + end - start <= Self.longest else {
                throw EvaluationError("an element of a JSON array has more than \(Self.longest) bytes")
            }
            element.append(contentsOf: piece[start..<end])
        }
        func hand(upTo end: Int, _ element: inout [UInt8]) throws {
            if element.isEmpty {
                let whole = UnsafeRawBufferPointer(rebasing: piece[start..<end])
                if whole.contains(where: { $0 > 0x20 }) { try body(whole) }
                return
            }
            try flush(upTo: end, &element)
            if element.contains(where: { $0 > 0x20 }) { try element.withUnsafeBytes(body) }
            element.removeAll(keepingCapacity: true)
        }
        var index = 0
        while index < piece.count {
            let byte = piece[index]
            defer { index += 1 }
            if isInString {
                passInString(byte)
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                guard depth > 0 else { throw EvaluationError("a JSON array should begin with \"[\"") }
                isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                guard !isFinished, depth > 0 || byte == UInt8(ascii: "[") else {
                    throw EvaluationError("a JSON array should begin with \"[\"")
                }
                depth += 1
                if depth == 1 { start = index + 1 }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                guard depth > 0 else { throw EvaluationError("a JSON array is closed before it began") }
                if depth == 1 {
                    try hand(upTo: index, &element)
                    isFinished = true
                    start = piece.count
                }
                depth -= 1
            case UInt8(ascii: ",") where depth == 1:
                try hand(upTo: index, &element)
                start = index + 1
            default:
                guard depth > 0 || byte <= 0x20 else {
                    throw EvaluationError("text stands outside a JSON array")
                }
            }
        }
        if depth > 0, !isFinished { try flush(upTo: piece.count, &element) }
    }
}
