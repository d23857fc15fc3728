import Foundation
import PlumbLearning
import PlumbTensor
import Testing

@Suite struct BestOfNTests {
    @Test func theDivergenceOfTheBestOfNIsExact() {
        #expect(BestOfN.divergence(1) == 0)
        #expect(abs(BestOfN.divergence(2) - 0.1931) < 1e-4 && abs(BestOfN.divergence(1000) - 5.9088) < 1e-4)
    }

    @Test func weightsAreThoseOfAllChoices() {
        // Three samples, the best of two: {1,2}, {1,3}, {2,3} keep ranks 2, 3, 3.
        let weights = BestOfN.weights(of: 2, samples: 3)
        #expect(zip(weights, [0, 1.0 / 3, 2.0 / 3]).allSatisfy { abs($0 - $1) < 1e-12 })
        for n in [1, 7, 64, 4096] {
            #expect(abs(BestOfN.weights(of: n, samples: 5000).reduce(0, +) - 1) < 1e-9)
        }
        #expect(BestOfN.weights(of: 1, samples: 4).allSatisfy { abs($0 - 0.25) < 1e-12 })
    }

    @Test func theEstimateIsTheMeanOverAllChoices() {
        let values = [3.0, -1, 4, 1, 5], score = [0.2, 0.9, 0.1, 0.5, 0.7]
        var (sum, count) = (0.0, 0.0)
        for a in 0..<5 {
            for b in a + 1..<5 {
                for c in b + 1..<5 {
                    sum += values[[a, b, c].max { score[$0] < score[$1] } ?? 0]
                    count += 1
                }
            }
        }
        let found = BestOfN.Estimator(sizes: [1, 3, 5], samples: 5).means(of: values, by: score)
        #expect(abs(found[0] - 2.4) < 1e-12 && abs(found[1] - sum / count) < 1e-12 && abs(found[2] + 1) < 1e-12)
    }

    @Test func theBestOfManyNormalNumbersIsTheirKnownMaximum() {
        var random = RandomKey(1).generator()
        let values = (0..<40_000).map { _ in random.normal() }
        let found = BestOfN.Estimator(sizes: [2, 100], samples: values.count).means(of: values, by: values)
        #expect(abs(found[0] - 0.5642) < 0.02 && abs(found[1] - 2.5076) < 0.03)
    }

    @Test func whatIsKeptOfAKnownDistributionIsCounted() {
        // Two draws of {a: ½, b: ¼, c: ¼} with scores b < a < c: only (b, b) keeps b, (c, ·) and (·, c) keep c.
        let kept = BestOfN.kept(of: 2, probabilities: [0.5, 0.25, 0.25], scores: [1, 0, 2])
        #expect(zip(kept, [0.5, 0.0625, 0.4375]).allSatisfy { abs($0 - $1) < 1e-12 })
        // Of equal scores the first drawn is kept, so that a constant score keeps what is drawn.
        let constant = BestOfN.kept(of: 5, probabilities: [0.5, 0.25, 0.25], scores: [7, 7, 7])
        #expect(zip(constant, [0.5, 0.25, 0.25]).allSatisfy { abs($0 - $1) < 1e-12 })
        // b and c are equal: (a, a) keeps a; the rest is shared by their probabilities.
        let tied = BestOfN.kept(of: 2, probabilities: [0.5, 0.375, 0.125], scores: [0, 1, 1])
        #expect(zip(tied, [0.25, 0.5625, 0.1875]).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    @Test func theFormulaIsTheLimitOfSmallAtomsAndABoundOtherwise() {
        func divergence(_ count: Int, _ n: Int) -> Double {
            let reference = [Double](repeating: 1 / Double(count), count: count)
            let kept = BestOfN.kept(of: n, probabilities: reference, scores: (0..<count).map(Double.init))
            return ExactDivergence.kl(kept, reference)
        }
        #expect(abs(divergence(20_000, 16) - BestOfN.divergence(16)) < 1e-3)
        // Four equal atoms: the best of 16 is nearly always the highest, and log 4 is the most there is.
        #expect(divergence(4, 16) <= log(4) && divergence(4, 16) < BestOfN.divergence(16) - 0.4)
    }
}
