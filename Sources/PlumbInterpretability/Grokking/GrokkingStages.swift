/// When a network that learns to add memorized, formed a circuit and cleaned up what it had memorized: the stages of Nanda
/// et al. 2023 (arXiv:2301.05217), each dated by its own curve.
///
/// A date is the first of ``persistence`` snapshots in a row in which the curve is beyond its level. The level is half of the
/// loss of a guess; for the excluded loss, which need not come near 0 before it rises, that much above its lowest value so
/// far.
public struct GrokkingStages: Sendable, Equatable {
    /// How many snapshots in a row a curve must be beyond its level: training with Adam has short spikes of the loss.
    public static let persistence = 5

    /// The first measured step at which the training accuracy is 99 %; `nil` where it never is.
    public let memorized: Int?
    /// The circuit can answer alone: the restricted loss has come below the level. `nil` where it does not.
    public let restrictedLossFalls: Int?
    /// The training pairs need the circuit: the excluded loss has risen. `nil` where it does not.
    public let excludedLossRises: Int?
    /// The cleanup: the test loss of the whole network has come below the level. `nil` where it does not.
    public let testLossFalls: Int?

    /// - Parameters:
    ///   - memorized: the step at which the training pairs are known.
    ///   - snapshots: the progress measures along training, in the order of the steps.
    ///   - guess: the loss of a guess, in nats: the logarithm of the number of answers.
    public init(memorized: Int?, snapshots: [GrokkingProgress.Snapshot], guess: Double) {
        func fall(_ measure: (GrokkingAnalysis.Progress) -> Double) -> Int? {
            let isLow = snapshots.map { measure($0.measures) < guess / 2 }
            guard let before = isLow.firstIndex(of: false) else { return nil }
            let found = isLow.indices.first { index in
                index > before && index + Self.persistence <= isLow.count
                    && isLow[index..<index + Self.persistence].allSatisfy { $0 }
            }
            return found.map { snapshots[$0].step }
        }
        var lowest = Double.infinity
        let rise = snapshots.indices.first { index in
            lowest = min(lowest, snapshots[index].measures.excludedLoss)
            return index + Self.persistence <= snapshots.count
                && snapshots[index..<index + Self.persistence].allSatisfy {
                    $0.measures.excludedLoss > lowest + guess / 2
                }
        }
        self.memorized = memorized
        restrictedLossFalls = fall(\.restrictedLoss)
        excludedLossRises = rise.map { snapshots[$0].step }
        testLossFalls = fall(\.scores.testLoss)
    }

    /// The step at which the circuit both answers alone and is needed; `nil` where it is not.
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
