internal import PlumbBasics
public import PlumbLearning
internal import PlumbModels
public import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Trains a perceptron on hierarchical equality and searches one of its layers for the two equalities of which the task
/// is made; then does the same where they cannot be.
///
/// The network is trained until its steps are over, whatever the search will find. Weight decay lets few neurons depend
/// on both pairs of objects; without it the two equalities are mixed in every layer, and no subspaces hold them.
public struct CausalAbstractionStudy: SettingGroup {
    @Setting("Numbers of an object.", 1...256) public var objectWidth = 4
    @Setting("Width of each hidden layer.", 2...1024) public var width = 64
    @Setting("Hidden layers.", 1...16) public var layers = 3
    @Setting("Training steps of the network.", 1...1_000_000) public var steps = 5000
    @Setting("Inputs in a training step.", 2...65_536) public var batch = 256
    @Setting("Adam's learning rate for the network.", 1e-9...10) public var learningRate = 0.002
    @Setting("Decoupled weight decay of the network.", 0...100) public var weightDecay = 1.0
    @Setting("The hidden layer that is searched, from 0.", 0...15) public var layer = 0
    @Setting("Directions for each of the two variables; the last is judged.", 1...1024) public var ranks = [1, 4, 16]
    @Setting("Steps of each search.", 1...1_000_000) public var searchSteps = 1000
    @Setting("Interchanges of each kind in a step of a search.", 1...65_536) public var searchBatch = 96
    @Setting("Adam's learning rate for a search.", 1e-9...10) public var searchRate = 0.01
    @Setting("Objects of the searches, and as many others of the measurements.", 4...1_000_000) public var objects = 200
    @Setting("Interchanges of each kind in a measurement.", 1...1_000_000) public var measured = 2000

    /// A study with the reference settings.
    public init() {}

    /// What is put in place of the activation.
    public enum Method: String, CaseIterable, Codable, Sendable {
        /// Subspaces found by distributed alignment search in the trained network.
        case aligned = "found subspaces"
        /// Subspaces found with sizes learned too, at the sizes found.
        case boundless = "found subspaces, sizes learned"
        /// Random subspaces of the same sizes, in the trained network.
        case random = "random subspaces"
        /// Moves as long as those of the found subspaces, in random directions, in the trained network.
        case placebo = "random moves of the same length"
        /// Subspaces found in the trained network for the algorithm that it was not trained on.
        case crossed = "found subspaces of the wrong algorithm"
        /// Subspaces found with equal effort in a network with random weights.
        case untrained = "found subspaces, random weights"
        /// Subspaces found with equal effort where the layers below are random and those above were trained on the
        /// task.
        case readout = "found subspaces, trained above random weights"
    }

    /// How often the network says what the algorithm says after interchanges, for each kind of them.
    public struct Accuracy: Sendable, Codable, Equatable {
        /// Interchanges of the first variable alone.
        public var first: Double
        /// Interchanges of the second variable alone.
        public var second: Double
        /// Interchanges of both variables, from two sources.
        public var both: Double

        /// Of all three kinds.
        public var mean: Double { (first + second + both) / 3 }
        /// Of the kind with the lowest.
        public var lowest: Double { min(first, second, both) }
    }

