internal import PlumbBasics
internal import PlumbData
public import PlumbNN
public import PlumbTensor
public import PlumbWorlds

/// What somebody did, and what they saw when they did it.
///
/// - Shapes: `observations` `[N, …]`; `actions` N, by their numbers.
public struct Demonstrations: Sendable {
    /// What was seen before each action, `[N, …]`.
    public var observations: Tensor
    /// What was done, by the numbers of the actions, 0..<A.
    public var actions: [Int]

    /// Pairs of an observation and an action.
    public init(observations: Tensor, actions: [Int]) {
        require(
            observations.shape.first == actions.count,
            "\(actions.count) actions need as many observations, got \(observations.shape)")
        (self.observations, self.actions) = (observations, actions)
    }

    /// The steps of episodes in `world`.
    ///
    /// - Throws: `WorldError` where an observation has another shape, or an action is not one of the world's.
    public init<W: NumericWorld>(_ episodes: [Episode<W>], in world: W) throws {
        var (features, actions): ([Float], [Int]) = ([], [])
        let known = world.actions
        for episode in episodes {
            for (state, action) in zip(episode.states, episode.actions) {
                guard let number = known.firstIndex(of: action) else {
                    throw WorldError("\(W.self) does not know the action \(action) of a demonstration")
                }
                features += try world.checkedFeatures(of: world.observation(of: state))
                actions.append(number)
            }
        }
        self.init(observations: Tensor(features, shape: [actions.count] + world.featureShape), actions: actions)
    }

    /// The number of pairs, N.
    public var count: Int { actions.count }
}

/// Learns to do what was demonstrated, by the cross-entropy of the actions (Pomerleau 1991, *Efficient Training of
/// Artificial Neural Networks for Autonomous Navigation*).
///
/// Small mistakes lead to observations that were never demonstrated, where nothing was learned: errors grow with the
/// length of an episode (Ross, Gordon, Bagnell 2010, arXiv:1011.0686).
public struct BehaviorCloning: Sendable {
    /// Steps, checkpoints, clipping and the like.
    public var fit: Fit
    /// Pairs in a batch.
    public var batch = 64

    /// Training of `steps` optimizer steps.
    public init(steps: Int) { fit = Fit(steps: steps) }

    /// Trains `network`.
    ///
    /// - Parameters:
    ///   - network: what training begins with.
    ///   - demonstrations: the pairs to learn from.
    ///   - optimizer: the update rule; the schedule of ``fit`` multiplies its learning rate.
    ///   - key: of the batches.
    ///   - label: names the run in progress, curves and checkpoints; runs of one session need different labels.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    ///   - evaluate: numbers to keep along the way, a case of a ``FitMeasure`` each. Gets the averaged weights where they are averaged.
    /// - Throws: what `Fit` throws; ``FitError`` where nothing was demonstrated.
    public func run<Network: ActionNetwork, Rule: Optimizer>(
        _ network: Network, on demonstrations: Demonstrations, optimizer: Rule, key: RandomKey,
        label: String = "cloning", in session: FitSession = .silent,
        evaluate: (Network, Int) throws -> Measured = { _, _ in .nothing }
    ) throws -> FitResult<Network, Rule> {
        guard demonstrations.count > 0 else {
            throw FitError("\(label) has nothing to learn from: there are no demonstrations")
        }
        let batches = Batches(count: demonstrations.count, size: min(batch, demonstrations.count), key: key)
        return try fit.run(network, optimizer: optimizer, label: label, in: session, evaluate: evaluate) {
            network, step in
            let rows = batches.rows(step: step)
            return network.scores(demonstrations.observations.gathered(rows))
                .crossEntropy(rows.map { demonstrations.actions[$0] })
        }
    }
}
