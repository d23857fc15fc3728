import PlumbData
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbTensor
import Testing

@testable import PlumbAlignment

@Suite struct LanguageModelOveroptimizationTests {
    private typealias Study = LanguageModelOveroptimizationStudy
    private typealias Results = LanguageModelOveroptimizationResults

    @Test func varietyCountsDifferentLettersOfTheCompletion() {
        let letters: Set = [1, 2, 3, 4]
        let completion = Completion(prompt: [4, 4], tokens: [1, 2, 1, 0, 0, 3])
        #expect(LanguageRewardTask.variety(completion, letters) == 3, "neither the prompt nor token 0 counts")
    }

    @Test func changedTextsKeepPromptAndLengthAndRangeFarther() {
        var random = RandomKey(1).generator()
        let texts = (0..<200).map { _ in
            Completion(prompt: [7, 8], tokens: (0..<16).map { _ in random.index(below: 10) })
        }
        let changed = LanguageRewardTask.changed(texts, symbols: 30, key: RandomKey(2))
        #expect(zip(texts, changed).allSatisfy { $0.prompt == $1.prompt && $0.tokens.count == $1.tokens.count })
        #expect(LanguageRewardTask.changed(texts, symbols: 30, key: RandomKey(2)) == changed)
        func range(_ texts: [Completion]) -> (Int, Int) {
            let counts = texts.map { Set($0.tokens).count }
            return (counts.min() ?? 0, counts.max() ?? 0)
        }
        #expect(range(changed).0 < range(texts).0 && range(changed).1 > range(texts).1)
    }

    @Test func randomLabelsKeepThePairs() {
        let pairs = (0..<100).map { TextComparison(chosen: [$0], rejected: [-$0 - 1]) }
        let shuffled = LanguageRewardTask.shuffled(pairs, key: RandomKey(1))
        #expect(zip(pairs, shuffled).allSatisfy { Set([$0.chosen, $0.rejected]) == Set([$1.chosen, $1.rejected]) })
        let kept = zip(pairs, shuffled).count { $0 == $1 }
        #expect((30...70).contains(kept))
    }

    @Test func everyRewardIsOptimizedOnce() {
        var study = Study()
        (study.labels, study.proxyWidths, study.penalties) = ([50, 10, 20], [32, 8], [0.5, 0, 0.1])
        #expect(study.proxies.map(\.comparisons) == [10, 20, 50, 20, 50] && study.middle == 20)
        #expect(study.runs.count == 3 + 1 + 2 + 1 + 1 && Set(study.runs).count == study.runs.count)
        #expect(study.main.penalty == 0 && study.penalized.penalty == 0.5 && study.random.comparisons == 50)
        #expect(Set(study.runs.map(\.name)).count == study.runs.count)
    }

    @Test func curvesSayWhatFell() {
        let condition = Study().main
        let curve = Results.Curve(
            condition: condition, distances: [1, 2, 3, 4, 5], optimized: [0, 1, 2, 3, 5],
            gold: [0, 1, 0.8, 0.2, 0], property: [0, 0, 0, 0, 0])
        #expect(curve.peak == 1 && curve.peakDistance == 2)
        // The last quarter of five points, rounded up, is two.
        #expect(abs(curve.fall - 0.9) < 1e-12 && abs(curve.gainAfterPeak - 3) < 1e-12 && abs(curve.gap - 3.9) < 1e-12)
    }

    @Test func aSeedGivesTheSameOutcomeAndEveryQuantity() throws {
        let (study, text) = (Study.tiny, String(repeating: "the quick brown fox jumps over a lazy dog. ", count: 40))
        let outcome = try study.run(on: text, key: RandomKey(3), in: .silent)
        let again = try study.run(on: text, key: RandomKey(3), in: .silent)
        #expect(outcome.ppo == again.ppo && outcome.bestOfN == again.bestOfN)
        #expect(outcome.ppo.map(\.condition) == study.runs)
        #expect(outcome.ppo.allSatisfy { $0.distances.count == 4 && $0.distances[0] < 1e-3 })
        let first = outcome.bestOfN[0]
        #expect(first.distances.count == study.choices.count && first.distances[0] == 0)
        for curve in outcome.bestOfN {
            #expect(zip(curve.optimized, curve.optimized.dropFirst()).allSatisfy { $0 < $1 })
            #expect(abs(curve.gold[0] - first.gold[0]) < 1e-6, "nothing is chosen at n = 1")
        }
        let results = Results(study, [outcome, again])
        var measured = Measurements(seeds: [3, 4])
        results.measure(&measured)
        #expect(results.seedTables.allSatisfy { $0.rows.count == study.runs.count && $0.columns.count == 2 })
        for quantity in [
            Results.widthGap, Results.chosenWidthGap, Results.fall, Results.gain, Results.idealFall, Results.peakGain,
            Results.chosenGold,
        ] {
            #expect(measured[quantity].count == 2)
        }
        #expect(results.table.rows.count == study.proxies.count + 1 + study.runs.count)
        #expect(results.texts.prompts.count == 6)
    }

    @Test func settingsThatDoNotFitTogetherAreNamed() throws {
        func complaint(_ change: (inout Study) -> Void) -> String {
            var study = Study()
            change(&study)
            return #expect(throws: SettingsError.self) { try study.check() }?.description ?? ""
        }
        try Study().check()
        #expect(complaint { $0.labels = [] }.contains("--labels"))
        #expect(complaint { $0.penalties = [1, 1] }.contains("--penalties"))
        #expect(complaint { $0.policyWidth = 30 }.contains("a width of 30"))
        #expect(complaint { $0.goldWidth = 32 }.contains("the gold reward model must be the widest"))
    }
}
