internal import PlumbData
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// Learns a reward from comparisons of segments: an ensemble of networks, trained further whenever answers come in.
///
/// ```swift
/// var learner = PreferenceLearner<Int>(inputs: 2, key: RandomKey(1)) { cell in [Float(cell % 10), Float(cell / 10)] }
/// try learner.add(answers)
/// try learner.fit(key: RandomKey(1)["round"][0])
/// let reward = try learner.reward(of: Array(0..<100))
/// ```
///
/// Each member of the ensemble learns from as many comparisons as there are, drawn with replacement; the rewards of the
/// members are normalized before they are averaged (Christiano et al. 2017, *Deep Reinforcement Learning from Human
/// Preferences*, arXiv:1706.03741). What it claims is no more than the order of behaviors: comparisons fix neither the
/// scale of a reward nor its zero. It fails where answers are about what segments never show.
public struct PreferenceLearner<Step: Sendable & Hashable & Codable>: Sendable {
    /// How a round of learning is done.
    public struct Settings: SettingGroup {
        @Setting("Networks in the ensemble.", 2...100) public var members = 5
        @Setting("Neurons of each hidden layer.", 1...4096) public var hidden = [64, 64]
        @Setting("Training steps a round.", 1...1_000_000) public var steps = 200
        @Setting("Comparisons in a training step, for each network.", 1...1_000_000) public var batchSize = 32
        @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.001
        @Setting("Weight decay, added to the gradient.", 0...10) public var weightDecay = 0.001

        /// The reference settings.
        public init() {}
    }

    /// How its rounds are done.
    public let settings: Settings
    /// The networks, as the last round left them.
    public private(set) var ensemble: RewardEnsemble
    /// How many comparisons it learns from: those that could be made.
    public var count: Int { table.rows.count }
    private var optimizer: Adam
    private var table: StepTable<Step>

    /// A learner that has seen nothing.
    ///
    /// - Parameters:
    ///   - inputs: how many features a step has, F.
    ///   - settings: how its rounds are done.
    ///   - key: of the first weights.
    ///   - features: what the networks read of a step; the same for the same step.
    public init(
        inputs: Int, settings: Settings = Settings(), key: RandomKey, features: @escaping @Sendable (Step) -> [Float]
    ) {
        self.settings = settings
        ensemble = RewardEnsemble(
            members: settings.members, inputs: inputs, hidden: settings.hidden, key: key["ensemble"])
        optimizer = Adam(learningRate: settings.learningRate, weightDecay: settings.weightDecay)
        table = StepTable(inputs: inputs, features: features)
    }

    /// Takes in answers; those that nobody could give are left out.
    ///
    /// - Throws: ``PreferenceError`` where a step's features are not F finite numbers.
    public mutating func add(_ comparisons: [Comparison<Step>]) throws {
        for comparison in comparisons {
            if let mu = comparison.mu { try table.add(comparison.first, comparison.second, mu: mu) }
        }
    }

    /// One round of learning from all comparisons so far; it goes on from the last one's weights.
    ///
    /// - Parameters:
    ///   - key: of the samples and batches; different rounds need different keys.
    ///   - label: names the round's checkpoint; the rounds of one session need different labels, as a finished round is
    ///     taken from its checkpoint.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: ``FitError`` where learning diverges.
    public mutating func fit(key: RandomKey, label: String = "reward", in session: FitSession = .silent) throws {
        guard count > 0 else { return }
        let samples = (0..<settings.members).map { member in
            var random = key["sample"][member].generator()
            return (0..<count).map { _ in random.index(below: count) }
        }
        let batches = (0..<settings.members).map {
            Batches(count: count, size: min(settings.batchSize, count), key: key["batches"][$0])
        }
        let (table, features) = (table, table.tensor)
        let result = try Fit(steps: settings.steps).run(ensemble, optimizer: optimizer, label: label, in: session) {
            ensemble, step in
            let lists = zip(samples, batches).map { sample, batches in batches.rows(step: step).map { sample[$0] } }
            let (steps, parts) = table.batches(lists)
            // Segments of the same steps say nothing of any reward.
            let rows = features.gathered(steps.isEmpty ? [0] : steps)
            var loss = Tensor([0], shape: [])
            for (member, part) in zip(ensemble.members, parts) where !steps.isEmpty {
                loss = loss + part.loss(member(rows))
            }
            return loss
        }
        (ensemble, optimizer) = (result.model, result.optimizer)
    }

    /// What each member gives for each step, [K][U].
    public func memberRewards(of steps: [Step]) throws -> [[Double]] {
        ensemble.rewards(of: try table.tensor(of: steps))
    }

    /// The learned reward of each step: the mean of the members', each normalized over these steps.
    public func reward(of steps: [Step]) throws -> [Double] {
        RewardEnsemble.normalizedMean(try memberRewards(of: steps))
    }
}
