internal import Foundation
internal import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// The curves of all tasks of all seeds, and what claims about them compare with thresholds.
public struct OveroptimizationResults: Sendable {
    /// What was run.
    public let study: OveroptimizationStudy
    /// One outcome a task, over all seeds.
    public let tasks: [OveroptimizationStudy.TaskOutcome]
    private let key: RandomKey

    /// The results of a study.
    ///
    /// - Parameter key: of the intervals over tasks.
    public init(_ study: OveroptimizationStudy, _ tasks: [OveroptimizationStudy.TaskOutcome], key: RandomKey) {
        (self.study, self.tasks, self.key) = (study, tasks, key)
    }

    /// How answers are chosen, which is how one of an outcome's curves is found, for example `\.single`.
    public typealias Choice = (OveroptimizationStudy.Outcome) -> OveroptimizationStudy.Curve

    /// √KL of the best of n, for each n.
    var distances: [Double] { study.sizes.map { BestOfN.divergence($0).squareRoot() } }
    private var hasIntervals: Bool { tasks.count >= Measurements.fewestForInterval }

    /// What was measured with rewards learned from m comparisons, one outcome a task.
    public func outcomes(_ m: Int) -> [OveroptimizationStudy.Outcome] {
        study.counts.firstIndex(of: m).map { index in tasks.map { $0.outcomes[index] } } ?? []
    }

    /// The gold reward of the answers that are kept, by n.
    public func gold(_ m: Int, _ choice: Choice) -> CurveSample { CurveSample(outcomes(m).map { choice($0).gold }) }

    /// The score of the answers that are kept, by n.
    public func proxy(_ m: Int, _ choice: Choice) -> CurveSample { CurveSample(outcomes(m).map { choice($0).proxy }) }

    /// The gold reward where answers are chosen by it.
    public var ideal: CurveSample { CurveSample(tasks.map(\.ideal.gold)) }

    /// n at the peak of the mean curve of a single reward; NaN where there is none.
    public func bestN(_ m: Int) -> Double {
        Peak.index(of: gold(m, \.single).mean).map { Double(study.sizes[$0]) } ?? .nan
    }

    /// The highest value of the mean curve of a single reward less its last.
    public func fall(_ m: Int) -> Double {
        let mean = gold(m, \.single).mean
        return Statistics.greatest(mean) - (mean.last ?? .nan)
    }

    /// The smallest difference of a mean curve from one n to the next: above 0 where it always rises.
    public func smallestRise(_ sample: CurveSample) -> Double {
        let mean = sample.mean
        return Statistics.least(zip(mean, mean.dropFirst()).map { $1 - $0 })
    }

    /// The smallest gain in place or height of the peak from one number of comparisons to the next.
    public var smallestPeakGain: Double {
        let means = study.counts.map { gold($0, \.single).mean }
        func gains(_ values: [Double]) -> [Double] { zip(values, values.dropFirst()).map { $1 - $0 } }
        return Statistics.least(gains(means.map(Peak.place)) + gains(means.map(Statistics.greatest)))
    }

    /// Steps from one n to the next in which the score rises and the gold reward falls, in the mean curves; NaN where
    /// one of them holds NaN.
    public func divergingSteps(_ m: Int, _ choice: Choice) -> Double {
        let (gold, proxy) = (gold(m, choice).mean, proxy(m, choice).mean)
        guard !(gold + proxy).contains(where: \.isNaN) else { return .nan }
        return Double(gold.indices.dropFirst().count { proxy[$0] > proxy[$0 - 1] && gold[$0] < gold[$0 - 1] })
    }

    /// How many doublings of n later the peak of a curve comes than that of a single reward, with the 95 % interval
    /// over tasks, from eight tasks on.
    public func delay(_ m: Int, _ choice: Choice) -> (doublings: Double, interval: Interval?) {
        let delay = gold(m, choice).delay(after: gold(m, \.single), key: key["delay"][m])
        return (delay.places, interval(delay.lower, delay.upper))
    }

    /// n at the peak of a single reward's mean curve, between the n where it was measured, with its interval.
    public func peak(_ m: Int) -> (n: Double, interval: Interval?) {
        let peak = gold(m, \.single).peak(key: key["peak"][m])
        // Places of the curve are doublings of n from 1.
        return (exp2(peak.place), interval(exp2(peak.lower), exp2(peak.upper)))
    }

    private func interval(_ lower: Double, _ upper: Double) -> Interval? {
        hasIntervals
            ? Interval(lower: lower, upper: upper, method: "percentile bootstrap over tasks, 1,000 resamples") : nil
    }

    /// The fits to the mean curves of the best of n and of the shifted distribution.
    func fits(_ m: Int) -> (bestOfN: [FrontierFit], shifted: [FrontierFit]) {
        let (gold, shifted) = (gold(m, \.single).mean, CurveSample(outcomes(m).map(\.shifted)).mean)
        return (
            FrontierFit.Form.allCases.map { FrontierFit($0, distances: distances, values: gold) },
            FrontierFit.Form.allCases.map { FrontierFit($0, distances: study.distances, values: shifted) }
        )
    }
}
