import Foundation
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbRobustness

struct RandomizedSmoothingTests {
    @Test("Radii of unanimous draws are the largest there can be")
    func largestRadii() {
        let smoothing = RandomizedSmoothing(deviation: 0.25)
        for (draws, radius) in [(1_000, 0.6158), (10_000, 0.7996), (100_000, 0.9529)] {
            let found = smoothing.radius(successes: draws, of: draws) ?? .nan
            #expect(abs(found - radius) < 5e-5, "\(draws): \(found)")
        }
    }

    @Test("One-sided bounds of Clopper and Pearson are those of the reference")
    func proportionBounds() {
        for (found, draws, bound) in [
            (99, 100, 0.911373), (990, 1000, 0.976036), (999, 1000, 0.990805), (99_000, 100_000, 0.988989),
            (51_000, 100_000, 0.505109),
        ] {
            let smoothing = RandomizedSmoothing(deviation: 1)
            let radius = smoothing.radius(successes: found, of: draws) ?? .nan
            // The reference is rounded to six digits; a quantile changes by the probability's change over the density.
            let density = exp(-radius * radius / 2) / (2 * Double.pi).squareRoot()
            #expect(
                abs(radius - Statistics.normalQuantile(bound)) < 5.1e-7 / density, "\(found) of \(draws)")
        }
        #expect(RandomizedSmoothing(deviation: 1).radius(successes: 50_100, of: 100_000) == nil)
    }

    @Test("A linear classifier's radius is at most its distance from the boundary, and near it")
    func linearClassifier() {
        let layer = Linear(weight: Weight(Tensor([1, 0, -1, 0] as [Float], shape: [2, 2])))
        let model = MLP([layer], activation: .relu)
        // The boundary is at 0, half a deviation away.
        let x = Tensor([0.5, 3] as [Float], shape: [2])
        let smoothing = RandomizedSmoothing(deviation: 1, draws: 20_000)
        let found = smoothing.certify(model, x, key: RandomKey(1))
        #expect(found?.label == 0)
        #expect((found?.radius ?? 0) <= 0.5 && (found?.radius ?? 0) > 0.45)
        #expect(smoothing.predict(model, x, key: RandomKey(2)) == 0)
        let boundary = Tensor([0, 3] as [Float], shape: [2])
        #expect(smoothing.certify(model, boundary, key: RandomKey(3)) == nil)
        #expect(smoothing.predict(model, boundary, key: RandomKey(4)) == nil)
    }
}
