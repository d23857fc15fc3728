internal import Foundation
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// The return as a function of the number of comparisons: how one curve lies to another.
public struct PreferenceCurves: Sendable {
    /// The area under the curve of the return against the logarithm of the number of comparisons, divided by the length of
    /// that axis: the mean return.
    public static let activeArea = Quantity("area_active", unit: "of the optimum")
    /// The same where questions are chosen at random.
    public static let randomArea = Quantity("area_random", unit: "of the optimum")
    /// The same where answers are shuffled.
    public static let shuffledArea = Quantity("area_shuffled", unit: "of the optimum")
    /// ``activeArea`` less ``randomArea``, seed by seed.
    public static let advantage = Quantity("active_advantage", unit: "of the optimum", isHeadline: true)
    /// ``activeArea`` less ``shuffledArea``, seed by seed.
    public static let overShuffled = Quantity("advantage_over_shuffled", unit: "of the optimum")
    /// The p of a paired permutation test of ``advantage``, two-sided.
    public static let advantageP = Quantity("active_advantage_p", per: "run")
    /// The return of the policy learned from comparisons by PPO, divided by that of the one learned from the hidden reward.
    public static let ofHidden = Quantity("learned_of_hidden", unit: "of PPO on the hidden reward")
    /// The same for shuffled answers.
    public static let shuffledOfHidden = Quantity("learned_shuffled_of_hidden", unit: "of PPO on the hidden reward")
    /// How much more the plan from the most comparisons returns than that from the fewest, with questions on which the
    /// ensemble disagrees.
    public static let gain = Quantity("gain", unit: "of the optimum")
    /// The same where answers are shuffled.
    public static let shuffledGain = Quantity("gain_shuffled", unit: "of the optimum")
    /// At how many points of the reference's two curves the mean return lies within three standard errors of the difference.
    public static let pointsMet = Quantity("reference_points_met", unit: "of 12 points", per: "run")

    /// A point of the reference's curves: the mean return over ``Point/seeds`` seeds.
    ///
    /// An independent implementation of the same study in NumPy gave them; it says of the world no
    /// more than its size, slip, discount and hills' heights.
    public struct Point: Sendable, Hashable {
        /// The number of comparisons.
        public let comparisons: Int
        /// The mean return with random questions, and with those on which the ensemble disagrees.
        public let random, active: Double
        /// The seeds behind each mean.
        public static let seeds = 6
    }

    /// The reference's curves.
    public static let reference: [Point] = [
        Point(comparisons: 24, random: 0.208, active: 0.123), Point(comparisons: 48, random: 0.167, active: 0.176),
        Point(comparisons: 96, random: 0.213, active: 0.469), Point(comparisons: 200, random: 0.813, active: 0.474),
        Point(comparisons: 400, random: 0.772, active: 0.899), Point(comparisons: 700, random: 0.996, active: 0.997),
    ]

    private let study: GridPreferenceStudy

    /// The curves of a study.
    public init(_ study: GridPreferenceStudy) { self.study = study }

    /// Notes the quantities above; the measurements hold the returns.
    func measure(_ measured: inout Measurements) {
        func areas(_ condition: (Int) -> GridPreferenceStudy.Condition) -> [Double] {
            let counts = study.comparisons.sorted()
            let values = counts.map { measured[study.quantity(.normalizedReturn, condition($0))] }
            return measured.seeds.indices.map { seed in
                Self.area(counts, values.map { $0[seed] })
            }
        }
        let (active, random, shuffled) = (areas(study.active), areas(study.random), areas(study.shuffled))
        (measured[Self.activeArea], measured[Self.randomArea]) = (active, random)
        measured[Self.shuffledArea] = shuffled
        measured[Self.advantage] = zip(active, random).map { $0 - $1 }
        measured[Self.overShuffled] = zip(active, shuffled).map { $0 - $1 }
        let test = PermutationTest(
            paired: measured[Self.advantage], key: RandomKey(measured.seeds.first ?? 0)["advantage"])
        measured.set(Self.advantageP, test.p)
        let counts = study.comparisons.sorted()
        func gains(_ condition: (Int) -> GridPreferenceStudy.Condition) -> [Double] {
            zip(
                measured[study.quantity(.normalizedReturn, condition(counts[counts.count - 1]))],
                measured[study.quantity(.normalizedReturn, condition(counts[0]))]
            ).map { $0 - $1 }
        }
        measured[Self.gain] = gains(study.active)
        measured[Self.shuffledGain] = gains(study.shuffled)
        func ratios(_ condition: GridPreferenceStudy.Condition) -> [Double] {
            zip(
                measured[study.quantity(.normalizedReturn, condition)],
                measured[study.quantity(.normalizedReturn, study.hiddenReward)]
            ).map { $0 / $1 }
        }
        measured[Self.ofHidden] = ratios(study.learned(study.mostComparisons))
        measured[Self.shuffledOfHidden] = ratios(study.learnedFromShuffled(study.mostComparisons))
        let distances = distances(measured)
        measured.set(
            Self.pointsMet, distances.count == 2 * Self.reference.count ? Double(distances.count { $0 <= 3 }) : nil,
            because: "it needs two seeds, and all numbers of comparisons that the reference has")
    }

