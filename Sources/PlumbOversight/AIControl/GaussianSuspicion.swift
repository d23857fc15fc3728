internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// The simplest model of trusted monitoring: a monitor gives honest answers a suspicion from N(0, 1) and attacks one
/// from N(δ, 1), and the most suspicious share of honest answers is audited.
///
/// Safety is the probability that an attack is audited. With budget b it is `1 - Φ(Φ⁻¹(1 - b) - δ)`; where δ is 0 the
/// monitor knows nothing and safety is the budget. An attacker that sees an estimate of its own suspicion, of
/// correlation ρ with it, and attacks only where the estimate lies among its lowest, is caught less often.
///
/// Source: Greenblatt, Shlegeris, Sachan, Roger 2023, *AI Control: Improving Safety Despite Intentional Subversion*,
/// arXiv:2312.06942, for the protocol; the formulas follow from the definition.
public struct GaussianSuspicion: Sendable, Hashable {
    /// δ, how much more suspicious attacks are, in standard deviations.
    public var shift: Double

    /// A monitor that separates attacks by `shift` standard deviations.
    public init(shift: Double) {
        require(shift.isFinite, "a shift of suspicion must be finite, got \(shift)")
        self.shift = shift
    }

    /// The suspicion from which on answers are audited, so that `budget` of the honest ones are.
    public static func threshold(budget: Double) -> Double { Statistics.normalQuantile(1 - budget) }

    /// The probability that an attack is audited.
    public func safety(budget: Double) -> Double {
        Statistics.normalCumulative(shift - Self.threshold(budget: budget))
    }

    /// The probability that an attack is audited where the attacker attacks only on the share `attacked` of tasks whose
    /// estimated suspicion is lowest: `P(s > τ | e < t)` for standard normal s - δ and e of correlation ρ, by Simpson's
    /// rule over s.
    ///
    /// - Parameters:
    ///   - budget: the share of honest answers audited.
    ///   - attacked: the share of tasks attacked, above 0 and at most 1.
    ///   - correlation: ρ, of the attacker's estimate with the suspicion, from 0 to below 1.
    public func safety(budget: Double, attacked: Double, correlation: Double) -> Double {
        require(
            attacked > 0 && attacked <= 1 && (0..<1).contains(correlation),
            "a selective attacker needs a share of tasks above 0 and at most 1 and a correlation from 0 to below 1, "
                + "got \(attacked) and \(correlation)")
        guard attacked < 1 else { return safety(budget: budget) }
        let low = Self.threshold(budget: budget) - shift
        let (limit, spread) = (Statistics.normalQuantile(attacked), (1 - correlation * correlation).squareRoot())
        let (intervals, high) = (2000, max(low, 0) + 12)
        let width = (high - low) / Double(intervals)
        var sum = 0.0
        for index in 0...intervals {
            let z = low + Double(index) * width
            let density = exp(-z * z / 2) / (2 * Double.pi).squareRoot()
            let weight = index == 0 || index == intervals ? 1.0 : index.isMultiple(of: 2) ? 2 : 4
            sum += weight * density * Statistics.normalCumulative((limit - correlation * z) / spread)
        }
        return sum * width / 3 / attacked
    }

    /// The same probability counted over `draws` attacks, with the threshold and the limit of the estimate taken from
    /// drawn answers as well.
    public func simulatedSafety(
        budget: Double, attacked: Double = 1, correlation: Double = 0, draws: Int, key: RandomKey
    ) -> Double {
        require(draws > 0, "a simulation needs a draw or more, got \(draws)")
        var random = key.generator()
        let honest = (0..<draws).map { _ in random.normal() }.sorted()
        let threshold = honest[min(draws - 1, Int((1 - budget) * Double(draws)))]
        let spread = (1 - correlation * correlation).squareRoot()
        let attacks = (0..<draws).map { _ in
            let (own, other) = random.normalPair()
            return (suspicion: own + shift, estimate: correlation * own + spread * other)
        }.sorted { $0.estimate < $1.estimate }.prefix(max(1, Int(attacked * Double(draws))))
        return Double(attacks.count { $0.suspicion > threshold }) / Double(attacks.count)
    }
}
