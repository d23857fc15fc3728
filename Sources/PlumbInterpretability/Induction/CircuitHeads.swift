public import PlumbTensor

/// The heads of a model of two layers that attention says are the induction circuit, and the others.
public struct CircuitHeads: Sendable, Equatable {
    /// Heads of the second layer that score at least half of the best induction score, the best first.
    public let induction: [AttentionHead]
    /// Heads of the first layer that score at least half of the best previous-token score, the best first.
    public let previous: [AttentionHead]
    /// All further heads.
    public let others: [AttentionHead]

    /// The heads by their scores in a model of two layers.
    public init(_ scores: HeadScores) {
        func best(_ scores: [Double], layer: Int) -> [AttentionHead] {
            let half = (scores.max() ?? 0) / 2
            return scores.indices.filter { scores[$0] >= half }.sorted { scores[$0] > scores[$1] }
                .map { AttentionHead(layer: layer, head: $0) }
        }
        let (induction, previous) = (best(scores.induction[1], layer: 1), best(scores.previousToken[0], layer: 0))
        others = HeadScores.ranked(scores.induction).filter { !(induction + previous).contains($0) }.sorted()
        (self.induction, self.previous) = (induction, previous)
    }

    /// As many other heads, drawn at random; nil where there are fewer, so that nothing can be compared.
    public func others(like heads: [AttentionHead], _ generator: inout RandomKey.Generator) -> [AttentionHead]? {
        others.count < heads.count ? nil : Array(others.shuffled(using: &generator).prefix(heads.count))
    }
}
