import Foundation
import PlumbLearning
import PlumbNN
import PlumbTensor
import Testing

/// For one step the optimum of E[r] - β KL(π ‖ π_ref) is known: π* ∝ π_ref exp(r / β).
@Suite struct KLPenaltyTests {
    private let reference = [0.5, 0.0, -0.5, 1, 0.2, -1, 0.8, 0]
    private let rewards = [0.1, 0.9, 0.4, -0.3, 0.7, 1.0, 0.0, 0.5]
    private let beta = 0.5

    private var optimum: [Double] {
        let weights = zip(reference, rewards).map { exp($0 + $1 / beta) }
        return weights.map { $0 / weights.reduce(0, +) }
    }

    private func distance(_ p: [Double], _ q: [Double]) -> Double {
        zip(p, q).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
    }

    private func divergence(_ p: [Double], _ q: [Double]) -> Double {
        zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
    }

    private func train(_ start: [Double], paying rewards: [Double], seed: UInt64) throws -> [Double] {
        var method = REINFORCE<Logits>()
        method.penalty = KLPenalty(reference: Logits(reference), weight: beta)
        var training = AgentTraining(steps: 128_000)
        training.lanes = 256
        training.schedule = .linear(warmup: 0, total: 128_000, floor: 0.02)
        return try training.run(
            method, Logits(start), optimizer: Adam(learningRate: 0.05), in: Bandit(rewards: rewards),
            key: RandomKey(seed)
        ).network.probabilities
    }

    @Test func thePolicyGradientFindsTheOptimumThatIsKnown() throws {
        let before = distance(Logits(reference).probabilities, optimum)
        #expect(before > 0.3, "there is something to learn")
        for seed in 1...3 as ClosedRange<UInt64> {
            let found = try train(reference, paying: rewards, seed: seed)
            #expect(distance(found, optimum) < 0.02, "seed \(seed): \(found)")
        }
    }

    @Test func aConstantRewardLeadsBackToTheReference() throws {
        let target = Logits(reference).probabilities
        let uniform = [Double](repeating: 0, count: 8)
        #expect(divergence(Logits(uniform).probabilities, target) > 0.1)
        for seed in 1...3 as ClosedRange<UInt64> {
            let stayed = try train(reference, paying: [Double](repeating: 0.7, count: 8), seed: seed)
            #expect(divergence(stayed, target) < 1e-3, "seed \(seed): \(stayed)")
            let returned = try train(uniform, paying: [Double](repeating: 0.7, count: 8), seed: seed)
            #expect(divergence(returned, target) < 1e-3, "seed \(seed): \(returned)")
        }
    }
}
