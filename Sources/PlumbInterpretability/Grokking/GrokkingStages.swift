/// When a network that learns to add memorized, formed a circuit and cleaned up what it had memorized: the stages of Nanda
/// et al. 2023 (arXiv:2301.05217), each dated by its own curve.
///
/// A curve is dated by the first snapshot from which on it stays on its side of half of the loss of a guess, to the end.
public struct GrokkingStages: Sendable, Equatable {
    /// The first measured step at which the training accuracy is 99 %; `nil` where it never is.
    public let memorized: Int?
    /// From here on the circuit can answer alone: the restricted loss stays below the level. `nil` where it does not.
    public let restrictedLossFalls: Int?
    /// From here on the training pairs need the circuit: the excluded loss, once below, stays above the level. `nil` where
    /// it does not, or never was below.
    public let excludedLossRises: Int?
    /// The cleanup: from here on the test loss of the whole network stays below the level. `nil` where it does not.
    public let testLossFalls: Int?

    /// - Parameters:
    ///   - memorized: the step at which the training pairs are known.
    ///   - snapshots: the progress measures along training, in the order of the steps.
    ///   - guess: the loss of a guess, in nats: the logarithm of the number of answers.
    public init(memorized: Int?, snapshots: [GrokkingProgress.Snapshot], guess: Double) {
        func entry(_ measure: (GrokkingAnalysis.Progress) -> Double, _ holds: (Double) -> Bool) -> Int? {
            guard let last = snapshots.lastIndex(where: { !holds(measure($0.measures)) }), last + 1 < snapshots.count
            else { return nil }
            return snapshots[last + 1].step
        }
        self.memorized = memorized
        restrictedLossFalls = entry(\.restrictedLoss) { $0 < guess / 2 }
        excludedLossRises = entry(\.excludedLoss) { $0 > guess / 2 }
        testLossFalls = entry(\.scores.testLoss) { $0 < guess / 2 }
    }

    /// The step from which on the circuit both answers alone and is needed; `nil` where it is not.
    public var circuitFormed: Int? {
        guard let restrictedLossFalls, let excludedLossRises else { return nil }
        return max(restrictedLossFalls, excludedLossRises)
    }

    /// How many stages there were in the paper's order: 1, the network memorized; 2, after that its circuit formed, by the
    /// restricted and by the excluded loss; 3, after both of these the test loss fell.
    public var inOrder: Int {
        guard let memorized else { return 0 }
        guard let circuitFormed, let restrictedLossFalls, let excludedLossRises,
            min(restrictedLossFalls, excludedLossRises) > memorized
        else { return 1 }
        guard let testLossFalls, testLossFalls > circuitFormed else { return 2 }
        return 3
    }
}
