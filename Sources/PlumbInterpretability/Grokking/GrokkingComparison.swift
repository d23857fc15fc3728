public import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// A network trained with weight decay beside its control without, and the progress measures of the first
/// (Nanda et al. 2023, arXiv:2301.05217).
///
/// The claim is that the network generalizes by a circuit that uses a few key frequencies: alone they have a low loss on
/// pairs that it was not trained on, and without them it does not even know its training set. The key frequencies are
/// those of the final network, so the measures say nothing about a circuit that forms and is lost again.
public struct GrokkingComparison: Sendable {
    /// The network trained with weight decay.
    public let outcome: GrokkingStudy.Outcome
    /// The same network trained without it, from the same initial weights and on the same pairs.
    public let control: GrokkingStudy.Outcome
    /// The share of the final logits' variance in the waves of a + b of each frequency, 1 … (p - 1) / 2 in order.
    public let shares: [Double]
    /// The same of the control.
    public let controlShares: [Double]
    /// The key frequencies of the final network, strongest first, see ``GrokkingAnalysis/keyFrequencies(shares:part:)``.
    public let keyFrequencies: [Int]
    /// As many other frequencies, the strongest of the rest; `nil` where the rest are fewer.
    public let otherFrequencies: [Int]?
    /// The progress measures at each snapshot, with the final network's key frequencies, in the order of the steps.
    public let progress: [(step: Int, measures: GrokkingAnalysis.Progress)]
    /// The progress measures of the final network.
    public let final: GrokkingAnalysis.Progress
    /// The same with ``otherFrequencies`` in place of the key ones; `nil` where there are none.
    public let finalOfOthers: GrokkingAnalysis.Progress?
    /// The final losses and accuracies of the control.
    public let controlScores: GrokkingAnalysis.Scores
    /// The share of the final network's neurons that one frequency explains, see
    /// ``GrokkingAnalysis/neuronsOfOneFrequency(_:part:)``.
    public let neuronsOfOneFrequency: Double
    /// The norms of the final embedding's Fourier components: cosine and sine of each frequency, in order.
    public let embeddingNorms: [Double]

    /// Computes the progress measures, from the weights kept along training.
    ///
    /// - Complexity: a forward pass over all p² pairs for each snapshot, and O(p³ F) for the F neurons.
    /// - Parameters:
    ///   - outcome: the network trained with weight decay.
    ///   - control: the network trained without.
    ///   - watch: is called with the part of the snapshots that is done, 0..<1, before each.
    /// - Throws: what `watch` throws.
    public init(
        _ outcome: GrokkingStudy.Outcome, control: GrokkingStudy.Outcome,
        progress watch: (Double) throws -> Void = { _ in }
    ) rethrows {
        let analysis = outcome.analysis
        let shares = analysis.shares(outcome.model)
        let keys = analysis.keyFrequencies(shares: shares)
        let others = Array(analysis.strongestFirst(shares: shares).dropFirst(keys.count).prefix(keys.count))
        let measured = try outcome.snapshots.enumerated().map { index, snapshot in
            try watch(Double(index) / Double(outcome.snapshots.count))
            return (step: snapshot.step, measures: analysis.progress(snapshot.model, frequencies: keys))
        }
        (self.outcome, self.control, self.shares, keyFrequencies) = (outcome, control, shares, keys)
        otherFrequencies = others.count == keys.count ? others : nil
        progress = measured
        final = analysis.progress(outcome.model, frequencies: keys)
        finalOfOthers = otherFrequencies.map { analysis.progress(outcome.model, frequencies: $0) }
        controlShares = analysis.shares(control.model)
        controlScores = analysis.scores(control.model)
        neuronsOfOneFrequency = analysis.neuronsOfOneFrequency(outcome.model)
        embeddingNorms = analysis.embeddingNorms(outcome.model)
    }

    /// The accuracy, 0...1, at which a set of pairs counts as known.
    public static let knownAccuracy = 0.99

    /// The first measured step at which the training accuracy is 99 %; `nil` where it never is.
    public var memorized: Int? { outcome.firstStep(.trainAccuracy, reaching: Self.knownAccuracy) }
    /// The first measured step at which the test accuracy is 99 %; `nil` where it never is.
    public var generalized: Int? { outcome.firstStep(.testAccuracy, reaching: Self.knownAccuracy) }

    /// ``generalized`` divided by ``memorized``: how many times as many steps generalization takes; `nil` where one of
    /// the accuracies was not reached.
    public var delay: Double? {
        guard let memorized, let generalized else { return nil }
        return Double(generalized) / Double(memorized)
    }

    /// The share of the logits' variance that the key frequencies explain together.
    public var keyShare: Double { keyFrequencies.reduce(0) { $0 + shares[$1 - 1] } }
    /// The share that as many frequencies of the control explain, its strongest.
    public var controlShare: Double { controlShares.sorted(by: >).prefix(keyFrequencies.count).reduce(0, +) }
    /// The final restricted loss divided by the test loss of the whole network.
    public var restrictedLossRatio: Double { final.restrictedLoss / final.scores.testLoss }

    /// The steps at which the phases of training end, as markers of a chart: memorized, the cleanup of
    /// ``GrokkingStudy/Outcome/testLossFalls``, and generalized; without those that were not reached.
    public var phases: [LineChart.Marker] {
        [("memorized", memorized), ("cleanup", outcome.testLossFalls), ("generalized", generalized)].compactMap {
            label, step in step.map { LineChart.Marker(label, x: Double($0)) }
        }
    }

    /// One of the progress measures along training as a line of a chart.
    public func curve(_ name: String, _ value: (GrokkingAnalysis.Progress) -> Double) -> LineChart.Series {
        LineChart.Series(name, x: progress.map { Double($0.step) }, y: progress.map { value($0.measures) })
    }
}

extension GrokkingStudy {
    /// Trains the network and its control, which has the same initial weights and the same training pairs and no weight
    /// decay, and computes the progress measures; the same key gives the same comparison.
    ///
    /// - Parameters:
    ///   - controlSteps: the training steps of the control.
    ///   - key: of the split into training and test pairs, and of the initial weights.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: `FitError` when training diverges or a checkpoint is of another network; `RunInterrupted` when the session
    ///   is asked to stop.
    public func compare(
        controlSteps: Int, key: RandomKey, in session: FitSession = .silent
    ) throws -> GrokkingComparison {
        let outcome = try train(key: key, label: "weight decay \(weightDecay)", in: session)
        var study = self
        (study.weightDecay, study.steps) = (0, controlSteps)
        let control = try study.train(key: key, label: "control without weight decay", in: session)
        let stage = session.reporter.stage("progress measures")
        return try GrokkingComparison(outcome, control: control, progress: stage)
    }
}
