import Foundation
import PlumbLearning
import PlumbNN
import PlumbTensor
import Testing

@Suite struct ReturnsTests {
    @Test func returnsAreDiscountedSums() {
        #expect(Returns.discounted([1, 2, 3], discount: 0.5) == [2.75, 3.5, 3])
        #expect(Returns.discounted([1, 2, 3], discount: 0.5, following: 4) == [3.25, 4.5, 5])
        #expect(Returns.discounted([], discount: 0.5) == [])
    }

    @Test func advantagesStopWhereAnEpisodeEnds() {
        func advantages(_ second: Double) -> [Double] {
            Returns.generalizedAdvantages(
                rewards: [1, 1, 1], values: [0.5, 0.5, 0.5], following: [0.5, second, 1], ends: [false, true, false],
                discount: 0.5, lambda: 0.5)
        }
        // Cut off in a state worth 2: δ = 1 + 0.5 · 2 - 0.5 = 1.5, and before it 0.75 + 0.25 · 1.5.
        #expect(advantages(2) == [1.125, 1.5, 1])
        // Over: δ = 1 - 0.5 = 0.5, and before it 0.75 + 0.25 · 0.5.
        #expect(advantages(0) == [0.875, 0.5, 1])
    }

    @Test func lambdaGoesFromSurprisesToReturns() {
        var random = RandomKey(3).generator()
        let rewards = (0..<20).map { _ in random.normal() }, values = (0..<20).map { _ in random.normal() }
        let following = Array(values.dropFirst()) + [0.7]
        func advantages(_ lambda: Double) -> [Double] {
            Returns.generalizedAdvantages(
                rewards: rewards, values: values, following: following,
                ends: [Bool](repeating: false, count: 20), discount: 0.9, lambda: lambda)
        }
        let returns = Returns.discounted(rewards, discount: 0.9, following: 0.7)
        for step in 0..<20 {
            #expect(abs(advantages(1)[step] - (returns[step] - values[step])) < 1e-12)
            #expect(advantages(0)[step] == rewards[step] + 0.9 * following[step] - values[step])
        }
    }

    @Test func whitenedNumbersHaveMeanZeroAndDeviationOne() {
        let white = Returns.whitened([1, 2, 3])
        #expect(zip(white, [-1, 0, 1]).allSatisfy { abs($0 - $1) < 1e-7 })
        #expect(Returns.whitened([5]) == [5])
        #expect(Returns.whitened([2, 2]) == [0, 0])
    }

    @Test func constantsThatDifferByRoundingAreWhitenedToZero() {
        // The mean of ten equal numbers is not always that number; and 0.1 + 0.2 is not 0.3.
        for constant in [0.1, -0.7, 1e9 / 3, 1e17] {
            #expect(Returns.whitened([Double](repeating: constant, count: 10)) == [Double](repeating: 0, count: 10))
            #expect(RewardEnsemble.normalizedMean([[Double](repeating: constant, count: 10)]).allSatisfy { $0 == 0 })
        }
        #expect(Returns.whitened([1e9 * (0.1 + 0.2), 1e9 * 0.3]) == [0, 0])
        #expect(RewardEnsemble.normalizedMean([[0.1 + 0.2, 0.3]]) == [0, 0])
        #expect(Returns.whitened([1e9, 1e9 + 1]).map { $0.rounded(.toNearestOrEven) } == [-1, 1])
    }
}

@Suite struct PolicyLossTests {
    private func expect(_ tensor: Tensor, _ expected: [Double], _ what: Comment? = nil) {
        #expect(zip(tensor.elements, expected).allSatisfy { abs(Double($0) - $1) < 1e-6 }, what)
        #expect(tensor.count == expected.count, what)
    }

    @Test func thePolicyGradientIsThatOfTheExpectedReturn() {
        // -A (1 - π) for the action taken and A π for the other, with π = ½.
        let logits = Tensor([0, 0, 0, 0], shape: [2, 2])
        let (loss, gradient) = valueWithGradient(at: logits) {
            PolicyLoss.gradient(logProbabilities: $0.logProbabilities(of: [0, 1]), advantages: Tensor([2, -4]))
        }
        expect(loss, [-log(2)])
        expect(gradient, [-0.5, 0.5, -1, 1])
    }

    @Test func theSurrogateIsClippedWhereItWouldGainOnly() {
        // ρ = 1.5, 1.5, 0.5, 0.5 with A = 1, -1, 1, -1: the first and the last are clipped to 1.2 and 0.8.
        let new = Tensor([1.5, 1.5, 0.5, 0.5].map { Float(log($0)) })
        let (loss, gradient) = valueWithGradient(at: new) {
            PolicyLoss.clipped(
                logProbabilities: $0, old: .zeros([4]), advantages: Tensor([1, -1, 1, -1]), clip: 0.2)
        }
        expect(loss, [(-1.2 + 1.5 - 0.5 + 0.8) / 4])
        expect(gradient, [0, 1.5 / 4, -0.5 / 4, 0])
    }

