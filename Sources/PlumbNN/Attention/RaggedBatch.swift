internal import PlumbBasics
public import PlumbTensor

/// The rows of activations that share a forward pass, and the sequence and position of each.
///
/// A pass works on rows `[R, …]`: all positions of one prompt, of several prompts of different lengths, the one new token
/// of a generation, or the changed positions of hundreds of patched runs. Products and norms treat every row alike; only
/// attention asks which rows belong together.
public struct RaggedBatch: Sendable {
    /// Consecutive positions of one sequence: `startPosition ..< startPosition + rows`, found at rows
    /// `offset ..< offset + rows` of the pass.
    public struct Sequence: Sendable {
        /// The first of the sequence's rows in the pass.
        public let offset: Int
        /// The number of its rows.
        public let rows: Int
        /// The position of its first row.
        public let startPosition: Int
        /// The entry of ``RaggedBatch/caches`` that holds keys and values of the positions before `startPosition`, and
        /// takes those of these rows where the batch appends.
        public let cache: Int?
    }

    /// The sequences, in the order of their rows.
    public private(set) var sequences: [Sequence] = []
    /// The position of each row, `[R]`.
    public private(set) var positions: [Int32] = []
    /// Key-value caches that sequences refer to.
    public var caches: [KeyValueCache] = []
    /// Whether sequences write their keys and values into their cache.
    public var appends = false
    /// The numbers that matrix products are done in.
    public var arithmetic: Arithmetic
    /// Keys that attention maps have columns for, at the least: maps of batches that exchange rows need equal widths.
    public var leastKeys = 0

    /// A batch without rows.
    public init(arithmetic: Arithmetic = .float32) { self.arithmetic = arithmetic }

    /// Whole sequences of these lengths, each from position 0.
    public init(lengths: [Int], arithmetic: Arithmetic = .float32) {
        self.arithmetic = arithmetic
        for length in lengths { append(startPosition: 0, rows: length) }
    }

    /// The number of rows, `R`.
    public var rows: Int { positions.count }

    /// The largest position of the batch plus one: keys that some row may look at.
    public var keys: Int { sequences.reduce(leastKeys) { max($0, $1.startPosition + $1.rows) } }

    /// Adds rows of one sequence at the end.
    ///
    /// - Precondition: neither number is negative.
    public mutating func append(startPosition: Int, rows: Int, cache: Int? = nil) {
        require(
            startPosition >= 0 && rows >= 0,
            "a sequence cannot have \(rows) rows from position \(startPosition) on: neither may be negative")
        sequences.append(Sequence(offset: self.rows, rows: rows, startPosition: startPosition, cache: cache))
        positions.append(contentsOf: (startPosition..<startPosition + rows).map(Int32.init))
    }
}
