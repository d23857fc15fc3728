/// How text is cut into pieces before byte pairs are merged within each.
///
/// The patterns of published models are scanned by code of their own; other stages of `tokenizer.json` are followed one
/// after another, with regular expressions where they have some. What is not known is refused rather than approximated,
/// because a wrong cut changes ids silently.
public struct PreTokenizer: Sendable, Hashable {
    /// One cut; each piece of a step is cut again by the next.
    enum Step: Sendable, Hashable {
        case digits(individual: Bool)
        case gpt2
        case llama3(digits: Int)
        case split(TextPattern, SplitBehavior, isInverted: Bool)
        case punctuation(SplitBehavior)
        /// Words, and the signs between them; white space goes.
        case whitespace
        case whitespaceSplit
        /// Words between white space, and each sign alone.
        case bert
        case metaspace(Metaspace)
        /// A space before each piece that does not begin with one.
        case prefixSpace
        /// Bytes as characters, where further steps follow that see these.
        case byteAlphabet

        /// Whether the step keeps the text and all of it, so that pieces can be handed over as they are found.
        fileprivate var isScanned: Bool {
            switch self {
            case .digits, .gpt2, .llama3: true
            default: false
            }
        }
    }

    let steps: [Step]
    /// Whether pieces are bytes to the vocabulary; otherwise they are characters.
    let isByteLevel: Bool
    /// Whether a space is put before text that does not begin with one.
    let addsPrefixSpace: Bool
    /// Whether the text, after the space before it, is cut by ``forEachPiece(of:in:_:)``; otherwise it is by
    /// ``pieces(of:isStart:)``.
    let isScanned: Bool
    /// The steps after the space before the text.
    private let scanned: [Step]

    init(steps: [Step], isByteLevel: Bool = true) {
        self.steps = steps
        self.isByteLevel = isByteLevel
        addsPrefixSpace = steps.first == .prefixSpace
        scanned = Array(steps.dropFirst(steps.first == .prefixSpace ? 1 : 0))
        isScanned = isByteLevel && scanned.allSatisfy(\.isScanned)
    }

    /// The cut with a space before text that does not begin with one.
    func addingPrefixSpace(_ adds: Bool = true) -> PreTokenizer {
        adds == addsPrefixSpace
            ? self
            : PreTokenizer(steps: adds ? [.prefixSpace] + steps : Array(steps.dropFirst()), isByteLevel: isByteLevel)
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

    /// Cuts text by scanned steps and hands over each piece's bounds in order.
    @inline(__always)
    func forEachPiece(
        of range: Range<Int>, in scanner: PreTokenizerScanner, _ body: (_ start: Int, _ end: Int) -> Void
    ) {
        // The common shapes are spelled out so that the compiler makes one tight loop of each.
        switch scanned {
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
        guard step < scanned.count else {
            if !range.isEmpty { body(range.lowerBound, range.upperBound) }
            return
        }
        var start = range.lowerBound
        while start < range.upperBound {
            let end =
                switch scanned[step] {
                case .digits(let individual):
                    scanner.endOfDigitsPiece(from: start, end: range.upperBound, individual: individual)
                case .gpt2: scanner.endOfGPT2Piece(from: start, end: range.upperBound)
                case .llama3(let digits):
                    scanner.endOfLlama3Piece(from: start, end: range.upperBound, digits: digits)
                default: range.upperBound
                }
            forEachPiece(of: start..<end, step: step + 1, in: scanner, body)
            start = end
        }
    }
}