    @Test func aValueGainsNothingByLeavingTheOldOne() {
        // G = 2, V_old = 0, ε = 0.2: at V = 1 the clipped 0.2 is further off; at V = -1 the value itself is.
        let (loss, gradient) = valueWithGradient(at: Tensor([1, -1])) {
            ValueLoss.clipped(values: $0, old: .zeros([2]), returns: Tensor([2, 2]), clip: 0.2)
        }
        expect(loss, [(1.8 * 1.8 + 9) / 4])
        expect(gradient, [0, -1.5])
    }

    @Test func anActorCriticsLossHasThreeParts() {
        let parts = ActorCriticLoss(
            logits: Tensor([0, 0], shape: [1, 2]), values: Tensor([0.5]), actions: [0], advantages: Tensor([2]),
            returns: Tensor([1.5]))
        expect(parts.policy, [2 * log(2)])
        expect(parts.value, [0.5])
        expect(parts.entropy, [log(2)])
        expect(parts.total(valueWeight: 0.5, entropyWeight: 0.01), [2 * log(2) + 0.25 - 0.01 * log(2)])
    }

    @Test func entropyFallsWithConfidence() {
        let (entropy, gradient) = valueWithGradient(at: Tensor([Float(log(3.0)), 0], shape: [1, 2])) {
            $0.entropies().summed()
        }
        // π = (¾, ¼): -¾ log ¾ - ¼ log ¼; its slope is -π (log π + H).
        let h = -0.75 * log(0.75) - 0.25 * log(0.25)
        expect(entropy, [h])
        expect(gradient, [-0.75 * (log(0.75) + h), -0.25 * (log(0.25) + h)])
    }

    @Test func targetsAreRewardsAndWhatTheyLeadTo() {
        let next = Tensor([1, 3, 5, 6, 2, -1], shape: [3, 2])
        let (rewards, over) = (Tensor([1, 1, 1]), Tensor([0, 1, 0]))
        expect(
            TemporalDifference.targets(rewards: rewards, isOver: over, next: next, discount: 0.9), [3.7, 1, 2.8])
        let choosing = Tensor([2, 1, 0, 9, 0, 4], shape: [3, 2])
        expect(
            TemporalDifference.targets(
                rewards: rewards, isOver: over, next: next, choosing: choosing, discount: 0.9), [1.9, 1, 0.1])
        expect(
            TemporalDifference.targets(
                rewards: rewards, isOver: over, next: next, discounts: Tensor([0.9, 0.9, 0.5])), [3.7, 1, 2],
            "each row has a discount of its own")
        let endless = Tensor([.infinity, 0, 0, 0, 0, 0], shape: [3, 2])
        expect(
            TemporalDifference.targets(rewards: rewards, isOver: Tensor([1, 1, 1]), next: endless, discount: 1),
            [1, 1, 1], "what is over is worth its reward")
    }

    @Test func hubersLossOfChosenValuesMovesThemAlone() {
        let (loss, gradient) = valueWithGradient(at: Tensor([0, 1, 5, 0], shape: [2, 2])) {
            $0.chosen([1, 0]).huberLoss(Tensor([1.5, 2]))
        }
        // Distances ½ and 3: ½ · ¼ and 3 - ½.
        expect(loss, [(0.125 + 2.5) / 2])
        expect(gradient, [0, -0.25, 0.5, 0].map { Double($0) })
    }

    @Test func k3OfNearbyPoliciesKeepsItsDigitsAndIsNeverNegative() {
        for difference in [1e-2, 1e-3, 3e-4, 1e-4, 1e-5, 1e-7] as [Float] {
            let p = Tensor([-1, -2, -3.3, -0.7])
            let q = Tensor([-1 + difference, -2 - difference, -3.3 + difference, -0.7 - difference])
            for (value, x) in zip(KLEstimate.k3(logP: p, logQ: q).elements, zip(q.elements, p.elements).map { $0 - $1 })
            {
                // x² / 2 + x³ / 6 + x⁴ / 24 and so on.
                let exact =
                    (2...8).reversed().reduce(0.0) { sum, n in
                        (sum + 1) * Double(x) / Double(n)
                    } * Double(x)
                #expect(value >= 0 && abs(Double(value) - exact) <= 1e-6 * exact)
            }
        }
        let (_, slope) = valueWithGradient(at: Tensor([1e-3, -0.5])) { $0.expm1MinusArgument().summed() }
        #expect(
            abs(Double(slope.elements[0]) - expm1(1e-3)) < 1e-9 && abs(Double(slope.elements[1]) - expm1(-0.5)) < 1e-7)
    }

    @Test func bothEstimatorsHaveTheDivergenceAsMean() {
        let p = [0.75, 0.25], q = [0.5, 0.5]
        let logP = Tensor(p.map { Float(log($0)) }), logQ = Tensor(q.map { Float(log($0)) })
        let exact = zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
        let (k1, k3) = (KLEstimate.k1(logP: logP, logQ: logQ), KLEstimate.k3(logP: logP, logQ: logQ))
        expect(k1, [log(1.5), log(0.5)])
        expect(k3, [2.0 / 3 - 1 + log(1.5), 2 - 1 - log(2)])
        for estimate in [k1, k3] {
            let mean = zip(p, estimate.elements).reduce(0.0) { $0 + $1.0 * Double($1.1) }
            #expect(abs(mean - exact) < 1e-6)
        }
    }
}
