public import PlumbAlignment
internal import PlumbData
internal import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbRobustness
internal import PlumbTensor
internal import PlumbWorlds

// The networks that images are made for, and their data.

/// Networks that read drawn traffic signs, two of which have one label.
public struct SignVisualization: SettingGroup {
    @Setting("Views of signs from which each network learns.", 64...1_000_000) public var views = 2400
    @Setting("Unseen views of signs that join the data set.", 8...1_000_000) public var unseenViews = 800
    @Setting("Epochs of training.", 1...1000) public var epochs = 6
    @Setting("Channels of the convolutions.", 1...256) public var signChannels = [12, 24, 32]
    @Setting("The first of two signs with one label.") public var firstMerged = TrafficSign.noEntry
    @Setting("The second.") public var secondMerged = TrafficSign.parking

    /// The settings of the quick experiment.
    public init() {}

    func check() throws {
        guard firstMerged != secondMerged else {
            throw SettingsError("--first-merged and --second-merged: give two different signs")
        }
    }

    /// The label of each sign: the two merged signs have one.
    var labels: [Int] {
        let signs = TrafficSign.allCases
        let kept = signs.filter { $0 != secondMerged }
        return signs.map { sign in kept.firstIndex(of: sign == secondMerged ? firstMerged : sign) ?? 0 }
    }

    /// Views of the signs in turn, `[N, 32, 32, 3]`.
    private func pictures(_ count: Int, key: RandomKey, checkpoint: () throws -> Void) throws -> Tensor {
        let (signs, side) = (TrafficSign.allCases, SignView.side)
        let size = side * side * 3
        let pixels = try Tensor(shape: [count, size]) { pixels in
            for index in 0..<count {
                if index % 64 == 0 { try checkpoint() }
                let picture = SignView(key: key[index]).picture(of: signs[index % signs.count]).picture([])
                for (place, value) in picture.enumerated() { pixels[index * size + place] = value }
            }
        }
        return pixels.reshaped([count, side, side, 3])
    }

    private func network(
        _ pictures: Tensor, labels: [Int], _ name: String, key: RandomKey, in session: FitSession
    ) throws -> (trained: NetworkGraph, untrained: NetworkGraph) {
        let side = SignView.side
        let untrained = NetworkGraph.convolutional(
            image: [side, side, 3], channels: signChannels, hidden: 64, classes: (labels.max() ?? 0) + 1,
            key: key["init"])
        let batches = Batches(count: pictures.shape[0], size: 32, key: key["batches"])
        var fit = Fit(steps: epochs * batches.perEpoch)
        fit.schedule = .cosine(warmup: fit.steps / 20, total: fit.steps, floor: 0.05)
        let trained = try fit.run(untrained, optimizer: Adam(learningRate: 2e-3), label: name, in: session) {
            network, step in
            let rows = batches.rows(step: step)
            return network(pictures.gathered(rows)).crossEntropy(rows.map { labels[$0 % labels.count] })
        }.model
        // Other first weights: those that training began with stay similar to the trained ones.
        let other = NetworkGraph.convolutional(
            image: [side, side, 3], channels: signChannels, hidden: 64, classes: (labels.max() ?? 0) + 1,
            key: key["untrained"])
        return (trained, other)
    }

