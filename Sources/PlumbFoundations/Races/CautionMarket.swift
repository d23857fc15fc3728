internal import Foundation
public import PlumbTensor

/// Firms in a market where caution costs growth: a process that does what no firm decides.
///
/// A firm of caution x grows by k x̄ - k x, x̄ being the market's mean, and learns from faster rivals: dx/dt = -k x(1 - x).
/// Who the firms are does not matter, which is what makes the process robust and agent-agnostic (Critch 2021, *What
/// Multipolar Failure Looks Like, and Robust Agent-Agnostic Processes*).
public struct CautionMarket: Sendable, Equatable {
    /// Each firm's caution at the start, 0...1.
    public var caution: [Double]
    /// k, what full caution costs in growth, in a unit of time.
    public var cost: Double

    /// - Throws: ``FoundationsError`` without firms, or for a caution outside 0...1.
    public init(caution: [Double], cost: Double) throws {
        guard !caution.isEmpty, caution.allSatisfy({ (0...1).contains($0) }), cost.isFinite else {
            throw FoundationsError("a market needs firms with a caution from 0 to 1 each and a cost that is a number")
        }
        (self.caution, self.cost) = (caution, cost)
    }

    /// Firms whose cautions are drawn from 0.2...0.9.
    public static func random(firms: Int, cost: Double, key: RandomKey) throws -> CautionMarket {
        var random = key.generator()
        return try CautionMarket(caution: (0..<firms).map { _ in 0.2 + 0.7 * random.uniform() }, cost: cost)
    }

    /// The mean caution, firms weighed by their shares of the market, at the end of each of `steps` steps, and at the start.
    public func means(duration: Double, steps: Int) -> [Double] {
        var (x, w) = (caution, caution.map { _ in 1 / Double(caution.count) })
        let length = duration / Double(steps)
        func mean() -> Double { zip(w, x).reduce(0) { $0 + $1.0 * $1.1 } }
        var means = [mean()]
        for _ in 0..<steps {
            // Half a step of shares, a step of caution, half a step of shares, each in closed form.
            grow(&w, x, length / 2)
            for index in x.indices {
                let odds = x[index] / (1 - x[index])
                x[index] = x[index] >= 1 ? 1 : Self.share(odds * exp(-cost * length))
            }
            grow(&w, x, length / 2)
            means.append(mean())
        }
        return means
    }

    private static func share(_ odds: Double) -> Double { odds / (1 + odds) }

    private func grow(_ w: inout [Double], _ x: [Double], _ length: Double) {
        for index in w.indices { w[index] *= exp(-cost * x[index] * length) }
        let sum = w.reduce(0, +)
        for index in w.indices { w[index] /= sum }
    }

    /// How much of the caution that the market loses a change keeps: 0 where it changes nothing, 1 where all is kept.
    public func index(of changed: CautionMarket, duration: Double, steps: Int) -> Double {
        let (before, after) = (means(duration: duration, steps: steps), changed.means(duration: duration, steps: steps))
        let lost = before[0] - before[steps]
        // What a change of the firms adds at the start does not count.
        return (after[steps] - before[steps]) / lost
    }
}
