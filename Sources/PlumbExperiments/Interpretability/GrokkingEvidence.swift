internal import PlumbInterpretability

/// What the claims about grokking are tested on: two trained networks, and the progress measures of the first.
struct GrokkingEvidence {
    let outcome: GrokkingStudy.Outcome
    let control: GrokkingStudy.Outcome
    /// The share of the final logits' variance of each frequency from 1.
    let shares: [Double]
    let controlShares: [Double]
    /// The final network's key frequencies, strongest first.
    let frequencies: [Int]
    /// As many others, the strongest of the rest.
    let others: [Int]
    /// The progress measures at each snapshot.
    let progress: [(step: Int, measures: GrokkingAnalysis.Progress)]
    /// With the other frequencies in place of the key ones, at the end.
    let elsewhere: GrokkingAnalysis.Progress
    let controlScores: GrokkingAnalysis.Scores
    let pureNeurons: Double
    let embedding: [Double]

    init(
        _ outcome: GrokkingStudy.Outcome, control: GrokkingStudy.Outcome, watch: (Int, Int) throws -> Void
    ) rethrows {
        let analysis = outcome.analysis
        let shares = analysis.shares(outcome.model)
        let frequencies = analysis.keyFrequencies(shares: shares)
        let ranked = shares.indices.sorted { shares[$0] == shares[$1] ? $0 < $1 : shares[$0] > shares[$1] }.map {
            $0 + 1
        }
        let others = Array(ranked.dropFirst(frequencies.count).prefix(frequencies.count))
        progress = try outcome.snapshots.enumerated().map { index, snapshot in
            try watch(index, outcome.snapshots.count)
            return (snapshot.step, analysis.progress(snapshot.model, frequencies: frequencies))
        }
        (self.outcome, self.control, self.shares) = (outcome, control, shares)
        (self.frequencies, self.others) = (frequencies, others)
        controlShares = analysis.shares(control.model)
        elsewhere = analysis.progress(outcome.model, frequencies: others)
        controlScores = analysis.scores(control.model)
        pureNeurons = analysis.neuronsOfOneFrequency(outcome.model)
        embedding = analysis.embeddingNorms(outcome.model)
    }

    /// The final measures.
    var final: GrokkingAnalysis.Progress? { progress.last?.measures }
    /// When the training set was known.
    var memorized: Int? { outcome.firstStep(.trainAccuracy, reaching: 0.99) }
    /// When the rest was.
    var understood: Int? { outcome.firstStep(.testAccuracy, reaching: 0.99) }
    /// How many times as many steps the second took.
    var delay: Double {
        guard let memorized, let understood else { return .nan }
        return Double(understood) / Double(memorized)
    }

    /// The share that the key frequencies hold.
    var keyShare: Double { frequencies.reduce(0) { $0 + shares[$1 - 1] } }
    /// The share that as many frequencies of the control hold, its strongest.
    var controlShare: Double { controlShares.sorted(by: >).prefix(frequencies.count).reduce(0, +) }
}
