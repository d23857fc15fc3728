/// A token of the expression language.
enum JinjaToken: Equatable, Sendable {
    case name(String)
    case string(String)
    case integer(Int)
    case real(Double)
    case symbol(String)
}

/// A stretch of a template: text as it is, an output tag `{{ … }}` or a block tag `{% … %}`.
struct JinjaSegment: Sendable {
    enum Content: Sendable {
        case text(String)
        case output([JinjaToken])
        case block([JinjaToken])
    }

    var content: Content
    /// The line it begins on, from 1.
    var line: Int
}

/// Cuts a template into text and tags.
struct JinjaLexer {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var segments: [JinjaSegment] = []
    private var counted = (place: 0, line: 1)

    /// The stretches of a template, white space around tags already taken away as the tags ask.
    static func segments(of source: String) throws(ChatTemplateError) -> [JinjaSegment] {
        // As Jinja does: line ends are unified, and one at the very end is not part of the template.
        var scalars: [Unicode.Scalar] = []
        for scalar in source.unicodeScalars {
            if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
            scalars.append(scalar)
        }
        scalars = scalars.map { $0 == "\r" ? "\n" : $0 }
        if scalars.last == "\n" { scalars.removeLast() }
        var lexer = JinjaLexer(source: scalars)
        try lexer.run()
        return lexer.segments
    }

    private init(source: [Unicode.Scalar]) {
        self.source = source
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        position + offset < source.count ? source[position + offset] : nil
    }

    /// The line a place is on; places are asked for in order but for a few within a tag.
    private mutating func line(at place: Int) -> Int {
        if place < counted.place { counted = (0, 1) }
        for scalar in source[counted.place..<place] where scalar == "\n" { counted.line += 1 }
        counted.place = place
        return counted.line
    }

    private func isTag(at index: Int) -> Bool {
        guard index + 1 < source.count, source[index] == "{" else { return false }
        return source[index + 1] == "{" || source[index + 1] == "%" || source[index + 1] == "#"
    }

    private mutating func run() throws(ChatTemplateError) {
        var textStart = 0
        while true {
            while position < source.count, !isTag(at: position) { position += 1 }
            var text = source[textStart..<position]
            guard position < source.count else { return appendText(text) }
            let kind = source[position + 1]
            let sign = peek(2)
            if sign == "-" {
                while let last = text.last, last.properties.isWhitespace { text.removeLast() }
            } else if kind != "{", sign != "+" {
                // lstrip_blocks: indentation before a block tag that begins its line.
                let indentation = text.reversed().prefix { $0 == " " || $0 == "\t" }.count
                let before = text.endIndex - indentation
                if before == 0 || source[before - 1] == "\n" { text = text[..<max(before, text.startIndex)] }
            }
            appendText(text)
            try tag(kind)
            textStart = position
        }
    }

    private mutating func appendText(_ text: ArraySlice<Unicode.Scalar>) {
        guard !text.isEmpty else { return }
        var string = String.UnicodeScalarView()
        string.append(contentsOf: text)
        segments.append(JinjaSegment(content: .text(String(string)), line: line(at: text.startIndex)))
    }

    /// Reads a tag and the white space after it that the tag takes away.
    private mutating func tag(_ kind: Unicode.Scalar) throws(ChatTemplateError) {
        let line = line(at: position)
        position += 2
        let isBlock = kind == "%"
        if kind == "#" {
            while position < source.count, !(source[position] == "#" && peek(1) == "}") { position += 1 }
            guard position < source.count else { throw ChatTemplateError("a comment is never closed", line: line) }
            let strips = source[position - 1] == "-"
            position += 2
            return skipSpace(strips: strips, isBlock: true)
        }
        if peek() == "-" || peek() == "+" { position += 1 }
        let (tokens, sign) = try tokens(closing: isBlock ? "%" : "}", line: line)
        segments.append(JinjaSegment(content: isBlock ? .block(tokens) : .output(tokens), line: line))
        skipSpace(strips: sign == "-", isBlock: isBlock && sign != "+")
    }

