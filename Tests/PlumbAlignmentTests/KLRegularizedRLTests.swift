import Foundation
import PlumbLearning
import PlumbRecords
import PlumbTensor
import Testing

@testable import PlumbAlignment

@Suite struct SequenceTaskTests {
    private let task = SequenceTask(prompts: 2, vocabulary: 3, length: 2, spread: 1, key: RandomKey(3))

    @Test func textsAreCountedTokenByToken() {
        // A prompt has 1 + 3 contexts, of 3 logits each; text 5 of a prompt is the tokens 1, 2.
        #expect(task.sequences == 9 && task.reference.logits.shape == [8, 3])
        #expect(Array(task.places(of: 5)) == [1, 3 * (1 + 1) + 2])
        #expect(task.contexts(of: 5) == [0, 2])
        // Text 6 of the second prompt, whose contexts are 4 on: the tokens 2, 0.
        #expect(Array(task.places(of: 9 + 6)) == [12 + 2, 12 + 3 * (1 + 2)])
        #expect(task.contexts(of: 9 + 6) == [4, 7])
    }

    @Test func probabilitiesAreProductsAndSumToOne() {
        let rows = (0..<8).map { task.reference.logits[$0].softmax().elements.map(Double.init) }
        let found = task.distribution(task.reference)
        #expect(abs(found[5] - rows[0][1] * rows[2][2]) < 1e-6)
        #expect(abs(found[15] - rows[4][2] * rows[7][0]) < 1e-6)
        for prompt in 0..<2 { #expect(abs(found[task.range(prompt)].reduce(0, +) - 1) < 1e-6) }
        #expect(zip(task.distribution(task.uniform), found).contains { abs($0 - $1) > 0.05 })
    }

    @Test func drawsHaveThePolicysDistribution() {
        var random = RandomKey(5).generator()
        let drawn = task.reference.drawn(20_000, task, using: &random)
        var counts = [Double](repeating: 0, count: 18)
        for text in drawn { counts[text] += 1.0 / 20_000 }
        let expected = task.distribution(task.reference)
        #expect(task.mean(ExactDivergence.totalVariation, counts, expected) < 0.02)
    }

    @Test func theOptimumIsThatOfEachPrompt() {
        let optimum = task.optimum(weight: 0.5), reference = task.distribution(task.reference)
        for prompt in 0..<2 {
            let range = task.range(prompt)
            let weights = range.map { reference[$0] * exp(task.rewards[$0] / 0.5) }
            let sum = weights.reduce(0, +)
            #expect(zip(optimum[range], weights).allSatisfy { abs($0 - $1 / sum) < 1e-9 })
        }
        #expect(task.rewarded(2).rewards == [Double](repeating: 2, count: 18))
    }
}

@Suite struct KLRegularizedStudyTests {
    private var small: KLRegularizedStudy {
        var study = KLRegularizedStudy()
        (study.prompts, study.vocabulary, study.length, study.rounds, study.texts) = (1, 3, 2, 150, 256)
        return study
    }

    @Test func methodsReachTheOptimumAndPublishedGRPODoesNot() throws {
        let outcome = try small.run(key: RandomKey(1))
        #expect(outcome.distance > 0.1)
        for (course, method) in zip(outcome.courses, KLRegularizedStudy.methods) {
            #expect(course.variation.last ?? 1 < 0.02, "\(method.name): \(course.variation.last ?? .nan)")
            #expect(abs(course.variation[0] - outcome.distance) < 1e-6)
        }
        for course in outcome.constant {
            #expect(course.divergence[0] > 0.01 && course.divergence.last ?? 1 < 1e-3)
        }
        #expect(outcome.published.variation.last ?? 0 > 0.05)
    }

    @Test func settingsThatDoNotFitAreRefused() {
        var study = small
        study.texts = 100
        #expect(throws: SettingsError("--texts 100: it must be a multiple of --group 8")) { try study.check() }
        (study.texts, study.vocabulary, study.length) = (64, 64, 8)
        #expect(throws: SettingsError.self) { try study.check() }
    }
}
