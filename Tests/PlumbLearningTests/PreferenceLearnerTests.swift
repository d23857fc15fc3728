import Foundation
import PlumbLearning
import PlumbTensor
import PlumbWorlds
import Testing

@Suite struct PreferenceLearnerTests {
    @Test func theLossIsTheCrossEntropyOfReturnDifferences() {
        // Rewards 1, 2, 4. Steps 0, 1 against 2: R₁ - R₂ = -1; step 2 twice against 0, 1: +5.
        let batch = PreferenceBatch(visits: Tensor([1, 1, -1, -1, -1, 2], shape: [2, 3]), mu: Tensor([1, 0.5]))
        let rewards = Tensor([1, 2, 4])
        #expect(batch.returnDifferences(rewards).elements == [-1, 5])
        func entropy(_ x: Double, _ mu: Double) -> Double {
            -mu * log(1 / (1 + exp(-x))) - (1 - mu) * log(1 / (1 + exp(x)))
        }
        let expected = (entropy(-1, 1) + entropy(5, 0.5)) / 2
        #expect(abs(Double(batch.loss(rewards).item) - expected) < 1e-6)
        // The gradient: (σ(Δ) - μ) / B times the visits.
        let slope = gradient(at: rewards) { batch.loss($0) }.elements
        let (a, b) = (1 / (1 + exp(1.0)) - 1, 1 / (1 + exp(-5.0)) - 0.5)
        let found = [a - b, a - b, -a + 2 * b].map { $0 / 2 }
        #expect(zip(slope, found).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    }

    @Test func membersAreNormalizedBeforeTheyAreAveraged() {
        // The second is ten times as loud and must not count more; the third says nothing.
        let mean = RewardEnsemble.normalizedMean([[0, 2, 1], [10, -10, 0], [5, 5, 5]])
        #expect(mean.allSatisfy { abs($0) < 1e-12 })
        let one = RewardEnsemble.normalizedMean([[1, 3]])
        #expect(one == [-1, 1])
    }

    @Test func queriesAreThoseOnWhichMembersDiffer() {
        // Probabilities .5/.5, σ(±4), .5/σ(4): variances 0, large, small.
        let differences = [[0.0, 4, 0, 4], [0.0, -4, 4, 4]]
        let scores = QuerySelection.disagreement(differences)
        let p = 1 / (1 + exp(-4.0))
        #expect(abs(scores[1] - (p - 0.5) * (p - 0.5)) < 1e-12 && abs(scores[2] - (p - 0.5) * (p - 0.5) / 4) < 1e-12)
        #expect(QuerySelection.disagreement.chosen(2, differences: differences) == [1, 2])
        #expect(QuerySelection.disagreement.chosen(3, differences: differences) == [0, 1, 2])
        #expect(QuerySelection.random.chosen(2, differences: differences) == [0, 1])
    }

    private func comparisons(_ count: Int, key: RandomKey) -> [Comparison<Int>] {
        // Cells 0..<8 in a row, and the reward is the cell's number.
        var random = key.generator()
        let teacher = BoltzmannTeacher(rationality: .infinity, incomparable: 0.1)
        return (0..<count).map { _ in
            let segments = (0..<2).map { _ in (0..<3).map { _ in random.index(below: 8) } }
            return teacher.compare(segments[0], segments[1], using: &random) { Double($0) }
        }
    }

    private func learner(_ comparisons: [Comparison<Int>]) throws -> PreferenceLearner<Int> {
        var settings = PreferenceLearner<Int>.Settings()
        (settings.members, settings.hidden, settings.steps) = (3, [16], 150)
        (settings.learningRate, settings.weightDecay) = (0.002, 0)
        var learner = PreferenceLearner<Int>(inputs: 1, settings: settings, key: RandomKey(3)) { [Float($0) / 4 - 1] }
        try learner.add(comparisons)
        try learner.fit(key: RandomKey(4))
        return learner
    }

    @Test func anOrderIsLearnedFromAnswers() throws {
        let answers = comparisons(120, key: RandomKey(1))
        let learner = try learner(answers)
        #expect(learner.count == answers.count { $0.mu != nil } && learner.count < 120)
        let reward = try learner.reward(of: Array(0..<8))
        #expect(Statistics.spearman(reward, (0..<8).map(Double.init)) > 0.95)
        #expect(abs(Statistics.mean(reward)) < 1e-6)
        // Turned answers give the opposite order.
        let turned = try self.learner(answers.map { Comparison($0.first, $0.second, mu: $0.mu.map { 1 - $0 }) })
        #expect(Statistics.spearman(try turned.reward(of: Array(0..<8)), (0..<8).map(Double.init)) < -0.95)
    }

    @Test func membersLearnFromDifferentSamplesAndKeysDecide() throws {
        let answers = comparisons(40, key: RandomKey(6))
        let learner = try learner(answers)
        let rewards = try learner.memberRewards(of: Array(0..<8))
        #expect(rewards.count == 3 && Set(rewards).count == 3)
        #expect(try self.learner(answers).memberRewards(of: Array(0..<8)) == rewards)
    }

    @Test func nothingIsLearnedFromNothing() throws {
        let untrained = try learner([]).memberRewards(of: [0, 7])
        let silent = try learner([Comparison([1], [2], mu: nil)]).memberRewards(of: [0, 7])
        #expect(untrained == silent)
        // Segments of the same steps tell no reward from another.
        let same = try learner([Comparison([1, 2], [2, 1], mu: 1)]).memberRewards(of: [0, 7])
        #expect(same == untrained)
    }

    @Test func featuresMustKeepTheirShapeAndBeFinite() throws {
        var learner = PreferenceLearner<Int>(inputs: 2, key: RandomKey(1)) { $0 < 5 ? [1, Float($0)] : [1] }
        let error = #expect(throws: PreferenceError.self) { try learner.add([Comparison([1], [7], mu: 1)]) }
        #expect(error?.description.contains("1 numbers, and the reward network reads 2") == true)
        let broken = PreferenceLearner<Int>(inputs: 1, key: RandomKey(1)) { _ in [.nan] }
        #expect(throws: PreferenceError.self) { try broken.reward(of: [0]) }
    }
}
