internal import PlumbBasics
internal import PlumbLearning
internal import PlumbNN
internal import PlumbTensor

/// Training until a loss on fixed tasks reaches no new low, and then some steps at a tenth of the learning rate.
///
/// The criterion is the network's own loss: it knows nothing of what the network is compared with.
struct PlateauFit {
    /// Steps before the learning rate falls, at most.
    var steps: Int
    /// Steps without a new low that end this part; 0 for none: all steps are made.
    var patience: Int
    /// Steps at a tenth of the learning rate.
    var finalSteps: Int
    /// Adam's, before it falls.
    var learningRate: Double
    /// The largest norm of a gradient.
    var clipNorm: Double
    /// Steps between measurements.
    var evaluateEvery = 100

    /// Trains `model`; `stoppedEarly` of the result says whether the first part ended by itself.
    ///
    /// - Parameters:
    ///   - measure: the loss that must fall, one of those that `evaluate` gives.
    ///   - loss: the loss at a step, counted over both parts.
    /// - Throws: `FitError` where training diverges; `RunInterrupted`.
    func run<Model: ParameterTree>(
        _ model: Model, until measure: some FitMeasure, label: String, in session: FitSession,
        evaluate: (Model) throws -> Measured, loss: (Model, Int) throws -> Tensor
    ) throws -> FitResult<Model, Adam> {
        var fit = Fit(steps: steps)
        (fit.clipNorm, fit.evaluateEvery) = (clipNorm, evaluateEvery)
        if patience > 0 { fit.earlyStop = Fit.EarlyStop(measure, patience: patience / evaluateEvery) }
        var result = try fit.run(
            model, optimizer: Adam(learningRate: learningRate), label: label, in: session,
            evaluate: { model, _ in try evaluate(model) }, loss: { model, step in try loss(model, step) })
        guard finalSteps > 0 else { return result }
        (fit.steps, fit.earlyStop) = (finalSteps, nil)
        var optimizer = result.optimizer
        optimizer.learningRate = 0.1 * learningRate
        let first = result.steps
        let end = try fit.run(
            result.model, optimizer: optimizer, label: "\(label), smaller learning rate", in: session,
            evaluate: { model, _ in try evaluate(model) }, loss: { model, step in try loss(model, first + step) })
        result.evaluations += end.evaluations.map { FitEvaluation(step: first + $0.step, values: $0.values) }
        result.losses += end.losses
        result.steps += end.steps
        result.model = end.model
        return result
    }
}
