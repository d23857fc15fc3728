import Foundation
import PlumbLearning
import PlumbTensor
import Testing

@Suite struct PreferenceLossTests {
    private let chosen = Tensor([1, -0.5])
    private let rejected = Tensor([-1, 0.5])
    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    private func near(_ tensor: Tensor, _ expected: [Double]) -> Bool {
        tensor.shape == [expected.count] && zip(tensor.elements, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 }
    }

    @Test func lossesAreThoseOfTheFormulas() {
        // β Δ = ½ · (2, -1) = (1, -½).
        func loss(_ kind: PreferenceLoss) -> Tensor { kind.values(chosen: chosen, rejected: rejected, weight: 0.5) }
        let right = [log(sigmoid(1)), log(sigmoid(-0.5))], wrong = [log(sigmoid(-1)), log(sigmoid(0.5))]
        #expect(near(loss(.sigmoid), right.map { -$0 }))
        #expect(near(loss(.smoothed(flipped: 0.1)), zip(right, wrong).map { -0.9 * $0 - 0.1 * $1 }))
        #expect(near(loss(.robust(flipped: 0.1)), zip(right, wrong).map { (-0.9 * $0 + 0.1 * $1) / 0.8 }))
        #expect(near(loss(.hinge), [0, 1.5]))
        // Δ - 1 / (2 · ½) = (1, -2).
        #expect(near(loss(.identity), [1, 4]))
    }

    @Test func theRobustLossIsUnbiasedUnderFlips() {
        func loss(_ kind: PreferenceLoss, _ first: Tensor, _ second: Tensor) -> [Float] {
            kind.values(chosen: first, rejected: second, weight: 0.7).elements
        }
        let (kept, flipped) = (
            loss(.robust(flipped: 0.2), chosen, rejected), loss(.robust(flipped: 0.2), rejected, chosen)
        )
        let plain = loss(.sigmoid, chosen, rejected)
        for index in 0..<2 { #expect(abs(0.8 * kept[index] + 0.2 * flipped[index] - plain[index]) < 1e-5) }
    }

    @Test func theIdentityLossDividesByLengths() {
        let loss = PreferenceLoss.identity.values(
            chosen: Tensor([6]), rejected: Tensor([-8]), weight: 0.25, lengths: ([3], [4]))
        // 6 / 3 + 8 / 4 - 1 / (2 · ¼) = 2.
        #expect(near(loss, [4]))
    }

    @Test func theExpectedLossIsTheMeanOverLabelsAndLeastAtTheLogit() {
        let p = 0.7
        let expected = PreferenceLoss.expected(first: chosen, second: rejected, probabilities: [p, p], weight: 0.5)
        let (one, other) = (
            PreferenceLoss.sigmoid.values(chosen: chosen, rejected: rejected, weight: 0.5).elements,
            PreferenceLoss.sigmoid.values(chosen: rejected, rejected: chosen, weight: 0.5).elements
        )
        #expect(near(expected, zip(one, other).map { p * Double($0) + (1 - p) * Double($1) }))
        let margin = Tensor([Float(log(0.7 / 0.3) / 0.5)])
        let slope = gradient(at: margin) {
            PreferenceLoss.expected(first: $0, second: Tensor([0]), probabilities: [p], weight: 0.5).summed()
        }
        #expect(abs(slope.elements[0]) < 1e-6)
    }

    @Test func theLossOfSingleAnswersIsThatOfTheFormula() {
        var loss = KahnemanTverskyLoss(weight: 0.5)
        (loss.desirable, loss.undesirable) = (2, 3)
        let found = loss.values(ratios: Tensor([1, -1]), isDesirable: [true, false], reference: 0.4)
        #expect(near(found, [2 * (1 - sigmoid(0.5 * 0.6)), 3 * (1 - sigmoid(0.5 * 1.4))]))
        #expect(KahnemanTverskyLoss.reference(mismatched: Tensor([-3, 1])) == 0)
        #expect(KahnemanTverskyLoss.reference(mismatched: Tensor([3, 1])) == 2)
    }
}

@Suite struct GroupAdvantageTests {
    private func near(_ a: [Double], _ b: [Double]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-9 }
    }

