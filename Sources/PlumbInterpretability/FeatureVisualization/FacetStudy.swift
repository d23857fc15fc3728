internal import PlumbBasics
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Whether diversity shows what else a unit responds to: several images are made for one unit at once, and another network,
/// trained apart on other data, says what each shows.
///
/// The unit is polysemantic by construction: it was trained to answer to two classes. One image shows one of them, and
/// images made apart tend to show the same (Olah, Mordvintsev, Schubert 2017, *Feature Visualization*, Distill,
/// doi:10.23915/distill.00007, section "Diversity").
public struct FacetStudy: SettingGroup {
    @Setting("Sets of images that are made for a unit.", 1...256) public var facetSets = 8
    @Setting("Images of a set.", 2...32) public var facetImages = 4
    @Setting("Weight of the diversity of a set's images.", 0...1e6) public var diversityWeight = 60.0

    /// The study of the quick experiment.
    public init() {}

    /// A unit, and who judges the images made for it.
    public struct Subject: Sendable {
        /// The network with the unit.
        public var network: NetworkGraph
        /// Answers with a class for each image; trained apart.
        public var judge: NetworkGraph
        /// The label that answers to both classes.
        public var merged: Int
        /// The two classes, as the judge counts them.
        public var classes: [Int]
        /// A label that answers to one class.
        public var single: Int
        /// Where diverse images differ.
        public var point: HookPoint
        /// How images are made.
        public var parametrization: ImageParametrization
        /// What the judge's classes are called.
        public var names: [String]

        /// A subject of these parts.
        public init(
            network: NetworkGraph, judge: NetworkGraph, merged: Int, classes: [Int], single: Int, point: HookPoint,
            parametrization: ImageParametrization, names: [String]
        ) {
            (self.network, self.judge, self.merged, self.classes) = (network, judge, merged, classes)
            (self.single, self.point, self.parametrization, self.names) = (single, point, parametrization, names)
        }
    }

    /// What one network gives.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The share of sets in which the judge sees both classes: with diversity, without it, and where the unit answers
        /// to one class.
        public var diverse = 0.0, plain = 0.0, single = 0.0
        /// The share of sets of the unit that answers to one class in which the judge sees two classes or more.
        public var singleOthers = 0.0
        /// The share of images in which the judge sees either class: with diversity and without it.
        public var seenDiverse = 0.0, seenPlain = 0.0
        /// A row of pictures each: without diversity, with it, and for the other unit with it.
        public var panels: [ImageFigure.Panel] = []
    }

    /// Makes sets of images and has them judged.
    ///
    /// - Throws: ``ModelError``; what `checkpoint` throws.
    public func run(
        _ subject: Subject, _ optimization: ImageOptimization, key: RandomKey, showsPictures: Bool,
        checkpoint: () throws -> Void = {}
    ) throws -> Outcome {
        let count = facetSets * facetImages
        func images(_ label: Int, isDiverse: Bool) throws -> Tensor {
            let diversity = VisualizationObjective.diversity(at: subject.point, setsOf: facetImages)
            let term = VisualizationObjective.unit(.logit(label))
            return try optimization.images(
                for: isDiverse ? term + Float(diversityWeight) * diversity : term, of: subject.network, count: count,
                as: subject.parametrization, key: key, checkpoint: checkpoint)
        }
        let plain = try images(subject.merged, isDiverse: false)
        let diverse = try images(subject.merged, isDiverse: true)
        let single = try images(subject.single, isDiverse: true)
        let seen = [plain, diverse, single].map { subject.judge($0).argmaxOfRows() }
        func sets(_ classes: [Int]) -> [Set<Int>] {
            (0..<facetSets).map { Set(classes[$0 * facetImages..<($0 + 1) * facetImages]) }
        }
        func both(_ classes: [Int]) -> Double {
            Double(sets(classes).count { $0.isSuperset(of: subject.classes) }) / Double(facetSets)
        }
        func either(_ classes: [Int]) -> Double {
            Double(classes.count { subject.classes.contains($0) }) / Double(count)
        }
        var outcome = Outcome()
        (outcome.plain, outcome.diverse, outcome.single) = (both(seen[0]), both(seen[1]), both(seen[2]))
        outcome.singleOthers = Double(sets(seen[2]).count { $0.count > 1 }) / Double(facetSets)
        (outcome.seenPlain, outcome.seenDiverse) = (either(seen[0]), either(seen[1]))
        guard showsPictures else { return outcome }
        let titles = ["no diversity", "diversity", "one class"]
        outcome.panels = [plain, diverse, single].enumerated().flatMap { row, images in
            (0..<min(6, count)).map { index in
                FeatureVisualizationStudy.panel(
                    "\(titles[row]): \(subject.names[seen[row][index]])", images[index])
            }
        }
        return outcome
    }
}