    /// What one seed's images are made for.
    func subject(
        key: RandomKey, in session: FitSession
    ) throws -> (subject: VisualizationSubject, facets: FacetStudy.Subject, accuracy: Double, judge: Double) {
        let checkpoint = { try session.reporter.checkpoint() }
        let seen = try pictures(views, key: key["views"], checkpoint: checkpoint)
        let other = try pictures(views, key: key["other views"], checkpoint: checkpoint)
        let unseen = try pictures(unseenViews, key: key["unseen"], checkpoint: checkpoint)
        let (labels, signs) = (labels, TrafficSign.allCases)
        let own = try network(seen, labels: labels, "signs", key: key["network"], in: session)
        let judge = try network(other, labels: Array(signs.indices), "judge", key: key["judge"], in: session)
        func accuracy(_ network: NetworkGraph, _ labels: [Int]) -> Double {
            let classes = network(unseen).argmaxOfRows()
            return Double(classes.indices.count { classes[$0] == labels[$0 % labels.count] }) / Double(classes.count)
        }
        let images = Tensor.concatenated([seen, unseen])
        let hidden = "fc1.hook_out"
        let points = signChannels.indices.map { "conv\($0 + 1).hook_out" } + [hidden]
        let merged = [firstMerged, secondMerged].map { signs.firstIndex(of: $0) ?? 0 }
        let single = signs.indices.first { !merged.contains($0) } ?? 0
        let facets = FacetStudy.Subject(
            network: own.trained, judge: judge.trained, merged: labels[merged[0]], classes: merged,
            single: labels[single],
            point: .outside(Site(rawValue: "act\(signChannels.count).hook_out")),
            parametrization: ImageParametrization(
                .fourier(decayPower: 1), height: SignView.side, width: SignView.side,
                color: try ColorCorrelation(of: images), ball: ImageBall(around: images)), names: signs.map(\.title))
        let subject = VisualizationSubject(
            network: own.trained, untrained: own.untrained, images: images,
            points: points.map { .outside(Site(rawValue: $0)) })
        return (subject, facets, accuracy(own.trained, labels), accuracy(judge.trained, Array(signs.indices)))
    }
}

/// A network that walks through mazes, trained by reward.
public struct MazeVisualization: SettingGroup {
    @Setting("Rows and columns of a maze.", 2...11) public var side = 7
    @Setting("The probability of a wall on each cell of a maze.", 0...0.4) public var wallDensity = 0.12
    @Setting("Mazes of the data set.", 8...1_000_000) public var dataMazes = 2400
    /// How the network learns.
    public var reinforcement = MazeReinforcement()

    /// The settings of the quick experiment.
    public init() {}

    func check() throws { try reinforcement.check(side: side, testMazes: 1) }

    /// What one seed's images are made for.
    func subject(key: RandomKey, in session: FitSession) throws -> VisualizationSubject {
        let generator = try MazeGenerator(side: side, wallDensity: wallDensity, region: side)
        let trained = try reinforcement.train(
            in: MazeWorld(generator), key: key["network"], label: "maze", session: session
        ).network
        let untrained = ConvolutionalMazePolicy(
            side: side, channels: reinforcement.channels, width: reinforcement.width, key: key["untrained"])
        let planes = MazeState.features(of: generator.states(dataMazes, key: key["mazes"]))
        let images = planes.transposed().gathered(NetworkGraph.places(of: [1, 2, 0], [3, side, side])).transposed()
        return VisualizationSubject(
            network: try Self.graph(trained, side), untrained: try Self.graph(untrained, side),
            images: images.reshaped([planes.shape[0], side, side, 3]),
            points: ["conv1", "conv2", "fc1"].map { .outside(Site(rawValue: "\($0).hook_out")) })
    }

    /// The policy as a graph that reads channels last, as the policy's own layers do.
    private static func graph(_ policy: ConvolutionalMazePolicy, _ side: Int) throws -> NetworkGraph {
        typealias Node = NetworkGraph.Node
        return try NetworkGraph(
            inputShape: [side, side, 3],
            nodes: [
                Node("input", .input, inputs: []), Node("conv1", .convolution(policy.first), inputs: [0]),
                Node("act1", .activation(.relu), inputs: [1]), Node("conv2", .convolution(policy.second), inputs: [2]),
                Node("act2", .activation(.relu), inputs: [3]),
                Node("flat", .reshape([policy.hidden.weight.inputs]), inputs: [4]),
                Node("fc1", .linear(policy.hidden), inputs: [5]), Node("act3", .activation(.relu), inputs: [6]),
                Node("fc2", .linear(policy.policy), inputs: [7]),
            ])
    }
}
