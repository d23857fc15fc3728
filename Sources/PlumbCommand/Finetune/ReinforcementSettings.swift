import Foundation
import PlumbBasics
import PlumbData
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbTokenizers

/// How a reward is learned from comparisons.
struct ComparisonSettings: Codable {
    var headOnly: Bool
    var margin: Double
    var centering: Double
}

/// How a model is optimized by a reward.
struct ReinforcementSettings: Codable {
    /// Whether ``reward`` is a list of words; otherwise it is the folder of a reward model.
    var isLexicon: Bool
    var reward: String
    /// The SHA-256 of the list, or of the reward model's head, as it was when the training began.
    var rewardHash: String
    var maxTokens = 48
    var passes = 2
    /// The divergence that β is adapted to; nil keeps β.
    var target: Double?
    var temperature = 1.0
    var missingEndPenalty = 0.0
    /// Texts to one prompt; nil for PPO.
    var group: Int?
    var leavesOneOut = false
    var penaltyInLoss = false

    /// The file whose hash stands for the reward.
    func hashed() throws -> URL {
        let url = URL(fileURLWithPath: reward)
        let file = isLexicon ? url : url.appendingPathComponent(RewardModel.headFile)
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw FileError(
                isLexicon
                    ? "there is no file \(reward): name a list of words with --reward lexicon:FILE"
                    : "\(reward) holds no reward model: make one with \(CommandName.current) finetune reward --out \(reward)"
            )
        }
        return file
    }

    /// The reward of completions of `model`.
    func score(for model: HookedTransformer) async throws -> ([PlumbLearning.Completion]) throws -> [Double] {
        guard try FileHash.sha256(of: hashed()) == rewardHash else {
            throw FileError(
                "\(reward) has changed since the training began: begin anew without --resume, in another --out")
        }
        guard let tokenizer = model.tokenizer else { throw ModelError("\(model.name) has no tokenizer") }
        if isLexicon {
            let score = try LexiconReward(contentsOf: URL(fileURLWithPath: reward)).scorer(for: model)
            return { $0.map(score) }
        }
        let learned = try await RewardModel.load(folder: reward)
        guard learned.trunk.tokenizer?.json == tokenizer.json else {
            throw ModelError(
                "the reward model in \(reward) cuts text into other tokens than \(model.name) does: train one from it")
        }
        let context = learned.trunk.configuration.context
        return { completions in
            if let longest = completions.map(\.text.count).max(), longest > context {
                throw FitError("a text of \(longest) tokens is longer than the \(context) that the reward model reads")
            }
            return learned.scores(completions.map(\.text), rows: 16)
        }
    }
}

extension FinetuneSettings {
    /// The optimizer that is meant.
    var optimization: LanguageModelPPO {
        let settings = reinforced
        var ppo = LanguageModelPPO()
        (ppo.maxTokens, ppo.temperature, ppo.passes, ppo.batch) = (
            settings.maxTokens, settings.temperature, settings.passes, batch
        )
        (ppo.learningRate, ppo.penalty, ppo.missingEndPenalty) = (learningRate, beta, settings.missingEndPenalty)
        ppo.adaptive = settings.target.map(AdaptiveKLWeight.init)
        if let group = settings.group {
            ppo.advantage = settings.leavesOneOut ? .leaveOneOut(group: group) : .standardized(group: group)
        }
        ppo.penaltyPlace = settings.penaltyInLoss ? .loss : .rewards
        return ppo
    }

    /// What the methods ppo and grpo are set to.
    var reinforced: ReinforcementSettings {
        reinforcement ?? ReinforcementSettings(isLexicon: true, reward: data, rewardHash: "")
    }

    /// Trains a policy by a reward.
    func train(
        _ model: some FineTunedModel, _ prompts: [[Int]], _ score: ([PlumbLearning.Completion]) throws -> [Double],
        _ session: FitSession
    ) throws -> Outcome {
        Outcome(
            try optimization.run(
                model, prompts: prompts, rounds: steps, texts: batch, key: RandomKey(seed)["training"], in: session,
                score: score),
            of: [
                ("reward", .reward), ("deviation", .deviation), ("kl", .divergence), ("drawn", .estimated),
                ("entropy", .entropy), ("beta", .penalty), ("tokens", .length), ("finished", .finished),
                ("equal", .zeroVariance),
            ])
    }

