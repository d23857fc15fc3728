public import PlumbAlignment
public import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbRobustness
internal import PlumbTensor

/// Do images made for a unit show what drives it?
///
/// Beside each image: strongest examples, images of pixels, and those for an untrained network and random directions.
public struct FeatureVisualization: Experiment {
    typealias Outcome = VisualizationOutcome

    /// What the networks read.
    public enum Subject: String, Sendable, Codable, CaseIterable { case signs, mazes }

    public struct Settings: ExperimentSettings {
        @Setting("Seeds: each trains networks of its own and makes images for them.", 1...1000) public var seeds = 3
        @Setting("What the networks read: drawn traffic signs, or mazes.") public var subject = Subject.signs
        /// Units and images.
        public var study = FeatureVisualizationStudy()
        /// Several images for one unit.
        public var facets = FacetStudy()
        /// The networks that read signs.
        public var signs = VisualizedClassifier()
        /// The network that walks through mazes.
        public var mazes = MazeImages()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, mazes, paper) = (Settings(), Settings(), Settings())
        (tiny.seeds, tiny.study.unitsPerLayer, tiny.study.optimization.imageSteps) = (1, 2, 4)
        (tiny.signs.views, tiny.signs.unseenViews, tiny.signs.epochs, tiny.signs.signChannels) = (64, 16, 1, [2, 2, 2])
        (tiny.facets.facetSets, tiny.facets.facetImages, tiny.facets.facetSteps) = (1, 2, 4)
        mazes.subject = .mazes
        mazes.study.optimization.transformations = .none
        (paper.seeds, paper.study.unitsPerLayer) = (8, 24)
        (paper.signs.views, paper.signs.epochs, paper.facets.facetSets, paper.facets.facetSteps) = (8000, 10, 16, 512)
        return ["tiny": tiny, "maze": mazes, "paper": paper]
    }()

    public static let card = Card(
        id: "feature-visualization", title: "Images that units respond to",
        direction: "interpretability: feature visualization",
        question: "Do images that are optimized for a unit show what drives it, and all that drives it?",
        method:
            "Train a convolutional network on drawn traffic signs. For evenly spaced units of each layer make images by "
            + "gradient ascent: parameters are the coefficients of plane waves, weighted by their amplitude in the data set, "
            + "in colors decorrelated by its covariance; no image has more contrast than the data set, and images are "
            + "moved, turned, scaled and cropped at random between steps. Compare the unit's activation with that of every "
            + "image of the data set, and with images for a network without training and for random directions, each "
            + "changed along the unit alone until the two are uncorrelated over the data set. For units that are the soft "
            + "maximum of two signs' logits make sets of images that must at first differ in the hidden layer, while the "
            + "maximum grows hard; a network trained apart on other views says which sign each shows.",
        limits:
            "Small networks and drawn signs. An image that drives a unit need not be what the unit detects, nor all of it: that "
            + "is why examples stand beside. Units that are polysemantic by training may be harder than two logits.",
        references: [
            Reference(
                authors: "Olah, Mordvintsev, Schubert", title: "Feature Visualization (Distill)", year: 2017),
            Reference(
                authors: "Geirhos, Zimmermann, Bilodeau, Brendel, Kim",
                title: "Don't trust your eyes: on the (un)reliability of feature visualizations", year: 2023,
                arXiv: "2306.04719"),
        ],
        changes:
            "Images for a network with the first weights of the trained one raised 0.66 of units; the network without training "
            + "has weights of its own since. Waves weighted by 1 / frequency gained 0.06 to 0.19, a logit trained on two signs "
            + "showed both in 0.58 of sets, and the larger of two logits in at most 0.25, since its gradient reaches one alone. "
            + "With 160 steps sets showed both signs in 0.5 to 1 and several for one class in 0.13 to 0.5, and controls of 8 units "
            + "a layer were 0.03 to 0.16. Sets now take 320 steps (0.75 to 1, 0 to 0.38), and 16 units a layer 80 (0.02 to 0.13): "
            + "more steps raise other units too. The bounds are the first ones; one network may miss those of units.",
        minutes: 2)

    private static func of(_ whole: String, _ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "of the \(whole)", isHeadline: isHeadline)
    }
    static let raised = of("units", "raised_above_data_set", isHeadline: true)
    static let untrained = of("units", "raised_by_images_of_untrained_network", isHeadline: true)
    static let direction = of("units", "raised_by_images_of_uncorrelated_direction")
    static let gain = of("energy", "low_frequency_gain_of_waves", isHeadline: true)
    static let flatGain = of("energy", "low_frequency_gain_of_unweighted_waves")
    static let low = of("energy", "low_frequency_waves"), lowPixels = of("energy", "low_frequency_pixels")
    static let both = of("sets", "both_signs_with_diversity", isHeadline: true)
    static let bothPlain = of("sets", "both_signs_without_diversity")
    static let bothSingle = of("sets", "both_signs_one_class"), othersSingle = of("sets", "several_signs_one_class")

    private static let ofImages: [(Quantity, @Sendable (FeatureVisualizationStudy.Outcome) -> Double)] = [
        (raised, { $0.raised }), (untrained, { $0.raisedByUntrained }), (direction, { $0.raisedByDirection }),
        (of("units", "raised_by_images_of_random_direction"), { $0.raisedByAnyDirection }),
        (of("units", "raised_above_data_set_by_pixels"), { $0.raisedByPixels }),
        (gain, { $0.lowFourier - $0.lowPixels }), (flatGain, { $0.lowFlat - $0.lowPixels }),
        (low, { $0.lowFourier }), (lowPixels, { $0.lowPixels }),
        (of("energy", "low_frequency_unweighted_waves"), { $0.lowFlat }),
        (of("energy", "low_frequency_data_set"), { $0.lowData }),
        (of("energy", "low_frequency_waves_untrained"), { $0.lowUntrained }),
        (of("energy", "low_frequency_pixels_untrained"), { $0.lowUntrainedPixels }),
    ]
    private static let ofFacets: [(Quantity, @Sendable (FacetStudy.Outcome) -> Double)] = [
        (both, { $0.diverse }), (bothPlain, { $0.plain }), (bothSingle, { $0.single }),
        (othersSingle, { $0.singleOthers }), (of("images", "images_seen_as_either_sign"), { $0.seenDiverse }),
        (of("images", "images_seen_as_either_sign_without_diversity"), { $0.seenPlain }),
        (of("images", "images_seen_as_their_sign_one_class"), { $0.seenSingle }),
    ]
    private static let accuracy = Quantity("accuracy"), judge = Quantity("judge_accuracy")

    public var claims: [Claim] {
        let shared = [
            Claim(
                .each(allowing: 1), "An image made for a unit raises it above every image of the data set", Self.raised,
                .atLeast(0.95),
                control: "Images for a network without training, or for directions uncorrelated with the unit, do not",
                Self.untrained, .atMost(0.1)
            ).controlAnd(Self.direction, .atMost(0.1)),
            Claim(
                .each(allowing: 1), "An image made of plane waves has more low-frequency energy than one of pixels",
                Self.gain, .atLeast(0.2), control: "Where a wave's weight does not fall with its frequency it has not",
                Self.flatGain, .atMost(0.05)),
        ]
        guard settings.subject == .signs else { return shared }
        return shared + [
            Claim(
                .mean, "Sets of diverse images show both signs that a unit answers to", Self.both, .atLeast(0.8),
                control: "Without diversity they show one", Self.bothPlain, .atMost(0.2)
            ).controlAnd(Self.bothSingle, .atMost(0.05)).controlAnd(Self.othersSingle, .atMost(0.2))
        ]
    }

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.mazes.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (settings, trials) = (settings, Trials(context, count: settings.seeds))
        let readsSigns = settings.subject == .signs
        let outcomes = try await trials.run("networks and images") { trial in
            let (study, key, isFirst) = (settings.study, trial.key, trial.index == 0)
            let checkpoint = { try trial.checkpoint() }
            guard readsSigns else {
                let mazes = try settings.mazes.train(key: key["mazes"], in: trial.session)
                let subject = VisualizationSubject(
                    network: mazes.network, untrained: mazes.untrained, images: mazes.images,
                    points: ["conv1", "conv2", "fc1"].map { .outside(Site(rawValue: "\($0).hook_out")) })
                return Outcome(
                    images: try study.run(subject, key: key["images"], showsPictures: isFirst, checkpoint: checkpoint))
            }
            let signs = try settings.signs.train(
                names: TrafficSign.allCases.map(\.title), pictures: SignView.pictures, key: key["signs"],
                in: trial.session)
            let images = try study.run(
                signs.subject, key: key["images"], showsPictures: isFirst, checkpoint: checkpoint)
            let facets = try settings.facets.run(
                signs.facets, study.optimization, as: study.parametrization(of: signs.subject.images),
                key: key["facets"], showsPictures: isFirst, checkpoint: checkpoint)
            return Outcome(images: images, facets: facets, accuracy: signs.accuracy, judge: signs.judgeAccuracy)
        }
        let measured = measured(outcomes, seeds: trials.seeds)
        let layers = readsSigns ? settings.signs.layers : ["convolution 1", "convolution 2", "hidden layer"]
        let figures = VisualizationFigures(
            outcomes: outcomes, measured: measured, layers: layers,
            channels: readsSigns ? "" : "Red shows walls, green the agent, blue the cheese.")
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            for (quantity, _) in Self.ofImages { measured.metrics(quantity) }
            if readsSigns {
                for (quantity, _) in Self.ofFacets { measured.metrics(quantity) }
                measured.metrics(Self.accuracy, Self.judge)
            }
            for figure in figures.units { figure }
            if let facets = figures.facets { facets }
            figures.layers
            figures.relative
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        for (quantity, value) in Self.ofImages { measured[quantity] = outcomes.map { value($0.images) } }
        for (quantity, value) in Self.ofFacets { measured[quantity] = outcomes.compactMap(\.facets).map(value) }
        measured[Self.accuracy] = outcomes.compactMap(\.accuracy)
        measured[Self.judge] = outcomes.compactMap(\.judge)
        return measured
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        let images =
            "Images made for a unit raise it above the whole data set for \(percent(Self.raised)) of units, images made for "
            + "the network without training for \(percent(Self.untrained)), for an uncorrelated direction for "
            + "\(percent(Self.direction)). \(percent(Self.low)) of their energy lies at low frequencies where they are made "
            + "of plane waves, and \(percent(Self.lowPixels)) where of pixels."
        guard settings.subject == .signs else { return images }
        return images
            + " For the soft maximum of two signs' logits, \(percent(Self.both)) of sets of diverse images show both signs, "
            + "and \(percent(Self.bothPlain)) of sets without diversity."
    }
}
