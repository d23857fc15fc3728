internal import PlumbBasics
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// A small transformer that answers in two steps, an entity's class and then what a relation says of the class, and
/// transcoders of its MLPs.
public struct TwoHopStudy: SettingGroup {
    @Setting("Entities, each of which belongs to a class.", 4...512) public var entities = 36
    @Setting("Classes.", 2...64) public var classes = 6
    @Setting("Relations, each of which gives every class an answer.", 2...64) public var relations = 6
    @Setting("Answers.", 2...256) public var answers = 12
    @Setting("Width of the residual stream, which the four heads divide.", 8...512) public var width =
        48
    @Setting("Steps that train the transformer on three quarters of all prompts.", 1...100_000) public
        var steps = 1500
    @Setting("Features of each block's transcoder.", 4...16_384) public var features = 192
    @Setting("The most active features of a position and block.", 1...256) public var active = 8
    @Setting("Steps that train the transcoders.", 1...100_000) public var transcoderSteps = 1500
    @Setting("Prompts that get a graph, an intervention on each of its features.", 1...1000) public
        var prompts = 48
    @Setting("The most features of a graph that are taken away.", 2...10_000) public
        var interventions = 24

    /// A study with the reference settings.
    public init() {}

    /// What a trial found.
    public struct Result: Codable, Sendable {
        /// Correlations over the features of all prompts with what was measured: of the graph, of the graph with what was
        /// measured while attention patterns were held, of random directions, and of the graph's predictions exchanged
        /// among features with either.
        public let correlation: Double
        public let held: Double
        public let random: Double
        public let shuffled: Double
        public let heldShuffled: Double
        /// Means over prompts.
        public let replacement: Double
        public let completeness: Double
        /// The share of the held-out prompts that the transformer answers rightly.
        public let accuracy: Double
        /// The share of the MLPs' variance that the transcoders explain, on the rows that they learned from.
        public let explained: Double
        /// What was predicted and measured, feature by feature.
        public let predicted: [Double]
        public let measured: [Double]
    }

    /// The correlations and scores of graphs.
    public static func result(
        _ outcomes: [GraphInterventions.Outcome], accuracy: Double = .nan, explained: Double = .nan
    ) -> Result {
        let predicted = outcomes.flatMap(\.predicted)
        let measured = outcomes.flatMap(\.measured)
        return Result(
            correlation: Statistics.pearson(predicted, measured),
            held: Statistics.pearson(predicted, outcomes.flatMap(\.held)),
            random: Statistics.pearson(predicted, outcomes.flatMap(\.random)),
            shuffled: Statistics.pearson(outcomes.flatMap(\.shuffled), measured),
            heldShuffled: Statistics.pearson(outcomes.flatMap(\.shuffled), outcomes.flatMap(\.held)),
            replacement: Statistics.mean(outcomes.map(\.replacement)),
            completeness: Statistics.mean(outcomes.map(\.completeness)), accuracy: accuracy,
            explained: explained,
            predicted: predicted, measured: measured)
    }

    /// Trains a transformer and transcoders, and tests graphs of prompts.
    ///
    /// - Throws: `FitError` where training diverges, `RunInterrupted`, `ModelError` for sizes no model has.
    public func run(key: RandomKey, in session: FitSession) throws -> Result {
        let task = Task(self, key: key["task"])
        let model = try train(task, key: key["model"], in: session)
        let (transcoders, explained) = try transcoders(model, task, key: key["transcoders"])
        let replacement = try ReplacementModel(model, transcoders: transcoders)
        let test = GraphInterventions(limit: interventions)
        var outcomes: [GraphInterventions.Outcome] = []
        var generator = key["prompts"].generator()
        for index in 0..<prompts {
            let text = task.texts[generator.index(below: task.texts.count)]
            let prompt = Array(text.dropLast())
            let best = HookedTransformer.topTokens(model.nextTokenLogProbabilities(prompt), count: 2).map(
                \.token)
            let graph = try replacement.graph(prompt, logits: best)
            outcomes.append(try test.run(graph, replacement, key: key["interventions"][index]))
        }
        return Self.result(outcomes, accuracy: accuracy(model, task.heldOut), explained: explained)
    }

    /// All facts, and which of them are trained on.
    struct Task {
        var texts: [[Int]] = []
        var trained: [[Int]] = []
        var heldOut: [[Int]] = []

        init(_ study: TwoHopStudy, key: RandomKey) {
            var generator = key.generator()
            let says = (0..<study.relations * study.classes).map { _ in
                generator.index(below: study.answers)
            }
            for entity in 0..<study.entities {
                for relation in 0..<study.relations {
                    let answer = says[relation * study.classes + entity % study.classes]
                    let text = [entity, study.entities + relation, study.entities + study.relations + answer]
                    texts.append(text)
                    // The first entities of each class are trained on with every relation.
                    let isTrained = entity < study.classes || generator.uniform() < 0.75
                    if isTrained { trained.append(text) } else { heldOut.append(text) }
                }
            }
        }
    }

    private func train(_ task: Task, key: RandomKey, in session: FitSession) throws
        -> HookedTransformer
    {
        let model = try HookedTransformer(
            TransformerConfiguration(
                architecture: .gpt2, layers: 2, width: width, heads: 4,
                vocabulary: entities + relations + answers,
                context: 2),
            key: key, initialization: .scaled(), isTied: false, name: "two-hop")
        var fit = Fit(steps: steps)
        fit.clipNorm = 1
        fit.schedule = .warmup(min(50, steps / 10))
        let rule = Adam.decoupled(learningRate: 0.003, weightDecay: 0.1)
        return try fit.run(model, optimizer: rule, label: "transformer", in: session) { model, _ in
            model.loss(batch: task.trained) { _, place in place == 2 }
        }.model
    }

    private func accuracy(_ model: HookedTransformer, _ texts: [[Int]]) -> Double {
        guard !texts.isEmpty else { return .nan }
        let logits = model.run(batch: texts.map { Array($0.dropLast()) }).output
        let right = texts.indices.count { logits[$0][1].argmax() == texts[$0][2] }
        return Double(right) / Double(texts.count)
    }

    private func transcoders(
        _ model: HookedTransformer, _ task: Task, key: RandomKey
    ) throws -> ([SparseDictionary], explained: Double) {
        let layers = 0..<model.configuration.layers
        let points = layers.flatMap { [HookPoint.block($0, .ln2Normalized), .block($0, .mlpOut)] }
        let rows = try model.activations(of: task.texts.map { Array($0.dropLast()) }, at: points)
        var shares: [Double] = []
        let found = try layers.map { layer -> SparseDictionary in
            guard let x = rows[.block(layer, .ln2Normalized)], let y = rows[.block(layer, .mlpOut)] else {
                unmet("block \(layer) was not recorded")
            }
            var training = SparseTraining(
                .topK(min(active, features)), features: features, steps: transcoderSteps)
            training.learningRate = 3e-3
            training.deadAfterRows = 20 * x.shape[0]
            var trainer = SparseDictionaryTrainer(training, key: key[layer])
            for _ in 0..<transcoderSteps { try trainer.step(SparseBatch(x, target: y)) }
            let transcoder = try trainer.dictionary(
                input: .block(layer, .ln2Normalized), output: .block(layer, .mlpOut))
            let (error, centered) = (y - transcoder.reconstruct(x), y - y.mean(axis: 0))
            shares.append(1 - error.dot(error) / max(centered.dot(centered), 1e-12))
            return transcoder
        }
        return (found, Statistics.mean(shares))
    }
}
