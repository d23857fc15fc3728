internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// What images are made for: a trained network, one of the same architecture without training, and the data set.
public struct VisualizationSubject: Sendable {
    /// The trained network; reads images `[B, H, W, C]`.
    public var network: NetworkGraph
    /// The same architecture with random weights, not those that training began with.
    public var untrained: NetworkGraph
    /// The data set, `[N, H, W, C]`.
    public var images: Tensor
    /// The activations whose units are visualized, before their rectifier.
    public var points: [HookPoint]

    /// A subject of these parts.
    public init(network: NetworkGraph, untrained: NetworkGraph, images: Tensor, points: [HookPoint]) {
        (self.network, self.untrained, self.images, self.points) = (network, untrained, images, points)
    }
}

/// Makes images for units of a network and compares them with the whole data set, with images made for a network without
/// training and for random directions, and with images made pixel by pixel.
///
/// An image that raises its unit above all others shows something that drives the unit. It need not: where the images for
/// other things raise it as much, any strong image does. The directions are uncorrelated with the unit over the data set;
/// directions drawn at random ask for the unit too, and are counted beside.
public struct FeatureVisualizationStudy: SettingGroup {
    @Setting("Units of each layer that images are made for, evenly spaced among its channels.", 1...64)
    public var unitsPerLayer = 16
    /// How images are made.
    public var optimization = ImageOptimization()
    @Setting("Whether waves are weighted by their amplitude in the data set, not by a power of their frequency.")
    public var weighsAsData = true
    @Setting("The power of the amplitude in the data set that weighs a wave.", 0...4) public var amplitudePower = 1.5
    @Setting("Where they are not: how fast the weight of a wave falls with its frequency, as a power.", 0...4)
    public var decayPower = 1.0

    @Setting("Whether images have no more contrast than the data set.") public var staysInBall = true

    /// How many units of each layer a figure shows.
    static let shown = 4

    /// The study of the quick experiment.
    public init() {}

