internal import Foundation
internal import PlumbBasics
public import PlumbNN
internal import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

extension AgentTraining {
    /// Trains an agent, from the checkpoint of an earlier, unfinished call where the session has one under `label`.
    ///
    /// - Parameters:
    ///   - method: how it learns.
    ///   - network: what it begins with.
    ///   - optimizer: the update rule; ``schedule`` multiplies its learning rate.
    ///   - world: what the agent acts in.
    ///   - key: of all chance.
    ///   - label: names the run in progress, curves and checkpoints; runs of one session need different labels.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    ///   - evaluate: numbers to keep of the network after a number of steps, a case of a ``FitMeasure`` each.
    /// - Throws: `WorldError` for a reward that is no number or an observation of another shape; ``FitError`` when a loss
    ///   or gradient is not a number or a checkpoint belongs to another agent; `RunInterrupted` when the run is asked to
    ///   stop, after a checkpoint was written.
    public func run<W: NumericWorld, Method: AgentMethod, Rule: Optimizer>(
        _ method: Method, _ network: Method.Network, optimizer: Rule, in world: W, key: RandomKey,
        label: String = "agent", session: FitSession = .silent,
        evaluate: (Method.Network, Int) throws -> Measured = { _, _ in .nothing }
    ) throws -> AgentResult<Method.Network, Rule> {
        try check(method, world)
        var agent = try AgentRun(self, method, network, optimizer, world, key, label)
        let checkpoint = session.checkpoints.map { FitCheckpoint(folder: $0, label: label) }
        if let checkpoint { try agent.restore(checkpoint) }
        let first = agent.result.rounds
        var saved = ContinuousClock.now
        while agent.steps < steps && !agent.result.reachedGoal {
            do {
                try session.reporter.checkpoint()
            } catch {
                try agent.write(checkpoint)
                throw error
            }
            let before = agent.steps
            try agent.round()
            let isLast = agent.steps >= steps || agent.result.reachedGoal
            report(agent.result, agent.learner, from: before, label, session.reporter)
            if isLast || isDue(evaluateEvery, before, agent.steps) {
                let values = try evaluate(agent.learner.network, agent.steps)
                if values != .nothing {
                    let evaluation = FitEvaluation(step: agent.steps, values: values)
                    agent.result.evaluations.append(evaluation)
                    evaluation.report(label, session.reporter)
                }
            }
            let isTime = ContinuousClock.now - saved > .seconds(checkpointSeconds)
            if checkpointEvery.map({ isDue($0, before, agent.steps) }) ?? isTime {
                try agent.write(checkpoint)
                saved = .now
            }
        }
        if agent.result.rounds > first { try agent.write(checkpoint) }
        session.reporter.progress(label, 1)
        return agent.finished(optimizer.learningRate)
    }

    private func check<W: NumericWorld>(_ method: some AgentMethod, _ world: W) throws {
        require(lanes > 0, "an agent needs at least one lane to act in, got \(lanes)")
        if case .steps(let count) = method.span {
            require(count > 0, "a round needs at least one step, got \(count)")
        }
        guard !world.actions.isEmpty else {
            throw WorldError("\(W.self) has no actions: there is nothing to learn")
        }
    }

    /// Whether a multiple of `every` lies in the steps after `before`, up to `after`.
    private func isDue(_ every: Int, _ before: Int, _ after: Int) -> Bool {
        every > 0 && before / every < after / every
    }

    private func report<Network, Rule>(
        _ result: AgentResult<Network, Rule>, _ learner: AgentLearner<Network, Rule>, from before: Int,
        _ label: String, _ reporter: RunReporter
    ) {
        // Rounds may take microseconds.
        guard reporter.isObserved, isDue(max(1, steps / max(1, curvePoints)), before, result.steps) else { return }
        let x = Double(result.steps)
        var values: [(String, Double)] = []
        let count = min(window, result.episodes.count)
        if let mean = result.meanReturn(ofLast: count) {
            reporter.point("return/\(label)", x: x, y: mean)
            values.append(("return", mean))
        }
        if let loss = result.losses.last, loss.isFinite {
            reporter.point("loss/\(label)", x: x, y: Double(loss))
            values.append(("loss", Double(loss)))
        }
        for (name, value) in learner.measures.sorted(by: { $0.key < $1.key }) {
            reporter.point("\(name)/\(label)", x: x, y: value)
        }
        reporter.progress(label, min(result.steps, steps), of: steps, values: values)
    }
}
