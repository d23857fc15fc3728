public import PlumbLearning
internal import PlumbRecords
public import PlumbTensor

/// A network trained with weight decay beside its control without, by the same progress measures
/// (Nanda et al. 2023, arXiv:2301.05217).
///
/// With weight decay the network memorizes, then a circuit of a few key frequencies forms, then what was memorized is
/// removed. Whether a circuit forms without weight decay too is measured with as many frequencies of the control.
public struct GrokkingComparison: Sendable, Codable {
    /// The network trained with weight decay.
    public let decayed: GrokkingProgress
    /// The same network trained without it, from the same initial weights and on the same pairs; its key frequencies are
    /// as many, its own strongest.
    public let control: GrokkingProgress
    /// The share of the final network's neurons that one frequency explains, see
    /// ``GrokkingAnalysis/neuronsOfOneFrequency(_:part:)``.
    public let neuronsOfOneFrequency: Double

    /// Computes the progress measures of both, from the weights kept along training.
    ///
    /// - Complexity: a forward pass over all p² pairs for each snapshot, and O(p³ F) for the F neurons.
    /// - Parameters:
    ///   - outcome: the network trained with weight decay.
    ///   - control: the network trained without.
    ///   - watch: is called with the part that is done, 0..<1.
    /// - Throws: what `watch` throws.
    public init(
        _ outcome: GrokkingStudy.Outcome, control: GrokkingStudy.Outcome,
        progress watch: (Double) throws -> Void = { _ in }
    ) throws {
        decayed = try GrokkingProgress(outcome) { try watch($0 / 2) }
        self.control = try GrokkingProgress(control, keys: decayed.keyFrequencies.count) { try watch(0.5 + $0 / 2) }
        neuronsOfOneFrequency = outcome.analysis.neuronsOfOneFrequency(outcome.model)
    }
}

extension GrokkingStudy {
    /// Trains the network and its control, which has the same initial weights and the same training pairs and no weight
    /// decay, for as many steps, and computes the progress measures; the same key gives the same comparison.
    ///
    /// - Parameters:
    ///   - key: of the split into training and test pairs, and of the initial weights.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: `FitError` when training diverges or a checkpoint is of another network; `RunInterrupted` when the session
    ///   is asked to stop.
    public func compare(key: RandomKey, in session: FitSession = .silent) throws -> GrokkingComparison {
        let outcome = try train(key: key, label: "weight decay \(weightDecay)", in: session)
        var study = self
        study.weightDecay = 0
        let control = try study.train(key: key, label: "control without weight decay", in: session)
        let stage = session.reporter.stage("progress measures")
        return try GrokkingComparison(outcome, control: control, progress: stage)
    }
}
