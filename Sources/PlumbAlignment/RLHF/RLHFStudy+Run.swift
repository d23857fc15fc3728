internal import PlumbBasics
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
internal import PlumbRecords
public import PlumbTensor

// One seed: comparisons, reward models, the optimizations, and DPO.

extension RLHFStudy {
    /// Runs one seed.
    ///
    /// - Throws: `FitError` where too few comparisons are found or a training fails; `RunInterrupted`.
    public func run(_ task: RLHFTask, key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let drawn = try comparisons(task, key: key["pairs"], in: session)
        let (train, held) = (Array(drawn.pairs.prefix(pairs)), Array(drawn.pairs.suffix(heldOut)))
        let mixed = Self.shuffled(train, key: key["shuffled"])
        func learn(_ pairs: [AnswerPair], _ label: String) throws -> RewardModel {
            try reward(task, pairs, label, key: key["reward"], in: session).normalized(
                on: drawn.texts.prefix(test).map(\.text))
        }
        let (proxy, random) = (try learn(train, "reward"), try learn(mixed, "reward, shuffled"))
        let before = Before(drawn.texts.map(task.gold), task, try fresh(task, task.policy, key: key["fresh"]))
        var (courses, after) = ([Course](), [[Completion]]())
        for run in runs {
            let result = try optimize(
                task, run == .shuffled ? random : proxy, run, before, key: key, in: session)
            courses.append(result.course)
            if run == .ppo { after.append(result.texts) }
        }
        let logs = AnswerLogs(task.policy, train.prefix(dpoPairs) + held, rows: dpoBatch)
        let direct = try dpo(task, Array(train.prefix(dpoPairs)), held, logs, before, "DPO", key: key, in: session)
        let control = try dpo(
            task, Array(mixed.prefix(dpoPairs)), held, logs, before, "DPO, shuffled", key: key, in: session)
        after.append(direct.texts)
        let samples = (0..<min(3, before.texts.count)).map { row in
            [task.text(before.texts[row].prompt), task.text(before.texts[row].tokens)]
                + after.map { task.text($0[row].tokens) }
        }
        return Outcome(
            gold: [before.mean, before.deviation], ties: drawn.ties, accuracy: Self.accuracy(proxy, held),
            accuracyShuffled: Self.accuracy(random, held), courses: courses, dpo: direct.result,
            dpoShuffled: control.result, samples: samples)
    }

    // MARK: Comparisons

    /// What the policy wrote, and the labeler's comparisons of it.
    struct Drawn {
        var texts: [Completion] = []
        var pairs: [AnswerPair] = []
        var ties = 0.0
    }

    /// Draws texts until there are comparisons enough; texts of a prompt that are equally good give none.
    func comparisons(_ task: RLHFTask, key: RandomKey, in session: FitSession) throws -> Drawn {
        var (drawn, asked, wave) = (Drawn(), 0, 0)
        let (needed, size) = (pairs + heldOut, max(1, 64 / choices))
        while drawn.pairs.count < needed {
            try session.reporter.checkpoint()
            session.reporter.progress("comparisons", drawn.pairs.count, of: needed)
            let prompts = (asked..<asked + size).map { task.prompts[$0 % task.prompts.count] }
            let texts = try task.policy.completions(
                of: prompts.flatMap { Array(repeating: $0, count: choices) }, maxTokens: length, key: key[wave])
            drawn.texts += texts
            for first in stride(from: 0, to: texts.count, by: choices) {
                let group = texts[first..<first + choices].map { (text: $0, gold: task.gold($0)) }
                guard let best = group.max(by: { $0.gold < $1.gold }), let worst = group.min(by: { $0.gold < $1.gold }),
                    best.gold > worst.gold
                else { continue }
                drawn.pairs.append(AnswerPair(chosen: best.text.scored, rejected: worst.text.scored))
            }
            (asked, wave) = (asked + size, wave + 1)
            guard asked < 50 * needed else {
                throw FitError(
                    "\(asked) prompts gave only \(drawn.pairs.count) comparisons of \(needed): the labeler likes nearly all "
                        + "texts equally")
            }
        }
        drawn.ties = 1 - Double(drawn.pairs.count) / Double(asked)
        drawn.pairs = Array(drawn.pairs.prefix(needed))
        return drawn
    }

    /// The comparisons with exactly half of the labels turned, one of every two.
    static func shuffled(_ pairs: [AnswerPair], key: RandomKey) -> [AnswerPair] {
        var (random, result) = (key.generator(), pairs)
        for first in stride(from: 0, to: pairs.count - 1, by: 2) {
            let row = first + random.index(below: 2)
            result[row] = AnswerPair(chosen: pairs[row].rejected, rejected: pairs[row].chosen)
        }
        return result
    }

    /// The share of comparisons that a reward orders as the labeler does.
    static func accuracy(_ reward: RewardModel, _ pairs: [AnswerPair]) -> Double {
        let chosen = reward.scores(pairs.map(\.chosen.throughAnswer), rows: 16)
        let rejected = reward.scores(pairs.map(\.rejected.throughAnswer), rows: 16)
        return Statistics.mean(zip(chosen, rejected).map { $0 > $1 ? 1 : 0 })
    }

    // MARK: Training

    private func lora(_ task: RLHFTask, key: RandomKey) throws -> LoRA {
        let model = task.policy
        let lacksGate = !model.hookPoints.contains(.block(0, .mlpPreLinear))
        let targets = LoRA.Target.allCases.filter { !(lacksGate && $0 == .gate) }
        return try LoRA(model, rank: rank, targets: Set(targets), key: key["lora"])
    }

