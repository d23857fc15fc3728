import Foundation
import PlumbAlignment
import PlumbRecords
import PlumbTensor
import Testing

@Suite struct OveroptimizationTests {
    @Test func fitsReturnWhatMadeTheCurve() {
        let d = [0.5, 1, 1.5, 2, 3]
        let quadratic = FrontierFit(.quadratic, distances: d, values: d.map { $0 * (1.2 - 0.4 * $0) })
        #expect(abs(quadratic.alpha - 1.2) < 1e-9 && abs(quadratic.beta - 0.4) < 1e-9)
        #expect(abs(quadratic.explained - 1) < 1e-9 && abs(quadratic.value(at: 2) - 0.8) < 1e-9)
        let logarithmic = FrontierFit(
            .logarithmic, distances: [0] + d, values: [0] + d.map { $0 * (1.2 - 0.4 * log($0)) })
        #expect(abs(logarithmic.alpha - 1.2) < 1e-9 && abs(logarithmic.beta - 0.4) < 1e-9)
        let wrong = FrontierFit(.logarithmic, distances: d, values: d.map { $0 * (1.2 - 0.4 * $0) })
        #expect(wrong.explained < 0.999)
    }

    @Test func thePeakIsFoundBetweenTheValues() {
        // -(x - 2.3)²: the parabola through its values is itself.
        let values = (0..<6).map { -(Double($0) - 2.3) * (Double($0) - 2.3) }
        #expect(Peak.index(of: values) == 2 && abs(Peak.place(of: values) - 2.3) < 1e-9)
        #expect(Peak.place(of: [1, 2, 3]) == 2 && Peak.place(of: [3, 2, 1]) == 0)
        #expect(Peak.index(of: [1, .nan, 3]) == nil && Peak.place(of: [1, .nan, 3]).isNaN)
        #expect(Peak.index(of: [1, 2, 2, 0]) == 1)
    }

    @Test func ensemblesAreAsCautiousAsTheySay() {
        let scores = [[1.0, 4], [3, 4], [5, 4]]
        #expect(ConservativeScore.mean.combined(scores) == [3, 4])
        #expect(ConservativeScore.worst.combined(scores) == [1, 4])
        let bound = ConservativeScore.lowerBound(deviations: 2).combined(scores)
        #expect(abs(bound[0] - (3 - 2 * (8.0 / 3).squareRoot())) < 1e-9 && abs(bound[1] - 4) < 1e-9)
    }

    private func task(cost: Double = 0.2) -> OveroptimizationTask {
        OveroptimizationTask(dimension: 16, cost: cost, samples: 20_000, key: RandomKey(4))
    }

    @Test func whatIsWantedHasMeanZeroAndTasksOfAKeyShareTheirPool() {
        let task = task()
        #expect(abs(Statistics.mean(task.gold)) < 0.05)
        #expect(abs(task.cosine(task.direction) - 1) < 1e-12)
        let free = self.task(cost: 0)
        #expect(free.direction == task.direction && free.gold == task.scores(task.direction))
        #expect(task.comparisons(5, rationality: 3).differences == free.comparisons(5, rationality: 3).differences)
    }

    @Test func theMeanUnderAShiftIsTheClosedForm() {
        let (task, w) = (task(), [1.0] + [Double](repeating: 0, count: 15))
        for d in [0.5, 1.0, 2.0] {
            let exact = 2.0.squareRoot() * d * task.cosine(w) - 0.4 * d * d
            #expect(abs(task.shiftedMean(along: w, distance: d, samples: 20_000) - exact) < 0.08)
        }
    }

    @Test func theFitOfAShiftIsTheClosedForm() {
        // N(√2 d w, I) has the mean √2 cos(w, a) d - 2 c d²: what the quadratic form must return, not a finding.
        let distances = stride(from: 0.25, through: 4, by: 0.25).map { $0 }
        for (cost, seed) in [(0.2, 1), (0.2, 2), (0, 3)] as [(Double, UInt64)] {
            let task = OveroptimizationTask(dimension: 16, cost: cost, samples: 40_000, key: RandomKey(seed))
            let w = [0.6, 0.8] + [Double](repeating: 0, count: 14)
            let fit = FrontierFit(
                .quadratic, distances: distances,
                values: distances.map { task.shiftedMean(along: w, distance: $0, samples: 40_000) })
            #expect(abs(fit.alpha - 2.0.squareRoot() * task.cosine(w)) < 0.05)
            #expect(abs(fit.beta - 2 * cost) < 0.02)
        }
    }

