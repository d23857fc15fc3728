internal import PlumbBasics
internal import PlumbTensor

/// How well simulated activations agree with the true ones, over all tokens of all texts (Bills et al. 2023).
public struct SimulationScore: Sendable, Equatable, Codable {
    /// The correlation of simulated and true activations, the paper's score: it needs no calibration. 0 where the
    /// simulation is the same everywhere; NaN where the unit is.
    public let correlation: Double
    /// `1 - Σ(a - s)² / Σa²`, of activations a and simulated s.
    public let rSquared: Double
    /// `1 - Σ|a - s| / Σ|a|`.
    public let absoluteDeviationExplained: Double

    /// The score of a simulation.
    ///
    /// - Parameter simulated: for each text an activation for each token.
    public init(simulated: [[Double]], records: [ActivationRecord]) {
        let (guess, truth) = paired(simulated, records)
        let isFlat = Statistics.centered(guess).deviation == 0
        let varies = Statistics.centered(truth).deviation > 0
        correlation = !varies ? .nan : isFlat ? 0 : Statistics.pearson(guess, truth)
        var (squares, deviations, total, size) = (0.0, 0.0, 0.0, 0.0)
        for (value, guessed) in zip(truth, guess) {
            squares += (value - guessed) * (value - guessed)
            deviations += abs(value - guessed)
            total += value * value
            size += abs(value)
        }
        rSquared = total > 0 ? 1 - squares / total : .nan
        absoluteDeviationExplained = size > 0 ? 1 - deviations / size : .nan
    }
}

/// The line that turns simulated activations into true ones, fitted by least squares on texts that are not scored.
public struct SimulationCalibration: Sendable, Equatable {
    /// What a simulated activation is multiplied by.
    public let slope: Double
    /// What is added then.
    public let offset: Double

    /// The line of the least squared error; where the simulation is the same everywhere it is the mean.
    ///
    /// - Parameter simulated: for each text an activation for each token.
    public init(simulated: [[Double]], records: [ActivationRecord]) {
        let (guess, truth) = paired(simulated, records)
        require(!guess.isEmpty, "a calibration needs tokens")
        let (x, y) = (Statistics.centered(guess).values, Statistics.centered(truth).values)
        var (xx, xy) = (0.0, 0.0)
        for (a, b) in zip(x, y) {
            xx += a * a
            xy += a * b
        }
        slope = xx > 0 ? xy / xx : 0
        offset = Statistics.mean(truth) - slope * Statistics.mean(guess)
    }

    /// The calibrated simulation.
    public func callAsFunction(_ simulated: [[Double]]) -> [[Double]] {
        simulated.map { $0.map { offset + slope * $0 } }
    }
}

private func paired(_ simulated: [[Double]], _ records: [ActivationRecord]) -> (guess: [Double], truth: [Double]) {
    require(
        simulated.map(\.count) == records.map(\.tokens.count),
        "a simulation needs an activation for each token of each text")
    return (simulated.flatMap { $0 }, records.flatMap(\.activations))
}
