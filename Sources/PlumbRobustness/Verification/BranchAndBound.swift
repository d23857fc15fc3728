internal import Foundation
internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// Decides whether a network has a property: an attack looks for a counterexample, and where it finds none, boxes are split
/// until linear bounds exclude the unsafe outputs in every part (Bunel et al. 2017, arXiv:1711.00455; β-CROWN: Wang et al.
/// 2021, arXiv:2103.06624).
///
/// A split gives the side of a ReLU, which a multiplier brings into the bounds, or halves an input where there are few of
/// them. The part with the worst bound is split first. Bounds are rounded outward, so that ``Verdict/holds`` is true of every float32
/// evaluation of the network, and ``Verdict/violated(_:)`` carries an input that was run on the network itself.
public struct BranchAndBound: Sendable {
    /// What was found out.
    public enum Verdict: Sendable, Equatable {
        /// No input violates the property.
        case holds
        /// This input `[1, n]` does.
        case violated(Tensor)
        /// Neither could be shown within the limit of parts.
        case unknown
        /// Neither could be shown in time.
        case timeout
    }

    /// A verdict and what it took.
    public struct Outcome: Sendable {
        /// What was found out.
        public let verdict: Verdict
        /// How many parts were bounded.
        public let parts: Int
    }

    /// The most seconds; nil for no limit.
    public var timeout: Double?
    /// The most parts that are bounded for one region.
    public var limit = 20_000
    /// The parts that are bounded at once.
    public var batch = 64
    /// Steps of gradient ascent on slopes and multipliers for each part.
    public var steps = 12
    /// Networks with at most so many inputs are split at inputs first.
    public var splitInputs = 8
    /// Starts of the attack for each region; 0 for no attack.
    public var starts = 16

    /// Limits of 20,000 parts and no time.
    public init() {}

    /// Decides whether `network` has `property`.
    ///
    /// - Parameter key: of the attack's starts.
    /// - Throws: ``BoundError`` for an operation without a bound, or a network whose sizes are not the property's.
    public func verify(_ network: NetworkGraph, _ property: NetworkProperty, key: RandomKey) throws -> Outcome {
        try verify(BoundPropagation(network), property, key: key)
    }

    /// The same with the network's bounds prepared.
    public func verify(_ bounds: BoundPropagation, _ property: NetworkProperty, key: RandomKey) throws -> Outcome {
        let (inputs, outputs) = (bounds.nodes[0].width, bounds.nodes[bounds.nodes.count - 1].width)
        guard (inputs, outputs) == (property.inputs, property.outputs) else {
            throw BoundError(
                "the property is about \(property.inputs) inputs and \(property.outputs) outputs, the network has "
                    + "\(inputs) and \(outputs)")
        }
        let deadline = timeout.map { ContinuousClock.now + .seconds($0) }
        let (attack, reachable) = (CounterexampleSearch(starts: max(1, starts)), property.regions.filter(\.isInhabited))
        if starts > 0 {
            for (index, region) in reachable.enumerated() {
                if let found = attack.find(bounds.network, region, key: key[index]) {
                    return Outcome(verdict: .violated(found), parts: 0)
                }
                if let deadline, ContinuousClock.now > deadline { return Outcome(verdict: .timeout, parts: 0) }
            }
        }
        var (parts, open) = (0, Verdict.holds)
        for region in reachable {
            var search = RegionSearch(self, bounds, region, deadline)
            let verdict = search.run()
            parts += search.parts
            switch verdict {
            case .holds: continue
            case .violated, .timeout: return Outcome(verdict: verdict, parts: parts)
            case .unknown: open = .unknown
            }
        }
        return Outcome(verdict: open, parts: parts)
    }
}

extension NetworkProperty.Region {
    /// Whether the box holds anything.
    var isInhabited: Bool { zip(lower, upper).allSatisfy { $0 <= $1 } }
}
