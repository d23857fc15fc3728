internal import PlumbBasics
internal import PlumbData
internal import PlumbLearning
internal import PlumbRecords
internal import PlumbTensor

// The two optimizers.

extension LanguageModelOveroptimizationStudy {
    /// The best of n of the policy's texts by each reward, prompt by prompt.
    func choose(
        _ task: LanguageRewardTask, _ rewards: [Condition: RewardModel], key: RandomKey
    ) throws -> [Curve] {
        let prompts = task.prompts(choicePrompts, key: key["prompts"])
        let pool = try task.written(
            prompts.flatMap { Array(repeating: $0, count: draws) }, key: key["texts"])
        let texts = pool.map(\.text)
        let (gold, property) = (task.gold.scores(texts), pool.map(task.property))
        let estimator = BestOfN.Estimator(sizes: choices, samples: draws)
        let conditions = proxies + [ideal.rewardAlone]
        return conditions.map { condition in
            let scores = rewards[condition].map { $0.scores(texts) } ?? gold
            var curve = Curve(condition: condition, distances: choices.map { BestOfN.divergence($0).squareRoot() })
            var sums = [[Double]](repeating: [Double](repeating: 0, count: choices.count), count: 3)
            for prompt in prompts.indices {
                let part = prompt * draws..<(prompt + 1) * draws
                for (index, values) in [scores, gold, property].enumerated() {
                    let means = estimator.means(of: Array(values[part]), by: Array(scores[part]))
                    for place in means.indices { sums[index][place] += means[place] / Double(prompts.count) }
                }
            }
            (curve.optimized, curve.gold, curve.property) = (sums[0], sums[1], sums[2])
            return curve
        }
    }

    /// PPO by one reward, from the policy on.
    func optimize(
        _ task: LanguageRewardTask, _ reward: RewardModel, _ condition: Condition, key: RandomKey,
        in session: FitSession
    ) throws -> (curve: Curve, examples: [Example]) {
        var ppo = LanguageModelPPO()
        (ppo.maxTokens, ppo.passes, ppo.batch) = (completionLength, 2, max(1, texts / 2))
        (ppo.penalty, ppo.learningRate) = (condition.penalty, policyRate)
        (ppo.valueClip, ppo.valueWeight) = (nil, 0.1)
        var (state, curve, examples) = (ppo.start(from: task.policy), Curve(condition: condition), [Example]())
        var window: [(divergence: Double, optimized: Double, gold: Double, property: Double)] = []
        for round in 0..<rounds {
            try session.reporter.checkpoint()
            session.reporter.progress("PPO, \(condition.name)", round, of: rounds)
            let done = try ppo.advance(
                &state, from: task.policy, prompts: task.prompts(texts, key: key["prompts"][round]), key: key["rounds"]
            ) { reward.scores($0.map(\.text)) }
            let gold = task.gold.scores(done.completions.map(\.text))
            for (completion, text) in zip(done.completions, 0..<2) {
                examples.append(
                    Example(
                        round: round, prompt: task.vocabulary.decode(completion.prompt),
                        completion: task.vocabulary.decode(completion.tokens), optimized: done.scores[text],
                        gold: gold[text]))
            }
            window.append(
                (
                    Statistics.mean(done.divergences), Statistics.mean(done.scores), Statistics.mean(gold),
                    Statistics.mean(done.completions.map(task.property))
                ))
            guard window.count == self.window || round == rounds - 1 else { continue }
            curve.distances.append(max(0, Statistics.mean(window.map(\.divergence))).squareRoot())
            curve.optimized.append(Statistics.mean(window.map(\.optimized)))
            curve.gold.append(Statistics.mean(window.map(\.gold)))
            curve.property.append(Statistics.mean(window.map(\.property)))
            window = []
        }
        try session.keep(state.model.policy, as: "policy by \(condition.name)")
        return (curve, examples)
    }
}
