extension Lexer {
    private static let symbols = [
        "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}",
        ",", ".", ":", "|",
    ]

    /// The tokens up to the tag's end; within parentheses and brackets nothing ends a tag.
    mutating func tokens(closing: Unicode.Scalar, line: Int) throws -> [Token] {
        var tokens: [Token] = []
        var open: [String] = []
        while let next = peek() {
            if open.isEmpty, let sign = takeEnd(closing) {
                close(sign: sign, isBlock: closing == "%")
                return tokens
            }
            if next.isSpace {
                position += 1
                continue
            }
            let start = position
            let kind: Token.Kind
            if next == "'" || next == "\"" {
                kind = .string(try string(quote: next))
            } else if next.isDigit {
                kind = try number(follows: tokens.last?.kind)
            } else if next.isWord {
                kind = .name(name())
            } else {
                let symbol = try symbol()
                try balance(symbol, &open, at: start)
                kind = .symbol(symbol)
            }
            tokens.append(Token(kind: kind, line: self.line(at: start)))
        }
        throw JinjaError("a tag is never closed", line: line)
    }

    private mutating func takeEnd(_ closing: Unicode.Scalar) -> Unicode.Scalar? {
        let isSigned = peek() == "-" || peek() == "+" && closing == "%"
        guard peek(isSigned ? 1 : 0) == closing, peek(isSigned ? 2 : 1) == "}" else { return nil }
        let sign = isSigned ? peek() : " "
        position += isSigned ? 3 : 2
        return sign
    }

    private func balance(_ symbol: String, _ open: inout [String], at place: Int) throws {
        switch symbol {
        case "(": open.append(")")
        case "[": open.append("]")
        case "{": open.append("}")
        case ")", "]", "}":
            guard open.popLast() == symbol else {
                throw JinjaError("\"\(symbol)\" closes nothing", line: line(at: place))
            }
        default: break
        }
    }

    private mutating func symbol() throws -> String {
        for symbol in Self.symbols where isAt(symbol) {
            position += symbol.unicodeScalars.count
            return symbol
        }
        throw JinjaError("unexpected character \"\(source[position])\"", line: line(at: position))
    }

    private mutating func name() -> String {
        var name = String.UnicodeScalarView()
        while let next = peek(), next.isWord {
            name.append(next)
            position += 1
        }
        return String(name)
    }

    private mutating func digits(_ isDigit: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let next = peek() {
            if isDigit(next) {
                text.unicodeScalars.append(next)
            } else if next != "_" || !(peek(1).map(isDigit) ?? false) {
                break
            }
            position += 1
        }
        return text
    }

    private mutating func number(follows previous: Token.Kind?) throws -> Token.Kind {
        let line = line(at: position)
        if peek() == "0", let base = ["b": 2, "o": 8, "x": 16][peek(1).map { String($0).lowercased() } ?? ""] {
            let start = position
            position += 2
            let text = digits { $0.isASCII && Int(String($0), radix: base) != nil }
            if !text.isEmpty {
                guard let value = Int(text, radix: base) else { throw Self.tooLarge(text, line) }
                return .integer(value)
            }
            position = start
        }
        var text = digits(\.isDigit)
        var isReal = false
        if previous != .symbol("."), peek() == ".", peek(1)?.isDigit ?? false {
            position += 1
            text += "." + digits(\.isDigit)
            isReal = true
        }
        if peek() == "e" || peek() == "E" {
            let isSigned = peek(1) == "-" || peek(1) == "+"
            if peek(isSigned ? 2 : 1)?.isDigit ?? false {
                text += isSigned && peek(1) == "-" ? "e-" : "e"
                position += isSigned ? 2 : 1
                text += digits(\.isDigit)
                isReal = true
            }
        }
        if isReal { return .real(Double(text) ?? .infinity) }
        guard text == "0" || text.first != "0" || text.allSatisfy({ $0 == "0" }) else {
            throw JinjaError("a number may not begin with 0: \(text)", line: line)
        }
        guard let value = Int(text) else { throw Self.tooLarge(text, line) }
        return .integer(value)
    }

    private static func tooLarge(_ text: String, _ line: Int) -> JinjaError {
        JinjaError("the number \(text.prefix(40)) is too large: whole numbers end at \(Int.max)", line: line)
    }

    private mutating func string(quote: Unicode.Scalar) throws -> String {
        let start = position
        position += 1
        var text = String.UnicodeScalarView()
        while let next = peek() {
            position += 1
            if next == quote { return String(text) }
            guard next == "\\", let escaped = peek() else {
                text.append(next)
                continue
            }
            position += 1
            try append(escape: escaped, to: &text)
        }
        throw JinjaError("a string is never closed", line: line(at: start))
    }

    private mutating func append(escape: Unicode.Scalar, to text: inout String.UnicodeScalarView) throws {
        switch escape {
        case "n": text.append("\n")
        case "t": text.append("\t")
        case "r": text.append("\r")
        case "a": text.append("\u{7}")
        case "b": text.append("\u{8}")
        case "f": text.append("\u{C}")
        case "v": text.append("\u{B}")
        case "\\", "'", "\"": text.append(escape)
        case "x": text.append(try code(digits: 2, radix: 16))
        case "u": text.append(try code(digits: 4, radix: 16))
        case "U": text.append(try code(digits: 8, radix: 16))
        case "0"..."7":
            position -= 1
            var count = 0
            while count < 3, let digit = peek(count), ("0"..."7").contains(digit) { count += 1 }
            text.append(try code(digits: count, radix: 8))
        case "N":
            throw JinjaError("the escape \"\\N\" is not known; write \\u and the number", line: line(at: position))
        case "\n": break
        default:
            text.append("\\")
            text.append(escape)
        }
    }

    private mutating func code(digits: Int, radix: Int) throws -> Unicode.Scalar {
        let end = position + digits
        let text = source[position..<min(end, source.count)].map { String($0) }.joined()
        guard end <= source.count, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let value = UInt32(text, radix: radix), let scalar = Unicode.Scalar(value)
        else { throw JinjaError("an escape in a string is not valid", line: line(at: position)) }
        position = end
        return scalar
    }
}

extension Unicode.Scalar {
    var isDigit: Bool { ("0"..."9").contains(self) }
}
