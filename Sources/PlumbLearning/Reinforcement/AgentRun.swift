internal import Foundation
internal import PlumbNN
internal import PlumbTensor
internal import PlumbWorlds

/// An agent in training: everything that a round changes.
struct AgentRun<W: NumericWorld, Method: AgentMethod, Rule: Optimizer> {
    private let training: AgentTraining
    private let method: Method
    private let baseRate: Double
    private let key: RandomKey
    private let actionCount: Int
    private var collector: Collector<W>
    private var memory: Method.Memory
    private(set) var learner: AgentLearner<Method.Network, Rule>
    /// What is known so far; network and optimizer are the learner's until the end.
    var result: AgentResult<Method.Network, Rule>

    /// What a checkpoint says beside tensors.
    private struct Notes: Codable {
        var method: String
        /// The steps that were asked for; rounds go a little beyond.
        var asked: Int
        var lanes: [Collector<W>.Lane]
        var ticks: Int
        var steps: Int
        var updates: Int
        var episodes: [AgentEpisode]
    }

    init(
        _ training: AgentTraining, _ method: Method, _ network: Method.Network, _ optimizer: Rule, _ world: W,
        _ key: RandomKey, _ label: String
    ) throws {
        (self.training, self.method, self.key) = (training, method, key)
        (baseRate, actionCount) = (optimizer.learningRate, world.actions.count)
        collector = try Collector(world, lanes: training.lanes, key: key["world"], limit: training.stepLimit)
        memory = method.memory(for: network, observing: world.featureShape)
        learner = AgentLearner(network, optimizer, clipNorm: training.clipNorm, label: label)
        result = AgentResult(network: network, optimizer: optimizer)
    }

    /// Steps made in the world.
    var steps: Int { collector.steps }

    /// Acts and learns once.
    mutating func round() throws {
        let before = steps
        let (network, method, count, acting) = (learner.network, method, actionCount, key["act"])
        let rollout = try collector.collect(method.span) { observations, lanes, tick, steps in
            network.actions(
                for: observations, method.choice(at: steps), of: count, lanes: lanes, key: acting[tick])
        }
        learner.optimizer.learningRate = baseRate * training.schedule.multiplier(before)
        try method.learn(
            from: rollout, steps: before..<steps, memory: &memory, with: &learner, key: key["learn"][result.rounds])
        result.losses.append(learner.takeLoss())
        result.rounds += 1
        (result.steps, result.updates) = (steps, learner.updates)
        let ended = collector.takeFinished()
        result.episodes += ended
        if let goal = training.goal, !ended.isEmpty, let mean = result.meanReturn(ofLast: goal.episodes) {
            result.reachedGoal = mean >= goal.meanReturn
        }
    }

    /// The result, with the learning rate that was begun with.
    func finished(_ rate: Double) -> AgentResult<Method.Network, Rule> {
        var result = result
        (result.network, result.optimizer) = (learner.network, learner.optimizer)
        result.optimizer.learningRate = rate
        return result
    }

    // MARK: Checkpoints

    func write(_ checkpoint: FitCheckpoint?) throws {
        guard let checkpoint else { return }
        var state = FitResult(model: learner.network, optimizer: learner.optimizer)
        (state.steps, state.losses, state.evaluations) = (result.rounds, result.losses, result.evaluations)
        state.stoppedEarly = result.reachedGoal
        let notes = Notes(
            method: Method.id, asked: training.steps, lanes: collector.lanes, ticks: collector.ticks,
            steps: collector.steps,
            updates: learner.updates, episodes: result.episodes)
        let text = String(decoding: try JSONEncoder.nonFinite().encode(notes), as: UTF8.self)
        try checkpoint.write(state, extras: FitCheckpoint.Extras(tensors: memory.saved, notes: text))
    }

    mutating func restore(_ checkpoint: FitCheckpoint) throws {
        var state = FitResult(model: learner.network, optimizer: learner.optimizer)
        guard let extras = try checkpoint.restore(&state) else { return }
        guard let text = extras.notes, let notes = try? JSONDecoder.nonFinite.decode(Notes.self, from: Data(text.utf8))
        else {
            throw checkpoint.foreign("it is not of an agent")
        }
        // Older versions wrote the type with that of its network: `PPO<ActorCritic>`.
        guard notes.method == Method.id || notes.method.hasPrefix(Method.id + "<") else {
            throw checkpoint.foreign("it learned by \(notes.method), not \(Method.id)")
        }
        guard notes.asked <= training.steps || notes.steps < training.steps else {
            throw checkpoint.damaged("it has made \(notes.steps) steps, and \(training.steps) are asked for")
        }
        do {
            let tensors = Dictionary(extras.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
            try memory.restore(tensors)
            try collector.restore(notes.lanes, ticks: notes.ticks, steps: notes.steps)
        } catch let error as FitError {
            throw checkpoint.foreign(error.description)
        }
        (learner.network, learner.optimizer, learner.updates) = (state.model, state.optimizer, notes.updates)
        (result.rounds, result.losses, result.evaluations) = (state.steps, state.losses, state.evaluations)
        (result.steps, result.updates, result.episodes) = (notes.steps, notes.updates, notes.episodes)
        result.reachedGoal = state.stoppedEarly
    }
}
