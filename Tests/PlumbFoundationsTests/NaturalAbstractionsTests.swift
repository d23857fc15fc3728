import Foundation
import PlumbFoundations
import PlumbTensor
import Testing

/// Information at a distance and latents, where exact values are known.
@Suite struct NaturalAbstractionsTests {
    @Test func aLeakDrainsWhatIsConserved() throws {
        let chain = try MarkovChain.circles(blocks: 2, length: 5, lazy: 0.2, leak: 0.001)
        // ln 2 - h of the chance that the block has changed, once nothing else is remembered.
        let found = chain.information(after: [100, 1000])
        for (steps, value) in zip([100.0, 1000], found) {
            let changed = (1 - pow(1 - 2 * 0.001, steps)) / 2
            let entropy = -changed * log(changed) - (1 - changed) * log(1 - changed)
            #expect(abs(value - (log(2) - entropy)) < 1e-6)
        }
        // Circles of six without laziness keep the parity.
        let circle = try MarkovChain.circles(blocks: 1, length: 6, lazy: 0)
        #expect(abs(circle.information(after: [101])[0] - log(2)) < 1e-9)
        #expect(throws: FoundationsError.self) { try MarkovChain.circles(blocks: 1, length: 6, lazy: 1.2) }
    }

    @Test func theBoundOfNaturalLatentsHolds() throws {
        let known: [(Int, Double, Double, Double, Double, Double)] = [
            (5, 0.27180, 0.26723, 0.03478, 0.45613, 0.33274), (10, 0.48908, 0.11313, 0.05714, 0.25950, 0.18557),
            (20, 0.64977, 0.02218, 0.02526, 0.06859, 0.04942), (40, 0.69118, 0.00098, 0.00226, 0.00423, 0.003267),
        ]
        for (flips, shared, bias, mediation, redundancy, given) in known {
            let found = try CoinLatents(flips: flips)
            let values = [
                (found.shared, shared), (found.biasRedundancy, bias), (found.majorityMediation, mediation),
                (found.majorityRedundancy, redundancy), (found.majorityGivenBias, given),
            ]
            for (value, expected) in values { #expect(abs(value - expected) < 6e-6) }
            #expect(found.majorityGivenBias <= 2 * found.majorityRedundancy)
        }
    }

    @Test func resamplingGivesALatentThatMediates() throws {
        for (n, mediation, redundancy) in [(3, 0.025322, 0.10034), (10, 0.000231, 0.04309), (30, 0.000003, 0.01586)] {
            let star = JointGaussian.resampledStar(n)
            let latent = Array(n..<2 * n)
            #expect(abs(try star.information([0], [1], given: latent) - mediation) < 1e-6)
            #expect(abs(try star.information(latent, [0], given: Array(1..<n)) - redundancy) < 6e-6)
        }
        #expect(abs(try JointGaussian.resampledStar(5).information([0], [1]) - 0.14384) < 1e-5)
    }

    @Test func onlyTheGaussianHasASummaryOfTwoNumbers() throws {
        #expect(try SummaryRank().rank(.gaussian, grid: 25, key: RandomKey(1)) == 2)
        #expect(try SummaryRank().rank(.cauchy, grid: 13, key: RandomKey(1)) == 12)
    }

    @Test func objectsAreFoundAndShufflingHidesThem() {
        let study = SceneStudy(pictures: 300)
        let found = study.run(key: RandomKey(3))
        #expect(found.chunks.count >= 2 && found.overlap > 0.9)
        #expect(study.run(key: RandomKey(3), shuffled: true).chunks.isEmpty)
    }

    @Test func whatIsNoDistributionIsRefused() {
        #expect(throws: FoundationsError.self) { try JointDistribution(sizes: [2], probabilities: [1.2, -0.2]) }
        #expect(throws: FoundationsError.self) { try JointDistribution(sizes: [3], probabilities: [0.5, 0.5]) }
        #expect(throws: FoundationsError.self) { try CoinLatents(flips: 0) }
    }
}
