internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
internal import PlumbNN
internal import PlumbRecords
public import PlumbTensor

// A whole training: rounds with prompts of a list, progress, checkpoints, and an end where nothing can be learned.

extension LanguageModelPPO {
    /// What is measured of each round, before its steps move the policy.
    public enum Measure: String, FitMeasure {
        /// The mean score of a text.
        case reward = "reward"
        /// The mean of what is really wanted, where that is known beside the score; otherwise that of the score again.
        case gold = "gold reward"
        /// The standard deviation of the scores.
        case deviation = "reward deviation"
        /// The mean exact divergence from the reference of a text, summed over its tokens, in nats.
        case divergence = "KL to the reference"
        /// The same, estimated from the tokens that were drawn.
        case estimated = "KL to the reference, estimated"
        /// The mean entropy of the next token's distribution, in nats.
        case entropy
        /// β.
        case penalty = "beta"
        /// The mean number of tokens of a text.
        case length = "tokens"
        /// The share of texts that a stop token ended.
        case finished = "finished"
        /// The share of groups of equal scores, from which nothing is learned; without groups, of the round as one.
        case zeroVariance = "groups of equal scores"
    }

    /// What a checkpoint says beside tensors.
    private struct Notes: Codable {
        var method: String
        var penalty: Double
        var rounds: Int
    }

    /// Trains `model` for some rounds. The learning rate falls linearly to 0.
    ///
    /// - Parameters:
    ///   - model: LoRA, whose reference shares its weights, or a model of which every weight is trained.
    ///   - prompts: tokens of prompts, which are taken in an order that `key` draws.
    ///   - texts: completions of a round, a multiple of the group's size.
    ///   - label: names the training in progress, curves and checkpoints; nil for ``name``.
    ///   - gold: what is really wanted, where the score only stands for it: it is measured and not learned from.
    ///   - score: one number a completion, higher for better.
    /// - Throws: ``FitError`` for prompts that leave no room, a reward that does not vary in the first round, or what
    ///   ``advance(_:from:prompts:key:score:)`` refuses in it; ``DivergedTraining`` with the last good weights where a
    ///   later round fails, or the policy leaves the reference by more than ``divergenceLimit``; `RunInterrupted`.
    public func run<Model: FineTunedModel>(
        _ model: Model, prompts: [[Int]], rounds: Int, texts: Int, key: RandomKey, label: String? = nil,
        in session: FitSession = .silent, gold: ((Completion) -> Double)? = nil,
        score: ([Completion]) throws -> [Double]
    ) throws -> TunedModel<HookedTransformer, Measure> {
        let label = label ?? name
        let count = try check(model, prompts, rounds: rounds, texts: texts)
        let batches = Batches(count: prompts.count, size: min(count, prompts.count), key: key["prompts"])
        let checkpoint = session.checkpoints.map { FitCheckpoint(folder: $0, label: label) }
        var (state, result) = (start(from: model), FitResult(model: start(from: model).model, optimizer: Adam()))
        try restore(&state, &result, checkpoint, rounds)
        let isSmall = state.model.parameters.reduce(0) { $0 + $1.tensor.count } < FineTuning.smallCheckpoint
        var (good, saved) = (state, ContinuousClock.now)
        while state.rounds < rounds {
            do { try session.reporter.checkpoint() } catch {
                try session.reporter.saving { try save(state, result, checkpoint, rounds) }
                throw error
            }
            let before = state
            let rows = (0..<count).map { batches.rows(step: state.rounds)[$0 % batches.size] }
            state.optimizer.learningRate = learningRate * (1 - Double(state.rounds) / Double(rounds))
            do {
                let round = try advance(&state, prompts: rows.map { prompts[$0] }, key: key["rounds"]) { completions in
                    let scores = try score(completions)
                    if before.rounds == 0 { try refuseConstant(scores) }
                    return scores
                }
                try refuseDistance(round, before.rounds)
                good = before
                let evaluation = FitEvaluation(step: before.rounds, values: Self.measured(round, gold))
                result.evaluations.append(evaluation)
                result.losses.append(round.loss)
                evaluation.report(label, session.reporter)
                session.reporter.progress(
                    label, state.rounds, of: rounds, unit: "round",
                    values: [("reward", evaluation[Measure.reward]), ("kl", evaluation[Measure.divergence])])
            } catch let cause as FitError {
                let kept = state.rounds > before.rounds ? good : before
                guard kept.rounds > 0 else { throw cause }
                throw DivergedTraining(cause: cause, model: kept.model.model.merged, steps: kept.rounds)
            }
            let isTime = isSmall || ContinuousClock.now - saved > .seconds(60)
            if isTime, checkpoint != nil {
                try session.reporter.saving { try save(state, result, checkpoint, rounds) }
                saved = .now
            }
        }
        try save(state, result, checkpoint, rounds)
        return TunedModel(
            model: state.model.model.merged, losses: result.losses, evaluations: result.evaluations, isHeldOut: false)
    }

