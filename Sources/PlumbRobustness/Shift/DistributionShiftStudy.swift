internal import PlumbBasics
public import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Classifiers on pictures, and what becomes of them where the pictures are others than those of training.
public struct DistributionShiftStudy: SettingGroup {
    @Setting("Widths of the hidden layers of a perceptron, for small pictures.", 1...1024) public var hidden = [
        128, 64,
    ]
    @Setting("Channels of the convolutions, for pictures of 28 × 28 pixels.", 1...256) public var channels = [8, 16]
    @Setting("Epochs of training.", 1...1000) public var epochs = 30
    @Setting("Pictures in a step.", 1...1024) public var batch = 64
    @Setting("Learning rate of Adam.", 1e-6...1) public var rate = 1e-3
    @Setting("Classifiers in the ensemble.", 1...100) public var members = 5
    @Setting("Which neighbor's distance counts.", 1...1000) public var neighbors = 10
    @Setting("Dimensions of the subspace of ViM; at most half of those of the features.", 1...4096)
    public var dimensions = 32
    @Setting("Step of ODIN, in units of a pixel.", 0...1) public var odinStep = 0.02
    @Setting("Deviation of the noise in training that is to prepare for noise.", 0...1) public var noise = 0.25
    @Setting("Halves of the test pictures that are compared with each other, in the control.", 1...100) public
        var halves = 4
    /// Probabilities and sets of classes.
    public var calibration = CalibrationStudy()

    /// The study of the quick experiment.
    public init() {}

    /// How well a set is told from test pictures by one method.
    public struct Detection: Codable, Sendable, Equatable {
        /// The area under the receiver operating characteristic.
        public let area: Double
        /// The share of the set that passes where 95 % of test pictures pass.
        public let passing: Double
    }

