import PlumbInterpretability
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

@Suite("What images are optimized for")
struct ObjectiveTests {
    private let network = NetworkGraph.convolutional(
        image: [8, 8, 2], channels: [3, 4], hidden: 5, classes: 3, key: RandomKey(1))
    private let point = HookPoint.outside(Site(rawValue: "conv2.hook_out"))
    private var images: Tensor { Tensor.uniform([4, 8, 8, 2], bound: 0.5, key: RandomKey(2)) + 0.5 }

    private func value(_ objective: VisualizationObjective, _ images: Tensor) -> Float {
        objective.value(images, network.run(images, recording: .all).cache).item
    }

    private func activation() throws -> Tensor {
        try #require(network.run(images, recording: .all).cache[point])
    }

    @Test("A channel is its mean over positions, a neuron one of them, a direction the product with a vector")
    func units() throws {
        let activation = try activation()
        #expect(activation.shape == [4, 4, 4, 4])
        let all = activation.elements
        let channel = VisualizedUnit.channel(2, at: point).values(activation).elements
        let neuron = VisualizedUnit(.neuron(channel: 2, row: 1, column: 3), at: point).values(activation).elements
        let direction = VisualizedUnit(.direction([0, 1, 2, 0]), at: point).values(activation).elements
        for image in 0..<4 {
            let pixels = (0..<16).map { image * 64 + $0 * 4 }
            let mean = pixels.reduce(0) { $0 + all[$1 + 2] } / 16
            #expect(abs(channel[image] - mean) < 1e-5)
            #expect(neuron[image] == all[image * 64 + (1 * 4 + 3) * 4 + 2])
            let product = pixels.reduce(0) { $0 + all[$1 + 1] + 2 * all[$1 + 2] } / 16
            #expect(abs(direction[image] - product) < 1e-5)
        }
    }

