public import PlumbData
public import PlumbTensor

/// Rows of tokens without repetition that need attention to the previous token: each token is the successor of the one
/// before the last, or with probability 1/5 a new one.
///
/// A head that attends to the previous token predicts it in a single layer, so that nothing asks for two layers to work
/// together: what training alone makes of two layers shows here.
public struct SuccessorTokens: Sendable, Hashable {
    /// The tokens are 0 ..< `vocabulary`; the successor of the last is 0.
    public let vocabulary: Int
    /// T, the tokens of a row.
    public let length: Int
    private let key: RandomKey

    /// Rows of `length` tokens below `vocabulary`, drawn by `key`.
    public init(vocabulary: Int, length: Int, key: RandomKey) {
        (self.vocabulary, self.length, self.key) = (vocabulary, length, key)
    }

    /// The batch of one step, a function of the key and the step alone.
    ///
    /// - Shapes: result `[rows, T]`.
    public func batch(_ rows: Int, step: Int) -> TokenBatch {
        var generator = key[step].generator()
        var tokens: [Int] = []
        tokens.reserveCapacity(rows * length)
        for _ in 0..<rows {
            for place in 0..<length {
                let isNew = place < 2 || generator.index(below: 5) == 0
                tokens.append(
                    isNew ? generator.index(below: vocabulary) : (tokens[tokens.count - 2] + 1) % vocabulary)
            }
        }
        return TokenBatch(tokens, rows: rows, columns: length)
    }

    /// For each place but the first of a batch, the token there; -1 at the second, which follows from none, for
    /// `PlumbNN`'s cross-entropy to leave out.
    ///
    /// - Shapes: result `[B · (T - 1)]`.
    public static func targets(of batch: TokenBatch) -> [Int] {
        (0..<batch.rows).flatMap { row in
            batch[row].dropFirst().enumerated().map { $0.offset == 0 ? -1 : $0.element }
        }
    }
}
