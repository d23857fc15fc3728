/// Cuts a template into text and tags, and takes away the white space around tags as the tags ask.
struct Lexer {
    static let longestSource = 1 << 23

    let source: [Unicode.Scalar]
    var position = 0
    private var segments: [Segment] = []
    private let lineStarts: [Int]

    static func segments(of source: String) throws -> [Segment] {
        guard source.utf8.count <= longestSource else {
            throw JinjaError("the template is longer than \(longestSource >> 20) MiB")
        }
        // Line ends are unified, and one at the very end is not part of the template.
        var scalars: [Unicode.Scalar] = []
        var previous: Unicode.Scalar?
        for scalar in source.unicodeScalars {
            if scalar != "\n" || previous != "\r" { scalars.append(scalar == "\r" ? "\n" : scalar) }
            previous = scalar
        }
        if scalars.last == "\n" { scalars.removeLast() }
        var lexer = Lexer(source: scalars)
        try lexer.run()
        return lexer.segments
    }

    private init(source: [Unicode.Scalar]) {
        self.source = source
        lineStarts = [0] + source.indices.filter { source[$0] == "\n" }.map { $0 + 1 }
    }

    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        position + offset < source.count ? source[position + offset] : nil
    }

    func isAt(_ text: String) -> Bool {
        source[min(position, source.count)...].starts(with: text.unicodeScalars)
    }

    /// The line a place is on, from 1.
    func line(at place: Int) -> Int {
        var (low, high) = (0, lineStarts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= place { low = middle } else { high = middle }
        }
        return low + 1
    }

    private mutating func run() throws {
        while position < source.count {
            let start = position
            while position < source.count, !isTagStart { position += 1 }
            guard position < source.count else { return append(text: start..<position) }
            let tag = position
            let kind = source[tag + 1]
            let sign = peek(2)
            append(text: trimmed(start..<tag, sign: sign, isOutput: kind == "{"))
            position = tag + 2
            if sign == "-" || sign == "+" { position += 1 }
            switch kind {
            case "#": try comment(line: line(at: tag))
            case "%":
                if let isStripped = takeRaw("raw") {
                    if isStripped { skipSpace() }
                    try raw(line: line(at: tag))
                } else {
                    let tokens = try tokens(closing: "%", line: line(at: tag))
                    segments.append(Segment(content: .block(tokens), line: line(at: tag)))
                }
            default:
                let tokens = try tokens(closing: "}", line: line(at: tag))
                segments.append(Segment(content: .output(tokens), line: line(at: tag)))
            }
        }
    }

    private var isTagStart: Bool {
        source[position] == "{" && (peek(1) == "{" || peek(1) == "%" || peek(1) == "#")
    }

    /// Text without the white space that the tag after it takes away.
    private func trimmed(_ text: Range<Int>, sign: Unicode.Scalar?, isOutput: Bool) -> Range<Int> {
        var end = text.upperBound
        if sign == "-" {
            while end > text.lowerBound, source[end - 1].isSpace { end -= 1 }
            return text.lowerBound..<end
        }
        if sign == "+" || isOutput { return text }
        while end > text.lowerBound, source[end - 1] != "\n", source[end - 1].isSpace { end -= 1 }
        let isLineStart = end == 0 || source[end - 1] == "\n"
        return text.lowerBound..<(isLineStart ? end : text.upperBound)
    }

    private mutating func append(text: Range<Int>) {
        guard !text.isEmpty else { return }
        var string = String.UnicodeScalarView()
        string.append(contentsOf: source[text])
        segments.append(Segment(content: .text(String(string)), line: line(at: text.lowerBound)))
    }

    private mutating func comment(line: Int) throws {
        let start = position
        while position < source.count, !isAt("#}") { position += 1 }
        guard position < source.count else { throw JinjaError("a comment is never closed", line: line) }
        let sign = position > start ? source[position - 1] : " "
        position += 2
        close(sign: sign, isBlock: true)
    }

    /// Takes the rest of a tag that holds only this name; says whether its end strips the space after it.
    private mutating func takeRaw(_ name: String) -> Bool? {
        let start = position
        skipSpace()
        guard isAt(name) else {
            position = start
            return nil
        }
        position += name.unicodeScalars.count
        skipSpace()
        let isStripped = peek() == "-"
        if isStripped || name == "endraw" && peek() == "+" { position += 1 }
        guard isAt("%}") else {
            position = start
            return nil
        }
        position += 2
        return isStripped
    }

    private mutating func raw(line: Int) throws {
        let start = position
        while position < source.count {
            let tag = position
            if isAt("{%") {
                let sign = peek(2)
                position += sign == "-" || sign == "+" ? 3 : 2
                if let isStripped = takeRaw("endraw") {
                    append(text: trimmed(start..<tag, sign: sign, isOutput: false))
                    return close(sign: isStripped ? "-" : source[position - 3], isBlock: true)
                }
            }
            position = tag + 1
        }
        throw JinjaError("\"raw\" has no end", line: line)
    }

    mutating func skipSpace() {
        while let next = peek(), next.isSpace { position += 1 }
    }

    /// Takes the white space that a tag's end takes away.
    mutating func close(sign: Unicode.Scalar?, isBlock: Bool) {
        if sign == "-" {
            skipSpace()
        } else if isBlock, sign != "+", peek() == "\n" {
            position += 1
        }
    }
}

extension Unicode.Scalar {
    /// White space as Python has it.
    var isSpace: Bool {
        switch value {
        case 0x20, 0x09...0x0D, 0x1C...0x1F, 0x85, 0xA0: true
        case 0..<0x1680: false
        default: properties.isWhitespace
        }
    }

    var isWord: Bool {
        self == "_" || properties.isAlphabetic || properties.numericType != nil
    }
}
