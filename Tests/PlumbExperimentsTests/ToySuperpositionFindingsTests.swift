import PlumbInterpretability
import PlumbTensor
import Testing

@testable import PlumbExperiments

/// What the claims of toy-superposition count.
@Suite struct ToySuperpositionFindingsTests {
    /// Two dimensions with a pair in each: four features of half a dimension.
    @Test func placesInPairsAreTwoADimension() {
        let pairs = FeatureGeometry(Tensor([1, 0, -1, 0, 0, 1, 0, -1], shape: [4, 2]))
        #expect(ToySuperpositionFindings.placesInPairs(pairs, dimensions: 2) == 1)
        let half = FeatureGeometry(Tensor([1, 0, -1, 0, 0, 1, 0, 0], shape: [4, 2]))
        #expect(ToySuperpositionFindings.placesInPairs(half, dimensions: 2) == 0.5)
    }

    @Test func aModelThatKeepsNoFeatureHasNoneInPairs() {
        let faint = FeatureGeometry(Tensor([0.3, 0, -0.3, 0, 0, 0.3, 0, -0.3], shape: [4, 2]))
        #expect(ToySuperpositionFindings.placesInPairs(faint, dimensions: 2) == 0)
    }
}
