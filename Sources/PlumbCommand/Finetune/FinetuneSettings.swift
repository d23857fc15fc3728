import Foundation
import PlumbBasics
import PlumbData
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbTensor
import PlumbTokenizers

/// What `plumb finetune` keeps.
struct FinetuneSettings: KeptSettings {
    enum Method: String, Codable { case sft, dpo, reward, ppo, grpo }

    /// The losses of pairs, by TRL's names.
    enum Loss: String, Codable, CaseIterable { case sigmoid, hinge, ipo, robust }

    var method: Method
    var data: String
    /// The SHA-256 of the data as they were when the training began.
    var dataHash: String
    var model: String
    var lora: Int?
    var steps: Int
    var batch: Int
    var learningRate: Double
    /// The most tokens of a text; nil for 512, or as many as the model reads.
    var context: Int?
    var seed: UInt64
    var loss = Loss.sigmoid
    var labelSmoothing = 0.0
    var beta = 0.1
    /// When the training began, in seconds since 1970: what a chat template writes where it asks for the date.
    var began: Double
    /// What the method `reward` is set to.
    var comparison: ComparisonSettings?
    /// What the methods `ppo` and `grpo` are set to.
    var reinforcement: ReinforcementSettings?

    var command: String { "finetune \(method.rawValue)" }
    var counts: [(name: String, value: Int)] {
        [
            ("steps", steps), ("batch", batch), ("context", context ?? 1), ("lora", lora ?? 1),
            ("maxTokens", reinforcement?.maxTokens ?? 1), ("passes", reinforcement?.passes ?? 1),
            ("group", reinforcement?.group ?? 1),
        ]
    }

    /// The loss of pairs that is meant.
    var preferenceLoss: PreferenceLoss {
        switch loss {
        case .sigmoid: labelSmoothing > 0 ? .smoothed(flipped: labelSmoothing) : .sigmoid
        case .robust: .robust(flipped: labelSmoothing)
        case .hinge: .hinge
        case .ipo: .identity
        }
    }

    var training: FineTuning { FineTuning(steps: steps, batch: batch, learningRate: learningRate) }

    /// The model and the file it learns from.
    func loaded() async throws -> (model: HookedTransformer, file: AnswerFile) {
        let url = URL(fileURLWithPath: data)
        guard try FileHash.sha256(of: url) == dataHash else {
            throw FileError(
                "\(data) has changed since the training began: begin anew without --resume, in another --out")
        }
        let model = try await HookedTransformer.load(model)
        try model.checkSavable()
        guard let tokenizer = model.tokenizer else {
            throw ModelError("\(model.name) has no tokenizer, so that it cannot read the data")
        }
        let most = model.configuration.context
        if let context, context > most {
            throw ModelError("--context \(context) is more than the \(most) tokens that \(model.name) reads")
        }
        let encoder = AnswerEncoder(
            tokenizer, longest: context ?? min(512, most), now: Date(timeIntervalSince1970: began))
        return (model, AnswerFile(url, encoder: encoder))
    }

    /// Pairs beside every linear layer.
    func pairs(_ model: HookedTransformer, rank: Int) throws -> LoRA {
        let lacksGate = !model.hookPoints.contains(.block(0, .mlpPreLinear))
        let targets = LoRA.Target.allCases.filter { !(lacksGate && $0 == .gate) }
        return try LoRA(model, rank: rank, targets: Set(targets), key: RandomKey(seed)["lora"])
    }

    /// What a training gives that is shown.
    struct Outcome {
        var model: HookedTransformer
        /// The reward model, where one is what was trained; then ``model`` is its trunk.
        var reward: RewardModel?
        var losses: [Float]
        /// What was measured, by the steps made before.
        var measured: [(step: Int, values: [(name: String, value: Double)])]
        var isHeldOut: Bool

        init<Measure: FitMeasure>(_ result: FineTuning.Result<Measure>, of measures: [(String, Measure)]) {
            self.init(result.model, nil, result, measures)
        }

        init<Measure: FitMeasure>(_ result: TunedModel<RewardModel, Measure>, of measures: [(String, Measure)]) {
            self.init(result.model.trunk, result.model, result, measures)
        }

        private init<Model, Measure: FitMeasure>(
            _ model: HookedTransformer, _ reward: RewardModel?, _ result: TunedModel<Model, Measure>,
            _ measures: [(String, Measure)]
        ) {
            (self.model, self.reward, losses, isHeldOut) = (model, reward, result.losses, result.isHeldOut)
            measured = result.evaluations.map { evaluation in
                (evaluation.step, measures.map { ($0.0, evaluation[$0.1]) })
            }
        }
    }

    /// Trains, or goes on.
    func train(in session: FitSession) async throws -> Outcome {
        let (model, file) = try await loaded()
        switch method {
        case .sft:
            let answers = try file.answers()
            session.reporter.note("\(answers.count) texts, \(min(batch, answers.count)) a step")
            guard let lora else { return try train(FullFineTuning(model), answers, session) }
            return try train(pairs(model, rank: lora), answers, session)
        case .dpo:
            let answers = try file.pairs()
            session.reporter.note("\(answers.count) pairs, \(min(batch, answers.count)) a step")
            guard let lora else { return try train(FullFineTuning(model), answers, session) }
            return try train(pairs(model, rank: lora), answers, session)
        case .reward:
            let answers = try file.pairs()
            session.reporter.note("\(answers.count) pairs, \(min(batch, answers.count)) a step")
            return try trainReward(model, answers, session)
        case .ppo, .grpo:
            let prompts = try file.prompts()
            session.reporter.note("\(prompts.count) prompts, \(batch) texts a round")
            let score = try await reinforced.score(for: model)
            guard let lora else { return try train(FullFineTuning(model), prompts, score, session) }
            return try train(pairs(model, rank: lora), prompts, score, session)
        }
    }

    private func train(
        _ model: some FineTunedModel, _ answers: [ScoredText], _ session: FitSession
    ) throws -> Outcome {
        Outcome(
            try training.run(model, on: answers, key: RandomKey(seed)["training"], in: session),
            of: [("validation", .loss), ("kl", .divergence)])
    }

    private func train(
        _ model: some FineTunedModel, _ pairs: [AnswerPair], _ session: FitSession
    ) throws -> Outcome {
        Outcome(
            try training.run(
                model, on: pairs, loss: preferenceLoss, weight: beta, key: RandomKey(seed)["training"], in: session),
            of: [
                ("validation", .loss), ("accuracy", .accuracy), ("margin", .margin), ("chosen", .chosen),
                ("rejected", .rejected), ("kl", .divergence),
            ])
    }
}
