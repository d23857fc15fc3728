/// Cuts UTF-8 bytes into the pieces that a pre-tokenizer's pattern would match one after another.
///
/// The patterns are written out as scanners: each function returns where the match that begins at `start` ends. A byte
/// that is no valid UTF-8 counts as one scalar of no class.
struct PreTokenizerScanner {
    private typealias Class = CharacterClasses.Class

    let text: UnsafeBufferPointer<UInt8>
    let classes: CharacterClasses

    @inline(__always)
    private func scalar(at index: Int, end: Int) -> (class: UInt8, length: Int) {
        let (value, length) = UTF8Scalar.decode(text, at: index, end: end)
        return (classes[value], length)
    }

    /// The end of the run of scalars of the class from `start` on, at most `limit` of them.
    @inline(__always)
    private func endOfRun(of kind: UInt8, from start: Int, end: Int, limit: Int = .max) -> Int {
        var index = start
        var count = 0
        while index < end, count < limit {
            let next = scalar(at: index, end: end)
            guard next.class == kind else { break }
            index += next.length
            count += 1
        }
        return index
    }

    /// The end of the run `[^\s\p{L}\p{N}]*` from `start` on.
    @inline(__always)
    private func endOfOther(from start: Int, end: Int) -> Int {
        var index = start
        while index < end {
            let next = scalar(at: index, end: end)
            guard next.class == Class.other || next.class == Class.laterNumber else { break }
            index += next.length
        }
        return index
    }

    @inline(__always)
    private func isNewline(_ index: Int) -> Bool { text[index] == 0x0A || text[index] == 0x0D }

    /// `'s|'t|'re|'ve|'m|'ll|'d` after an apostrophe at `start`; nil where there is none.
    ///
    /// Ignoring case, "ſ" (long s) is an s too.
    @inline(__always)
    private func endOfContraction(from start: Int, end: Int, ignoringCase: Bool) -> Int? {
        guard start + 1 < end else { return nil }
        let mask: UInt8 = ignoringCase ? 0x20 : 0
        let second = start + 2 < end ? text[start + 2] : 0
        switch text[start + 1] | mask {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return second | mask == UInt8(ascii: "e") ? start + 3 : nil
        case UInt8(ascii: "l"): return second | mask == UInt8(ascii: "l") ? start + 3 : nil
        default: break
        }
        return ignoringCase && text[start + 1] == 0xC5 && second == 0xBF ? start + 3 : nil
    }

    /// GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
    @inline(__always)
    func endOfGPT2Piece(from start: Int, end: Int) -> Int {
        if text[start] == UInt8(ascii: "'"),
            let match = endOfContraction(from: start, end: end, ignoringCase: false)
        {
            return match
        }
        var body = start
        var first = scalar(at: start, end: end)
        if text[start] == 0x20, start + 1 < end {
            body = start + 1
            first = scalar(at: body, end: end)
        }
        switch first.class {
        case Class.letter: return endOfRun(of: Class.letter, from: body + first.length, end: end)
        case Class.number: return endOfRun(of: Class.number, from: body + first.length, end: end)
        case Class.space: return endOfSpace(from: start, end: end)
        default: return endOfOther(from: body + first.length, end: end)
        }
    }

    /// `\s+(?!\S)|\s+`: all the white space at the end of the text, else all but its last scalar, else that one.
    private func endOfSpace(from start: Int, end: Int) -> Int {
        var index = start
        var last = start
        while index < end {
            let next = scalar(at: index, end: end)
            guard next.class == Class.space else { break }
            last = index
            index += next.length
        }
        return index == end || last == start ? index : last
    }

    /// Llama 3, and with one digit for three Qwen 2:
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
    @inline(__always)
    func endOfLlama3Piece(from start: Int, end: Int, digits: Int) -> Int {
        if text[start] == UInt8(ascii: "'"),
            let match = endOfContraction(from: start, end: end, ignoringCase: true)
        {
            return match
        }
        let first = scalar(at: start, end: end)
        let second = start + first.length
        switch first.class {
        case Class.letter: return endOfRun(of: Class.letter, from: second, end: end)
        case Class.number: return endOfRun(of: Class.number, from: start, end: end, limit: digits)
        default: break
        }
        guard second < end else { return second }
        let next = scalar(at: second, end: end).class
        if next == Class.letter, !isNewline(start) {
            return endOfRun(of: Class.letter, from: second, end: end)
        }
        if first.class != Class.space {
            return endOfNewlines(from: endOfOther(from: second, end: end), end: end)
        }
        if text[start] == 0x20, next == Class.other || next == Class.laterNumber {
            return endOfNewlines(from: endOfOther(from: second, end: end), end: end)
        }
        return endOfSpaceOrLines(from: start, end: end)
    }

    private func endOfNewlines(from start: Int, end: Int) -> Int {
        var index = start
        while index < end, isNewline(index) { index += 1 }
        return index
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: through the last line end of the white space if there is one.
    private func endOfSpaceOrLines(from start: Int, end: Int) -> Int {
        let space = endOfRun(of: Class.space, from: start, end: end)
        var index = space
        while index > start {
            if isNewline(index - 1) { return index }
            index -= 1
        }
        return endOfSpace(from: start, end: end)
    }

    /// One number or the stretch up to the next; with `individual` off, all the numbers in a row.
    @inline(__always)
    func endOfDigitsPiece(from start: Int, end: Int, individual: Bool) -> Int {
        func isNumber(_ value: UInt8) -> Bool { value == Class.number || value == Class.laterNumber }
        let first = scalar(at: start, end: end)
        var index = start + first.length
        if individual, isNumber(first.class) { return index }
        while index < end {
            let next = scalar(at: index, end: end)
            guard isNumber(next.class) == isNumber(first.class) else { break }
            index += next.length
        }
        return index
    }
}