    private mutating func skipSpace(strips: Bool, isBlock: Bool) {
        if strips {
            while let next = peek(), next.properties.isWhitespace { position += 1 }
        } else if isBlock, peek() == "\n" {
            // trim_blocks: the line end after a block tag.
            position += 1
        }
    }
}

// MARK: - Tokens

extension JinjaLexer {
    private static let symbols = [
        "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}",
        ",",
        ".", ":", "|",
    ]

    /// The tokens up to the tag's end, and the sign before that.
    private mutating func tokens(
        closing: Unicode.Scalar, line: Int
    ) throws(ChatTemplateError) -> (tokens: [JinjaToken], sign: Unicode.Scalar?) {
        var tokens: [JinjaToken] = []
        var open = 0
        while let next = peek() {
            if open == 0, next == closing, peek(1) == "}" {
                position += 2
                return (tokens, nil)
            }
            if open == 0, next == "-" || next == "+", peek(1) == closing, peek(2) == "}" {
                position += 3
                return (tokens, next)
            }
            if next.properties.isWhitespace {
                position += 1
            } else if next == "'" || next == "\"" {
                tokens.append(.string(try string(quote: next)))
            } else if next.properties.numericType == .decimal, next.isASCII {
                tokens.append(try number())
            } else if next == "_" || next.properties.isAlphabetic {
                tokens.append(.name(name()))
            } else {
                let symbol = try symbol()
                if ["(", "[", "{"].contains(symbol) { open += 1 }
                if [")", "]", "}"].contains(symbol) { open -= 1 }
                tokens.append(.symbol(symbol))
            }
        }
        throw ChatTemplateError("a tag is never closed", line: line)
    }

    private mutating func symbol() throws(ChatTemplateError) -> String {
        for symbol in Self.symbols where source[position...].starts(with: symbol.unicodeScalars) {
            position += symbol.unicodeScalars.count
            return symbol
        }
        throw ChatTemplateError("unexpected character \"\(source[position])\"", line: line(at: position))
    }

    private mutating func name() -> String {
        var name = String.UnicodeScalarView()
        while let next = peek(), next == "_" || next.properties.isAlphabetic || next.properties.numericType != nil {
            name.append(next)
            position += 1
        }
        return String(name)
    }

    private mutating func number() throws(ChatTemplateError) -> JinjaToken {
        let start = position
        func isDigit(_ scalar: Unicode.Scalar?) -> Bool { scalar.map { ("0"..."9").contains($0) } ?? false }
        while isDigit(peek()) { position += 1 }
        if peek() == ".", isDigit(peek(1)) {
            position += 1
            while isDigit(peek()) { position += 1 }
        }
        let text = source[start..<position].map { String($0) }.joined()
        if let value = Int(text) { return .integer(value) }
        if let value = Double(text) { return .real(value) }
        throw ChatTemplateError("\"\(text)\" is not a number", line: line(at: start))
    }

    private mutating func string(quote: Unicode.Scalar) throws(ChatTemplateError) -> String {
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
            switch escaped {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "r": text.append("\r")
            case "\\", "'", "\"": text.append(escaped)
            case "u", "x": text.append(try hexadecimal(digits: escaped == "u" ? 4 : 2))
            case "\n": break
            default:
                text.append("\\")
                text.append(escaped)
            }
        }
        throw ChatTemplateError("a string is never closed", line: line(at: start))
    }

    private mutating func hexadecimal(digits: Int) throws(ChatTemplateError) -> Unicode.Scalar {
        let end = position + digits
        let text = source[position..<min(end, source.count)].map { String($0) }.joined()
        guard end <= source.count, let value = UInt32(text, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw ChatTemplateError("an escape in a string is not valid", line: line(at: position))
        }
        position = end
        return scalar
    }
}
