import Foundation
import PlumbTensor
import Testing

@testable import PlumbEvaluations

@Suite("Time horizons") struct TimeHorizonTests {
    /// SplitMix64, so that another implementation can draw the same runs.
    private struct SplitMix {
        var state: UInt64

        mutating func uniform() -> Double {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
        }
    }

    /// 600 tasks of 1/2 to 512 minutes in ten families, five runs each: the horizon is 30 minutes and the slope -0.6.
    private func planted(_ seed: UInt64) -> [HorizonRun] {
        var random = SplitMix(state: seed)
        var runs: [HorizonRun] = []
        for task in 0..<600 {
            let minutes = exp2(-1 + 10 * random.uniform())
            let probability = 1 / (1 + exp(0.6 * (log2(minutes) - log2(30))))
            for _ in 0..<5 {
                runs.append(
                    HorizonRun(
                        family: "f\(task % 10)", task: "t\(task)", minutes: minutes,
                        score: random.uniform() < probability ? 1 : 0))
            }
        }
        return runs
    }

    /// Slope, intercept and horizons at 50 % and 80 % by scikit-learn's `LogisticRegression(C=10)` with the same
    /// weights.
    private static let reference: [(seed: UInt64, slope: Double, intercept: Double, p50: Double, p80: Double)] = [
        (101, -0.555096100495098, 2.73808693896413, 30.54016336445193, 5.408545361473675),
        (102, -0.5681160504165236, 2.8399897163272656, 31.97695227131088, 5.892173896737169),
        (103, -0.571013792936652, 2.852504044610924, 31.90052206572103, 5.928761514490373),
    ]

    @Test("The curve is that of scikit-learn with the same penalty and weights", arguments: reference)
    func sameAsScikitLearn(expected: (seed: UInt64, slope: Double, intercept: Double, p50: Double, p80: Double)) throws
    {
        let curve = try TimeHorizon(planted(expected.seed))
        #expect(abs(curve.slope - expected.slope) < 1e-6 && abs(curve.intercept - expected.intercept) < 1e-6)
        #expect(abs((curve.minutes(at: 0.5) ?? 0) - expected.p50) < 1e-4)
        #expect(abs((curve.minutes(at: 0.8) ?? 0) - expected.p80) < 1e-4)
    }

    @Test("A planted horizon of 30 minutes lies in the interval, and shuffled outcomes have no horizon")
    func plantedHorizon() throws {
        let runs = planted(101)
        let found = try HorizonEstimate(runs, key: RandomKey(1), resamples: 200)
        let p50 = try #require(found.p50), p80 = try #require(found.p80)
        #expect(p50.lower < 30 && 30 < p50.upper && p50.upper < 2 * p50.lower)
        #expect(p80.lower < 6.05 && 6.05 < p80.upper && found.slope.lower < -0.55 && found.slope.upper < 0)
        var random = RandomKey(2)["shuffle"].generator()
        let scores = runs.map(\.score).shuffled(using: &random)
        let shuffled = zip(runs, scores).map { run, score in
            HorizonRun(family: run.family, task: run.task, minutes: run.minutes, score: score)
        }
        let none = try HorizonEstimate(shuffled, key: RandomKey(1), resamples: 200)
        #expect(none.p50 == nil && none.p80 == nil && none.slope.lower < 0 && none.slope.upper > 0)
        #expect(try HorizonEstimate(runs, key: RandomKey(1), resamples: 200) == found)
    }

    @Test("A partial score counts as parts of a success and a failure, and repeated runs add no weight")
    func weights() throws {
        func runs(_ scores: [[Double]]) -> [HorizonRun] {
            scores.enumerated().flatMap { index, scores in
                scores.map {
                    HorizonRun(family: "f\(index % 2)", task: "\(index)", minutes: exp2(Double(index)), score: $0)
                }
            }
        }
        let whole = try TimeHorizon(runs([[1, 1], [1, 0], [0, 1], [0, 0]]))
        let parts = try TimeHorizon(runs([[1], [0.5], [0.5], [0]]))
        #expect(abs(whole.slope - parts.slope) < 1e-9 && abs(whole.intercept - parts.intercept) < 1e-9)
        // The penalty keeps the slope finite where time tells success from failure without error.
        let sharp = try TimeHorizon(runs([[1], [1], [0], [0]]))
        #expect(sharp.slope < whole.slope && sharp.slope > -10)
        #expect(abs((sharp.minutes(at: 0.5) ?? 0) - exp2(1.5)) < 1e-6)
    }

    @Test("Runs without a time or of one length only are refused")
    func refusals() {
        let run = HorizonRun(family: "f", task: "t", minutes: 3, score: 1)
        var bad = run
        bad.minutes = 0
        #expect(throws: EvaluationError("the task t takes 0.0 minutes; a time is above 0")) { try TimeHorizon([bad]) }
        #expect(throws: EvaluationError("a time horizon needs tasks of at least two different lengths")) {
            try TimeHorizon([run, run])
        }
        bad = run
        bad.score = 2
        #expect(throws: EvaluationError.self) { try TimeHorizon([run, bad]) }
    }

    @Test("A horizon that doubles every 200 days is found, and models that are not the best are left out")
    func doubling() throws {
        var points = (0..<6).map { HorizonTrend.Point(day: Double($0) * 100, minutes: 4 * exp2(Double($0) / 2)) }
        points.append(.init(day: 450, minutes: 1))
        let trend = try HorizonTrend(points.reversed())
        #expect(abs(trend.doublingDays - 200) < 1e-6 && trend.models == 6)
        #expect(throws: EvaluationError.self) { try HorizonTrend([points[0]]) }
    }
}
