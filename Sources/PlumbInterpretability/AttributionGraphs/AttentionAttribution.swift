internal import PlumbBasics
public import PlumbRecords
public import PlumbTensor

/// Why a head attends where it does: what each pair of sources, one at the query's position and one at the key's,
/// contributes to the score (Kamath et al., "Tracing Attention Computation Through Feature Interactions", 2025,
/// https://transformer-circuits.pub/2025/attention-qk).
///
/// What norms divide by is held at its value on the prompt. A query is then a sum over what was written to the stream at its
/// position, a key likewise, and the score is a sum over pairs.
public struct AttentionAttribution: Sendable {
    /// What was written to the stream at one position.
    public enum Source: Sendable, Hashable, CustomStringConvertible {
        /// What enters the first block.
        case embedding
        /// A head of an earlier block.
        case head(block: Int, head: Int)
        /// An active feature of an earlier block's MLP: of its transcoder, or a neuron.
        case feature(block: Int, feature: Int)
        /// What an earlier block's MLP writes that no feature explains, its biases included.
        case rest(block: Int)
        /// Biases of attention, of norms, and of the query or key itself.
        case bias

        public var description: String {
            switch self {
            case .embedding: "embedding"
            case .head(let block, let head): "head \(block).\(head)"
            case .feature(let block, let feature): "feature \(block).\(feature)"
            case .rest(let block): "rest of MLP \(block)"
            case .bias: "biases"
            }
        }
    }

    /// A pair of sources and what it contributes to the score.
    public struct Pair: Sendable, Equatable {
        /// At the query's position.
        public let query: Source
        /// At the key's position.
        public let key: Source
        /// What it adds to the score before the softmax.
        public let contribution: Float
    }

    /// The head.
    public let block: Int, head: Int
    /// The position that attends, and the one that is attended to.
    public let query: Int, key: Int
    /// The score before softmax and cap.
    public let score: Double
    /// How much of its attention the query gives the key, from 0 to 1.
    public let attention: Double
    /// What was written at each of the two positions; the last are biases.
    public let querySources: [Source], keySources: [Source]
    /// What pairs contribute, `[query sources, key sources]`; their sum is ``score``.
    public let contributions: Tensor

    /// The `count` pairs that contribute most by absolute value, the first of equals first.
    public func strongest(_ count: Int) -> [Pair] {
        let values = contributions.elements
        let order = values.indices.sorted { (-abs(values[$0]), $0) < (-abs(values[$1]), $1) }
        return order.prefix(max(0, count)).map { place in
            Pair(
                query: querySources[place / keySources.count], key: keySources[place % keySources.count],
                contribution: values[place])
        }
    }

    private static let listed = 20

    /// The attribution in numbers, and its strongest pairs.
    ///
    /// - Parameter texts: the prompt's tokens.
    public func findings(texts: [String]) -> Findings {
        let pairs = strongest(Self.listed)
        let values = contributions.elements
        let total = values.reduce(0.0) { $0 + Double(abs($1)) }
        let shown = pairs.reduce(0.0) { $0 + Double(abs($1.contribution)) }
        func place(_ position: Int) -> String { "“\(texts[position])” (position \(position))" }
        return Findings(
            summary:
                "Head \(head) of block \(block) gives \(Phrase.percent(attention)) of its attention at \(place(query)) to "
                + "\(place(key)), with a score of \(Phrase.number(score)) before the softmax. The strongest pair is "
                + (pairs.first.map { "\($0.query) with \($0.key): \(Phrase.number(Double($0.contribution)))" } ?? "none")
                + "; the \(pairs.count) strongest of \(values.count) pairs hold \(Phrase.percent(shown / total)) of all "
                + "contributions by absolute value."
        ) {
            Metric("score", score)
            Metric("attention", attention)
            Metric("share_of_the_strongest_pairs", shown / total)
            let (title, names) = ("The pairs that contribute most to the score", pairs.map { "\($0.query), \($0.key)" })
            Table(
                "pairs", title: title, rowLabel: "at the query, at the key", columnLabel: "", rows: names,
                columns: ["contribution"], values: pairs.map { [Double($0.contribution)] })
            BarChart(
                title: title,
                caption: "At the query, at the key. Head 17.4 is head 4 of block 17, and features are named likewise.",
                categories: names, categoryLabel: "pair", y: Axis("contribution"),
                series: [.init("contribution", values: pairs.map { Double($0.contribution) })])
        }
    }
}
