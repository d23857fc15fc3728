public import PlumbLearning
internal import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

extension GridPreferenceStudy {
    /// Runs every condition once, in the world that they share.
    ///
    /// - Parameters:
    ///   - key: of world, chance and networks.
    ///   - session: where it reports to, and keeps the rewards learned from the most comparisons and from shuffled answers.
    /// - Throws: `FitError` where learning diverges; an error of the file system; `RunInterrupted`.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> [Outcome] {
        let conditions = conditions
        return try conditions.enumerated().map { index, condition in
            let isKept = condition == active(mostComparisons) || condition == shuffled(mostComparisons)
            return try run(condition, key: key, keepingIn: isKept ? session : .silent) { part in
                try session.reporter.checkpoint()
                session.reporter.progress("learning", (Double(index) + part) / Double(conditions.count))
            }
        }
    }

    /// Alternates asking, learning the reward, and planning or learning a policy, ``rounds`` times.
    ///
    /// - Parameters:
    ///   - condition: what this run varies.
    ///   - key: of world, chance and networks; conditions of one key share the world.
    ///   - session: where the learned reward is kept; nowhere by default.
    ///   - watch: called after each round with the part that is done; it may throw to end the run.
    /// - Throws: what `watch` throws, `FitError` where learning diverges, an error of the file system.
    public func run(
        _ condition: Condition, key: RandomKey, keepingIn session: FitSession = .silent,
        watch: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        let task = task(key: key["world"])
        let cells = Array(0..<task.grid.cells)
        var answering = teacher
        answering.noise = condition.noise
        var random = key["behavior"].generator()
        var answers = key["answers"].generator()
        var learner = PreferenceLearner<Int>(
            inputs: 5, settings: learning, key: key["learner"], features: features(of:))
        var agent =
            condition.learnsPolicy
            ? GridPolicyLearner(task.grid, discount: discount, episodeLength: episodeLength, key: key["agent"]) : nil
        var (policy, reward, returns): ([[Double]]?, [Double], [Double]) = (nil, [], [])
        for round in 0..<rounds {
            if condition.seesReward {
                reward = RewardEnsemble.normalizedMean([task.grid.reward])
            } else {
                let members = try policy == nil ? [] : learner.memberRewards(of: cells)
                let pairs = questions(
                    share(of: condition.comparisons, in: round), queries: condition.queries, members: members,
                    policy: policy, task: task, using: &random)
                var comparisons = pairs.map { first, second in
                    answering.compare(first, second, using: &answers) { task.grid.reward[$0] }
                }
                if condition.isShuffled { comparisons = Comparison.shufflingAnswers(comparisons, using: &answers) }
                try learner.add(comparisons)
                try learner.fit(key: key["round"][round])
                reward = try learner.reward(of: cells)
            }
            try agent?.learn(from: reward, steps: share(of: policySteps, in: round), key: key["policy"][round])
            let next = agent?.policy ?? task.process.policy(of: plan(for: reward, in: task.process))
            policy = next
            returns.append(value(of: next, in: task))
            try watch(Double(round + 1) / Double(rounds))
        }
        if !condition.seesReward { try session.keep(learner.ensemble, as: "reward \(condition.name)") }
        return outcome(condition, returns, reward, policy ?? [], task, key["fresh"])
    }

    /// The part of `count` that falls to a round; the parts differ by one at most.
    private func share(of count: Int, in round: Int) -> Int { count * (round + 1) / rounds - count * round / rounds }

    private func outcome(
        _ condition: Condition, _ returns: [Double], _ reward: [Double], _ policy: [[Double]], _ task: Task,
        _ key: RandomKey
    ) -> Outcome {
        var random = key.generator()
        var (agreed, predicted, answered) = (0.0, 0.0, 0.0)
        for _ in 0..<Self.freshQuestions {
            let (first, second) = (segment(in: task.grid, using: &random), segment(in: task.grid, using: &random))
            let answer = teacher.compare(first, second, using: &random) { task.grid.reward[$0] }
            guard let mu = answer.mu else { continue }
            answered += 1
            agreed += agreement(mu, total(first, reward) - total(second, reward))
            predicted += agreement(mu, total(first, task.grid.reward) - total(second, task.grid.reward))
        }
        return Outcome(
            condition, returns: returns, rankCorrelation: Statistics.spearman(reward, task.grid.reward),
            agreement: agreed / answered, ceiling: predicted / answered, reward: reward,
            plan: policy.map { row in row.indices.max { row[$0] < row[$1] || (row[$0] == row[$1] && $0 > $1) } ?? 0 })
    }

    /// How far an answer agrees with a difference of returns: a guess, where there is none, is half right.
    func agreement(_ mu: Double, _ difference: Double) -> Double {
        difference == 0 ? 0.5 : difference > 0 ? mu : 1 - mu
    }

    func total(_ segment: [Int], _ reward: [Double]) -> Double { segment.reduce(0) { $0 + reward[$1] } }

    /// The pairs of a round: as many as are asked, out of ``candidates`` times as many where the ensemble chooses.
    private func questions(
        _ count: Int, queries: QuerySelection, members: [[Double]], policy: [[Double]]?, task: Task,
        using random: inout RandomKey.Generator
    ) -> [([Int], [Int])] {
        let looksAround = queries != .random && policy != nil
        // Half of the segments are random steps, half follow the policy with some exploration.
        var pool = (0..<2 * count * (looksAround ? candidates : 1)).map {
            segment($0 % 2 == 0 ? nil : policy, in: task.grid, using: &random)
        }
        pool.shuffle(using: &random)
        let pairs = stride(from: 0, to: pool.count - 1, by: 2).map { (pool[$0], pool[$0 + 1]) }
        guard looksAround else { return pairs }
        let differences = members.map { reward in pairs.map { total($0.0, reward) - total($0.1, reward) } }
        return queries.chosen(count, differences: differences).map { pairs[$0] }
    }

    /// The cells of a few steps, cut out of an episode: at random, or by a policy [S][A] with some exploration.
    func segment(
        _ policy: [[Double]]? = nil, in grid: SlipperyGrid, using random: inout RandomKey.Generator
    ) -> [Int] {
        var cell = grid.start(using: &random)
        let first = random.index(below: max(1, episodeLength - segmentLength + 1))
        let cells = (0..<first + segmentLength).map { _ in
            let here = cell
            let action: Int
            if let policy, random.uniform() >= Self.exploration {
                action = drawn(from: policy[cell], random.uniform())
            } else {
                action = random.index(below: grid.actions.count)
            }
            _ = grid.step(&cell, grid.actions[action], using: &random)
            return here
        }
        return Array(cells[first...])
    }

    /// The first action at which the sum of probabilities passes `u`; the likeliest where rounding leaves the sum below it.
    private func drawn(from probabilities: [Double], _ u: Double) -> Int {
        var sum = 0.0
        for (action, probability) in probabilities.enumerated() {
            sum += probability
            if u < sum { return action }
        }
        return probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
    }

    /// The best actions for a reward that may not be the hidden one.
    func plan(for reward: [Double], in process: DecisionProcess) -> [Int] {
        let rewards = reward.map { [Double](repeating: $0, count: process.actions) }
        return process.rewarding(rewards).optimal(discount: discount, tolerance: 1e-7).greedy
    }

    /// What a policy [S][A] is worth by the hidden reward, 0 for random steps and 1 for the optimum.
    private func value(of policy: [[Double]], in task: Task) -> Double {
        task.normalized(task.process.startValue(task.process.values(of: policy, discount: discount, tolerance: 1e-7)))
    }
}
