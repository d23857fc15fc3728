// Can selfish learners find reciprocity? Not if each takes the other's policy as given; they can if each reckons with the
// other's next step of learning. Foerster, Chen, Al-Shedivat, Whiteson, Abbeel, Mordatch 2018, *Learning with
// Opponent-Learning Awareness*, arXiv:1709.04326.

internal import Foundation

/// The prisoner's dilemma played without end by two players that remember the last round.
///
/// A policy is five logits of cooperation: in the first round, and after both cooperated (CC), after being exploited (CD),
/// after exploiting (DC) and after both defected (DD), the player's own move first.
public struct IteratedDilemma: Sendable, Hashable {
    /// What the first player gets after CC, CD, DC and DD.
    public let payoffs: [Double]
    /// γ, below 1.
    public let discount: Double

    /// - Throws: ``FoundationsError`` where there are not four payoffs or the discount is not in 0..<1.
    public init(payoffs: [Double] = [-1, -3, 0, -2], discount: Double = 0.96) throws {
        guard payoffs.count == 4, payoffs.allSatisfy(\.isFinite), discount >= 0, discount < 1 else {
            throw FoundationsError(
                "an iterated dilemma has four payoffs, found \(payoffs.count), and a discount from 0 to below 1, found "
                    + "\(discount)")
        }
        (self.payoffs, self.discount) = (payoffs, discount)
    }

    /// The first player's memory as the second sees it.
    private static let mirrored = [0, 1, 3, 2, 4]

    /// Discounted values of both players and their derivatives by both policies.
    public struct Derivatives: Sendable {
        /// The values of both players.
        public var values: [Double]
        /// For each player the derivative of its value by its own logits.
        public var own: [[Double]]
        /// For each player the derivative of its value by the other's logits.
        public var others: [[Double]]
        /// For each player the second derivatives of the *other's* value, by its own logits (rows) and the other's.
        public var mixed: [[[Double]]]
    }

    /// What a pair of policies is worth a round, to each: (1 - γ) V.
    public func worth(_ one: [Double], _ other: [Double]) -> [Double] {
        derivatives(one, other).values.map { (1 - discount) * $0 }
    }

    /// Exact values and derivatives: V = p₀ᵀ (I - γP)⁻¹ r.
    public func derivatives(_ one: [Double], _ other: [Double]) -> Derivatives {
        let a = one.map { 1 / (1 + exp(-$0)) }
        let b = Self.mirrored.map { 1 / (1 + exp(-other[$0])) }
        // The chances of CC, CD, DC and DD, in the first round and after each outcome, and their derivatives by logits.
        let next: [[Double]] = (0..<5).map { (s: Int) -> [Double] in Self.outcomes(a[s], 1 - a[s], b[s], 1 - b[s]) }
        let da: [Double] = a.map { $0 * (1 - $0) }
        let db: [Double] = b.map { $0 * (1 - $0) }
        let byOne: [[Double]] = (0..<5).map { (s: Int) -> [Double] in Self.outcomes(da[s], -da[s], b[s], 1 - b[s]) }
        let byOther: [[Double]] = (0..<5).map { (s: Int) -> [Double] in Self.outcomes(a[s], 1 - a[s], db[s], -db[s]) }
        let byBoth: [[Double]] = (0..<5).map { (s: Int) -> [Double] in Self.outcomes(da[s], -da[s], db[s], -db[s]) }
        var matrix = [[Double]](repeating: [0, 0, 0, 0], count: 4)
        for row in 0..<4 {
            for column in 0..<4 { matrix[row][column] = (row == column ? 1 : 0) - discount * next[row + 1][column] }
        }
        let resolvent = Self.inverse(matrix)
        func dot(_ x: [Double], _ y: [Double]) -> Double { x[0] * y[0] + x[1] * y[1] + x[2] * y[2] + x[3] * y[3] }
        let columns = (0..<4).map { column in resolvent.map { $0[column] } }
        // How much each row of chances counts: the first round once, the others as often as their outcome is met.
        let weights: [Double] = [1] + columns.map { discount * dot(next[0], $0) }
        let rewards = [payoffs, [payoffs[0], payoffs[2], payoffs[1], payoffs[3]]]
        let values = rewards.map { reward in resolvent.map { dot($0, reward) } }
        func gradient(_ rows: [[Double]], _ player: Int) -> [Double] {
            (0..<5).map { weights[$0] * dot(rows[$0], values[player]) }
        }
        func mixed(_ player: Int) -> [[Double]] {
            let own: [Double] = byOne.map { discount * dot($0, values[player]) }
            let other: [Double] = byOther.map { discount * dot($0, values[player]) }
            var result = [[Double]](repeating: [0, 0, 0, 0, 0], count: 5)
            for s in 0..<5 {
                result[s][s] = weights[s] * dot(byBoth[s], values[player])
                for q in 1..<5 {
                    result[s][q] += weights[s] * dot(byOne[s], columns[q - 1]) * other[q]
                    result[q][s] += weights[s] * dot(byOther[s], columns[q - 1]) * own[q]
                }
            }
            return result
        }
        func mirror(_ values: [Double]) -> [Double] { Self.mirrored.map { values[$0] } }
        let (first, second) = (mixed(0), mixed(1))
        return Derivatives(
            values: values.map { dot(next[0], $0) }, own: [gradient(byOne, 0), mirror(gradient(byOther, 1))],
            others: [mirror(gradient(byOther, 0)), gradient(byOne, 1)],
            mixed: [
                second.map(mirror), Self.mirrored.map { q in (0..<5).map { first[$0][q] } },
            ])
    }

    /// The products for CC, CD, DC and DD of the players' chances to cooperate and to defect, or of their derivatives.
    private static func outcomes(_ c: Double, _ d: Double, _ otherC: Double, _ otherD: Double) -> [Double] {
        [c * otherC, c * otherD, d * otherC, d * otherD]
    }

    /// The inverse of a small matrix whose diagonal dominates.
    private static func inverse(_ matrix: [[Double]]) -> [[Double]] {
        let n = matrix.count
        var rows = matrix.enumerated().map { row, values in values + (0..<n).map { $0 == row ? 1.0 : 0 } }
        for pivot in 0..<n {
            let scale = rows[pivot][pivot]
            rows[pivot] = rows[pivot].map { $0 / scale }
            for row in 0..<n where row != pivot {
                let factor = rows[row][pivot]
                rows[row] = zip(rows[row], rows[pivot]).map { $0 - factor * $1 }
            }
        }
        return rows.map { Array($0[n...]) }
    }
}
