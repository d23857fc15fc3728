internal import Foundation
internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor

/// Turns trained layers of linear attention into claims, metrics and figures.
struct MesaOptimizationFindings {
    let study: MesaStudy
    /// One a seed.
    let trained: [MesaStudy.Outcome]
    /// The same with shuffled targets.
    let control: [MesaStudy.Outcome]
    let seeds: [UInt64]

    private var step: Double { study.tasks.optimalStepSize }
    private var loss: Double { study.tasks.optimalHalfLoss }

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: claims, tables: [weights],
            figures: [losses, convergence, scales, predictions, weightMap],
            notes: [
                "Losses are half of squared errors. The same tasks test every network.",
                deadEnds,
                "The learned step is the mean of the diagonal by which the layer matches inputs, times what it reads of "
                    + "an example's y.",
                "Cosines are those of the gradients of both predictions at the query's input, averaged over test tasks.",
            ])
    }

    /// Beginnings in all, and those that ended at a high loss.
    private var begun: Int { trained.count + stuck }
    private var stuck: Int { trained.reduce(0) { $0 + $1.deadEnds.count } }

    private var deadEnds: String {
        guard stuck > 0 else { return "Every network found its way at the first beginning." }
        let reading = Statistics.mean(trained.flatMap { $0.deadEnds.map(\.readsTarget) })
        return
            "\(stuck) of \(begun) beginnings stayed at a high loss in training and were begun anew. Of what they read of "
            + "an example, the part that is y is \(text(reading, 2)); a gradient step's is 1."
    }

    // MARK: Claims

    /// How far a layer's loss is from that of the best step, as a part of it.
    private func lossError(_ outcome: MesaStudy.Outcome) -> Double { abs(outcome.test.halfLoss / loss - 1) }
    private func stepError(_ outcome: MesaStudy.Outcome) -> Double { abs(outcome.weights.stepSize / step - 1) }
    /// The largest difference of losses over all scales of inputs, as a part of the step's loss on the same tasks.
    private func scaleError(_ outcome: MesaStudy.Outcome) -> Double {
        worst(outcome.scaled.map { abs($0.halfLoss / $0.stepHalfLoss - 1) })
    }

    /// The same over mixtures of weights, the last of which are the step's.
    private func mixingError(_ outcome: MesaStudy.Outcome) -> Double {
        worst(outcome.mixedLosses.map { abs($0 / (outcome.mixedLosses.last ?? .nan) - 1) })
    }

    /// The largest value, NaN where one is none.
    private func worst(_ values: [Double]) -> Double {
        values.contains(where: \.isNaN) ? .nan : values.max() ?? .nan
    }

    private var claims: [Claim] {
        let cosine = -worst(trained.map { -$0.test.cosine })
        let (loss, step) = (worst(trained.map(lossError)), worst(trained.map(stepError)))
        let scale = worst(trained.map(scaleError))
        let aimless = abs(Statistics.mean(control.map(\.test.cosine)))
        let unlearned = -worst(control.map { -$0.test.halfLoss })
        let idle = abs(Statistics.mean(control.map(\.weights.stepSize))) / self.step
        let apart = -worst(control.map { -scaleError($0) })
        return [
            claim(
                "The layer's predictions change with the query as those of one gradient step do",
                "cosine at least 0.999 in every seed", cosine, cosine >= 0.999,
                Control(
                    "Trained on shuffled targets, mean over seeds", threshold: "between -0.1 and 0.1",
                    observed: aimless, holds: aimless <= 0.1)),
            claim(
                "Its loss is the least that one gradient step can have, \(text(self.loss, 5))",
                "within 2 % in every seed", loss, loss <= 0.02,
                Control(
                    "Half of the squared error with shuffled targets, least of all seeds; predicting 0 has "
                        + text(study.tasks.zeroHalfLoss, 4),
                    threshold: "at least \(text(0.96 * study.tasks.zeroHalfLoss, 2))", observed: unlearned,
                    holds: unlearned >= 0.96 * study.tasks.zeroHalfLoss)),
            claim(
                "The step in its weights is the best one, \(text(self.step, 5))", "within 5 % in every seed", step,
                step <= 0.05,
                Control(
                    "The step in weights trained on shuffled targets, mean over seeds, as a part of the best one",
                    threshold: "at most 0.1", observed: idle, holds: idle <= 0.1)),
            claim(
                "On inputs half to twice as large as in training it still takes the same step",
                "loss within 10 % of the step's at every size in every seed", scale, scale <= 0.1,
                Control(
                    "Trained on shuffled targets, the largest difference of any size, least of all seeds",
                    threshold: "at least 0.5", observed: apart, holds: apart >= 0.5)),
        ]
    }

    private func claim(
        _ statement: String, _ threshold: String, _ observed: Double, _ holds: Bool, _ control: Control
    ) -> Claim {
        Claim(
            statement, threshold: threshold, observed: observed, holds: holds, control: control, n: trained.count,
            seeds: seeds)
    }

    // MARK: Numbers

    private var metrics: [Metric] {
        [
            metric("cosine", trained.map(\.test.cosine)), metric("half_loss", trained.map(\.test.halfLoss)),
            Metric("best_step_half_loss", loss), Metric("zero_half_loss", study.tasks.zeroHalfLoss),
            metric("step_half_loss_same_tasks", trained.map(\.test.stepHalfLoss)),
            metric("learned_step", trained.map(\.weights.stepSize)), Metric("best_step", step),
            metric("weights_beside_step", trained.map(\.weights.remainder)),
            metric("prediction_difference", trained.map(\.test.predictionDifference)),
            metric("gradient_distance", trained.map(\.test.gradientDistance)),
            metric("largest_difference_by_mixing", trained.map(mixingError)),
            metric("largest_difference_by_scale", trained.map(scaleError)),
            Metric("beginnings_stuck", Double(stuck) / Double(begun), interval: stuckInterval, n: begun, seeds: seeds),
            metric("control_cosine", control.map(\.test.cosine)),
            metric("control_half_loss", control.map(\.test.halfLoss)),
            metric("control_learned_step", control.map(\.weights.stepSize)),
        ]
    }

    private var stuckInterval: Interval {
        let (lower, upper) = Statistics.proportionInterval(successes: stuck, of: begun)
        return Interval(lower: lower, upper: upper, method: "Clopper and Pearson's exact interval")
    }

    private func metric(_ name: String, _ values: [Double]) -> Metric {
        let (lower, upper) = Statistics.bootstrapMean(values, key: RandomKey(seeds[0])[name])
        return Metric(
            name, Statistics.mean(values),
            interval: Interval(lower: lower, upper: upper, method: "percentile bootstrap over seeds"), n: values.count,
            seeds: seeds)
    }

    private var summary: String {
        let isStep = claims.allSatisfy(\.passes)
        let cosine = Statistics.mean(trained.map(\.test.cosine))
        let learned = Statistics.mean(trained.map(\.weights.stepSize))
        return
            "After \(study.steps) steps of training, the layer's half squared error is "
            + "\(text(Statistics.mean(trained.map(\.test.halfLoss)), 4)), where the best single step of gradient descent "
            + "has \(text(loss, 4)) and no learning \(text(study.tasks.zeroHalfLoss, 4)). Its predictions change with the "
            + "query as the step's do (cosine \(text(cosine, 5))), and its weights hold a step of \(text(learned, 3)), "
            + "where \(text(step, 3)) is best. "
            + (isStep
                ? "In all \(trained.count) seeds it became that step, and with shuffled targets it learned nothing."
                : "Not every claim holds: see below which.")
    }

    private func text(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
