internal import Foundation
public import PlumbNN
internal import PlumbRecords
public import PlumbTensor

extension Fit {
    /// Trains `model`, from the checkpoint of an earlier, unfinished call where the session has one under `label`.
    ///
    /// - Parameters:
    ///   - model: what training begins with.
    ///   - optimizer: the update rule; ``schedule`` multiplies its learning rate.
    ///   - label: names the run in progress, curves and checkpoints; runs of one session need different labels.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    ///   - evaluate: numbers to keep along the way, a case of a ``FitMeasure`` each. Gets the averaged weights where they are averaged.
    ///   - loss: the loss of the model at a step: one number. It may also write the model's state (running statistics).
    /// - Throws: ``FitError`` when a loss or gradient is not a number, the loss diverges, or a checkpoint belongs to
    ///   another model; `RunInterrupted` when the run is asked to stop, after a checkpoint was written.
    public func run<Model: ParameterTree, Rule: Optimizer>(
        _ model: Model, optimizer: Rule, label: String = "training", in session: FitSession = .silent,
        evaluate: (Model, Int) throws -> Measured = { _, _ in .nothing },
        loss: (inout Model, Int) throws -> Tensor
    ) throws -> FitResult<Model, Rule> {
        var result = FitResult(model: model, optimizer: optimizer, averaged: averaging == nil ? nil : model)
        let checkpoint = session.checkpoints.map { FitCheckpoint(folder: $0, label: label) }
        try checkpoint?.restore(&result)
        let first = result.steps
        guard first <= steps else {
            throw FitError(
                "the checkpoint of \(label) has made \(first) steps, and \(steps) are asked for: remove it to train anew"
            )
        }
        let baseRate = optimizer.learningRate
        var saved = ContinuousClock.now
        while result.steps < steps && !result.stoppedEarly {
            do {
                try session.reporter.checkpoint()
            } catch {
                try session.reporter.saving { try save(result, checkpoint, baseRate, label) }
                throw error
            }
            try advance(&result, baseRate, label, loss)
            report(result, label, session.reporter)
            if isDue(evaluateEvery, result.steps) || result.steps == steps {
                try self.evaluate(&result, label, session.reporter, evaluate)
            }
            let isTime = ContinuousClock.now - saved > .seconds(checkpointSeconds)
            if checkpointEvery.map({ isDue($0, result.steps) }) ?? isTime {
                try session.reporter.saving { try save(result, checkpoint, baseRate, label) }
                saved = .now
            }
        }
        // No step made an evaluation due, and the end is one all the same.
        if steps == 0 { try self.evaluate(&result, label, session.reporter, evaluate) }
        result.optimizer.learningRate = baseRate
        if result.steps > first { try save(result, checkpoint, baseRate, label) }
        session.reporter.progress(label, 1)
        // Steps of a large model leave much memory waiting for the next.
        if Compute.peakBytes > 1 << 30 { Compute.trim() }
        return result
    }

    /// Keeps the state, unless the last step made numbers of it that the next one could not use: the checkpoint before
    /// stays, and no run ends with such weights as its result.
    private func save<Model: ParameterTree, Rule: Optimizer>(
        _ result: FitResult<Model, Rule>, _ checkpoint: FitCheckpoint?, _ baseRate: Double, _ label: String
    ) throws {
        if result.steps > 0, let bad = result.model.firstNonFinite {
            throw FitError(
                "\(label) diverged at step \(result.steps - 1): it left \(bad) with numbers that are not finite. Take "
                    + "a smaller learning rate than \(baseRate), a warm-up, or clip gradients.")
        }
        try checkpoint?.write(result)
    }

    private func isDue(_ every: Int, _ step: Int) -> Bool { every > 0 && step % every == 0 }

