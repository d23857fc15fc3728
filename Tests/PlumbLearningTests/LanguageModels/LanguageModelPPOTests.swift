import Foundation
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbLearning

@Suite struct TokenRewardTests {
    private func near(_ a: [Double], _ b: [Double]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 }
    }

    @Test func eachTokenPaysForLeavingTheReferenceAndTheLastGetsTheScore() {
        // -½ (-1 + 2), -½ (-3 + 1), 2 - ½ (-2 + 2).
        let rewards = TokenRewards.penalized(
            score: 2, logProbabilities: [-1, -3, -2], reference: [-2, -1, -2], weight: 0.5)
        #expect(near(rewards, [-0.5, 1, 2]))
        #expect(TokenRewards.penalized(score: 2, logProbabilities: [], reference: [], weight: 0.5).isEmpty)
    }

    @Test func advantagesAreThoseOfTheDefinition() {
        // δ = (-0.5 + 1 - 0.5, 1 + 0.5 - 1, 2 - 0.5), λ = ½.
        let found = TokenRewards.advantages(
            rewards: [-0.5, 1, 2], values: [0.5, 1, 0.5], discount: 1, lambda: 0.5)
        #expect(near(found, [0 + 0.5 * (0.5 + 0.5 * 1.5), 0.5 + 0.5 * 1.5, 1.5]))
        #expect(TokenRewards.advantages(rewards: [], values: [], discount: 1, lambda: 1).isEmpty)
    }

    @Test func theAdaptiveWeightFollowsTheDivergence() {
        let adaptive = AdaptiveKLWeight(target: 4)
        #expect(abs(adaptive.next(0.1, divergence: 4) - 0.1) < 1e-12)
        #expect(abs(adaptive.next(0.1, divergence: 4.4) - 0.101) < 1e-12, "10 % too far: 1 % more")
        #expect(abs(adaptive.next(0.1, divergence: 400) - 0.102) < 1e-12, "never more than a fifth of the gain")
        #expect(abs(adaptive.next(0.1, divergence: 0) - 0.098) < 1e-12)
    }
}

@Suite struct LanguageModelPPOTests {
    /// A model of three tokens, whose first is the prompt.
    private func model(_ seed: UInt64 = 0, vocabulary: Int = 3) throws -> HookedTransformer {
        try HookedTransformer(
            TransformerConfiguration(
                architecture: .gpt2, layers: 1, width: 8, heads: 2, vocabulary: vocabulary, context: 4),
            key: RandomKey(seed), initialization: .scaled())
    }

    private var ppo: LanguageModelPPO {
        var ppo = LanguageModelPPO()
        (ppo.maxTokens, ppo.passes, ppo.batch, ppo.learningRate) = (1, 2, 64, 0.01)
        (ppo.valueClip, ppo.valueWeight) = (nil, 0.5)
        return ppo
    }

    private func probabilities(_ model: HookedTransformer) -> [Double] {
        model.run([0]).output[0].softmax().elements.map(Double.init)
    }

    private func trained(
        _ ppo: LanguageModelPPO, from start: HookedTransformer, near reference: HookedTransformer, rounds: Int,
        score: ([Completion]) -> [Double]
    ) throws -> LanguageModelPPO.State<FullFineTuning> {
        var state = ppo.start(from: start)
        let prompts = Array(repeating: [0], count: 256)
        for round in 0..<rounds {
            // Smaller steps towards the end, so that the optimum is met rather than circled.
            state.optimizer.learningRate = ppo.learningRate * (1 - Double(round) / Double(rounds))
            _ = try ppo.advance(&state, from: reference, prompts: prompts, key: RandomKey(9), score: score)
        }
        return state
    }

    @Test func itFindsTheOptimumThatIsKnown() throws {
        let (reference, rewards) = (try model(), [0.0, 1, -0.5])
        var ppo = ppo
        ppo.penalty = 0.5
        let state = try trained(ppo, from: reference, near: reference, rounds: 100) {
            $0.map { rewards[$0.tokens[0]] }
        }
        let before = probabilities(reference)
        let weights = zip(before, rewards).map { $0 * exp($1 / 0.5) }
        let optimum = weights.map { $0 / weights.reduce(0, +) }
        func distance(_ p: [Double]) -> Double { zip(p, optimum).reduce(0) { $0 + abs($1.0 - $1.1) } / 2 }
        #expect(distance(before) > 0.2, "there is something to learn")
        #expect(distance(probabilities(state.model.policy)) < 0.03, "\(probabilities(state.model.policy)) \(optimum)")
        #expect(state.rounds == 100 && state.penalty == 0.5)
    }

    @Test func aConstantScoreLeadsBackToTheReference() throws {
        let (start, reference) = (try model(1), try model(2))
        func divergence(_ policy: HookedTransformer) -> Double {
            Double(policy.run([0]).output.klDivergence(to: reference.run([0]).output).item)
        }
        var ppo = ppo
        ppo.penalty = 0.5
        #expect(divergence(start) > 0.05)
        let state = try trained(ppo, from: start, near: reference, rounds: 100) { $0.map { _ in 0.7 } }
        #expect(divergence(state.model.policy) < 1e-3)
    }

    @Test func divergencesAreThoseOfTheTokensDistributions() throws {
        let (policy, reference) = (try model(3), try model(4))
        var ppo = ppo
        ppo.maxTokens = 3
        var state = ppo.start(from: policy)
        let round = try ppo.advance(&state, from: reference, prompts: [[0], [1, 2]], key: RandomKey(5)) {
            $0.map { _ in 0 }
        }
        #expect(round.completions.map(\.tokens.count) == [3, 3])
        for (completion, found) in zip(round.completions, round.divergences) {
            let read = Array(completion.text.dropLast())
            let rows = policy.run(read).output.klDivergences(to: reference.run(read).output).elements
            let expected = rows[(completion.prompt.count - 1)...].reduce(0) { $0 + Double($1) }
            #expect(abs(found - expected) < 1e-5)
        }
    }

    @Test func aKeptStateGoesOnBitForBit() throws {
        let reference = try model()
        var ppo = ppo
        ppo.maxTokens = 2
        func run(_ state: inout LanguageModelPPO.State<FullFineTuning>, _ rounds: Int) throws {
            for _ in 0..<rounds {
                _ = try ppo.advance(
                    &state, from: reference, prompts: Array(repeating: [0], count: 8), key: RandomKey(3)
                ) { $0.map { Double($0.tokens[0]) } }
            }
        }
        var whole = ppo.start(from: reference)
        try run(&whole, 4)
        var parts = ppo.start(from: reference)
        try run(&parts, 1)
        var kept = parts
        try run(&kept, 3)
        #expect(zip(whole.model.parameters, kept.model.parameters).allSatisfy { $0.tensor == $1.tensor })
        #expect(zip(whole.model.parameters, parts.model.parameters).contains { $0.tensor != $1.tensor })
    }

    @Test func aScoreThatIsNoNumberIsNamed() throws {
        let reference = try model()
        var state = ppo.start(from: reference)
        let error = #expect(throws: FitError.self) {
            _ = try ppo.advance(&state, from: reference, prompts: [[0], [1]], key: RandomKey(0)) { _ in [1, .nan] }
        }
        #expect(error?.description.contains("round 0 needs a finite score for each of 2 texts") == true)
        #expect(state.rounds == 0)
    }
}
