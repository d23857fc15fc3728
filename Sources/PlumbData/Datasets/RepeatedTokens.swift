internal import PlumbBasics
public import PlumbTensor

/// Repeated random tokens: rows whose random beginning repeats to the row's end, so that from the second time on
/// every token can be predicted by copying. What induction heads are found with
/// (Olsson et al. 2022, arXiv:2209.11895).
public struct RepeatedTokens: Sendable, Hashable {
    /// The tokens to draw from are 0 ..< `vocabulary`.
    public let vocabulary: Int
    /// T, the tokens of a row.
    public let length: Int
    /// How long the repeated part may be; each row's is drawn uniformly.
    public let period: ClosedRange<Int>
    /// A token that begins every row and is not repeated, where there is one.
    public let beginning: Int?
    private let key: RandomKey

    /// - Parameters:
    ///   - vocabulary: the tokens to draw from are 0 ..< `vocabulary`.
    ///   - length: T, the tokens of a row.
    ///   - period: how long the repeated part may be; by default half of the row.
    ///   - beginning: a token that begins every row and is not repeated; none by default.
    ///   - key: of the rows.
    public init(
        vocabulary: Int, length: Int, period: ClosedRange<Int>? = nil, beginning: Int? = nil, key: RandomKey
    ) {
        let room = length - (beginning == nil ? 0 : 1)
        require(vocabulary > 0 && room > 0, "RepeatedTokens needs tokens, got \(vocabulary) and length \(length)")
        let period = period ?? max(1, room / 2)...max(1, room / 2)
        require(
            period.lowerBound > 0 && period.upperBound <= room,
            "RepeatedTokens: a part of \(period) tokens cannot repeat within \(room)")
        self.vocabulary = vocabulary
        self.length = length
        self.period = period
        self.beginning = beginning
        self.key = key
    }

    /// Rows, and the first position of each at which copying predicts the token.
    public struct Batch: Sendable, Equatable {
        /// The tokens, `[B, T]`.
        public let tokens: TokenBatch
        /// For each row the position at which its beginning is repeated.
        public let repeatsFrom: [Int]
        /// How far back the same token stands in each row, from there on.
        public let periods: [Int]
    }

    /// The batch of one step, a function of the key and the step alone.
    ///
    /// - Shapes: ``Batch/tokens`` `[rows, T]`, ``Batch/repeatsFrom`` `[rows]`.
    public func batch(_ rows: Int, step: Int) -> Batch {
        var generator = key[step].generator()
        let first = beginning == nil ? 0 : 1
        var tokens = [Int](repeating: beginning ?? 0, count: rows * length)
        var periods: [Int] = []
        tokens.withUnsafeMutableBufferPointer { target in
            for row in 0..<rows {
                let count = period.lowerBound + generator.index(below: period.count)
                let start = row * length + first
                let end = (row + 1) * length
                for index in start..<start + count { target[index] = generator.index(below: vocabulary) }
                for index in start + count..<end { target[index] = target[index - count] }
                periods.append(count)
            }
        }
        return Batch(
            tokens: TokenBatch(tokens, rows: rows, columns: length), repeatsFrom: periods.map { first + $0 },
            periods: periods)
    }
}