    @Test func scoresAreComparedWithinTheirGroup() {
        // Groups (1, 3) and (5, 5): deviation √2 of the first; the second has nothing to say.
        let scores = [1.0, 3, 5, 5]
        let unit = 1 / (2.0.squareRoot() + 1e-4)
        #expect(near(GroupAdvantages.standardized(scores, size: 2), [-unit, unit, 0, 0]))
        #expect(near(GroupAdvantages.leaveOneOut(scores, size: 2), [-2, 2, 0, 0]))
        // 0 - (3 + 6) / 2, 3 - (0 + 6) / 2, 6 - (0 + 3) / 2.
        #expect(near(GroupAdvantages.leaveOneOut([0, 3, 6], size: 3), [-4.5, 0, 4.5]))
        #expect(GroupAdvantages.shareWithoutVariance(scores, size: 2) == 0.5)
    }
}

@Suite struct RegularizedOptimumTests {
    private let reference = [0.5, 0.25, 0.25]
    private let scores = [0.0, 1, -1]

    @Test func theOptimumIsTiltedAndNothingHasMoreValue() {
        let weight = 1 / log(2.0)
        // exp(r / β) = (1, 2, ½): weights (½, ½, ⅛).
        let optimum = RegularizedOptimum.distribution(reference: reference, scores: scores, weight: weight)
        #expect(zip(optimum, [4.0 / 9, 4.0 / 9, 1.0 / 9]).allSatisfy { abs($0 - $1) < 1e-12 })
        let value = RegularizedOptimum.value(reference: reference, scores: scores, weight: weight)
        #expect(abs(value - weight * log(1.125)) < 1e-12)
        func achieved(_ p: [Double]) -> Double {
            zip(p, scores).reduce(0) { $0 + $1.0 * $1.1 } - weight * ExactDivergence.kl(p, reference)
        }
        #expect(abs(achieved(optimum) - value) < 1e-12)
        #expect(achieved([0.4, 0.5, 0.1]) < value && achieved(reference) < value)
    }

    @Test func distancesAreThoseOfTheFormulas() {
        #expect(abs(ExactDivergence.kl([0.5, 0.5, 0], [0.25, 0.5, 0.25]) - 0.5 * log(2)) < 1e-12)
        #expect(ExactDivergence.kl([0.5, 0.5], [1, 0]) == .infinity)
        #expect(abs(ExactDivergence.totalVariation([0.5, 0.5, 0], [0.25, 0.5, 0.25]) - 0.25) < 1e-12)
    }

    @Test func rejectionKeepsDrawsOfTheOptimum() {
        var random = RandomKey(3).generator()
        let drawn = (0..<40_000).map { _ in
            let u = random.uniform()
            return u < 0.5 ? 0 : u < 0.75 ? 1 : 2
        }
        let weight = 0.8
        let kept = RejectionSampling.accepted(
            drawn.map { scores[$0] }, bound: 1, weight: weight, key: RandomKey(4)
        ).map { drawn[$0] }
        let found = (0..<3).map { outcome in Double(kept.count { $0 == outcome }) / Double(kept.count) }
        let optimum = RegularizedOptimum.distribution(reference: reference, scores: scores, weight: weight)
        #expect(ExactDivergence.totalVariation(optimum, reference) > 0.2)
        #expect(ExactDivergence.totalVariation(found, optimum) < 0.02)
        #expect(RejectionSampling.acceptance(score: 2, bound: 1, weight: weight) == 1)
        #expect(abs(RejectionSampling.acceptance(score: 0, bound: 1, weight: 0.5) - exp(-2)) < 1e-12)
    }
}
