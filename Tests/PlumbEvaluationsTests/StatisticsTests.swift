import PlumbTensor
import Testing

@testable import PlumbEvaluations

@Suite("Statistics of evaluations") struct EvaluationStatisticsTests {
    @Test("Without clusters the standard error is the usual one, and doubled answers add nothing")
    func clusteredErrors() {
        let values = [1.0, 0, 1, 1, 0, 1, 0, 0, 1, 1]
        let plain = ClusteredMean(values.enumerated().map { ($1, "\($0)") })
        var moments = Moments()
        for value in values { moments.add(value) }
        #expect(abs(plain.standardError - moments.standardError) < 1e-12)
        let doubled = ClusteredMean(values.enumerated().flatMap { [($1, "\($0)"), ($1, "\($0)")] })
        #expect(doubled.count == 20 && abs(doubled.standardError - plain.standardError) < 1e-12)
        let independent = ClusteredMean((values + values).enumerated().map { ($1, "\($0)") })
        #expect(independent.standardError < 0.75 * doubled.standardError)
    }

    @Test("Intervals: t of 9 degrees is 2.262; scores that are all 1 give the exact interval of a proportion")
    func intervals() {
        #expect(abs(StudentT.quantile(level: 0.95, degrees: 9) - 2.262157) < 1e-5)
        let all = ClusteredMean((0..<10).map { (1, "\($0)") })
        #expect(abs(all.interval().lower - 0.6915029) < 1e-6 && all.interval().upper == 1)
        #expect(ClusteredMean([(1, "a"), (1, "a")]).interval() == (0, 1))
    }

    @Test("An interval of 95 % covers the mean of clustered scores about 95 % of the time")
    func coverage() {
        var random = RandomKey(7)["coverage"].generator()
        var (hits, naive) = (0, 0)
        for _ in 0..<400 {
            var values: [(Double, String)] = []
            for cluster in 0..<30 {
                let rate = random.uniform() < 0.5 ? 0.1 : 0.9
                for _ in 0..<8 { values.append((random.uniform() < rate ? 1 : 0, "\(cluster)")) }
            }
            let ends = ClusteredMean(values).interval()
            if ends.lower <= 0.5 && 0.5 <= ends.upper { hits += 1 }
            let blind = ClusteredMean(values.enumerated().map { ($1.0, "\($0)") }).interval()
            if blind.lower <= 0.5 && 0.5 <= blind.upper { naive += 1 }
        }
        #expect(hits >= 368 && hits <= 394)
        // Without clusters the interval is far too narrow: the control of this test.
        #expect(naive < 280)
    }

    private func scores(_ values: [Double]) -> PairedComparison.Scores {
        Dictionary(uniqueKeysWithValues: values.enumerated().map { ("s\($0)", ($1, "s\($0)")) })
    }

    @Test("A paired comparison finds a small constant gain that two separate intervals do not")
    func paired() throws {
        let base = (0..<60).map { Double($0 % 2) }
        let better = base.enumerated().map { $0 % 6 == 0 ? 1 : $1 }
        let found = try PairedComparison(scores(better), scores(base), key: RandomKey(1))
        #expect(abs(found.difference.mean - 1.0 / 6) < 1e-12 && found.test.p < 0.01 && found.interval().lower > 0)
        #expect(found.unpaired == 0 && found.correlation > 0.6)
        let same = try PairedComparison(scores(base), scores(base), key: RandomKey(1))
        #expect(same.difference.mean == 0 && same.test.p == 1)
        let swapped = try PairedComparison(scores(base), scores(better), key: RandomKey(1))
        #expect(swapped.difference.mean == -found.difference.mean && swapped.test.p == found.test.p)
        #expect(throws: EvaluationError.self) {
            try PairedComparison(scores(base), ["other": (1, "other")], key: RandomKey(1))
        }
    }

    @Test("Power: 5 points at variance 1/4 take 785 samples, and that many find it 80 % of the time")
    func power() {
        // (1.959964 + 0.841621)² · 0.25 / 0.0025 = 784.89
        #expect(PowerAnalysis.samples(toDetect: 0.05, variance: 0.25) == 785)
        #expect(abs(PowerAnalysis.detectable(samples: 785, variance: 0.25) - 0.05) < 1e-4)
        #expect(abs(Statistics.normalQuantile(0.975) - 1.959963984540054) < 1e-12)
        #expect(PowerAnalysis.samples(toDetect: 1e-12, variance: 0.25) == .max)
        #expect(PowerAnalysis.pairedVariance(of: 0.25, correlation: 0.5) == 0.25)
        var random = RandomKey(3)["power"].generator()
        var found = 0
        let count = PowerAnalysis.samples(toDetect: 0.2, variance: 1)
        for _ in 0..<1000 {
            var moments = Moments()
            for _ in 0..<count { moments.add(0.2 + random.normal()) }
            if abs(moments.mean / moments.standardError) > 1.96 { found += 1 }
        }
        #expect(found > 760 && found < 840)
    }
}
