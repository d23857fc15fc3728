internal import PlumbBasics
public import PlumbData
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Networks trained in several ways on small images, what can be certified about them, and what attacks find.
public struct CertificationStudy: SettingGroup {
    @Setting("Test images whose robustness is certified, attacked and smoothed.", 1...10_000) public var points = 200
    @Setting("L∞ radii at which images are certified.", 0.001...1) public var radii = [0.02, 0.05, 0.1, 0.15]
    @Setting("Steps of gradient ascent of optimized linear bounds.", 0...1000) public var ascentSteps = 10
    @Setting("Steps of an attack's start.", 1...10_000) public var attackSteps = 40
    @Setting("Test images of the complete verifier.", 1...10_000) public var completePoints = 60
    @Setting("L∞ radius of the complete verifier.", 0.001...1) public var completeRadius = 0.1
    @Setting("The most parts that the complete verifier splits a region into.", 1...10_000_000) public var parts = 4000
    @Setting("Evaluations in reordered sums.", 1...100_000_000) public var evaluations = 500_000
    @Setting("Draws of noise with which a smoothed class's probability is estimated.", 1...10_000_000) public
        var draws = 2000
    @Setting("Standard deviation of the noise.", 0.01...10) public var deviation = 0.25
    @Setting("L2 radii of smoothing.", 0...10) public var smoothingRadii = [0.0, 0.25, 0.5, 0.75]
    /// How networks are trained.
    public var training = CertifiedTraining()

    /// The sizes of the quick experiment.
    public init() {}

    /// Accuracies by radius of one network: each a share of the images.
    public struct Curve: Codable, Sendable {
        /// Without an attack.
        public var clean = 0.0
        /// Images on which the attack fails.
        public var attacked: [Double] = []
        /// Images certified by intervals, linear bounds and optimized linear bounds, for each radius.
        public var certified: [[Double]] = []
        /// Images that are certified and attacked with success, over all radii and bounds.
        public var contradictions = 0
        /// Images that were not certified at the largest radius, and those of them that the attack changes.
        public var open = 0, openBroken = 0
    }

    /// What the complete verifier found.
    public struct Complete: Codable, Sendable {
        /// Shares of the images certified by intervals, by linear bounds and by branch and bound; and those that the attack
        /// leaves.
        public var intervals = 0.0, linear = 0.0, exact = 0.0, attacked = 0.0
        /// Images without a verdict.
        public var undecided = 0
        /// Verdicts that the attack contradicts.
        public var contradictions = 0
        /// Parts that were bounded.
        public var parts = 0
    }

    /// What evaluations in reordered sums gave.
    public struct FloatingPoint: Codable, Sendable {
        /// How many evaluations there were, and how many of their logits lay outside of outward and of nearest bounds.
        public var evaluations = 0, outwardEscapes = 0, nearestEscapes = 0
        /// The share of evaluations of the points themselves outside of nearest bounds.
        public var nearestEscapesOfPoints = 0.0
        /// The share of interval bounds rounded to nearest that are tighter than in double precision.
        public var nearestTighter = 0.0
        /// The same of outward ones.
        public var outwardTighter = 0.0
        /// How much wider outward bounds are than those in double precision, relative to their width.
        public var extraWidth = 0.0
    }

    /// What one seed gave.
    public struct Outcome: Codable, Sendable {
        /// The network trained on the images alone, and the one trained on intervals.
        public var plain = Curve(), intervals = Curve()
        /// The small network trained on adversarial points.
        public var complete = Complete()
        /// Evaluations of the small network.
        public var floating = FloatingPoint()
        /// Shares of the images certified by smoothing at each radius: the network trained with noise, and the one without.
        public var smoothed: [Double] = [], smoothedPlain: [Double] = []
    }

    /// Trains and measures.
    ///
    /// - Parameters:
    ///   - digits: images; every fifth is for testing.
    ///   - key: of weights, batches, attacks and noise.
    ///   - session: where training reports to.
    /// - Throws: `FitError` where training diverges; `RunInterrupted`.
    public func run(_ digits: LabeledImages, key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let (train, test) = Digits.split(digits)
        let classes = digits.classNames.count
        let inputs = digits.height * digits.width * digits.channels
        func trained(_ sizes: [Int], _ objective: CertifiedTraining.Objective, _ name: String) throws -> NetworkGraph {
            let network = NetworkGraph(
                MLP([inputs] + sizes + [classes], initializer: .heNormal, key: key["weights"][name]))
            return try training.train(network, train, objective, key: key["training"], label: name, in: session)
        }
        var outcome = Outcome()
        let some = test[Array(0..<min(points, test.count))]
        let plain = try trained([128, 64], .plain, "plain")
        outcome.plain = try curve(plain, some, key: key["attack"])
        outcome.smoothedPlain = smoothed(plain, some, key: key["noise"])
        try session.reporter.checkpoint()
        let bounded = try trained([128, 64], .intervals(radius: 0.1), "intervals")
        outcome.intervals = try curve(bounded, some, key: key["attack"])
        let noisy = try trained([128, 64], .noise(Float(deviation)), "noise")
        outcome.smoothed = smoothed(noisy, some, key: key["noise"])
        try session.reporter.checkpoint()
        let small = try trained([24, 24], .adversarial(radius: 0.1, steps: 7), "adversarial")
        let first = test[Array(0..<min(completePoints, test.count))]
        outcome.complete = try complete(small, first, key: key["complete"])
        outcome.floating = try floating(small, first, key: key["orders"])
        return outcome
    }

