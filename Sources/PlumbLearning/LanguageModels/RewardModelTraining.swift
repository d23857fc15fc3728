internal import PlumbBasics
internal import PlumbData
internal import PlumbNN
public import PlumbTensor

/// Two texts, of which one was preferred.
public struct TextComparison: Sendable, Hashable, Codable {
    /// The tokens of the preferred text.
    public var chosen: [Int]
    /// The tokens of the other.
    public var rejected: [Int]

    /// A comparison.
    public init(chosen: [Int], rejected: [Int]) { (self.chosen, self.rejected) = (chosen, rejected) }
}

/// Losses of reward models as functions of rewards.
///
/// - Shapes: rewards `[B]`; results `[]`, in nats.
public enum RewardLoss {
    /// `mean(-log σ(r_c - r_r - margin) + c (r_c + r_r)²)`: the Bradley–Terry loss (Ouyang et al. 2022, arXiv:2203.02155)
    /// with a margin (Touvron et al. 2023, *Llama 2*, arXiv:2307.09288) and a term that keeps rewards centered, since
    /// differences do not fix their zero (Eisenstein et al. 2023, *Helping or Herding?*, arXiv:2312.09244).
    ///
    /// - Parameter centering: c.
    public static func comparison(
        chosen: Tensor, rejected: Tensor, margin: Float = 0, centering: Float = 0
    ) -> Tensor {
        let loss = Tensor.bradleyTerry(chosen: chosen - margin, rejected: rejected)
        return centering == 0 ? loss : loss + (chosen + rejected).squared().mean() * centering
    }
}

/// How a reward model learns: AdamW with a linear decay of its learning rate.
public struct RewardModelTraining: Sendable {
    /// Training steps.
    public var steps: Int
    /// Comparisons, or scored texts, of a step.
    public var batch: Int
    /// The highest learning rate, at the end of a warm-up of a twentieth of the steps.
    public var learningRate: Double
    /// AdamW's weight decay.
    public var weightDecay = 0.01
    /// How much further than this the chosen reward should be above the rejected one.
    public var margin = 0.0
    /// The weight of the squared sum of both rewards.
    public var centering = 0.01
    /// The largest norm a gradient may have; nil for no limit.
    public var clipNorm: Double? = 1

    /// Training with the reference settings but for these.
    public init(steps: Int, batch: Int, learningRate: Double) {
        (self.steps, self.batch, self.learningRate) = (steps, batch, learningRate)
    }

    /// Learns from comparisons by ``RewardLoss/comparison(chosen:rejected:margin:centering:)``.
    ///
    /// - Throws: ``FitError`` where training diverges or there are no comparisons; `RunInterrupted`.
    public func run(
        _ model: RewardModel, on comparisons: [TextComparison], key: RandomKey, label: String = "reward",
        in session: FitSession = .silent
    ) throws -> RewardModel {
        try run(model, count: comparisons.count, key, label, session) { model, rows in
            let pairs = rows.map { comparisons[$0] }
            let rewards = model.rewards(batch: pairs.map(\.chosen) + pairs.map(\.rejected))
            return RewardLoss.comparison(
                chosen: rewards[0..<rows.count], rejected: rewards[rows.count..<2 * rows.count], margin: Float(margin),
                centering: Float(centering))
        }
    }

    /// Learns to give texts known scores, by half the mean squared error.
    ///
    /// - Throws: ``FitError`` where training diverges or there are no texts; `RunInterrupted`.
    public func run(
        _ model: RewardModel, on texts: [[Int]], scores: [Double], key: RandomKey, label: String = "reward",
        in session: FitSession = .silent
    ) throws -> RewardModel {
        require(texts.count == scores.count, "\(texts.count) texts need as many scores, got \(scores.count)")
        return try run(model, count: texts.count, key, label, session) { model, rows in
            let targets = Tensor(rows.map { Float(scores[$0]) })
            return (model.rewards(batch: rows.map { texts[$0] }) - targets).squared().mean() * 0.5
        }
    }

    private func run(
        _ model: RewardModel, count: Int, _ key: RandomKey, _ label: String, _ session: FitSession,
        loss: (RewardModel, [Int]) -> Tensor
    ) throws -> RewardModel {
        guard count > 0 else { throw FitError("\(label) has nothing to learn from: give it a comparison or more") }
        let batches = Batches(count: count, size: min(batch, count), key: key["batches"])
        var fit = Fit(steps: steps)
        fit.clipNorm = clipNorm
        fit.schedule = .linear(warmup: max(1, steps / 20), total: steps, floor: 0)
        let optimizer = Adam.decoupled(learningRate: learningRate, weightDecay: weightDecay)
        return try fit.run(model, optimizer: optimizer, label: label, in: session) { model, step in
            loss(model, batches.rows(step: step))
        }.model
    }
}
