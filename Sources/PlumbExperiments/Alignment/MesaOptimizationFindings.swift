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
    let seeds: OverSeeds

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

    /// Beginnings that ended at a high loss and were followed by another.
    private var left: [EffectiveAttention] { trained.flatMap(\.deadEnds) }
    /// Beginnings in all, and those that ended at a high loss, the last of a seed too.
    private var begun: Int { trained.count + left.count }
    private var stuck: Int { left.count + trained.count { study.isStuck($0.losses) } }

    private var deadEnds: String {
        guard stuck > 0 else { return "Every network found its way at the first beginning." }
        let count = "\(stuck) of \(begun) beginnings stayed at a high loss in training; \(left.count) were begun anew."
        guard !left.isEmpty else { return count }
        return
            "\(count) Of what those read of an example, the part that is y is "
            + "\(text(Statistics.mean(left.map(\.readsTarget)), 2)); a gradient step's is 1."
    }

    // MARK: Claims

    /// How far a layer's loss is from that of the best step, as a part of it.
    private func lossError(_ outcome: MesaStudy.Outcome) -> Double { abs(outcome.test.halfLoss / loss - 1) }
    private func stepError(_ outcome: MesaStudy.Outcome) -> Double { abs(outcome.weights.stepSize / step - 1) }
    /// The largest difference of losses over all scales of inputs, as a part of the step's loss on the same tasks.
    private func scaleError(_ outcome: MesaStudy.Outcome) -> Double {
        Statistics.greatest(outcome.scaled.map { abs($0.halfLoss / $0.stepHalfLoss - 1) })
    }

    /// The same over mixtures of weights, the last of which are the step's.
    private func mixingError(_ outcome: MesaStudy.Outcome) -> Double {
        Statistics.greatest(outcome.mixedLosses.map { abs($0 / (outcome.mixedLosses.last ?? .nan) - 1) })
    }

    private var claims: [ClaimResult] {
        let cosine = Statistics.least(trained.map(\.test.cosine))
        let (loss, step) = (Statistics.greatest(trained.map(lossError)), Statistics.greatest(trained.map(stepError)))
        let scale = Statistics.greatest(trained.map(scaleError))
        let aimless = abs(Statistics.mean(control.map(\.test.cosine)))
        let zero = study.tasks.zeroHalfLoss
        // What is learned of nothing predicts 0: a lower loss would be learning, a higher one divergence.
        let unlearned = control.map(\.test.halfLoss)
        let isIdle =
            Statistics.least(unlearned) >= 0.96 * zero && Statistics.greatest(unlearned) <= 1.04 * zero
        let idle = abs(Statistics.mean(control.map(\.weights.stepSize))) / self.step
        let apart = Statistics.least(control.map(scaleError))
        return [
            seeds.claim(
                "The layer's predictions change with the query as those of one gradient step do",
                "cosine at least 0.999 in every seed", cosine, holds: cosine >= 0.999,
                ControlResult(
                    "Trained on shuffled targets, mean over seeds", threshold: "between -0.1 and 0.1",
                    observed: aimless, holds: aimless <= 0.1)),
            seeds.claim(
                "Its loss is the least that one gradient step can have, \(text(self.loss, 5))",
                "within 2 % in every seed", loss, holds: loss <= 0.02,
                ControlResult(
                    "Half of the squared error with shuffled targets, least of all seeds; predicting 0 has "
                        + text(zero, 4),
                    threshold: "from \(text(0.96 * zero, 2)) to \(text(1.04 * zero, 2)) in every seed",
                    observed: Statistics.least(unlearned), holds: isIdle)),
            seeds.claim(
                "The step in its weights is the best one, \(text(self.step, 5))", "within 5 % in every seed", step,
                holds: step <= 0.05,
                ControlResult(
                    "The step in weights trained on shuffled targets, mean over seeds, as a part of the best one",
                    threshold: "at most 0.1", observed: idle, holds: idle <= 0.1)),
            seeds.claim(
                "On inputs half to twice as large as in training it still takes the same step",
                "loss within 10 % of the step's at every size in every seed", scale, holds: scale <= 0.1,
                ControlResult(
                    "Trained on shuffled targets, the largest difference of any size, least of all seeds",
                    threshold: "at least 0.5", observed: apart, holds: apart >= 0.5)),
        ]
    }

    // MARK: Numbers

    private var metrics: [Metric] {
        [
            seeds.metric("cosine", trained.map(\.test.cosine)), seeds.metric("half_loss", trained.map(\.test.halfLoss)),
            Metric("best_step_half_loss", loss), Metric("zero_half_loss", study.tasks.zeroHalfLoss),
            seeds.metric("step_half_loss_same_tasks", trained.map(\.test.stepHalfLoss)),
            seeds.metric("learned_step", trained.map(\.weights.stepSize)), Metric("best_step", step),
            seeds.metric("weights_beside_step", trained.map(\.weights.remainder)),
            seeds.metric("prediction_difference", trained.map(\.test.predictionDifference)),
            seeds.metric("gradient_distance", trained.map(\.test.gradientDistance)),
            seeds.metric("largest_difference_by_mixing", trained.map(mixingError)),
            seeds.metric("largest_difference_by_scale", trained.map(scaleError)),
            Metric(
                "beginnings_stuck", Double(stuck) / Double(begun), interval: stuckInterval, n: begun, seeds: seeds.seeds
            ),
            seeds.metric("control_cosine", control.map(\.test.cosine)),
            seeds.metric("control_half_loss", control.map(\.test.halfLoss)),
            seeds.metric("control_learned_step", control.map(\.weights.stepSize)),
        ]
    }

    private var stuckInterval: Interval {
        let (lower, upper) = Statistics.proportionInterval(successes: stuck, of: begun)
        return Interval(
            lower: lower, upper: upper, method: "Clopper and Pearson, as if the number of beginnings were fixed")
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