    /// Rows with 1 at a sample's label and -1 at another class, for every other class.
    static func margins(_ labels: [Int], classes: Int) -> Tensor {
        var rows: [Float] = []
        for label in labels {
            for other in 0..<classes where other != label {
                rows += (0..<classes).map { $0 == label ? 1 : $0 == other ? -1 : 0 }
            }
        }
        return Tensor(rows, shape: [labels.count * (classes - 1), classes])
    }

    /// Whether each sample's margins are all above 0.
    private func certified(
        _ bounds: BoundPropagation, _ box: Interval, _ data: LabeledImages, _ method: BoundPropagation.Method
    ) -> [Bool] {
        let classes = data.classNames.count
        let found = bounds.lowerBounds(box, of: Self.margins(data.labels, classes: classes), method).elements
        return data.labels.indices.map { row in
            found[row * (classes - 1)..<(row + 1) * (classes - 1)].allSatisfy { $0 > 0 }
        }
    }

    private func share(_ flags: [Bool]) -> Double { Double(flags.count { $0 }) / Double(flags.count) }

    private func curve(_ network: NetworkGraph, _ data: LabeledImages, key: RandomKey) throws -> Curve {
        var curve = Curve()
        let bounds = try BoundPropagation(network)
        curve.clean = share(zip(network(data.vectors).argmaxOfRows(), data.labels).map(==))
        for (index, radius) in radii.sorted().enumerated() {
            let box = Interval(around: data.vectors, radius: radius, within: 0...1)
            let broken = MarginAttack(steps: attackSteps).broken(network, box, data.labels, key: key[index])
            curve.attacked.append(share(broken.map(!)))
            var certificates: [[Bool]] = []
            for method in [.intervals, .linear, .optimized(steps: ascentSteps)] as [BoundPropagation.Method] {
                let found = certified(bounds, box, data, method)
                certificates.append(found)
                curve.contradictions += zip(found, broken).count { $0 && $1 }
            }
            curve.certified.append(certificates.map(share))
            guard index == radii.count - 1, let last = certificates.last else { continue }
            curve.open = last.count { !$0 }
            curve.openBroken = zip(last, broken).count { !$0 && $1 }
        }
        return curve
    }

    private func complete(_ network: NetworkGraph, _ data: LabeledImages, key: RandomKey) throws -> Complete {
        var result = Complete()
        let bounds = try BoundPropagation(network)
        let box = Interval(around: data.vectors, radius: completeRadius, within: 0...1)
        result.intervals = share(certified(bounds, box, data, .intervals))
        result.linear = share(certified(bounds, box, data, .linear))
        let broken = MarginAttack(starts: 10, steps: 2 * attackSteps).broken(
            network, box, data.labels, key: key["attack"])
        result.attacked = share(broken.map(!))
        var search = BranchAndBound()
        search.limit = parts
        var holds = 0
        for (row, label) in data.labels.enumerated() {
            let property = NetworkProperty.robust(box, row, label: label, classes: data.classNames.count)
            let found = try search.verify(bounds, property, key: key[row])
            result.parts += found.parts
            switch found.verdict {
            case .holds:
                holds += 1
                if broken[row] { result.contradictions += 1 }
            case .violated(let input):
                if network(input).argmaxOfRows()[0] == label, !box.gathered([row]).contains(input) {
                    result.contradictions += 1
                }
            case .unknown, .timeout: result.undecided += 1
            }
        }
        result.exact = Double(holds) / Double(data.count)
        return result
    }

    private func smoothed(_ network: NetworkGraph, _ data: LabeledImages, key: RandomKey) -> [Double] {
        let smoothing = RandomizedSmoothing(deviation: deviation, draws: draws)
        let vectors = data.vectors
        let certificates = data.labels.indices.map { smoothing.certify(network, vectors[$0], key: key[$0]) }
        return smoothingRadii.map { radius in
            share(
                zip(certificates, data.labels).map { found, label in
                    found.map { $0.label == label && $0.radius >= radius } ?? false
                })
        }
    }
}
