internal import PlumbTensor

/// The heads of a two-layer model that attention scores place in the induction circuit.
public struct CircuitHeads: Sendable, Equatable {
    /// Heads of the second layer that score at least half of the best induction score, the best first.
    public let induction: [AttentionHead]
    /// Heads of the first layer that score at least half of the best previous-token score, the best first.
    public let previous: [AttentionHead]

    /// By what induction heads find their tokens; their values only carry what was found.
    private static let kinds: [HeadComposition.Kind] = [.query, .key]

    /// The heads of a model of two layers by their scores.
    public init(_ scores: HeadScores) {
        func best(_ scores: [Double], layer: Int) -> [AttentionHead] {
            let half = (scores.max() ?? 0) / 2
            return scores.indices.filter { scores[$0] >= half }.sorted { scores[$0] > scores[$1] }
                .map { AttentionHead(layer: layer, head: $0) }
        }
        let (induction, previous) = (best(scores.induction[1], layer: 1), best(scores.previousToken[0], layer: 0))
        (self.induction, self.previous) = (induction, previous)
    }

    /// How many times the mean of pairs outside the circuit the composition of the best previous-token head with the best
    /// induction head is, by the stronger of keys and queries.
    public func compositionRatio(_ composition: HeadComposition) -> (kind: HeadComposition.Kind, ratio: Double) {
        let ratios = Self.kinds.map { kind in (kind: kind, ratio: ratio(composition, kind)) }
        return ratios.max { $0.ratio < $1.ratio } ?? (.key, .nan)
    }

    /// How many times the mean of all pairs of an untrained model the composition of the best two heads is, by the stronger of
    /// keys and queries: that all heads of a layer may do the same does not hide it.
    public func compositionGain(_ composition: HeadComposition, over untrained: HeadComposition) -> Double {
        guard let writer = previous.first?.head, let reader = induction.first?.head else { return .nan }
        return Self.kinds.compactMap { kind in
            guard let scores = composition.scores[kind], let others = untrained.scores[kind] else { return nil }
            return scores[writer][reader] / Statistics.mean(others.flatMap { $0 })
        }.max() ?? .nan
    }

    private func ratio(_ composition: HeadComposition, _ kind: HeadComposition.Kind) -> Double {
        guard let scores = composition.scores[kind], let writer = previous.first?.head,
            let reader = induction.first?.head
        else { return .nan }
        let (writers, readers) = (Set(previous.map(\.head)), Set(induction.map(\.head)))
        let rest = scores.indices.flatMap { w in
            scores[w].indices.filter { !(writers.contains(w) && readers.contains($0)) }.map { scores[w][$0] }
        }
        return scores[writer][reader] / Statistics.mean(rest)
    }
}
