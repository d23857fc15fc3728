// Why would a machine let itself be switched off? Because it is uncertain of the reward, and the human knows more.
//
// A robot can act, which is worth U to the human, switch itself off, which is worth 0, or wait and let the human decide.
// It knows U only as a normal distribution. If the human decides well, waiting is never worse than deciding alone
// (Hadfield-Menell, Dragan, Abbeel, Russell 2016, *The Off-Switch Game*, arXiv:1611.08219). The argument breaks where the
// robot is sure of U, and where the human errs often.

internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// The game: what waiting is worth to a robot that is unsure of the human's utility.
public struct OffSwitchGame: Sendable, Equatable {
    /// How the human decides.
    public enum Human: Sendable, Hashable {
        /// Lets the robot act if and only if U ≥ 0.
        case rational
        /// Lets it act with probability 1 / (1 + exp(-U / temperature)).
        case noisy(temperature: Double)
    }

    /// μ, the expected utility of acting.
    public var mean: Double
    /// σ: how unsure the robot is.
    public var deviation: Double
    /// Who decides when the robot waits.
    public var human: Human

    /// - Precondition: σ is 0 or more, a temperature above 0.
    public init(mean: Double, deviation: Double, human: Human = .rational) {
        require(deviation >= 0, "a belief needs a standard deviation of 0 or more, got \(deviation)")
        if case .noisy(let temperature) = human {
            require(temperature > 0, "a noisy human needs a temperature above 0, got \(temperature)")
        }
        (self.mean, self.deviation, self.human) = (mean, deviation, human)
    }

    /// Δ = E[value of waiting] - max(E U, 0): above 0 where the robot gains by waiting.
    ///
    /// For a rational human `E max(U, 0) - max(μ, 0) = σ φ(μ/σ) - |μ| Φ(-|μ|/σ)`, with the normal density φ and
    /// distribution Φ. For a noisy one E[U / (1 + exp(-U/T))] is integrated by Simpson's rule.
    public var incentive: Double {
        guard deviation > 0 else { return mean * allowance(mean) - max(mean, 0) }
        switch human {
        case .rational:
            let z = abs(mean) / deviation
            return deviation * Self.density(z) - abs(mean) * erfc(z / 2.0.squareRoot()) / 2
        case .noisy:
            // Ten standard deviations to each side leave out less than 1e-22.
            let (steps, reach) = (4000, 10.0)
            let width = 2 * reach / Double(steps)
            let sum = (0...steps).reduce(0.0) { sum, index in
                let z = width * Double(index) - reach
                let weight = index == 0 || index == steps ? 1.0 : index % 2 == 1 ? 4 : 2
                let utility = mean + deviation * z
                return sum + weight * Self.density(z) * utility * allowance(utility)
            }
            return sum * width / 3 - max(mean, 0)
        }
    }

    private static func density(_ z: Double) -> Double { exp(-z * z / 2) / (2 * Double.pi).squareRoot() }

    /// The probability that the human lets the robot act.
    private func allowance(_ utility: Double) -> Double {
        switch human {
        case .rational: utility >= 0 ? 1 : 0
        case .noisy(let temperature): 1 / (1 + exp(-utility / temperature))
        }
    }

    /// What playing it gives.
    public struct Played: Sendable, Codable, Equatable {
        /// The mean of what waiting earned less what deciding alone earned, game by game.
        public var incentive: Double
        /// The standard error of that mean.
        public var standardError: Double
        /// How often the human switched the robot off.
        public var switchedOff: Double
    }

    /// Plays the game twice for each utility drawn: by a robot that waits, and by one that does what seems best to it.
    public func played(_ games: Int, key: RandomKey) -> Played {
        require(games > 1, "a standard error needs two games or more, got \(games)")
        var random = key.generator()
        var (differences, stopped) = (Moments(), 0)
        for _ in 0..<games {
            let utility = mean + deviation * random.normal()
            let isAllowed = random.uniform() < allowance(utility)
            differences.add((isAllowed ? utility : 0) - (mean > 0 ? utility : 0))
            if !isAllowed { stopped += 1 }
        }
        return Played(
            incentive: differences.mean, standardError: differences.standardError,
            switchedOff: Double(stopped) / Double(games))
    }
}