    /// What one seed gives.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The accuracy on test pictures of the plain classifier, and of the one trained with noise.
        public let clean: Double, noisyClean: Double
        /// How well each set is found by each method.
        public let detections: CaseValues<ShiftedSet, CaseValues<ShiftDetector, Detection>>
        /// Curves of the sets by each method, for figures.
        public let curves: CaseValues<ShiftedSet, CaseValues<ShiftDetector, Curve>>
        /// The accuracy under each corruption, a value a severity.
        public let corrupted: CaseValues<Corruption, [Double]>
        /// The same for the classifier trained with noise.
        public let noisyCorrupted: CaseValues<Corruption, [Double]>
        /// Probabilities and sets of classes.
        public let calibration: CalibrationStudy.Outcome
    }

    /// A receiver operating characteristic.
    public struct Curve: Codable, Sendable, Equatable {
        /// The shares of false alarms and of shifted samples that are found.
        public let falseAlarms: [Double], found: [Double]
    }

    /// Trains the classifiers of one seed and measures them.
    ///
    /// - Parameters:
    ///   - train: what is learned from.
    ///   - test: what is judged by; of other pictures.
    /// - Throws: ``RobustnessStudyError`` where the data are too few; `FitError`, `LinearAlgebraError`,
    ///   `RunInterrupted`.
    public func run(train: LabeledImages, test: LabeledImages, key: RandomKey, in session: FitSession) throws -> Outcome
    {
        guard train.classNames.count > 4, train.count > 2 * batch, test.count > 40 else {
            throw RobustnessStudyError(
                "shift is measured with more than four classes, \(2 * batch) training and 40 test pictures; there are "
                    + "\(train.classNames.count), \(train.count) and \(test.count)")
        }
        let networks = try (0..<members).map { member in
            try self.train(train, key: key["member"][member], label: "classifier \(member + 1)", in: session)
        }
        let noisy = try self.train(train, noise: noise, key: key["noisy"], label: "with noise", in: session)
        let detectors = try fitted(networks, train)
        let inside = try detectors.scores(test.images)
        var found: [ShiftedSet: [ShiftDetector: (shifted: [Double], inside: [Double])]] = [:]
        for set in [ShiftedSet.uniform, .permuted, .inverted] {
            let scores = try detectors.scores(set.pictures(test.images, key: key[set.rawValue]))
            found[set] = Self.pairs(scores, inside)
        }
        found[.near] = try near(train, test, key: key["near"], in: session)
        let splits = halfPairs(inside, key: key["halves"])
        found[.same] = splits[0]
        let detections = CaseValues<ShiftedSet, CaseValues<ShiftDetector, Detection>> { set in
            CaseValues { detector in
                let samples = set == .same ? splits.map { $0[detector] } : [found[set]?[detector]]
                return Detection(
                    area: Statistics.mean(
                        samples.map { Statistics.auroc(positives: $0?.shifted ?? [], negatives: $0?.inside ?? []) }),
                    passing: Statistics.mean(
                        samples.map { ROCCurve.passingAt95(shifted: $0?.shifted ?? [], inside: $0?.inside ?? []) }))
            }
        }
        try session.reporter.checkpoint()
        return Outcome(
            clean: try RecordedOutputs(networks[0], test.images).accuracy(test.labels),
            noisyClean: try RecordedOutputs(noisy, test.images).accuracy(test.labels), detections: detections,
            curves: CaseValues { set in
                CaseValues { detector in
                    let curve = ROCCurve(
                        shifted: found[set]?[detector]?.shifted ?? [], inside: found[set]?[detector]?.inside ?? [],
                        points: 60)
                    return Curve(falseAlarms: curve.falseAlarms, found: curve.found)
                }
            },
            corrupted: try accuracies(networks[0], test, key: key["corruptions"], session),
            noisyCorrupted: try accuracies(noisy, test, key: key["corruptions"], session),
            calibration: try calibration.run(self, train: train, test: test, key: key["calibration"], in: session))
    }

    /// A classifier of pictures: a perceptron, or convolutions where the pictures are larger than 16 × 16 pixels.
    ///
    /// - Parameter noise: the deviation of noise that each step adds to its pictures.
    /// - Throws: `FitError`, `RunInterrupted`.
    public func train(
        _ data: LabeledImages, noise: Double = 0, epochs: Int? = nil, key: RandomKey, label: String,
        in session: FitSession
    ) throws -> NetworkGraph {
        let classes = data.classNames.count
        let size = data.height * data.width * data.channels
        let network =
            data.height > 16
            ? NetworkGraph.convolutional(
                image: [data.height, data.width, data.channels], channels: channels, hidden: hidden.last ?? 64,
                classes: classes, key: key["init"])
            : NetworkGraph(MLP([size] + hidden + [classes], initializer: .heNormal, key: key["init"]))
        let batches = Batches(count: data.count, size: min(batch, data.count), key: key["batches"])
        return try Fit(steps: (epochs ?? self.epochs) * batches.perEpoch).run(
            network, optimizer: Adam(learningRate: rate), label: label, in: session
        ) { network, step in
            let rows = batches.rows(step: step)
            var images = data.images.gathered(rows)
            if noise > 0 {
                images = images + Tensor.normal(images.shape, standardDeviation: noise, key: key["noise"][step])
                images = images.clamped(to: 0...1)
            }
            return network(images).crossEntropy(rows.map { data.labels[$0] })
        }.model
    }

    private func fitted(_ networks: [NetworkGraph], _ train: LabeledImages) throws -> FittedDetectors {
        try FittedDetectors(
            networks, training: train.images, labels: train.labels, neighbors: neighbors, dimensions: dimensions,
            odinStep: odinStep)
    }

    private typealias Scores = [ShiftDetector: [Double]]
    private typealias Pairs = [ShiftDetector: (shifted: [Double], inside: [Double])]

    private static func pairs(_ shifted: Scores, _ inside: Scores) -> Pairs {
        shifted.reduce(into: [:]) { $0[$1.key] = ($1.value, inside[$1.key] ?? []) }
    }

    /// Classifiers of the first seven tenths of the classes, and pictures of the others.
    private func near(
        _ train: LabeledImages, _ test: LabeledImages, key: RandomKey, in session: FitSession
    ) throws -> Pairs {
        let kept = train.classNames.count * 7 / 10
        func part(_ data: LabeledImages, _ isKept: Bool) -> LabeledImages {
            let rows = data.labels.indices.filter { (data.labels[$0] < kept) == isKept }
            return isKept
                ? LabeledImages(
                    images: data.images.gathered(rows), labels: rows.map { data.labels[$0] },
                    classNames: Array(data.classNames.prefix(kept))) : data[rows]
        }
        let known = part(train, true)
        let networks = try (0..<members).map { member in
            try self.train(known, key: key[member], label: "fewer classes \(member + 1)", in: session)
        }
        let detectors = try fitted(networks, known)
        return Self.pairs(
            try detectors.scores(part(test, false).images), try detectors.scores(part(test, true).images))
    }

    /// The scores of one half of the test pictures against those of the other.
    private func halfPairs(_ inside: Scores, key: RandomKey) -> [Pairs] {
        let count = inside[.inputNorm]?.count ?? 0
        return (0..<halves).map { half in
            var random = key[half].generator()
            let order = Array(0..<count).shuffled(using: &random)
            return inside.mapValues { scores in
                (order.prefix(count / 2).map { scores[$0] }, order.suffix(count / 2).map { scores[$0] })
            }
        }
    }

    private func accuracies(
        _ network: NetworkGraph, _ test: LabeledImages, key: RandomKey, _ session: FitSession
    ) throws -> CaseValues<Corruption, [Double]> {
        try CaseValues { corruption in
            try session.reporter.checkpoint()
            return try (1...Corruption.severities).map { severity in
                let images = corruption.applied(to: test.images, severity: severity, key: key)
                return try RecordedOutputs(network, images).accuracy(test.labels)
            }
        }
    }
}