    /// What was found with one seed.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The network's accuracy on inputs never seen.
        public let accuracy: Double
        /// That of the network whose layers up to the searched one are random.
        public let readoutAccuracy: Double
        /// Interchange accuracy on objects never seen in a search.
        public let methods: CaseValues<Method, Accuracy>
        /// Interchange accuracy at each of ``CausalAbstractionStudy/ranks`` in the trained network.
        public let trainedByRank: [Double]
        /// The same in the network with random weights.
        public let untrainedByRank: [Double]
        /// The part of the trained network's loss that causal scrubbing recovers, with the subspaces found holding the
        /// two variables of the task.
        public let recovered: Double
        /// The same with random subspaces.
        public let recoveredAtRandom: Double
        /// The same with the subspaces found for the wrong algorithm and its variables.
        public let recoveredWrong: Double
        /// The sizes that were learned.
        public let learnedSizes: [Int]
    }

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard layer < layers else {
            throw SettingsError("--layer \(layer) is not one of the \(layers) hidden layers, which count from 0")
        }
        guard !ranks.isEmpty, ranks.count <= 16, zip(ranks, ranks.dropFirst()).allSatisfy(<) else {
            throw SettingsError("--ranks takes from 1 to 16 numbers of directions, the fewest first")
        }
        guard let most = ranks.last, 2 * most <= width else {
            throw SettingsError(
                "--ranks gives two variables \(ranks.last ?? 0) directions each, more than --width \(width)")
        }
        guard max(batch, measured, objects) * max(width, 4 * objectWidth) <= 1 << 27 else {
            throw SettingsError(
                "the largest of --batch, --measured and --objects times --width or four --object-width may be at most "
                    + "\(1 << 27)")
        }
    }

    private var task: HierarchicalEquality { HierarchicalEquality(width: objectWidth) }
    private var place: InterchangePlace { InterchangePlace(.block(layer, .mlpPost)) }
    private var sizes: [Int] { [Int](repeating: ranks[ranks.count - 1], count: 2) }

    /// A network that reads four objects, with random weights.
    public func network(key: RandomKey) -> MLP {
        MLP([4 * objectWidth] + [Int](repeating: width, count: layers) + [2], key: key)
    }

    /// Trains a network and makes every search.
    ///
    /// - Throws: what training throws.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let untrained = network(key: key["random network"])
        let trained = try train(network(key: key["network"]), key: key["data"], label: "network", in: session)
        let readout = try train(
            untrained, above: layer + 1, key: key["readout data"], label: "network above random weights", in: session)
        try session.keep(trained, as: "network")
        let search = Search(study: self, key: key, session: session)
        let byRank = try ranks.map { try search.found(in: trained, "trained", rank: $0) }
        let untrainedByRank = try ranks.map { try search.found(in: untrained, "random weights", rank: $0) }
        let aligned = byRank[byRank.count - 1]
        let crossed = try search.found(in: trained, "wrong algorithm", rank: sizes[0], algorithm: .crossed)
        let above = try search.found(in: readout, "trained above random weights", rank: sizes[0])
        let boundless = try search.boundless(in: trained)
        let random = AlignedSubspaces(width: width, sizes: sizes, key: key["random subspaces"])
        let last = untrainedByRank[untrainedByRank.count - 1]
        let methods = try CaseValues<Method, Accuracy> { method in
            switch method {
            case .aligned: try search.accuracy(of: aligned, in: trained)
            case .boundless: try search.accuracy(of: boundless, in: trained)
            case .random: try search.accuracy(of: random, in: trained)
            case .placebo:
                try search.accuracy(of: NormMatchedPlacebo(of: aligned, key: key["placebo"]), in: trained)
            case .crossed: try search.accuracy(of: crossed, in: trained, algorithm: .crossed)
            case .untrained: try search.accuracy(of: last, in: untrained)
            case .readout: try search.accuracy(of: above, in: readout)
            }
        }
        return Outcome(
            accuracy: accuracy(of: trained, key: key["test"]), readoutAccuracy: accuracy(of: readout, key: key["test"]),
            methods: methods, trainedByRank: try byRank.map { try search.accuracy(of: $0, in: trained).mean },
            untrainedByRank: try untrainedByRank.map { try search.accuracy(of: $0, in: untrained).mean },
            recovered: try search.recovered(by: aligned, in: trained),
            recoveredAtRandom: try search.recovered(by: random, in: trained),
            recoveredWrong: try search.recovered(by: crossed, in: trained, algorithm: .crossed),
            learnedSizes: boundless.sizes)
    }

    /// Trains the layers from `first` on; those before stay as they are.
    private func train(
        _ model: MLP, above first: Int = 0, key: RandomKey, label: String, in session: FitSession
    ) throws -> MLP {
        let below = MLP.Layers(model, first)
        var fit = Fit(steps: steps)
        fit.schedule = .linear(warmup: 0, total: steps, floor: 0.01)
        let rule = Adam.decoupled(learningRate: learningRate, weightDecay: weightDecay)
        let top = try fit.run(below.top, optimizer: rule, label: label, in: session) { top, step in
            let inputs = task.inputs(batch, .mixed, key: key[step])
            return top(below.bottom(inputs.vectors)).crossEntropy(inputs.labels)
        }.model
        return MLP(Array(model.layers[..<first]) + top.layers, activation: model.activation)
    }

    private func accuracy(of model: MLP, key: RandomKey) -> Double {
        let inputs = task.inputs(4 * measured, .mixed, key: key)
        let hits = zip(model(inputs.vectors).argmaxOfRows(), inputs.labels).count { $0 == $1 }
        return Double(hits) / Double(4 * measured)
    }

    /// Searches and measurements of one seed.
    private struct Search {
        let study: CausalAbstractionStudy
        let key: RandomKey
        let session: FitSession

        func interchanges(
            _ count: Int, _ algorithm: HierarchicalEquality.Algorithm, pool: String, key part: RandomKey
        ) -> [Interchange<Tensor>] {
            let pool = study.task.objects(study.objects, key: key[pool])
            return study.task.interchanges(count, of: algorithm, from: pool, key: part)
        }

        func found(
            in model: MLP, _ name: String, rank: Int, algorithm: HierarchicalEquality.Algorithm = .neighbors
        ) throws -> AlignedSubspaces {
            let start = AlignedSubspaces(width: study.width, sizes: [rank, rank], key: key["start"][name][rank])
            return try trained(start, in: model, "\(name), \(rank) directions", algorithm)
        }

        func boundless(in model: MLP) throws -> AlignedSubspaces {
            let start = BoundlessSubspaces(width: study.width, variables: 2, key: key["start"]["boundless"])
            return try trained(start, in: model, "sizes learned", .neighbors).hardened
        }

        private func trained<Map: SubspaceMap>(
            _ start: Map, in model: MLP, _ name: String, _ algorithm: HierarchicalEquality.Algorithm
        ) throws -> Map {
            try AlignmentTraining(steps: study.searchSteps, learningRate: study.searchRate).run(
                start, of: model, at: study.place, label: "search: \(name)", in: session
            ) { step in
                interchanges(study.searchBatch, algorithm, pool: "search objects", key: key["search"][name][step])
            }
        }

        func accuracy(
            of map: some SubspaceMap, in model: MLP, algorithm: HierarchicalEquality.Algorithm = .neighbors
        ) throws -> Accuracy {
            let kinds = interchanges(study.measured, algorithm, pool: "test objects", key: key["measurement"])
            let found = try kinds.map { try model.interchangeAccuracy([$0], at: study.place, by: map) }
            return Accuracy(first: found[0], second: found[1], both: found[2])
        }

        /// Causal scrubbing of the hypothesis that the output depends on two subspaces, each on an algorithm's
        /// variable.
        func recovered(
            by map: AlignedSubspaces, in model: MLP, algorithm: HierarchicalEquality.Algorithm = .neighbors
        ) throws -> Double {
            let pool = study.task.objects(study.objects, key: key["test objects"])
            let inputs = study.task.inputs(study.measured, .ambiguous, from: pool, key: key["scrubbing inputs"])
            let labels = inputs.labels
            let scrubbing = try CausalScrubbing(model, data: labels.indices.map { inputs.vectors[$0].elements }) {
                output, examples in Double(output.crossEntropy(examples.map { labels[$0] }).item)
            }
            let width = study.objectWidth
            let compared = algorithm == .neighbors ? [(0, 1), (2, 3)] : [(0, 2), (1, 3)]
            let nodes = compared.enumerated().map { variable, two in
                ScrubbingNode<[Float]>(study.place.point, variable: variable, of: map) { row in
                    let (one, other) = (
                        row[two.0 * width..<(two.0 + 1) * width], row[two.1 * width..<(two.1 + 1) * width]
                    )
                    return one.elementsEqual(other) ? 1 : 0
                }
            }
            return try scrubbing.test(nodes, key: key["scrubbing"]).recovered
        }
    }
}

extension MLP {
    /// A perceptron cut in two.
    fileprivate struct Layers {
        let model: MLP
        let first: Int

        init(_ model: MLP, _ first: Int) { (self.model, self.first) = (model, first) }

        var top: MLP { MLP(Array(model.layers[first...]), activation: model.activation) }

        /// What the layers before give, after the function that follows them.
        func bottom(_ x: Tensor) -> Tensor {
            guard first > 0 else { return x }
            return model.activation(MLP(Array(model.layers[..<first]), activation: model.activation)(x))
        }
    }
}
