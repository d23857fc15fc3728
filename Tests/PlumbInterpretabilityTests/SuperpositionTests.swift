import PlumbInterpretability
import PlumbTensor
import Testing

/// Geometries worked out by hand, and a toy model that learns the simplest of them.
@Suite struct SuperpositionTests {
    /// Points on a circle, at the given angles in fractions of a turn.
    private func geometry(_ turns: [Double], length: Double = 1) -> FeatureGeometry {
        let table: [Double: (Double, Double)] = [
            0: (1, 0), 0.25: (0, 1), 0.5: (-1, 0), 0.75: (0, -1),
            0.2: (0.309017, 0.951057), 0.4: (-0.809017, 0.587785), 0.6: (-0.809017, -0.587785),
            0.8: (0.309017, -0.951057),
        ]
        let points = turns.compactMap { table[$0] }
        return FeatureGeometry(
            Tensor(points.flatMap { [Float(length * $0.0), Float(length * $0.1)] }, shape: [points.count, 2]))
    }

    @Test func featuresWithDirectionsOfTheirOwnHaveADimensionEach() {
        let found = geometry([0, 0.25])
        #expect(found.dimensionality.allSatisfy { abs($0 - 1) < 1e-6 })
        #expect(found.antipodalPairs(among: [0, 1]).isEmpty)
        #expect(abs(found.dimensionsPerFeature - 1) < 1e-6)
    }

    @Test func antipodalPairsHaveHalfADimensionEach() {
        let found = geometry([0, 0.25, 0.5, 0.75], length: 2)
        #expect(found.dimensionality.allSatisfy { abs($0 - 0.5) < 1e-6 })
        #expect(found.antipodalPairs(among: [0, 1, 2, 3]).map { [$0.0, $0.1] } == [[0, 2], [1, 3]])
    }

    @Test func aPentagonHasTwoFifthsOfADimensionEach() {
        let found = geometry([0, 0.4, 0.8, 0.2, 0.6])
        #expect(found.dimensionality.allSatisfy { abs($0 - 0.4) < 1e-5 })
        #expect(found.anglesBetweenNeighbors(among: [0, 1, 2, 3, 4]).allSatisfy { abs($0 - 72) < 1e-3 })
    }

    @Test func aFeatureWithoutLengthHasNoDimension() {
        let found = FeatureGeometry(Tensor([1, 0, 0, 0], shape: [2, 2]))
        #expect(found.dimensionality == [1, 0])
        #expect(found.represented() == [0])
        #expect(found.cosine(0, 1) == 0)
    }

    @Test func denseFeaturesGetADimensionEachByImportance() throws {
        var study = SuperpositionStudy(
            features: 4, dimensions: 2, decay: 0.7, sparsity: 0, steps: 800, batch: 128, learningRate: 0.01)
        study.finalRate = 0.05
        let outcome = try study.train(key: RandomKey(3), test: RandomKey(4), label: "dense")
        #expect(outcome.geometry.represented() == [0, 1])
        #expect(outcome.losses.count == 800)
        #expect(outcome.loss < Double(outcome.losses[0]) / 2)
        // The same key gives the same bytes.
        #expect(
            try study.train(key: RandomKey(3), test: RandomKey(4), label: "dense").model.directions
                == outcome.model.directions)
    }

    @Test func theLossIsWeightedAndAveragedOverRowsAndFeatures() {
        var model = SuperpositionModel(features: 2, dimensions: 1, key: RandomKey(0))
        model.directions = .zeros([2, 1])
        model.bias = Tensor([0, 0.5])
        let x = Tensor([1, 0.5, 0, 0.5], shape: [2, 2])
        // Errors: (1, 0), (0, 0); weights 3, 7; over four numbers.
        #expect(model.loss(x, importance: Tensor([3, 7])).item == 0.75)
    }

    @Test func aModelThatRepresentsNoFeatureHasNoneInPairs() {
        let faint = FeatureGeometry(Tensor([0.3, 0, -0.3, 0, 0, 0.3, 0, -0.3], shape: [4, 2]))
        #expect(faint.dimensionalityOfRepresented == [] && faint.featuresInOrthogonalPairs == 0)
        #expect(faint.dedication == 0 && faint.pentagonError == 180)
    }

    @Test func arrangementsAreToldApart() {
        let (pairs, pentagon) = (geometry([0, 0.25, 0.5, 0.75]), geometry([0, 0.4, 0.8, 0.2, 0.6]))
        let own = geometry([0, 0.25])
        #expect([own, pairs, pentagon].map(\.featuresInOrthogonalPairs) == [0, 4, 0])
        #expect(abs(own.dedication - 1) < 1e-6 && pairs.dedication == 0)
        #expect(pentagon.pentagonError < 1e-3 && pairs.pentagonError == 180)
    }

    @Test func theDensitiesOfWideModelsFallInEqualRatios() {
        var models = ToyModels()
        (models.densities, models.leastDensity) = (3, 0.01)
        let densities = models.wideSparsities.map { 1 - $0 }
        #expect(zip(densities, [1, 0.1, 0.01]).allSatisfy { abs($0 - $1) < 1e-12 })
    }
}