    private func reward(
        _ task: RLHFTask, _ pairs: [AnswerPair], _ label: String, key: RandomKey, in session: FitSession
    ) throws -> RewardModel {
        var training = FineTuning(steps: rewardSteps, batch: rewardBatch, learningRate: rewardRate)
        (training.label, training.validationFraction) = (label, 0)
        (training.validationCount, training.evaluations) = (rewardBatch, 1)
        return try training.run(
            FineTunedReward(lora(task, key: key)), on: pairs, key: key["training"], in: session
        ).model
    }

    /// The texts of the policy before, and the scale of the labeler's rewards.
    struct Before {
        let mean: Double
        let deviation: Double
        let texts: [Completion]
        private let ofTexts: Double

        init(_ golds: [Double], _ task: RLHFTask, _ texts: [Completion]) {
            (mean, deviation) = (Statistics.mean(golds), Statistics.centered(golds).deviation)
            self.texts = texts
            ofTexts = Statistics.mean(texts.map(task.gold))
        }

        /// How much better texts are than those before, in standard deviations.
        func gain(_ golds: [Double]) -> Double { (Statistics.mean(golds) - mean) / deviation }
        /// The same of texts to the same prompts as ``texts``.
        func gainOfFresh(_ golds: [Double]) -> Double { (Statistics.mean(golds) - ofTexts) / deviation }
    }

    /// Texts to judge a policy by.
    private func fresh(_ task: RLHFTask, _ policy: HookedTransformer, key: RandomKey) throws -> [Completion] {
        try stride(from: 0, to: test, by: 64).flatMap { first in
            let prompts = (first..<min(first + 64, test)).map { task.prompts[$0 % task.prompts.count] }
            return try policy.completions(of: prompts, maxTokens: length, key: key[first])
        }
    }

    private func optimize(
        _ task: RLHFTask, _ reward: RewardModel, _ run: Run, _ before: Before, key: RandomKey, in session: FitSession
    ) throws -> (course: Course, texts: [Completion]) {
        var ppo = LanguageModelPPO()
        (ppo.maxTokens, ppo.passes, ppo.batch) = (length, passes, max(1, texts / 2))
        (ppo.learningRate, ppo.penalty, ppo.valueClip) = (policyRate, penalty, nil)
        ppo.adaptive = AdaptiveKLWeight(target: target)
        ppo.adaptive?.gain = 1
        switch run {
        case .ppo, .shuffled: break
        case .grpo: ppo.advantage = .standardized(group: Self.group)
        case .rloo: ppo.advantage = .leaveOneOut(group: Self.group)
        case .held: (ppo.penalty, ppo.adaptive) = (largePenalty, nil)
        }
        var course = Course(run: run)
        let tuned = try ppo.run(
            lora(task, key: key["policy"]), prompts: task.prompts, rounds: rounds, texts: texts, key: key["ppo"],
            label: run.rawValue, in: session, gold: task.gold
        ) { reward.scores($0.map(\.text), rows: 16) }
        course.gold = tuned.curve(.gold).map { ($0 - before.mean) / before.deviation }
        course.divergences = tuned.curve(.divergence)
        course.estimated = tuned.curve(.estimated)
        course.proxy = tuned.curve(.reward)
        course.zeroVariance = Statistics.mean(tuned.curve(.zeroVariance))
        course.entropies = [tuned.curve(.entropy).first ?? .nan, tuned.curve(.entropy).last ?? .nan]
        let after = try fresh(task, tuned.model, key: key["fresh"])
        course.gain = before.gainOfFresh(after.map(task.gold))
        course.divergence = Statistics.mean(tuned.model.divergences(from: task.policy, on: after))
        return (course, after)
    }

    private func dpo(
        _ task: RLHFTask, _ pairs: [AnswerPair], _ held: [AnswerPair], _ reference: AnswerLogs, _ before: Before,
        _ label: String, key: RandomKey, in session: FitSession
    ) throws -> (result: Direct, texts: [Completion]) {
        var training = FineTuning(steps: dpoSteps, batch: dpoBatch, learningRate: dpoRate)
        (training.label, training.validationFraction) = (label, 0)
        (training.validationCount, training.evaluations) = (dpoBatch, 1)
        let tuned = try training.run(
            lora(task, key: key["dpo"]), on: pairs, weight: dpoPenalty, key: key["dpo training"], in: session
        ).model
        let logs = AnswerLogs(tuned, pairs + held, rows: dpoBatch)
        func rise(_ text: ScoredText) -> Double { logs[text] - reference[text] }
        func accuracy(_ pairs: [AnswerPair]) -> Double {
            Statistics.mean(pairs.map { rise($0.chosen) > rise($0.rejected) ? 1 : 0 })
        }
        let texts = try fresh(task, tuned, key: key["fresh"])
        return (
            Direct(
                accuracy: accuracy(pairs), heldOut: accuracy(held),
                chosen: Statistics.mean(pairs.map { rise($0.chosen) }),
                rejected: Statistics.mean(pairs.map { rise($0.rejected) }),
                gain: before.gainOfFresh(texts.map(task.gold)),
                divergence: Statistics.mean(tuned.divergences(from: task.policy, on: texts))), texts
        )
    }
}

/// The log-probabilities of the answers of pairs under a model, in nats.
struct AnswerLogs {
    private var logs: [ScoredText: Double] = [:]

    init(_ model: HookedTransformer, _ pairs: some Collection<AnswerPair>, rows: Int) {
        let texts = pairs.flatMap { [$0.chosen, $0.rejected] }
        for first in stride(from: 0, to: texts.count, by: 2 * max(1, rows)) {
            let part = Array(texts[first..<min(first + 2 * max(1, rows), texts.count)])
            for (text, log) in zip(part, model.logProbabilities(part).elements) { logs[text] = Double(log) }
        }
    }

    /// That of an answer which is among the pairs.
    subscript(text: ScoredText) -> Double { logs[text] ?? .nan }
}
