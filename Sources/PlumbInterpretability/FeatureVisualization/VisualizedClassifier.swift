internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// A convolutional network that is trained to tell pictures apart, whose units are visualized, and another that is trained on
/// pictures of its own and says what optimized images show.
public struct VisualizedClassifier: SettingGroup {
    @Setting("Views of signs from which each network learns.", 64...1_000_000) public var views = 2400
    @Setting("Unseen views of signs that join the data set.", 8...1_000_000) public var unseenViews = 800
    @Setting("Epochs of training.", 1...1000) public var epochs = 6
    @Setting("Channels of the convolutions.", 1...256) public var signChannels = [12, 24, 32]
    @Setting("Deviation of the noise that is added to views in training.", 0...1) public var trainingNoise = 0.0

    /// The settings of the quick experiment.
    public init() {}

    /// Two networks, and what is asked of them.
    public struct Trained: Sendable {
        /// The first network, its units, and all pictures that it learned from or was tested on.
        public var subject: VisualizationSubject
        /// Its pairs of classes, and the second network as their judge.
        public var facets: FacetStudy.Subject
        /// The share of unseen pictures that each network names.
        public var accuracy: Double, judgeAccuracy: Double
    }

    /// The layers whose units are visualized, in order.
    public var layers: [String] { signChannels.indices.map { "convolution \($0 + 1)" } + ["hidden layer"] }

    /// Trains both networks.
    ///
    /// - Parameters:
    ///   - names: of the classes, two or more.
    ///   - pictures: so many pictures `[N, H, W, C]`, of the classes in turn.
    ///   - key: of the pictures, first weights and batches.
    ///   - session: where training reports to.
    /// - Throws: what `pictures` throws; what `Fit` throws.
    public func train(
        names: [String], pictures: (Int, RandomKey) throws -> Tensor, key: RandomKey, in session: FitSession
    ) throws -> Trained {
        require(names.count > 1, "a classifier tells two classes or more apart, not \(names.count)")
        let seen = try pictures(views, key["views"])
        let other = try pictures(views, key["other views"])
        let unseen = try pictures(unseenViews, key["unseen"])
        let classes = names.count
        func network(_ pictures: Tensor, _ name: String, _ key: RandomKey) throws -> NetworkGraph {
            let batches = Batches(count: pictures.shape[0], size: 32, key: key["batches"])
            var fit = Fit(steps: epochs * batches.perEpoch)
            fit.schedule = .cosine(warmup: fit.steps / 20, total: fit.steps, floor: 0.05)
            let first = random(for: pictures, classes: classes, key: key["init"])
            return try fit.run(first, optimizer: Adam(learningRate: 2e-3), label: name, in: session) { network, step in
                let rows = batches.rows(step: step)
                var views = pictures.gathered(rows)
                if trainingNoise > 0 {
                    views = views + Tensor.normal(views.shape, key: key["noise"][step]) * Float(trainingNoise)
                }
                return network(views).crossEntropy(rows.map { $0 % classes })
            }.model
        }
        func accuracy(_ network: NetworkGraph) -> Double {
            let found = network(unseen).argmaxOfRows()
            return Double(found.indices.count { found[$0] == $0 % classes }) / Double(found.count)
        }
        let own = try network(seen, "signs", key["network"])
        let judge = try network(other, "judge", key["judge"])
        let points = signChannels.indices.map { "conv\($0 + 1)" } + ["fc1"]
        // Other first weights: those that training began with stay similar to the trained ones.
        let untrained = random(for: seen, classes: classes, key: key["network"]["untrained"])
        let half = classes / 2
        return Trained(
            subject: VisualizationSubject(
                network: own, untrained: untrained, images: Tensor.concatenated([seen, unseen]),
                points: points.map { .outside(Site(rawValue: "\($0).hook_out")) }),
            facets: FacetStudy.Subject(
                network: own, judge: judge, pairs: (0..<half).map { [$0, $0 + half] },
                point: .outside(Site(rawValue: "act\(signChannels.count + 1).hook_out")), names: names),
            accuracy: accuracy(own), judgeAccuracy: accuracy(judge))
    }

    private func random(for pictures: Tensor, classes: Int, key: RandomKey) -> NetworkGraph {
        .convolutional(
            image: Array(pictures.shape.dropFirst()), channels: signChannels, hidden: 64, classes: classes, key: key)
    }
}
