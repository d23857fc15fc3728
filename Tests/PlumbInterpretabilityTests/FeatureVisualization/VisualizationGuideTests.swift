import PlumbInterpretability
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

/// The code of the guide "Visualize features", kept running.
@Suite struct VisualizationGuideTests {
    @Test func theGuideRuns() throws {
        let network = NetworkGraph.convolutional(
            image: [16, 16, 3], channels: [4, 6], hidden: 8, classes: 3, key: RandomKey(2)["network"])
        let images = Tensor.uniform([12, 16, 16, 3], bound: 0.5, key: RandomKey(2)["images"]) + 0.5

        let conv = HookPoint.outside(Site(rawValue: "conv2.hook_out"))
        let units = (0..<4).map { VisualizedUnit.channel($0, at: conv) }

        let waves = ImageParametrization(
            .fourier(decayPower: 1), height: 16, width: 16, color: try ColorCorrelation(of: images),
            ball: ImageBall(around: images))
        var optimization = ImageOptimization()
        optimization.imageSteps = 60
        let made = try optimization.images(
            for: .units(units), of: network, count: units.count, as: waves, key: RandomKey(1)["images"])
        #expect(made.shape == [4, 16, 16, 3])

        let examples = try DataSetExamples(of: units, in: images, by: network)
        let own = try DataSetExamples(of: units, in: made, by: network).activations
        for index in units.indices {
            #expect(own[index][index] > examples.activations[index].reduce(0, +) / 12)
        }
        let crop = DataSetExamples.crop(of: images[examples.strongest(0, count: 1)[0]], for: units[0], by: network)
        #expect(crop.shape.count == 3 && crop.shape[0] < 16)

        let facets = try optimization.images(
            for: .unit(units[0]) + 5 * .diversity(at: conv, setsOf: 2) - 0.1 * .totalVariation, of: network, count: 2,
            as: waves, key: RandomKey(1)["facets"])
        #expect(facets[0] != facets[1])

        let untrained = NetworkGraph.convolutional(
            image: [16, 16, 3], channels: [4, 6], hidden: 8, classes: 3, key: RandomKey(2)["untrained"])
        let control = try optimization.images(
            for: .units(units), of: untrained, count: units.count, as: waves, key: RandomKey(1)["images"])
        let byControl = try DataSetExamples(of: units, in: control, by: network).activations
        let (sum, other) = (
            units.indices.reduce(0) { $0 + own[$1][$1] }, units.indices.reduce(0) { $0 + byControl[$1][$1] }
        )
        #expect(sum > other)
    }
}