    @Test("A soft maximum and its gradient, worked by hand: channels that differ by T log 3 share it as 3 to 1")
    func softMaximum() throws {
        // T = 2: exp(a / T) are 3, 1 and, a difference of T log 3 apart, 3; the sum 4 in both rows.
        let apart = 2 * Float(1.0986123)
        let rows = Tensor([apart, 9, 0, 0, 9, apart] as [Float], shape: [2, 3])
        let unit = VisualizedUnit(.softMaximum([0, 2], temperature: 2), at: .logits)
        for value in unit.values(rows).elements { #expect(abs(value - 2 * Float(1.3862944)) < 1e-5) }
        let gradient = valueWithGradient(at: rows) { unit.values($0).summed() }.gradient.elements
        for (found, expected) in zip(gradient, [0.75, 0, 0.25, 0.25, 0, 0.75] as [Float]) {
            #expect(abs(found - expected) < 1e-5)
        }
    }

    @Test(
        "A cold soft maximum is the greater channel and reaches it alone; a warm one reaches both; one channel is itself"
    )
    func temperatures() {
        let rows = Tensor([300, 1, -200, 0, 5, 4] as [Float], shape: [2, 3])
        func unit(_ channels: [Int], _ temperature: Float) -> VisualizedUnit {
            VisualizedUnit(.softMaximum(channels, temperature: temperature), at: .logits)
        }
        #expect(unit([0, 2], 0.01).values(rows).elements == [300, 4])
        let cold = valueWithGradient(at: rows) { unit([0, 2], 0.01).values($0).summed() }.gradient
        #expect(cold.elements == [1, 0, 0, 0, 0, 1])
        let warm = valueWithGradient(at: rows) { unit([0, 2], 1e5).values($0).summed() }.gradient.elements
        for index in [0, 2, 3, 5] { #expect(abs(warm[index] - 0.5) < 0.01) }
        #expect(unit([1], 3).values(rows).elements == [1, 5])
    }

    @Test("A soft maximum of no channel, of one that is not there, or without warmth is refused")
    func softMaximumRefusals() {
        #expect(VisualizedUnit(.softMaximum([0, 2], temperature: 1), at: .logits).title.hasSuffix("0 or 2"))
        for (channels, temperature) in [([0, 3], 1), ([], 1), ([0, 2], 0), ([0, 2], -1)] as [([Int], Float)] {
            let unit = VisualizedUnit(.softMaximum(channels, temperature: temperature), at: .logits)
            #expect(throws: ModelError.self) { try unit.check(in: network) }
        }
    }

    @Test("Terms are added over images, weighted and negated")
    func sums() throws {
        let unit = VisualizedUnit.logit(1)
        let logits = network(images).elements
        let sum = (0..<4).reduce(Float(0)) { $0 + logits[$1 * 3 + 1] }
        #expect(abs(value(.unit(unit), images) - sum) < 1e-4)
        #expect(abs(value(-.unit(unit), images) + sum) < 1e-4)
        let both: VisualizationObjective = .unit(unit) + 2 * .unit(.logit(0)) - .unit(unit)
        #expect(abs(value(both, images) - 2 * value(.unit(.logit(0)), images)) < 1e-4)
        let own = value(.units([.logit(0), .logit(1), .logit(2), .logit(0)]), images)
        #expect(abs(own - (logits[0] + logits[4] + logits[8] + logits[9])) < 1e-4)
    }

    @Test("The probability of a class counts by its logarithm")
    func probability() {
        let logits = network(images).logSoftmax().elements
        let sum = (0..<4).reduce(Float(0)) { $0 + logits[$1 * 3 + 2] }
        #expect(abs(value(.logProbability(2), images) - sum) < 1e-4)
    }

    @Test("An interpolation begins at the first unit and ends at the second")
    func interpolation() {
        let logits = network(images).elements
        let expected = (0..<4).reduce(Float(0)) { sum, image in
            let share = Float(image) / 3
            return sum + (1 - share) * logits[image * 3] + share * logits[image * 3 + 2]
        }
        #expect(abs(value(.interpolation(.logit(0), .logit(2)), images) - expected) < 1e-4)
    }

    @Test("Equal images have the least diversity, and sets do not look at each other")
    func diversity() {
        let (first, second) = (images[0..<1], images[1..<2])
        let term = VisualizationObjective.diversity(at: point, setsOf: 2)
        #expect(abs(value(term, .concatenated([first, first])) + 2) < 1e-4)
        let pair = value(term, .concatenated([first, second]))
        #expect(pair > -2 + 1e-4)
        let sets = value(term, .concatenated([first, second, first, first]))
        #expect(abs(sets - (pair - 2)) < 1e-4)
    }

    @Test("The diversity of two activations is minus the cosine of their Gram matrices, worked by hand")
    func handWorked() throws {
        // One position, two channels: the Gram matrices of (1, 0) and (1, 1) are [[1, 0], [0, 0]] and all ones; cosine 1/2.
        let identity = Tensor([1, 0, 0, 1] as [Float], shape: [2, 2, 1, 1])
        let graph = try NetworkGraph(
            inputShape: [1, 1, 2],
            nodes: [
                .init("input", .input, inputs: []),
                .init("conv", .convolution(Convolution2D(weight: identity)), inputs: [0]),
            ])
        let images = Tensor([1, 0, 1, 1] as [Float], shape: [2, 1, 1, 2])
        let cache = graph.run(images, recording: .all).cache
        let at = HookPoint.outside(Site(rawValue: "conv.hook_out"))
        #expect(abs(VisualizationObjective.diversity(at: at, setsOf: 2).value(images, cache).item + 1) < 1e-5)
    }

    @Test("Regularizers are zero for gray, and what they say for a checkerboard")
    func regularizers() {
        let gray = Tensor(repeating: 0.5, shape: [2, 8, 8, 2])
        for term in [VisualizationObjective.l1, .l2, .totalVariation] { #expect(value(term, gray) == 0) }
        let board = Tensor(
            (0..<128).map { (($0 / 2) / 8 + ($0 / 2) % 8) % 2 == 0 ? 1 : 0 }, shape: [1, 8, 8, 2])
        #expect(value(.l1, board) == 0.5 && value(.l2, board) == 0.25 && value(.totalVariation, board) == 2)
    }

    @Test("The gradient of every term agrees with differences")
    func gradients() throws {
        let objective: VisualizationObjective =
            .unit(.channel(1, at: point)) + 0.5 * .diversity(at: point, setsOf: 2) - 0.3 * .totalVariation
            + 0.2 * .l1 - 0.4 * .l2 + .interpolation(.logit(0), .logit(1))
        let space = ImageParametrization(
            .fourier(decayPower: 1), height: 8, width: 8, color: .independent(channels: 2))
        let start = space.start(2, deviation: 1, key: RandomKey(3))
        let maps = (0..<2).map { ImageTransformations().draw(height: 8, width: 8, key: RandomKey(4)[$0]) }
        func loss(_ parameters: Tensor) -> Tensor {
            let images = space.images(parameters)
            return objective.value(images, network.run(images.resampled(by: maps), recording: .all).cache)
        }
        let gradient = valueWithGradient(at: start, of: loss).gradient
        let direction = Tensor.normal(start.shape, key: RandomKey(5))
        let step: Float = 1e-3
        let difference = (loss(start + direction * step).item - loss(start - direction * step).item) / (2 * step)
        #expect(abs(Double(difference) - gradient.dot(direction)) < 0.02 * max(1, abs(Double(difference))))
    }

    @Test("What a network does not have is refused by name")
    func refusals() {
        let none = HookPoint.outside(Site(rawValue: "conv9.hook_out"))
        let wrong: [VisualizationObjective] = [
            .unit(.logit(3)), .unit(.channel(0, at: none)), .unit(VisualizedUnit(.direction([1]), at: point)),
            .unit(VisualizedUnit(.neuron(channel: 0, row: 4, column: 0), at: point)),
            .units([.logit(0)]), .diversity(at: point, setsOf: 3), .diversity(at: none, setsOf: 2),
        ]
        for objective in wrong {
            #expect(throws: ModelError.self) { try objective.check(in: network, images: 4) }
        }
        #expect(throws: ModelError.self) {
            try (2 * .interpolation(.logit(0), .logit(1))).check(in: network, images: 1)
        }
        #expect(throws: Never.self) { try (.unit(.logit(2)) - .l1).check(in: network, images: 4) }
    }

    @Test("A receptive field grows by window and stride, and ends at the image")
    func receptiveField() {
        let wide = NetworkGraph.convolutional(
            image: [16, 16, 1], channels: [2, 2], hidden: 2, classes: 2, key: RandomKey(1))
        func field(_ name: String, _ row: Int, _ column: Int) -> [Int] {
            let field = wide.receptiveField(at: .outside(Site(rawValue: name + ".hook_out")), row: row, column: column)
            return [field.rows.lowerBound, field.rows.upperBound, field.columns.lowerBound, field.columns.upperBound]
        }
        #expect(field("conv1", 5, 0) == [4, 7, 0, 2])
        #expect(field("pool1", 2, 2) == [3, 7, 3, 7])
        // Pooled rows 2 to 4 are rows 4 to 9, and a pixel more on each side.
        #expect(field("conv2", 3, 7) == [3, 11, 11, 16])
        #expect(field("fc1", 0, 0) == [0, 16, 0, 16])
    }
}