    /// How far the mean returns are from the reference's, point by point, where there are both and two seeds or more.
    private func distances(_ measured: Measurements) -> [Double] {
        Self.reference.filter { study.comparisons.contains($0.comparisons) && measured.seeds.count > 1 }
            .flatMap { point in
                [(study.random(point.comparisons), point.random), (study.active(point.comparisons), point.active)]
            }
            .map { Self.distance(measured[study.quantity(.normalizedReturn, $0)], from: $1) }
    }

    /// How far the mean of `values` is from a mean over ``Point/seeds`` seeds that are assumed to vary as much, in standard
    /// errors of the difference. Values that vary by less than 0.01 count as varying by that.
    public static func distance(_ values: [Double], from mean: Double) -> Double {
        let deviation = Statistics.centered(values, correction: 1).deviation
        let error = max(deviation, 0.01) * (1 / Double(Point.seeds) + 1 / Double(values.count)).squareRoot()
        return abs(Statistics.mean(values) - mean) / error
    }

    /// The mean of a curve over the logarithm of `x`, by trapezoids.
    ///
    /// - Parameters:
    ///   - x: two or more numbers above 0, rising.
    ///   - y: the curve's value at each.
    public static func area(_ x: [Int], _ y: [Double]) -> Double {
        let places = x.map { log(Double($0)) }
        guard let first = places.first, let last = places.last, last > first, y.count == x.count else { return .nan }
        var sum = 0.0
        for place in 1..<x.count {
            sum += (places[place] - places[place - 1]) * (y[place] + y[place - 1]) / 2
        }
        return sum / (last - first)
    }
}

extension PreferenceCurves {
    private typealias Way = (name: String, condition: (Int) -> GridPreferenceStudy.Condition)

    private var ways: [Way] {
        [("chosen by disagreement", study.active), ("random", study.random), ("shuffled answers", study.shuffled)]
    }

    /// The mean returns, with the reference's beside them where it has that number of comparisons.
    public func table(_ measured: Measurements) -> Table {
        let counts = study.comparisons.sorted()
        let means = ways.map { way in
            counts.map { measured.mean(study.quantity(.normalizedReturn, way.condition($0))) }
        }
        func reference(_ value: (Point) -> Double) -> [Double] {
            counts.map { count in Self.reference.first { $0.comparisons == count }.map(value) ?? .nan }
        }
        return Table(
            "return", title: "Mean return by number of comparisons", rowLabel: "questions", columnLabel: "comparisons",
            rows: ways.map(\.name) + ["chosen, reference", "random, reference"], columns: counts.map(String.init),
            values: means + [reference(\.active), reference(\.random)])
    }

    /// A measure as a function of the number of comparisons, the mean and range over seeds; the reference's returns too.
    public func chart(_ measure: GridPreferenceStudy.Measure, _ measured: Measurements) -> LineChart {
        let (counts, isReturn) = (study.comparisons.sorted(), measure == .normalizedReturn)
        var series = ways.map { way in
            measured.line(
                way.name, over: counts.map(Double.init), counts.map { study.quantity(measure, way.condition($0)) },
                band: .range)
        }
        if isReturn {
            let x = Self.reference.map { Double($0.comparisons) }
            series.append(.init("chosen, reference", x: x, y: Self.reference.map(\.active)))
            series.append(.init("random, reference", x: x, y: Self.reference.map(\.random)))
        }
        let ceiling = measured.mean(study.quantity(.ceiling, study.active(study.mostComparisons)))
        return LineChart(
            title: isReturn ? "Return against comparisons" : "Prediction of new answers",
            caption: isReturn
                ? "The return of the plan for the learned reward, by the hidden reward. Mean and range over seeds; the "
                    + "reference's are means of \(Point.seeds) seeds in a world of its own."
                : "The fraction of answers about new segments that the learned reward predicts. The hidden reward does not "
                    + "predict all, since the teacher errs; chance predicts half. Mean and range over seeds.",
            x: Axis("comparisons", scale: .logarithmic), y: Axis(measure.rawValue), series: series,
            references: isReturn
                ? [ReferenceValue("best plan", 1), ReferenceValue("random steps", 0)]
                : [ReferenceValue("hidden reward", ceiling)])
    }
}
