internal import PlumbBasics
public import PlumbTensor
public import PlumbTokenizers

/// A long text as tokens, from which a language model's windows are cut.
public struct TokenStream: Sendable, Equatable {
    /// The tokens in the order of the text.
    public let tokens: [Int]
    /// The number of tokens that there are to choose from; each of ``tokens`` is below it.
    public let vocabularySize: Int

    /// A stream of tokens at hand, each from 0 to below `vocabularySize`.
    public init(_ tokens: [Int], vocabularySize: Int) {
        require(
            tokens.allSatisfy { $0 >= 0 && $0 < vocabularySize },
            "TokenStream: a token is none of 0 ..< \(vocabularySize)")
        self.tokens = tokens
        self.vocabularySize = vocabularySize
    }

    /// A text, character by character.
    ///
    /// - Throws: ``TokenizerError`` naming a character that the vocabulary lacks.
    public init(_ corpus: TextCorpus, vocabulary: CharacterVocabulary) throws {
        self.init(try vocabulary.encode(corpus.text), vocabularySize: vocabulary.count)
    }

    /// A text as a tokenizer cuts it, with nothing added; the text of a special token is plain text.
    public init(_ corpus: TextCorpus, tokenizer: Tokenizer) {
        self.init(
            tokenizer.encode(corpus.text, addSpecialTokens: false, parseSpecialTokens: false),
            vocabularySize: tokenizer.vocabularySize)
    }

    /// Cuts the stream in two: the last `fraction` of it, rounded to the nearest token, is for validation.
    public func split(validation fraction: Double) -> (train: TokenStream, validation: TokenStream) {
        require((0...1).contains(fraction), "the fraction for validation is \(fraction), not from 0 to 1")
        let count = tokens.count - Int((Double(tokens.count) * fraction).rounded())
        return (
            TokenStream(Array(tokens[..<count]), vocabularySize: vocabularySize),
            TokenStream(Array(tokens[count...]), vocabularySize: vocabularySize)
        )
    }

    /// Batches of windows that begin anywhere, chosen by `key`.
    ///
    /// - Parameters:
    ///   - length: T, the positions that a model sees; a window has one token more, for the last one's target.
    ///   - batch: B, the windows in a batch.
    ///   - key: of where the windows begin.
    /// - Throws: `FileError` when the stream is shorter than one window.
    public func windows(length: Int, batch: Int, key: RandomKey) throws -> TokenWindows {
        require(length > 0 && batch > 0, "windows need a length and a batch above 0, got \(length) and \(batch)")
        guard tokens.count > length else {
            throw FileError(
                "the text has \(tokens.count) tokens, but a window of length \(length) needs \(length + 1); choose a "
                    + "shorter window or a longer text")
        }
        return TokenWindows(tokens: tokens, length: length, batch: batch, key: key)
    }

    /// All windows one after another, for evaluation: each token but the first is the target of exactly one, except
    /// for those at the end that fill no window.
    ///
    /// - Shapes: result `[⌊(count - 1) / T⌋, T + 1]`.
    public func consecutiveWindows(length: Int) -> TokenBatch {
        require(length > 0, "windows need a length above 0, got \(length)")
        let rows = max(0, (tokens.count - 1) / length)
        let taken = (0..<rows).flatMap { tokens[$0 * length...($0 + 1) * length] }
        return TokenBatch(taken, rows: rows, columns: length + 1)
    }
}

/// Random windows of a stream: batch number `step` depends on the key and the step alone, so that training can begin
/// again anywhere.
public struct TokenWindows: Sendable {
    private let tokens: [Int]
    /// T, the positions that a model sees.
    public let length: Int
    /// B, the windows in a batch.
    public let batch: Int
    private let key: RandomKey

    init(tokens: [Int], length: Int, batch: Int, key: RandomKey) {
        (self.tokens, self.length, self.batch, self.key) = (tokens, length, batch, key)
    }

    /// The batch of one step.
    ///
    /// - Shapes: result `[B, T + 1]`.
    public func batch(step: Int) -> TokenBatch {
        var generator = key[step].generator()
        let columns = length + 1
        let taken = [Int](unsafeUninitializedCapacity: batch * columns) { target, count in
            for row in 0..<batch {
                let start = generator.index(below: tokens.count - length)
                for column in 0..<columns {
                    target.initializeElement(at: row * columns + column, to: tokens[start + column])
                }
            }
            count = batch * columns
        }
        return TokenBatch(taken, rows: batch, columns: columns)
    }
}

/// Rows of tokens of one length.
public struct TokenBatch: Sendable, Equatable {
    /// The tokens, row after row.
    ///
    /// - Shapes: `[rows, columns]`.
    public let tokens: [Int]
    /// The number of rows.
    public let rows: Int
    /// The tokens of a row.
    public let columns: Int

    /// Rows of tokens at hand.
    public init(_ tokens: [Int], rows: Int, columns: Int) {
        require(tokens.count == rows * columns, "\(tokens.count) tokens are not \(rows) rows of \(columns)")
        (self.tokens, self.rows, self.columns) = (tokens, rows, columns)
    }

    /// One row.
    public subscript(row: Int) -> ArraySlice<Int> {
        require((0..<rows).contains(row), "row \(row) of \(rows) rows of tokens does not exist")
        return tokens[row * columns..<(row + 1) * columns]
    }

    /// What a language model is shown: each row without its last token.
    ///
    /// - Shapes: result `[rows, columns - 1]`.
    public var inputs: TokenBatch { cut { $0.dropLast() } }

    /// What it should say at each of those positions: each row without its first token.
    ///
    /// - Shapes: result `[rows, columns - 1]`.
    public var targets: TokenBatch { cut { $0.dropFirst() } }

    private func cut(_ part: (ArraySlice<Int>) -> ArraySlice<Int>) -> TokenBatch {
        require(columns > 0, "rows without tokens have neither inputs nor targets")
        return TokenBatch((0..<rows).flatMap { part(self[$0]) }, rows: rows, columns: columns - 1)
    }
}