    /// One step.
    private func advance<Model: ParameterTree, Rule: Optimizer>(
        _ result: inout FitResult<Model, Rule>, _ baseRate: Double, _ label: String,
        _ loss: (inout Model, Int) throws -> Tensor
    ) throws {
        let step = result.steps
        result.optimizer.learningRate = baseRate * schedule.multiplier(step)
        var state: [Tensor] = []
        var (value, gradient) = try valueWithGradient(at: result.model) { watched in
            var copy = watched
            let value = try loss(&copy, step)
            copy.forEach(.state) { _, tensor in state.append(tensor.detached()) }
            return value
        }
        try check(value.item, gradient, result, baseRate, label)
        if let clipNorm { gradient.clip(toNorm: clipNorm) }
        result.optimizer.update(&result.model, along: gradient)
        result.model.takeState(state)
        if let averaging {
            result.averaged?.average(with: result.model, decay: averaging)
            result.averaged?.takeState(state)
        }
        result.losses.append(value.item)
        result.steps += 1
    }

    private func check<Model: ParameterTree, Rule: Optimizer>(
        _ loss: Float, _ gradient: Model, _ result: FitResult<Model, Rule>, _ baseRate: Double, _ label: String
    ) throws {
        let step = result.steps
        guard loss.isFinite else {
            let before = result.losses.last.map { " The loss before was \($0)." } ?? ""
            // NaN has a sign, of no meaning, that Swift would print.
            throw FitError(
                "\(label) diverged at step \(step): the loss is \(loss.isNaN ? .nan : loss).\(before) Look for "
                    + "numbers in the data that are not finite, or take a smaller learning rate than \(baseRate).")
        }
        if let first = result.losses.first, Double(loss) > divergenceFactor * max(Double(abs(first)), 1e-3) {
            throw FitError(
                "\(label) diverged at step \(step): the loss is \(loss), and began at \(first). Take a smaller learning "
                    + "rate than \(baseRate), a warm-up, or clip gradients.")
        }
        if let bad = gradient.firstNonFinite {
            throw FitError(
                "\(label) failed at step \(step): the gradient of \(bad) holds numbers that are not finite, though the "
                    + "loss is \(loss).")
        }
    }

    private func report<Model, Rule>(_ result: FitResult<Model, Rule>, _ label: String, _ reporter: RunReporter) {
        guard reporter.isObserved, let loss = result.losses.last else { return }
        let every = max(1, steps / max(1, curvePoints))
        if result.steps % every == 0 || result.steps == 1 {
            reporter.point("loss/\(label)", x: Double(result.steps), y: Double(loss))
        }
        reporter.progress(label, result.steps, of: steps, values: [("loss", Double(loss))])
    }

    private func evaluate<Model: ParameterTree, Rule: Optimizer>(
        _ result: inout FitResult<Model, Rule>, _ label: String, _ reporter: RunReporter,
        _ evaluate: (Model, Int) throws -> Measured
    ) throws {
        let values = try evaluate(result.averaged ?? result.model, result.steps)
        guard values != .nothing else { return }
        let evaluation = FitEvaluation(step: result.steps, values: values)
        result.evaluations.append(evaluation)
        evaluation.report(label, reporter)
        guard let earlyStop else { return }
        let history = result.evaluations.compactMap { $0.values.value(named: earlyStop.measure) }
        guard !history.isEmpty else {
            throw FitError(
                "early stopping waits for \"\(earlyStop.measure)\", which the evaluation does not give: it gives "
                    + "\(values.names.joined(separator: ", "))")
        }
        result.stoppedEarly = earlyStop.isOver(history) && result.steps < steps
    }
}

extension FitEvaluation {
    /// A point of the curve of each number.
    func report(_ label: String, _ reporter: RunReporter) {
        for name in values.names {
            let series = name.contains("/") ? "\(name), \(label)" : "\(name)/\(label)"
            reporter.point(series, x: Double(step), y: values.value(named: name) ?? .nan)
        }
    }
}

extension ParameterTree {
    /// The name of the first parameter that holds a number which is not finite.
    var firstNonFinite: String? {
        var bad: String?
        var copy = self
        copy.forEachParameter { path, tensor in
            if bad == nil, !tensor.isFinite { bad = path.components.isEmpty ? "the parameter" : path.description }
        }
        return bad
    }

    /// Replaces everything that is state, in order.
    fileprivate mutating func takeState(_ state: [Tensor]) {
        var next = 0
        forEach(.state) { _, tensor in
            tensor = state[next]
            next += 1
        }
    }
}
