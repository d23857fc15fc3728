import Foundation
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct BoltzmannTeacherTests {
    @Test func theProbabilityIsTheLogisticOfTheDifference() {
        let teacher = BoltzmannTeacher(rationality: 2)
        #expect(abs(teacher.preference(first: 1.5, second: 1) - 1 / (1 + exp(-1))) < 1e-12)
        #expect(teacher.preference(first: 3, second: 3) == 0.5)
        // One answer in ten is random.
        let noisy = BoltzmannTeacher(rationality: 2, noise: 0.1)
        #expect(abs(noisy.preference(first: 1.5, second: 1) - (0.9 / (1 + exp(-1)) + 0.05)) < 1e-12)
        let certain = BoltzmannTeacher(rationality: .infinity, noise: 0.5)
        #expect(certain.preference(first: 2, second: 1) == 0.75 && certain.preference(first: 1, second: 2) == 0.25)
        #expect(certain.preference(first: 1, second: 1) == 0.5)
    }

    @Test func answersComeAsOftenAsTheirProbability() {
        let teacher = BoltzmannTeacher(rationality: 1, noise: 0.2, tieMargin: 0.5, incomparable: 0.25)
        var random = RandomKey(5).generator()
        var counts: [PreferenceAnswer: Int] = [:]
        let total = 40_000
        for _ in 0..<total { counts[teacher.answer(first: 1, second: 0, using: &random), default: 0] += 1 }
        let first = 0.75 * (0.8 / (1 + exp(-1)) + 0.1)
        #expect(abs(Double(counts[.incomparable] ?? 0) / Double(total) - 0.25) < 0.01)
        #expect(abs(Double(counts[.first] ?? 0) / Double(total) - first) < 0.01)
        #expect(counts[.equal] == nil)
        #expect(
            (0..<50).allSatisfy { _ in
                [.equal, .incomparable].contains(teacher.answer(first: 1, second: 0.5, using: &random))
            })
    }

    @Test func segmentsAreComparedByTheSumOfTheirRewards() {
        let teacher = BoltzmannTeacher(rationality: .infinity)
        var random = RandomKey(1).generator()
        let found = teacher.compare([1, 2], [0, 2], using: &random) { Double($0) }
        #expect(found == Comparison([1, 2], [0, 2], mu: 1))
        #expect(teacher.compare([1], [1, 1], using: &random) { Double($0) }.mu == 0)
        #expect(PreferenceAnswer.allCases.map(\.mu) == [1, 0, 0.5, nil])
    }

    @Test func shufflingDealsTheSameAnswersOutAnew() {
        let comparisons = (0..<60).map { Comparison([$0], [$0 + 1], mu: $0 < 20 ? 1 : $0 < 40 ? 0 : nil) }
        var random = RandomKey(2).generator()
        let shuffled = Comparison.shufflingAnswers(comparisons, using: &random)
        #expect(
            shuffled.map(\.first) == comparisons.map(\.first) && shuffled.map(\.second) == comparisons.map(\.second))
        #expect(shuffled.map(\.mu) != comparisons.map(\.mu))
        #expect(shuffled.count { $0.mu == 1 } == 20 && shuffled.count { $0.mu == nil } == 20)
    }
}
