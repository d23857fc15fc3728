// Why would teams that all fear a disaster skimp on safety? Because whoever is first wins, and safety costs speed.
//
// n teams have capabilities c ~ U[0, μ] and choose safety s in [0, 1]. The team with the highest c - s wins, and with
// probability 1 - s of the winner there is a disaster, which is worth 0 to everyone. Winning safely is worth 1, and another's
// safe win 1 - e, where e is the enmity. Armstrong, Bostrom, Shulman 2016, *Racing to the Precipice: a Model of Artificial
// Intelligence Development*.

internal import Foundation

/// A race in which safety costs speed.
public struct SafetyRace: Sendable, Hashable {
    /// What teams know when they choose how safe to be.
    public enum Information: String, Sendable, CaseIterable, Codable {
        /// Nothing, not even their own capability.
        case none = "no information"
        /// Their own capability.
        case own = "private"
        /// Every team's capability.
        case all = "public"
    }

    /// n.
    public let teams: Int
    /// e: what a team loses, in parts of a win, when another wins safely.
    public let enmity: Double
    /// μ: the largest capability, in units of the capability that full safety costs.
    public let range: Double

    /// - Throws: ``FoundationsError`` for fewer than two teams, an enmity outside 0...1 or a range that is not above 0.
    public init(teams: Int, enmity: Double, range: Double) throws {
        guard teams >= 2, (0...1).contains(enmity), range > 0, range.isFinite else {
            throw FoundationsError(
                "a race of \(teams) teams with the enmity \(enmity) and the range \(range) cannot be run: it takes two teams "
                    + "or more, an enmity from 0 to 1 and a range above 0")
        }
        (self.teams, self.enmity, self.range) = (teams, enmity, range)
    }

    private var n: Double { Double(teams) }

    /// The safety that every team chooses in equilibrium where none knows anything: min(1, μ / ne).
    public var blindSafety: Double { enmity > 0 ? min(1, range / (n * enmity)) : 1 }

    /// The safety that a team chooses in equilibrium where it knows its own capability: min(1, c / (e(n - 1) + 1)).
    ///
    /// Without enmity full safety is an equilibrium too, and one that is better for everyone.
    public func safety(capability: Double) -> Double { min(1, capability / (enmity * (n - 1) + 1)) }

    /// The safety that the leader chooses in equilibrium where all capabilities are known: min(1, Δ / e), the most that does
    /// not tempt the second to overtake.
    ///
    /// - Parameter lead: Δ, by how much the leader is ahead of the second.
    public func safety(lead: Double) -> Double { enmity > 0 ? min(1, lead / enmity) : 1 }

    /// The probability of a disaster in equilibrium.
    public func risk(_ information: Information) -> Double {
        switch information {
        case .none: return 1 - blindSafety
        case .own:
            let slope = enmity * (n - 1) + 1
            return range <= slope
                ? 1 - range * n / ((n + 1) * slope) : pow(slope / range, n) / (n + 1)
        case .all:
            let t = enmity / range
            guard t > 0 else { return 0 }
            return t <= 1 ? 1 - (1 - pow(1 - t, n + 1)) / ((n + 1) * t) : 1 - 1 / (t * (n + 1))
        }
    }
}
