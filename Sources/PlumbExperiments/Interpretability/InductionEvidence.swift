internal import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

/// The heads that attention says are the circuit, and the others.
struct CircuitHeads {
    /// Heads of the second layer that score at least half of the best induction score, the best first.
    let induction: [AttentionHead]
    /// Heads of the first layer that score at least half of the best previous-token score, the best first.
    let previous: [AttentionHead]
    /// All further heads.
    let others: [AttentionHead]

    init(_ scores: HeadScores) {
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
    func others(like heads: [AttentionHead], _ generator: inout RandomKey.Generator) -> [AttentionHead]? {
        others.count < heads.count ? nil : Array(others.shuffled(using: &generator).prefix(heads.count))
    }
}

/// One pair of trained models, and what was measured of it.
struct TrainedCopier {
    let curves: (two: FitResult<HookedTransformer, Adam>, one: FitResult<HookedTransformer, Adam>)
    let accuracy: Double
    let oneLayer: Double
    let withoutInduction: Double
    let withoutPrevious: Double
    let withoutOthers: Double
    let heads: CircuitHeads
    let scores: HeadScores
    let composition: HeadComposition
    let untrained: HeadComposition

    /// How many times the mean of pairs outside the circuit the composition of the best previous-token head with the best
    /// induction head is, by the stronger of keys and queries.
    var compositionRatio: (kind: HeadComposition.Kind, ratio: Double) { strongest(composition) }
    /// The same in the model before training, with the same heads.
    var untrainedRatio: Double { strongest(untrained).ratio }

    private func strongest(_ composition: HeadComposition) -> (kind: HeadComposition.Kind, ratio: Double) {
        let ratios = HeadComposition.Kind.allCases.map { kind in (kind: kind, ratio: ratio(composition, kind)) }
        return ratios.max { $0.ratio < $1.ratio } ?? (.key, .nan)
    }

    private func ratio(_ composition: HeadComposition, _ kind: HeadComposition.Kind) -> Double {
        guard let scores = composition.scores[kind], let writer = heads.previous.first?.head,
            let reader = heads.induction.first?.head
        else { return .nan }
        let found = Set(heads.previous.map(\.head)), readers = Set(heads.induction.map(\.head))
        var rest: [Double] = []
        for (w, line) in scores.enumerated() {
            for (r, value) in line.enumerated() where !(found.contains(w) && readers.contains(r)) { rest.append(value) }
        }
        return scores[writer][reader] / Statistics.mean(rest)
    }
}
