internal import PlumbBasics
internal import PlumbData
public import PlumbModels
public import PlumbNN
public import PlumbTensor

/// A reward of answers in training: a linear head that reads a language model's features at the end of an answer.
///
/// ```swift
/// let reward = FineTunedReward(try LoRA(model, rank: 8, key: key["lora"]))
/// let learned = try FineTuning(steps: 100, batch: 8, learningRate: 5e-4).run(reward, on: pairs, key: key)
/// try learned.model.save(folder: folder)
/// ```
///
/// Trained are the head and what the model trains: pairs of LoRA, all weights, or nothing beside the head with
/// ``FrozenModel``. After Stiennon et al. 2020, *Learning to summarize from human feedback* (arXiv:2009.01325).
public struct FineTunedReward<Model: FineTunedModel>: ParameterTree {
    /// The model whose features are read.
    public var model: Model
    /// From D features to one number.
    public var head: Linear

    /// A reward that begins at 0 for every text.
    public init(_ model: Model) {
        self.model = model
        head = Linear(weight: Weight(.zeros([1, model.reference.configuration.width])), bias: .zeros([1]))
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("trunk", &model)
        visitor("head", &head)
    }

    /// The rewards of answers, read at the last token of each.
    ///
    /// - Shapes: result `[B]`.
    public func rewards(_ texts: [ScoredText]) -> Tensor {
        RewardModel(trunk: model.policy, head: head).rewards(batch: texts.map(\.throughAnswer))
    }

    /// What is saved.
    public var merged: RewardModel { RewardModel(trunk: model.merged, head: head) }
}

/// A frozen model, whose features a trained head reads.
public struct FrozenModel: FineTunedModel {
    /// The model.
    public let reference: HookedTransformer
    /// The model.
    public var policy: HookedTransformer { reference }
    /// The model.
    public var merged: HookedTransformer { reference }

    /// The model as it is.
    public init(_ model: HookedTransformer) { reference = model }

    public mutating func visit(_ visitor: inout ParameterVisitor) {}
}

extension ScoredText {
    /// The tokens up to the last that is learned: prompt and answer, without what a chat template writes behind it.
    public var throughAnswer: [Int] { places.last.map { Array(tokens[...$0]) } ?? tokens }
}

extension FineTuning {
    /// What is measured of a reward model.
    public enum RewardMeasure: String, FitMeasure {
        /// The mean loss of a pair.
        case loss = "loss/validation"
        /// The share of pairs whose chosen answer has the higher reward.
        case accuracy = "accuracy"
        /// The mean of the chosen reward less the rejected one.
        case margin = "reward margin"
        /// The mean reward of the answers.
        case mean = "reward/mean"
        /// The least reward of an answer.
        case least = "reward/least"
        /// The greatest reward of an answer.
        case greatest = "reward/greatest"
    }

    /// Learning a reward from pairs of answers, by ``RewardLoss/comparison(chosen:rejected:margin:centering:)``.
    ///
    /// - Parameters:
    ///   - margin: how much further than this the chosen reward should be above the rejected one.
    ///   - centering: the weight of the squared sum of both rewards.
    /// - Throws: ``FitError`` where there is nothing to learn or a step cannot fit into memory; ``DivergedTraining`` where
    ///   training failed after a checkpoint; `RunInterrupted`.
    public func run<Model: FineTunedModel>(
        _ reward: FineTunedReward<Model>, on pairs: [AnswerPair], margin: Double = 0, centering: Double = 0.01,
        key: RandomKey, in session: FitSession = .silent
    ) throws -> TunedModel<RewardModel, RewardMeasure> {
        try check(reward.model, pairs.flatMap { [$0.chosen, $0.rejected] })
        let parts = try Parts(pairs, self, key)
        func losses(_ rewards: Tensor) -> Tensor {
            let half = rewards.count / 2
            return RewardLoss.comparison(
                chosen: rewards[0..<half], rejected: rewards[half..<2 * half], margin: Float(margin),
                centering: Float(centering))
        }
        return try run(reward, parts, session, judgedBy: RewardMeasure.loss, made: \.merged) { reward, pairs in
            losses(reward.rewards(pairs.map(\.chosen) + pairs.map(\.rejected)))
        } measure: { reward in
            var (chosen, rejected, loss) = ([Double](), [Double](), 0.0)
            for pairs in parts.measured(batch) {
                let rewards = reward.rewards(pairs.map(\.chosen) + pairs.map(\.rejected))
                let values = rewards.doubles
                loss += Double(losses(rewards).item) * Double(pairs.count)
                chosen += values.prefix(pairs.count)
                rejected += values.suffix(pairs.count)
            }
            let (margins, all) = (zip(chosen, rejected).map(-), chosen + rejected)
            return Measured(of: RewardMeasure.self) { measure in
                switch measure {
                case .loss: loss / Double(chosen.count)
                case .accuracy: Statistics.mean(margins.map { $0 > 0 ? 1 : 0 })
                case .margin: Statistics.mean(margins)
                case .mean: Statistics.mean(all)
                case .least: Statistics.least(all)
                case .greatest: Statistics.greatest(all)
                }
            }
        }
    }

    /// What a step on the longest pairs takes, by making one without moving the reward.
    ///
    /// - Throws: ``FitError`` where a step cannot fit into memory.
    public func cost(of reward: FineTunedReward<some FineTunedModel>, on pairs: [AnswerPair]) throws -> Cost {
        let texts = pairs.flatMap { [$0.chosen, $0.rejected] }
        try check(reward.model, texts)
        let longest = Array(texts.sorted { $0.tokens.count > $1.tokens.count }.prefix(2 * batch))
        return Self.cost(of: reward) { $0.rewards(longest).squared().mean() }
    }
}