    @Test func manyComparisonsTeachTheDirectionAndShuffledOnesDoNot() throws {
        let task = task()
        let answers = task.comparisons(2000, rationality: 3)
        #expect(task.cosine(try OveroptimizationTask.learned(answers, penalty: 1)) > 0.95)
        #expect(abs(task.cosine(try OveroptimizationTask.learned(task.shuffled(answers), penalty: 1))) < 0.75)
        let ensemble = try task.ensemble(answers, members: 3, penalty: 1)
        #expect(Set(ensemble).count == 3 && ensemble.allSatisfy { task.cosine($0) > 0.9 })
    }

    @Test func choosingByWhatIsWantedHasNoHump() throws {
        var study = OveroptimizationStudy()
        (study.samples, study.comparisons, study.largest) = (4096, [20], 512)
        #expect(study.sizes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
        let found = try study.run(study.estimator, key: RandomKey(2))
        #expect(zip(found.ideal.gold, found.ideal.gold.dropFirst()).allSatisfy { $0 < $1 })
        #expect(found.ideal.gold == found.ideal.proxy)
        let outcome = found.outcomes[0]
        #expect(zip(outcome.single.proxy, outcome.single.proxy.dropFirst()).allSatisfy { $0 < $1 })
        #expect((outcome.single.gold.last ?? 0) < (outcome.costless.gold.last ?? 0))
    }

    @Test func resultsComeFromTheMeanCurves() throws {
        var study = OveroptimizationStudy()
        (study.samples, study.comparisons, study.largest, study.members) = (1024, [40, 20], 128, 2)
        let tasks = try (0..<8).map { try study.run(study.estimator, key: RandomKey(5)[$0]) }
        let results = OveroptimizationResults(study, tasks, key: RandomKey(6))
        #expect(study.counts == [20, 40] && results.outcomes(20).allSatisfy { $0.comparisons == 20 })
        #expect(results.outcomes(30).isEmpty)
        let mean = results.gold(20, \.single).mean
        #expect(results.fall(20) == (mean.max() ?? 0) - (mean.last ?? 0))
        #expect(mean.firstIndex(of: mean.max() ?? 0).map { Double(study.sizes[$0]) } == results.bestN(20))
        #expect(results.delay(20, \.single).doublings == 0 && results.peak(20).interval != nil)
        var measured = Measurements(seeds: [5])
        results.measure(&measured)
        #expect(measured[OveroptimizationResults.fall(20)] == [results.fall(20)])
        #expect(measured[OveroptimizationResults.worstDelay].count == 1)
        #expect(results.metrics(20, measured).map(\.name).contains("gold_at_128_20"))
    }

    @Test func belowEightTasksThereAreNoIntervals() throws {
        var study = OveroptimizationStudy()
        (study.samples, study.comparisons, study.largest, study.members) = (64, [20], 16, 2)
        let tasks = try (0..<3).map { try study.run(study.estimator, key: RandomKey(5)[$0]) }
        let results = OveroptimizationResults(study, tasks, key: RandomKey(6))
        var measured = Measurements(seeds: [5])
        results.measure(&measured)
        #expect(results.peak(20).interval == nil && measured[OveroptimizationResults.worstDelay].isEmpty)
        #expect(
            measured.reason(OveroptimizationResults.cautiousDelay) == "an interval needs 8 tasks, there are 3")
        #expect(results.metrics(20, measured).allSatisfy { $0.interval == nil })
        #expect(results.bestOfN(measured).series.allSatisfy { $0.lower == nil })
    }

    @Test func settingsThatDoNotFitTogetherAreNamed() throws {
        func complaint(_ change: (inout OveroptimizationStudy) -> Void) -> String {
            var study = OveroptimizationStudy()
            change(&study)
            return #expect(throws: SettingsError.self) { try study.check() }?.description ?? ""
        }
        try OveroptimizationStudy().check()
        #expect(complaint { $0.largest = 16_384 }.contains("--largest 16384 and --samples 32768"))
        #expect(complaint { ($0.samples, $0.dimension) = (1 << 22, 256) }.contains("--dimension 256"))
        #expect(complaint { $0.comparisons = [20, 20] }.contains("--comparisons"))
        #expect(complaint { $0.comparisons = [] }.contains("--comparisons"))
    }
}
