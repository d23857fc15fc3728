import PlumbInterpretability
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@Suite("Optimized images")
struct ImageOptimizationTests {
    private let network = NetworkGraph.convolutional(
        image: [8, 8, 3], channels: [4, 4], hidden: 6, classes: 3, key: RandomKey(1))
    private func space(_ space: ImageParametrization.Space = .fourier(decayPower: 1)) -> ImageParametrization {
        ImageParametrization(space, height: 8, width: 8, color: .independent(channels: 3))
    }
    private var optimization: ImageOptimization {
        var optimization = ImageOptimization()
        optimization.imageSteps = 40
        return optimization
    }

    @Test("An image raises its unit above what it began with, and the opposite lowers it")
    func raises() throws {
        let unit = VisualizedUnit.logit(1)
        let start = space().images(space().start(2, key: RandomKey(3)["start"]))
        func mean(_ images: Tensor) -> Float { unit.values(network(images)).mean().item }
        func made(_ objective: VisualizationObjective) throws -> Tensor {
            try optimization.images(for: objective, of: network, count: 2, as: space(), key: RandomKey(3))
        }
        let (up, down) = (mean(try made(.unit(unit))), mean(try made(-.unit(unit))))
        #expect(up > mean(start) + 0.1 && down < mean(start) - 0.1)
    }

    @Test("For a weighted sum of pixels the image is bright where weights are positive and dark elsewhere")
    func linear() throws {
        let weights = Tensor((0..<192).map { $0 % 5 == 0 ? 1 : -0.5 }, shape: [1, 192])
        let graph = try NetworkGraph(
            inputShape: [8, 8, 3],
            nodes: [
                .init("input", .input, inputs: []), .init("flat", .reshape([192]), inputs: [0]),
                .init("sum", .linear(Linear(weight: Weight(weights), bias: nil)), inputs: [1]),
            ])
        var optimization = self.optimization
        (optimization.imageSteps, optimization.transformations, optimization.imageRate) = (400, .none, 0.3)
        let image = try optimization.images(
            for: .unit(.logit(0)), of: graph, count: 1, as: space(.pixels), key: RandomKey(1)
        ).elements
        for (index, value) in image.enumerated() { #expect(index % 5 == 0 ? value > 0.99 : value < 0.01) }
    }

    @Test("The same key gives the same images, and an image does not depend on those beside it")
    func deterministic() throws {
        let units = (0..<3).map { VisualizedUnit.channel($0, at: .outside(Site(rawValue: "conv2.hook_out"))) }
        func made(_ units: [VisualizedUnit], _ key: RandomKey) throws -> Tensor {
            try optimization.images(for: .units(units), of: network, count: units.count, as: space(), key: key)
        }
        let three = try made(units, RandomKey(5))
        #expect(try made(units, RandomKey(5)) == three)
        #expect(try made([units[0]], RandomKey(5)) == three[0..<1])
        #expect(try made(units, RandomKey(6)) != three)
    }

    @Test("A network that reads other images is refused")
    func refusal() {
        let other = NetworkGraph.convolutional(
            image: [8, 8, 1], channels: [2], hidden: 2, classes: 2, key: RandomKey(1))
        #expect(throws: ModelError.self) {
            try optimization.images(for: .unit(.logit(0)), of: other, count: 1, as: space(), key: RandomKey(1))
        }
    }

    @Test("The strongest examples come first, and a crop is what the most active position sees")
    func examples() throws {
        // The one channel of a 1 × 1 convolution is the first channel of the image.
        let graph = try NetworkGraph(
            inputShape: [2, 2, 2],
            nodes: [
                .init("input", .input, inputs: []),
                .init(
                    "conv", .convolution(Convolution2D(weight: Tensor([1, 0] as [Float], shape: [1, 2, 1, 1]))),
                    inputs: [0]),
            ])
        let images = Tensor(
            [0, 9, 0, 9, 0, 9, 4, 9, 1, 0, 1, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0] as [Float], shape: [3, 2, 2, 2])
        let unit = VisualizedUnit.channel(0, at: .outside(Site(rawValue: "conv.hook_out")))
        let examples = try DataSetExamples(of: [unit], in: images, by: graph)
        #expect(examples.activations == [[1, 1.25, 0.25]] && examples.greatest == [1.25])
        #expect(examples.strongest(0, count: 2) == [1, 0])
        let crop = DataSetExamples.crop(of: images[0], for: unit, by: graph)
        #expect(crop.shape == [1, 1, 2] && crop.elements == [4, 9])
    }
}