    /// Makes the first round, drops what it trained, and says what it wrote, how long it took and its memory.
    ///
    /// - Throws: ``FitError`` as ``run(_:prompts:rounds:texts:key:label:in:gold:score:)`` does.
    public func trial<Model: FineTunedModel>(
        _ model: Model, prompts: [[Int]], texts: Int, key: RandomKey, score: ([Completion]) throws -> [Double]
    ) throws -> (round: Round, cost: FineTuning.Cost) {
        let count = try check(model, prompts, rounds: 1, texts: texts)
        var state = start(from: model)
        let first = (0..<count).map { prompts[$0 % prompts.count] }
        // The first pass also packs weights.
        _ = model.policy.features(batch: [first[0]])
        Compute.resetPeakBytes()
        let start = ContinuousClock.now
        let round = try advance(&state, prompts: first, key: key["rounds"]) { completions in
            let scores = try score(completions)
            try refuseConstant(scores)
            return scores
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return (round, FineTuning.Cost(seconds: seconds, bytes: Compute.peakBytes))
    }

    /// How many prompts a round has.
    private func check(_ model: some FineTunedModel, _ prompts: [[Int]], rounds: Int, texts: Int) throws -> Int {
        require(rounds >= 0 && texts > 0, "a training needs texts and rounds, got \(texts) texts, \(rounds) rounds")
        guard !prompts.isEmpty else { throw FitError("there is nothing to continue: give \(name) a prompt or more") }
        guard texts.isMultiple(of: advantage.group) else {
            throw FitError("\(texts) texts a round cannot be cut into groups of \(advantage.group)")
        }
        let context = model.reference.configuration.context
        if let (index, prompt) = prompts.enumerated().first(where: { $1.count + maxTokens > context }) {
            throw FitError(
                "prompt \(index + 1) of \(prompt.count) tokens leaves no room for \(maxTokens) more: the model reads "
                    + "\(context)")
        }
        if let index = prompts.firstIndex(where: \.isEmpty) { throw FitError("prompt \(index + 1) has no tokens") }
        // Refused before memory is asked for.
        let longest = prompts.max { $0.count < $1.count } ?? []
        let text = ScoredText(prompt: longest, answer: Array(repeating: 0, count: maxTokens))
        let rows = min(max(1, batch), texts)
        try FineTuning(steps: 1, batch: rows, learningRate: learningRate).check(
            model, Array(repeating: text, count: rows))
        return texts / advantage.group
    }

    /// Refuses a reward from which nothing can be learned, before time is spent on it.
    private func refuseConstant(_ scores: [Double]) throws {
        guard scores.count > 1 else { return }
        guard Set(scores).count > 1 else {
            throw FitError(
                "the reward does not vary: all \(scores.count) texts of the first round have \(scores[0]). Look at the "
                    + "reward, or take more texts a round.")
        }
        let group = advantage.group
        guard group == 1 || GroupAdvantages.shareWithoutVariance(scores, size: group) < 1 else {
            throw FitError(
                "the reward does not vary within any group of \(group) texts to one prompt, so that \(name) learns "
                    + "nothing: look at the reward, or take larger groups.")
        }
    }

    private func refuseDistance(_ round: Round, _ number: Int) throws {
        let mean = Statistics.mean(round.divergences)
        guard let divergenceLimit, !(mean <= divergenceLimit) else { return }
        throw FitError(
            "\(name) diverged: in round \(number) the policy is \(mean) nats a text from the reference, more than "
                + "\(divergenceLimit). Take a smaller learning rate than \(learningRate), or a larger penalty.")
    }

    private static func measured(_ round: Round, _ gold: ((Completion) -> Double)?) -> Measured {
        let lengths = round.completions.map { Double($0.tokens.count) }
        return Measured(of: Measure.self) { measure in
            switch measure {
            case .reward: Statistics.mean(round.scores)
            case .gold: Statistics.mean(gold.map { round.completions.map($0) } ?? round.scores)
            case .deviation: Statistics.centered(round.scores).deviation
            case .divergence: Statistics.mean(round.divergences)
            case .estimated: Statistics.mean(round.estimatedDivergences)
            case .entropy: round.entropy
            case .penalty: round.penalty
            case .length: Statistics.mean(lengths)
            case .finished: Statistics.mean(round.completions.map { $0.isFinished ? 1 : 0 })
            case .zeroVariance: round.shareWithoutVariance
            }
        }
    }

    private func save<Model: FineTunedModel>(
        _ state: State<Model>, _ result: FitResult<PolicyWithValue<Model>, Adam>, _ checkpoint: FitCheckpoint?,
        _ rounds: Int
    ) throws {
        guard let checkpoint else { return }
        var result = result
        (result.model, result.optimizer, result.steps) = (state.model, state.optimizer, state.rounds)
        let notes = Notes(method: name, penalty: state.penalty, rounds: rounds)
        let text = String(decoding: try JSONEncoder.nonFinite().encode(notes), as: UTF8.self)
        try checkpoint.write(result, extras: FitCheckpoint.Extras(notes: text))
    }

    private func restore<Model: FineTunedModel>(
        _ state: inout State<Model>, _ result: inout FitResult<PolicyWithValue<Model>, Adam>,
        _ checkpoint: FitCheckpoint?, _ rounds: Int
    ) throws {
        guard let checkpoint, let extras = try checkpoint.restore(&result) else { return }
        guard let text = extras.notes, let notes = try? JSONDecoder.nonFinite.decode(Notes.self, from: Data(text.utf8)),
            notes.method == name, notes.rounds == rounds, result.steps <= rounds
        else {
            throw checkpoint.foreign("it is not one of \(name) with \(rounds) rounds")
        }
        (state.model, state.optimizer, state.rounds) = (result.model, result.optimizer, result.steps)
        state.penalty = notes.penalty
    }
}
