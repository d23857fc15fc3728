internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// A time horizon with what is uncertain about it.
///
/// Families, the tasks within them and the runs within those are drawn anew with replacement (a hierarchical
/// bootstrap), since tasks of one family succeed and fail together.
public struct HorizonEstimate: Sendable, Equatable {
    /// The curve through all runs.
    public let curve: TimeHorizon
    /// The interval of its slope.
    public let slope: (lower: Double, upper: Double)
    /// The minutes at which half of the tasks succeed; nil where the slope's interval holds 0, so that no horizon is
    /// defined.
    public let p50: Ends?
    /// The minutes at which 80 % succeed; nil likewise.
    public let p80: Ends?
    /// The horizon at one half in each resample, in minutes; NaN where longer tasks are not harder.
    public let resamples: [Double]

    /// A number and its interval.
    public struct Ends: Sendable, Equatable {
        /// The number.
        public var value: Double
        /// The lower end.
        public var lower: Double
        /// The upper end.
        public var upper: Double
    }

    /// Estimates the horizon of runs.
    ///
    /// - Parameters:
    ///   - runs: all attempts of one model.
    ///   - key: of the draws.
    ///   - resamples: how often is drawn.
    ///   - level: the coverage of intervals.
    /// - Throws: ``EvaluationError`` as ``TimeHorizon/init(_:)`` does.
    public init(_ runs: [HorizonRun], key: RandomKey, resamples: Int = 1000, level: Double = 0.95) throws {
        require(resamples > 0 && level > 0 && level < 1, "an estimate needs resamples and a level in (0, 1)")
        curve = try TimeHorizon(runs)
        let families = HorizonFamily.families(of: runs)
        var curves: [TimeHorizon] = []
        for index in 0..<resamples {
            var random = key["horizon"][index].generator()
            curves.append(TimeHorizon(Self.drawn(families, &random)))
        }
        let slopes = curves.map(\.slope).sorted()
        let tail = (1 - level) / 2
        func ends(_ sorted: [Double]) -> (lower: Double, upper: Double) {
            (Statistics.quantile(sorted, tail), Statistics.quantile(sorted, 1 - tail))
        }
        slope = ends(slopes)
        self.resamples = curves.map { $0.minutes(at: 0.5) ?? .nan }
        let isDefined = slope.upper < 0
        func estimate(_ curve: TimeHorizon, _ probability: Double) -> Ends? {
            guard isDefined, let value = curve.minutes(at: probability) else { return nil }
            // Resamples in which longer tasks are not harder bound nothing from above.
            let sorted = curves.map { $0.minutes(at: probability) ?? .infinity }.sorted()
            let (lower, upper) = ends(sorted)
            return Ends(value: value, lower: lower, upper: upper.isNaN ? .infinity : upper)
        }
        p50 = estimate(curve, 0.5)
        p80 = estimate(curve, 0.8)
    }

    private static func drawn(_ families: [HorizonFamily], _ random: inout RandomKey.Generator) -> [HorizonTask] {
        families.flatMap { _ in
            let family = families[random.index(below: families.count)]
            return family.tasks.map { _ in
                let task = family.tasks[random.index(below: family.tasks.count)]
                let scores = task.scores.map { _ in task.scores[random.index(below: task.scores.count)] }
                return HorizonTask(minutes: task.minutes, scores: scores, tasksInFamily: family.tasks.count)
            }
        }
    }

    /// Whether two estimates are the same.
    public static func == (a: HorizonEstimate, b: HorizonEstimate) -> Bool {
        a.curve == b.curve && a.slope == b.slope && a.p50 == b.p50 && a.p80 == b.p80
    }
}

/// How fast horizons grow: the line through log₂ of the horizons of the best models of their time.
public struct HorizonTrend: Sendable, Equatable {
    /// The days in which the horizon doubles; negative where it shrinks, infinite where it stays.
    public let doublingDays: Double
    /// How many models were the best of their time.
    public let models: Int

    /// A model's horizon on the day of its release.
    public struct Point: Sendable, Equatable {
        /// The day, counted from any beginning.
        public var day: Double
        /// The horizon in minutes.
        public var minutes: Double

        /// A model's horizon.
        public init(day: Double, minutes: Double) { (self.day, self.minutes) = (day, minutes) }
    }

    /// Fits log₂ of the horizon on the day by least squares, over models whose horizon is longer than that of every
    /// earlier one.
    ///
    /// - Throws: ``EvaluationError`` for a horizon that is not above 0, or fewer than two models on different days.
    public init(_ points: [Point]) throws {
        guard points.allSatisfy({ $0.minutes > 0 && $0.minutes.isFinite && $0.day.isFinite }) else {
            throw EvaluationError(
                "a trend needs days and horizons above 0: leave out models whose horizon is undefined")
        }
        var best: [Point] = []
        for point in points.sorted(by: { ($0.day, -$0.minutes) < ($1.day, -$1.minutes) })
        where point.minutes > best.last?.minutes ?? 0 { best.append(point) }
        let (days, values) = (best.map(\.day), best.map { log2($0.minutes) })
        let (x, y) = (Statistics.mean(days), Statistics.mean(values))
        let variance = days.reduce(0) { $0 + ($1 - x) * ($1 - x) }
        guard best.count > 1, variance > 0 else {
            throw EvaluationError(
                "a trend needs at least two models that were the best of their time, on different days")
        }
        let slope = zip(days, values).reduce(0) { $0 + ($1.0 - x) * ($1.1 - y) } / variance
        (doublingDays, models) = (1 / slope, best.count)
    }
}