    /// Trains a reward.
    func trainReward(_ model: HookedTransformer, _ pairs: [AnswerPair], _ session: FitSession) throws -> Outcome {
        if comparison?.headOnly == true { return try trainReward(FrozenModel(model), pairs, session) }
        guard let lora else { return try trainReward(FullFineTuning(model), pairs, session) }
        return try trainReward(self.pairs(model, rank: lora), pairs, session)
    }

    private func trainReward(
        _ model: some FineTunedModel, _ pairs: [AnswerPair], _ session: FitSession
    ) throws -> Outcome {
        Outcome(
            try training.run(
                FineTunedReward(model), on: pairs, margin: comparison?.margin ?? 0,
                centering: comparison?.centering ?? 0.01, key: RandomKey(seed)["training"], in: session),
            of: [
                ("validation", .loss), ("accuracy", .accuracy), ("margin", .margin), ("mean", .mean), ("least", .least),
                ("greatest", .greatest),
            ])
    }

    /// What a step of a reward takes.
    func rewardCost(_ model: HookedTransformer, _ pairs: [AnswerPair]) throws -> FineTuning.Cost {
        if comparison?.headOnly == true { return try training.cost(of: FineTunedReward(FrozenModel(model)), on: pairs) }
        guard let lora else { return try training.cost(of: FineTunedReward(FullFineTuning(model)), on: pairs) }
        return try training.cost(of: FineTunedReward(self.pairs(model, rank: lora)), on: pairs)
    }
}

/// What optimization by a reward would take, and what its first round writes.
struct ReinforcementEstimate {
    private let settings: FinetuneSettings
    private let model: HookedTransformer
    private let file: AnswerFile

    init(_ settings: FinetuneSettings, _ model: HookedTransformer, _ file: AnswerFile) {
        (self.settings, self.model, self.file) = (settings, model, file)
    }

    func show(json: Bool) async throws {
        let (prompts, score) = (try file.prompts(), try await settings.reinforced.score(for: model))
        let (round, cost) = try trial(prompts, score)
        let seconds = cost.seconds * Double(settings.steps)
        let texts = zip(round.completions, round.scores).prefix(3).map { text, reward in
            (
                text: file.encoder.tokenizer.decode(text.prompt), written: file.encoder.tokenizer.decode(text.tokens),
                reward
            )
        }
        guard !json else {
            return try Output.json(
                .object([
                    "prompts": JSONValue(prompts.count), "longest": JSONValue(prompts.map(\.count).max() ?? 0),
                    "seconds_per_round": JSONValue(cost.seconds), "bytes": JSONValue(cost.bytes),
                    "rounds": JSONValue(settings.steps),
                    "rewards": .array(round.scores.map { JSONValue($0) }),
                    "examples": .array(
                        texts.map {
                            .object([
                                "prompt": .string($0.text), "completion": .string($0.written),
                                "reward": JSONValue($0.2),
                            ])
                        }),
                ]))
        }
        print(
            "\(prompts.count) prompts of \(prompts.map(\.count).min() ?? 0) to \(prompts.map(\.count).max() ?? 0) tokens; "
                + "rewards of the first round \(Phrase.number(round.scores.min() ?? 0)) to "
                + "\(Phrase.number(round.scores.max() ?? 0))")
        print(
            "a round of \(round.completions.count) texts takes \(String(format: "%.2f", cost.seconds)) s and "
                + "\(String(format: "%.2f", Double(cost.bytes) / 1e9)) GB; \(settings.steps) rounds take about "
                + "\(String(format: "%.0f", seconds)) s")
        for (index, text) in texts.enumerated() {
            print(
                "\nexample \(index + 1), reward \(Phrase.number(text.2)): what is learned stands in ⟦ ⟧\n"
                    + VisibleText.prose("\(text.text)⟦\(text.written)⟧"))
        }
    }

    private func trial(
        _ prompts: [[Int]], _ score: ([PlumbLearning.Completion]) throws -> [Double]
    ) throws -> (LanguageModelPPO.Round, FineTuning.Cost) {
        let key = RandomKey(settings.seed)["training"]
        guard let lora = settings.lora else {
            return try settings.optimization.trial(
                FullFineTuning(model), prompts: prompts, texts: settings.batch, key: key, score: score)
        }
        return try settings.optimization.trial(
            settings.pairs(model, rank: lora), prompts: prompts, texts: settings.batch, key: key, score: score)
    }
}
