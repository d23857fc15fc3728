/// How text is cut into pieces before byte pairs are merged within each.
///
/// The patterns are those of published models, recognized by name or by their regular expression; anything else is
/// refused rather than approximated, because a wrong cut changes ids silently.
public struct PreTokenizer: Sendable, Hashable {
    /// One cut; each piece of a step is cut again by the next.
    enum Step: Sendable, Hashable {
        case digits(individual: Bool)
        case gpt2
        case llama3(digits: Int)
    }

    let steps: [Step]
    /// Whether a space is put before text that does not begin with one.
    let addsPrefixSpace: Bool

    init(steps: [Step], addsPrefixSpace: Bool = false) {
        self.steps = steps
        self.addsPrefixSpace = addsPrefixSpace
    }

    /// No cut: merges may cross words.
    public static let none = PreTokenizer(steps: [])

    /// GPT-2's: English contractions, words, numbers and punctuation with the space before them.
    ///
    /// Source: Radford et al., Language Models are Unsupervised Multitask Learners (2019).
    public static let gpt2 = PreTokenizer(steps: [.gpt2])

    /// SmolLM's and StarCoder's: every digit alone, then GPT-2's.
    public static let smolLM = PreTokenizer(steps: [.digits(individual: true), .gpt2])

    /// Llama 3's: numbers in groups of up to three digits, line ends together with the white space before them.
    public static let llama3 = PreTokenizer(steps: [.llama3(digits: 3)])

    /// Qwen 2's: Llama 3's with every digit alone.
    public static let qwen2 = PreTokenizer(steps: [.llama3(digits: 1)])

    /// Cuts `text` and hands over each piece's bounds in order.
    @inline(__always)
    func forEachPiece(
        of range: Range<Int>, in scanner: PreTokenizerScanner, _ body: (_ start: Int, _ end: Int) -> Void
    ) {
        // The common shapes are spelled out so that the compiler makes one tight loop of each.
        switch steps {
        case [.gpt2]:
            Self.cut(range, by: { scanner.endOfGPT2Piece(from: $0, end: $1) }, into: body)
        case [.llama3(digits: 1)]:
            Self.cut(range, by: { scanner.endOfLlama3Piece(from: $0, end: $1, digits: 1) }, into: body)
        case [.llama3(digits: 3)]:
            Self.cut(range, by: { scanner.endOfLlama3Piece(from: $0, end: $1, digits: 3) }, into: body)
        case [.digits(individual: true), .gpt2]:
            let outer = { scanner.endOfDigitsPiece(from: $0, end: $1, individual: true) }
            let inner = { scanner.endOfGPT2Piece(from: $0, end: $1) }
            Self.cut(range, by: outer, into: { Self.cut($0..<$1, by: inner, into: body) })
        default:
            forEachPiece(of: range, step: 0, in: scanner, body)
        }
    }

    @inline(__always)
    private static func cut(
        _ range: Range<Int>, by end: (_ start: Int, _ limit: Int) -> Int, into body: (_ start: Int, _ end: Int) -> Void
    ) {
        var start = range.lowerBound
        while start < range.upperBound {
            let next = end(start, range.upperBound)
            body(start, next)
            start = next
        }
    }

    private func forEachPiece(
        of range: Range<Int>, step: Int, in scanner: PreTokenizerScanner,
        _ body: (_ start: Int, _ end: Int) -> Void
    ) {
        guard step < steps.count else {
            if !range.isEmpty { body(range.lowerBound, range.upperBound) }
            return
        }
        var start = range.lowerBound
        while start < range.upperBound {
            let end =
                switch steps[step] {
                case .digits(let individual):
                    scanner.endOfDigitsPiece(from: start, end: range.upperBound, individual: individual)
                case .gpt2: scanner.endOfGPT2Piece(from: start, end: range.upperBound)
                case .llama3(let digits):
                    scanner.endOfLlama3Piece(from: start, end: range.upperBound, digits: digits)
                }
            forEachPiece(of: start..<end, step: step + 1, in: scanner, body)
            start = end
        }
    }
}
