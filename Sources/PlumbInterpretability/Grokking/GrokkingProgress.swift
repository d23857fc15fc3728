internal import Foundation
internal import PlumbLearning
public import PlumbRecords

/// One network's way to its final weights, as numbers: its frequencies, the progress measures of Nanda et al. 2023
/// (arXiv:2301.05217) and the steps at which the phases of training end.
///
/// The key frequencies are those of the final network, so the measures say nothing about a circuit that forms and is lost
/// again.
public struct GrokkingProgress: Sendable, Codable {
    /// The progress measures of weights kept along training.
    public struct Snapshot: Sendable, Codable, Equatable {
        /// Steps made.
        public let step: Int
        /// With the final network's key frequencies.
        public let measures: GrokkingAnalysis.Progress
    }

    /// Losses and accuracies along training.
    public let history: GrokkingHistory
    /// The share of the final logits' variance in the waves of a + b of each frequency, 1 … (p - 1) / 2 in order.
    public let shares: [Double]
    /// The key frequencies of the final network, strongest first.
    public let keyFrequencies: [Int]
    /// As many other frequencies, the strongest of the rest; `nil` where the rest are fewer.
    public let otherFrequencies: [Int]?
    /// The progress measures at each snapshot, in the order of the steps.
    public let snapshots: [Snapshot]
    /// The progress measures of the final network.
    public let final: GrokkingAnalysis.Progress
    /// The same with ``otherFrequencies`` in place of the key ones; `nil` where there are none.
    public let finalOfOthers: GrokkingAnalysis.Progress?

    /// Computes the progress measures, from the weights kept along training.
    ///
    /// - Complexity: a forward pass over all p² pairs for each snapshot.
    /// - Parameters:
    ///   - outcome: the trained network.
    ///   - keys: how many frequencies count as key ones, the strongest; `nil`: as many as
    ///     ``GrokkingAnalysis/keyFrequencies(shares:part:)`` finds.
    ///   - watch: is called with the part of the snapshots that is done, 0..<1, before each.
    /// - Throws: what `watch` throws.
    public init(
        _ outcome: GrokkingStudy.Outcome, keys count: Int? = nil, progress watch: (Double) throws -> Void = { _ in }
    ) throws {
        let analysis = outcome.analysis
        let shares = analysis.shares(outcome.model)
        let order = analysis.strongestFirst(shares: shares)
        let keys = count.map { Array(order.prefix($0)) } ?? analysis.keyFrequencies(shares: shares)
        let others = Array(order.dropFirst(keys.count).prefix(keys.count))
        snapshots = try outcome.snapshots.enumerated().map { index, snapshot in
            try watch(Double(index) / Double(outcome.snapshots.count))
            return Snapshot(
                step: snapshot.step, measures: try analysis.progress(snapshot.model, frequencies: keys))
        }
        (history, self.shares, keyFrequencies) = (outcome.history, shares, keys)
        otherFrequencies = others.count == keys.count ? others : nil
        final = try analysis.progress(outcome.model, frequencies: keys)
        finalOfOthers = try otherFrequencies.map { try analysis.progress(outcome.model, frequencies: $0) }
    }

    /// The accuracy, 0...1, at which a set of pairs counts as known.
    public static let knownAccuracy = 0.99

    /// The first measured step at which the training accuracy is 99 %; `nil` where it never is.
    public var memorized: Int? { history.firstStep(.trainAccuracy, reaching: Self.knownAccuracy) }
    /// The first measured step at which the test accuracy is 99 %; `nil` where it never is.
    public var generalized: Int? { history.firstStep(.testAccuracy, reaching: Self.knownAccuracy) }

    /// ``generalized`` divided by ``memorized``: how many times as many steps generalization takes; `nil` where one of
    /// the accuracies was not reached.
    public var delay: Double? {
        guard let memorized, let generalized else { return nil }
        return Double(generalized) / Double(memorized)
    }

    /// The share of the logits' variance that the key frequencies explain together.
    public var keyShare: Double { keyFrequencies.reduce(0) { $0 + shares[$1 - 1] } }

    /// The loss of a guess, ln p, in nats.
    public var guess: Double { log(Double(2 * shares.count + 1)) }

    /// When the network memorized, formed a circuit and cleaned up.
    public var stages: GrokkingStages { GrokkingStages(memorized: memorized, snapshots: snapshots, guess: guess) }

    /// The test loss of the whole network when its key frequencies alone can answer, as a part of a guess's: above 1 while
    /// what was memorized hides them; `nil` where they never can.
    public var testLossWhenRestrictedFalls: Double? {
        guard let step = stages.restrictedLossFalls else { return nil }
        return snapshots.first { $0.step == step }.map { $0.measures.scores.testLoss / guess }
    }

    /// The steps at which the phases of training end, as markers of a chart, without those that were not reached.
    public var phases: [LineChart.Marker] {
        let stages = stages
        return [
            ("memorized", memorized), ("circuit", stages.circuitFormed), ("cleanup", stages.testLossFalls),
            ("generalized", generalized),
        ].compactMap { label, step in step.map { LineChart.Marker(label, x: Double($0)) } }
    }

    /// One of the progress measures along training as a line of a chart.
    public func curve(_ name: String, _ value: (GrokkingAnalysis.Progress) -> Double) -> LineChart.Series {
        LineChart.Series(name, x: snapshots.map { Double($0.step) }, y: snapshots.map { value($0.measures) })
    }

    /// The losses along training, of the whole network, of the key frequencies alone, and without them.
    public func losses(title: String, caption: String) -> LineChart {
        LineChart(
            title: title, caption: caption, x: Axis("step", scale: .logarithmic),
            y: Axis("loss", unit: "nats", scale: .logarithmic),
            series: [
                curve("test set", \.scores.testLoss), curve("restricted", \.restrictedLoss),
                curve("restricted, fitted to all pairs", \.restrictedLossFromAllPairs),
                curve("excluded", \.excludedLoss), curve("training set", \.scores.trainLoss),
            ], references: [ReferenceValue("half of a guess's", guess / 2)], markers: phases)
    }
}
