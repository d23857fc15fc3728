import Foundation
import PlumbLearning
import PlumbModels
import PlumbTensor
import Testing

@Suite struct RewardModelTests {
    private func model(_ seed: UInt64 = 0) throws -> RewardModel {
        let sizes = TransformerConfiguration(
            architecture: .gpt2, layers: 1, width: 16, heads: 2, vocabulary: 8, context: 6)
        return RewardModel(
            try HookedTransformer(sizes, key: RandomKey(seed), initialization: .scaled()), key: RandomKey(seed))
    }

    private func texts(_ count: Int, seed: UInt64) -> [[Int]] {
        var random = RandomKey(seed).generator()
        return (0..<count).map { _ in (0..<6).map { _ in random.index(below: 8) } }
    }

    @Test func theLossIsThatOfTheFormula() {
        // chosen - rejected - margin: 0 and log 3; sums 2 and 1.
        let (chosen, rejected) = (Tensor([1.5, Float(log(3.0)) + 1]), Tensor([0.5, 0]))
        let loss = RewardLoss.comparison(chosen: chosen, rejected: rejected, margin: 1)
        #expect(abs(Double(loss.item) - (log(2.0) + log(4.0 / 3)) / 2) < 1e-6)
        let centered = RewardLoss.comparison(chosen: Tensor([1, 0]), rejected: Tensor([1, 1]), centering: 0.1)
        #expect(abs(Double(centered.item) - (log(2.0) + log(1 + exp(1.0))) / 2 - 0.1 * (4 + 1) / 2) < 1e-6)
    }

    @Test func aTextsRewardDoesNotDependOnItsNeighbors() throws {
        let model = try model()
        let batch = [[1, 2, 3], [4], [5, 6, 7, 0, 1]]
        let together = model.rewards(batch: batch).elements
        #expect(together == batch.flatMap { model.rewards(batch: [$0]).elements })
        #expect(model.scores(batch, rows: 2) == together.map(Double.init))
    }

    @Test func normalizationKeepsTheOrder() throws {
        let (model, texts) = (try model(), texts(64, seed: 3))
        let normalized = model.normalized(on: texts)
        let (before, after) = (model.scores(texts), normalized.scores(texts))
        #expect(abs(Statistics.mean(after)) < 1e-4 && abs(Statistics.centered(after).deviation - 1) < 1e-4)
        #expect(Statistics.pearson(before, after) > 0.9999)
    }

    @Test func itLearnsFromComparisonsAndFromScores() throws {
        // What is preferred: more of token 3.
        func worth(_ text: [Int]) -> Double { Double(text.count { $0 == 3 }) }
        let pairs = zip(texts(400, seed: 1), texts(400, seed: 2)).filter { worth($0) != worth($1) }.map {
            worth($0) > worth($1) ? TextComparison(chosen: $0, rejected: $1) : TextComparison(chosen: $1, rejected: $0)
        }
        let fresh = texts(200, seed: 7)
        let training = RewardModelTraining(steps: 150, batch: 32, learningRate: 3e-3)
        let learned = try training.run(model(), on: pairs, key: RandomKey(1))
        #expect(Statistics.spearman(learned.scores(fresh), fresh.map(worth)) > 0.8)
        let fitted = try training.run(
            model(), on: texts(400, seed: 1), scores: texts(400, seed: 1).map(worth), key: RandomKey(1))
        #expect(Statistics.spearman(fitted.scores(fresh), fresh.map(worth)) > 0.8)
        let error = #expect(throws: FitError.self) { try training.run(model(), on: [], key: RandomKey(1)) }
        #expect(error?.description == "reward has nothing to learn from: give it a comparison or more")
    }

    @Test func aSavedRewardIsReadWithTheSameScores() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("reward-\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: url) }
        let (model, texts) = (try model(5), texts(8, seed: 5))
        try model.save(to: url)
        #expect(try RewardModel.load(url.path).scores(texts) == model.scores(texts))
    }
}
