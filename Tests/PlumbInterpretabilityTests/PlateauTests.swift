import Foundation
import PlumbInterpretability
import PlumbTensor
import Testing

/// Plateaus of D*, and dimensionalities that stick at fractions, where the answer is known.
@Suite struct PlateauTests {
    /// Densities 1, 1/2, 1/4, …
    private func plateaus(_ levels: [Double]) -> DimensionPlateaus {
        DimensionPlateaus(
            densities: levels.indices.map { pow(0.5, Double($0)) }, dimensionsPerFeature: levels)
    }

    @Test func aFlatPartCountsWhole() {
        let found = plateaus([1, 1, 0.5, 0.5, 0.5])
        // Between them D* falls by 2 while the density does: the band of 1.1 is a part log 1.1 / log 2 of it.
        #expect(abs(found.range(at: 1) - 2 * 1.1) < 1e-9)
        #expect(abs(found.range(at: 0.5) - 4 * 1.1) < 1e-9)
        #expect(found.range(at: 0.1) == 1 && found.range(at: 2) == 1)
    }

    @Test func aCurveWithoutPlateausHasTheSameRangeAtEveryLevel() {
        // D* is the density itself: every band of a factor of 1.1 either way takes 1.21 of the density.
        let found = plateaus([1, 0.5, 0.25, 0.125])
        for level in [0.8, 0.5, 0.3] { #expect(abs(found.range(at: level) - 1.21) < 1e-9) }
        #expect(abs(found.largestRange(beside: [1, 0.5]) - 1.21) < 1e-6)
        #expect(abs(found.range(at: 1) - 1.1) < 1e-9, "half of the band is above the highest D*")
    }

    @Test func aPlateauElsewhereIsFound() {
        #expect(plateaus([1, 0.7, 0.7, 0.5]).largestRange(beside: [1, 0.5]) > 2)
        #expect(plateaus([1, 1, 0.5, 0.5]).largestRange(beside: [1, 0.5]) < 1.3)
    }

    @Test func anEmptyModelHasNoPlateau() {
        #expect(plateaus([.infinity, .infinity, 1]).range(at: 1) == 1)
    }

    @Test func dimensionalitiesAtFractionsAreToldFromSmoothOnes() {
        let fractions = FractionSticking.fractions
        let stuck = (0..<120).map { fractions[$0 % fractions.count] + 0.004 * Double($0 % 3 - 1) }
        let found = FractionSticking(stuck, draws: 199, key: RandomKey(1))
        #expect(found.count == 120 && found.share == 1 && found.pValue == 1.0 / 200)
        #expect(found.smoothShare > 0.05 && found.smoothShare < 0.4)
        let even = (0..<400).map { 0.2 + 0.8 * (Double($0) + 0.5) / 400 }
        let smooth = FractionSticking(even, draws: 199, key: RandomKey(2))
        #expect(abs(smooth.share - smooth.smoothShare) < 0.03 && smooth.pValue > 0.05)
    }

    @Test func aPeakBesideTheFractionsDoesNotCount() {
        let found = FractionSticking([Double](repeating: 0.45, count: 50), draws: 99, key: RandomKey(3))
        #expect(found.share == 0 && found.pValue == 1)
    }

    @Test func noFeatureHasNoShare() {
        #expect(FractionSticking([], draws: 3, key: RandomKey(4)).share.isNaN)
    }
}
