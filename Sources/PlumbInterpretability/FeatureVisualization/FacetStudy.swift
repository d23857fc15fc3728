internal import PlumbBasics
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Whether diversity shows what else a unit responds to: several images are made for one unit at once, and another network,
/// trained apart on other data, says what each shows.
///
/// The unit is polysemantic by construction: it is the soft maximum of two logits of a network that tells all classes apart,
/// so each of the two classes drives it alone, as strongly as that class's own logit. One image shows one of them, and images
/// made apart tend to show the same (Olah, Mordvintsev, Schubert 2017, *Feature Visualization*, Distill,
/// doi:10.23915/distill.00007, section "Diversity").
///
/// A maximum has the gradient of the greater logit alone, so every image would climb the one that is greater for a gray
/// image. At first the maximum is therefore soft, and the images of a set must differ; temperature and weight fall to their
/// ends in the first steps, and the rest raises what each image has come to.
public struct FacetStudy: SettingGroup {
    @Setting("Sets of images, each for the soft maximum of two logits.", 1...256) public var facetSets = 8
    @Setting("Images of a set.", 2...32) public var facetImages = 4
    @Setting("Steps in which an image of a set is optimized.", 1...100_000) public var facetSteps = 320
    @Setting("Weight of the diversity of a set's images at first; it falls to 0.", 0...1e6)
    public var diversityWeight = 50.0
    @Setting("Temperature of the soft maximum of two logits at first; it falls to 1 or stays below.", 1e-3...1e6)
    public var facetTemperature = 20.0
    @Setting("Share of the steps in which weight and temperature fall.", 0.01...1) public var diverseShare = 0.4

    /// The study of the quick experiment.
    public init() {}

    /// Networks, and the units that images are made for.
    public struct Subject: Sendable {
        /// The network whose logits are visualized.
        public var network: NetworkGraph
        /// Answers with one of the same classes for each image; trained apart.
        public var judge: NetworkGraph
        /// Two classes each: a unit is the soft maximum of their logits. Sets of images take the pairs in turn.
        public var pairs: [[Int]]
        /// Where diverse images differ.
        public var point: HookPoint
        /// What the classes are called.
        public var names: [String]

        /// A subject of these parts.
        public init(network: NetworkGraph, judge: NetworkGraph, pairs: [[Int]], point: HookPoint, names: [String]) {
            (self.network, self.judge, self.pairs) = (network, judge, pairs)
            (self.point, self.names) = (point, names)
        }
    }

    /// What one network gives.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The share of sets in which the judge sees both classes of the pair: with diversity, without it, and with it for
        /// one of the two logits alone.
        public var diverse = 0.0, plain = 0.0, single = 0.0
        /// The share of the sets for one logit in which the judge sees two classes or more.
        public var singleOthers = 0.0
        /// The share of images in which the judge sees either class of the pair: with diversity and without it.
        public var seenDiverse = 0.0, seenPlain = 0.0
        /// The share of images for one logit in which the judge sees its class.
        public var seenSingle = 0.0
        /// For each pair an image without diversity, images of a set with it, and one for one of the logits.
        public var panels: [ImageFigure.Panel] = []
    }

    /// The weight of diversity once a share of the steps is done: it falls in a line to 0.
    func weight(_ done: Double) -> Float { Float(diversityWeight * max(0, 1 - done / diverseShare)) }

    /// The temperature once a share of the steps is done: it falls in a line to 1, or stays where it is below that.
    func temperature(_ done: Double) -> Float {
        let last = min(1, facetTemperature)
        return Float(last + (facetTemperature - last) * max(0, 1 - done / diverseShare))
    }

    /// Makes sets of images and has them judged.
    ///
    /// - Parameters:
    ///   - subject: networks and units.
    ///   - optimization: how images are optimized, but for the number of steps.
    ///   - parametrization: how parameters become images.
    ///   - key: of starts and transformations, which all kinds of sets share.
    ///   - showsPictures: whether the outcome holds pictures.
    ///   - checkpoint: called often; may throw to stop.
    /// - Throws: ``ModelError``; what `checkpoint` throws.
    public func run(
        _ subject: Subject, _ optimization: ImageOptimization, as parametrization: ImageParametrization,
        key: RandomKey, showsPictures: Bool, checkpoint: () throws -> Void = {}
    ) throws -> Outcome {
        let (sets, size, pairs) = (0..<facetSets, facetImages, subject.pairs)
        let both = sets.map { pairs[$0 % pairs.count] }
        // Round by round the first class of every pair, then the second.
        let one = sets.map { [both[$0][$0 / pairs.count % both[$0].count]] }
        let diversity = VisualizationObjective.diversity(at: subject.point, setsOf: size)
        var longer = optimization
        longer.imageSteps = facetSteps
        let optimization = longer
        func images(_ classes: [[Int]], isDiverse: Bool) throws -> Tensor {
            let chosen = classes.flatMap { [[Int]](repeating: $0, count: size) }
            return try optimization.images(
                of: subject.network, count: chosen.count, as: parametrization, key: key, checkpoint: checkpoint
            ) { done in
                let temperature = temperature(done)
                let term = VisualizationObjective.units(
                    chosen.map { VisualizedUnit(.softMaximum($0, temperature: temperature), at: .logits) })
                let weight = isDiverse ? weight(done) : 0
                return weight > 0 ? term + weight * diversity : term
            }
        }
        let made = [
            try images(both, isDiverse: false), try images(both, isDiverse: true), try images(one, isDiverse: true),
        ]
        let seen = made.map { subject.judge($0).argmaxOfRows() }
        func share(_ kind: Int, _ holds: (Int, ArraySlice<Int>) -> Bool) -> Double {
            Double(sets.count { holds($0, seen[kind][$0 * size..<($0 + 1) * size]) }) / Double(facetSets)
        }
        func images(_ kind: Int, of classes: [[Int]]) -> Double {
            Double(seen[kind].indices.count { classes[$0 / size].contains(seen[kind][$0]) }) / Double(seen[kind].count)
        }
        func showsBoth(_ set: Int, _ seen: ArraySlice<Int>) -> Bool { Set(seen).isSuperset(of: both[set]) }
        var outcome = Outcome()
        (outcome.plain, outcome.diverse) = (share(0, showsBoth), share(1, showsBoth))
        (outcome.single, outcome.singleOthers) = (share(2, showsBoth), share(2) { Set($1).count > 1 })
        (outcome.seenPlain, outcome.seenDiverse) = (images(0, of: both), images(1, of: both))
        outcome.seenSingle = images(2, of: one)
        guard showsPictures else { return outcome }
        outcome.panels = sets.prefix(pairs.count).flatMap { set in
            func panel(_ title: String, _ kind: Int, _ image: Int) -> ImageFigure.Panel {
                let index = set * size + image
                return FeatureVisualizationStudy.panel(
                    "\(title): \(subject.names[seen[kind][index]])", made[kind][index])
            }
            return [panel("alone", 0, 0)] + (0..<min(4, size)).map { panel("diverse", 1, $0) }
                + [panel("\(subject.names[one[set][0]]) logit", 2, 0)]
        }
        return outcome
    }
}