    /// What one network gives.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The share of units that their image of plane waves raises above every image of the data set, of pixels, and by
        /// images made for the same unit of the network without training.
        public var raised = 0.0, raisedByPixels = 0.0, raisedByUntrained = 0.0
        /// The same for images made for a random direction of the layer that is uncorrelated with the unit over the data
        /// set, and for one that is not.
        public var raisedByDirection = 0.0, raisedByAnyDirection = 0.0
        /// The same for each layer, in order: images of plane waves, of the network without training, of an uncorrelated
        /// direction.
        public var layers: [[Double]] = []
        /// The mean share of an image's energy at low frequencies: plane waves, pixels, and waves whose weight does not
        /// fall with their frequency.
        public var lowFourier = 0.0, lowPixels = 0.0, lowFlat = 0.0
        /// The same for the data set, and for images made for the network without training by waves and by pixels.
        public var lowData = 0.0, lowUntrained = 0.0, lowUntrainedPixels = 0.0
        /// The mean activation of units less that of the data set's mean image, by the most that an image of the data set
        /// gives: images of plane waves, of pixels, of the network without training, of an uncorrelated direction, of any.
        public var relative: [Double] = []
        /// For each layer a row of pictures for each unit shown: pixels, waves, the strongest examples and a crop.
        public var panels: [[ImageFigure.Panel]] = []
    }

    /// Makes and compares the images of one subject.
    ///
    /// - Parameters:
    ///   - subject: networks and data set.
    ///   - key: of images and directions.
    ///   - showsPictures: whether the outcome holds pictures.
    ///   - checkpoint: called often; may throw to stop.
    /// - Throws: ``ModelError``; what `checkpoint` throws.
    public func run(
        _ subject: VisualizationSubject, key: RandomKey, showsPictures: Bool, checkpoint: () throws -> Void = {}
    ) throws -> Outcome {
        let waves = try parametrization(of: subject.images), pixels = try parametrization(.pixels, of: subject.images)
        let units = try subject.points.flatMap { try self.units(at: $0, of: subject.network) }
        let drawn = try units.enumerated().map { index, unit in
            try RandomDirection.drawn(beside: unit, of: subject.network, key: key["direction"][index])
        }
        let directions = try RandomDirection.uncorrelated(drawn, with: units, over: subject.images, by: subject.network)
        func images(
            _ units: [VisualizedUnit], _ network: NetworkGraph, _ parametrization: ImageParametrization
        ) throws -> Tensor {
            try optimization.images(
                for: .units(units), of: network, count: units.count, as: parametrization, key: key["images"],
                checkpoint: checkpoint)
        }
        let made = try images(units, subject.network, waves)
        let byPixels = try images(units, subject.network, pixels)
        let flat = try images(
            units, subject.network, parametrization(.fourier(decayPower: 0), of: subject.images))
        let untrained = try images(units, subject.untrained, waves)
        let untrainedPixels = try images(units, subject.untrained, pixels)
        let directed = try images(directions, subject.network, waves)
        let anyDirected = try images(drawn, subject.network, waves)
        let examples = try DataSetExamples(of: units, in: subject.images, by: subject.network)
        var outcome = Outcome()
        try compare(subject, examples, [made, byPixels, untrained, directed, anyDirected], &outcome)
        let basis = PlaneWaves(height: subject.images.shape[1], width: subject.images.shape[2])
        func low(_ images: Tensor) -> Double {
            Statistics.mean(basis.lowFrequencyShares(images).filter { !$0.isNaN })
        }
        (outcome.lowFourier, outcome.lowPixels, outcome.lowFlat) = (low(made), low(byPixels), low(flat))
        (outcome.lowUntrained, outcome.lowUntrainedPixels) = (low(untrained), low(untrainedPixels))
        outcome.lowData = low(subject.images[0..<min(512, subject.images.shape[0])])
        if showsPictures { outcome.panels = panels(subject, examples, byPixels, made) }
        return outcome
    }

    /// How this study makes images beside a data set.
    ///
    /// - Parameters:
    ///   - space: what one parameter moves; by default a plane wave with the weight that the settings say.
    ///   - images: the data set.
    /// - Shapes: `images` `[N, H, W, C]`.
    /// - Throws: ``ModelError`` where the data set has no contrast, or colors that cannot be decorrelated.
    public func parametrization(
        _ space: ImageParametrization.Space? = nil, of images: Tensor
    ) throws -> ImageParametrization {
        let (height, width) = (images.shape[1], images.shape[2])
        func weighted() throws -> ImageParametrization.Space {
            guard weighsAsData else { return .fourier(decayPower: decayPower) }
            return .weighted(try PlaneWaves(height: height, width: width).scales(of: images, power: amplitudePower))
        }
        return ImageParametrization(
            try space ?? weighted(), height: height, width: width, color: try ColorCorrelation(of: images),
            ball: staysInBall ? ImageBall(around: images) : nil)
    }

    /// Evenly spaced channels of the activation at `point`: a rule that looks at no image.
    func units(at point: HookPoint, of network: NetworkGraph) throws -> [VisualizedUnit] {
        guard let channels = network.shape(at: point)?.last else {
            throw ModelError("the network has no \(point), whose units should be visualized")
        }
        let count = min(unitsPerLayer, channels)
        return (0..<count).map { .channel($0 * channels / count, at: point) }
    }

    /// How many units each kind of image raises above the whole data set, and how far.
    private func compare(
        _ subject: VisualizationSubject, _ examples: DataSetExamples, _ made: [Tensor], _ outcome: inout Outcome
    ) throws {
        let (units, greatest) = (examples.units, examples.greatest)
        let means = examples.activations.map { Statistics.mean($0.map(Double.init)) }
        let own = try made.map { images in
            let found = try DataSetExamples(of: units, in: images, by: subject.network).activations
            return units.indices.map { found[$0][$0] }
        }
        func share(_ kind: Int, of chosen: [Int]) -> Double {
            Double(chosen.count { own[kind][$0] > greatest[$0] }) / Double(max(1, chosen.count))
        }
        let all = Array(units.indices)
        (outcome.raised, outcome.raisedByPixels) = (share(0, of: all), share(1, of: all))
        (outcome.raisedByUntrained, outcome.raisedByDirection) = (share(2, of: all), share(3, of: all))
        outcome.raisedByAnyDirection = share(4, of: all)
        outcome.layers = subject.points.map { point in
            let chosen = all.filter { units[$0].point == point }
            return [0, 2, 3].map { share($0, of: chosen) }
        }
        outcome.relative = made.indices.map { kind in
            Statistics.mean(
                all.map { unit in
                    (Double(own[kind][unit]) - means[unit]) / max(1e-9, Double(greatest[unit]) - means[unit])
                })
        }
    }

    /// For each layer a row for each of its first units: pixels, waves, three strongest examples, and a crop of the first.
    private func panels(
        _ subject: VisualizationSubject, _ examples: DataSetExamples, _ byPixels: Tensor, _ made: Tensor
    ) -> [[ImageFigure.Panel]] {
        subject.points.map { point in
            let shown = examples.units.indices.filter { examples.units[$0].point == point }.prefix(Self.shown)
            return shown.flatMap { index in
                let unit = examples.units[index]
                let top = examples.strongest(index, count: 3)
                let crops = top.prefix(1).map { example in
                    Self.panel(
                        "crop", DataSetExamples.crop(of: subject.images[example], for: unit, by: subject.network))
                }
                return [
                    Self.panel("\(unit.title): pixels", byPixels[index]),
                    Self.panel("\(unit.title): waves", made[index]),
                ]
                    + top.enumerated().map { Self.panel("example \($0 + 1)", subject.images[$1]) } + crops
            }
        }
    }

    /// A picture of an image `[H, W, C]` of one or three channels.
    static func panel(_ title: String, _ image: Tensor) -> ImageFigure.Panel {
        ImageFigure.Panel(
            title, height: image.shape[0], width: image.shape[1], channels: image.shape[2], values: image.elements)
    }
}
