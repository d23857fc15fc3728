internal import PlumbTensor

/// The rows of activations that share a pass, and where each stands.
///
/// A pass works on rows `[R, …]`: all positions of one prompt, of several prompts, the one new token of a generation, or
/// the changed positions of hundreds of patched runs. Products and norms treat every row alike; only attention asks
/// which rows belong together, and that is what spans say.
struct Flight {
    /// Rows of one run: positions `first ..< first + rows`, found at rows `offset ..< offset + rows` of the pass.
    struct Span {
        var offset: Int
        var rows: Int
        var first: Int
        /// The memory that holds keys and values of the positions before `first`, and takes those of this span where
        /// the flight records.
        var memory: Int?
    }

    var spans: [Span] = []
    /// The position of each row.
    var positions: [Int32] = []
    var memories: [KeyValueCache] = []
    /// Whether spans write their keys and values into their memory.
    var appends = false
    var arithmetic = Arithmetic.float32

    var rows: Int { positions.count }

    /// Keys that attention maps have columns for, at the least. Maps of flights that exchange rows need equal widths.
    var leastKeys = 0

    /// The largest position of the flight, plus one: keys that some row may look at.
    var keys: Int { spans.reduce(leastKeys) { max($0, $1.first + $1.rows) } }

    /// Adds a run's rows at the end.
    mutating func append(first: Int, rows: Int, memory: Int? = nil) {
        spans.append(Span(offset: self.rows, rows: rows, first: first, memory: memory))
        positions.append(contentsOf: (first..<first + rows).map(Int32.init))
    }

    /// Whole prompts, each from its first position.
    static func prompts(_ lengths: [Int], arithmetic: Arithmetic) -> Flight {
        var flight = Flight()
        flight.arithmetic = arithmetic
        for length in lengths { flight.append(first: 0, rows: length) }
        return flight
    }
}
