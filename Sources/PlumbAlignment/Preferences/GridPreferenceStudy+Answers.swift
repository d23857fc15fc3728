public import PlumbLearning
internal import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// Learning from a person's answers. There is no hidden reward to compare with, so what is tested is whether the learned
/// reward predicts answers that were held out.
extension GridPreferenceStudy {
    /// What learning from answers gave.
    public struct Learned: Sendable, Codable {
        /// How far each answer agrees with the reward learned from the others: 1, 0, or ½ for a guess; nil for questions
        /// that were not answered.
        public var agreement: [Double?]
        /// The same where the labels were shuffled among the questions before learning: about ½.
        public var shuffledAgreement: [Double?]
        /// The reward of each cell, learned from all answers, of mean 0 and about standard deviation 1.
        public var reward: [Double]
        /// The best action in each cell for that reward.
        public var plan: [Int]

        /// What was learned, from its parts.
        public init(agreement: [Double?], shuffledAgreement: [Double?], reward: [Double], plan: [Int]) {
            (self.agreement, self.shuffledAgreement) = (agreement, shuffledAgreement)
            (self.reward, self.plan) = (reward, plan)
        }
    }

    /// Parts into which answers are divided to predict each from the others.
    public static var folds: Int { 5 }

    /// The floor without a reward: whoever answers decides what is good.
    public var floor: SlipperyGrid {
        SlipperyGrid(rows: size, columns: size, slip: slip, reward: [Double](repeating: 0, count: cells))
    }

    /// The segments of random steps that question `index` is about; the same key and index give the same question.
    public func question(_ index: Int, key: RandomKey) -> (first: [Int], second: [Int]) {
        var random = key[index].generator()
        return (segment(in: floor, using: &random), segment(in: floor, using: &random))
    }

    /// Learns from answers; and, fold by fold, predicts each from the others, with the labels as they are and shuffled
    /// anew.
    ///
    /// - Parameters:
    ///   - answers: the questions with their answers; segments are lists of cells.
    ///   - key: of networks and batches, of the folds and of the shuffling.
    ///   - session: where it reports to; silent by default.
    /// - Throws: `FitError` where learning diverges, `PreferenceError` where a step is no cell, `RunInterrupted`.
    /// - Complexity: eleven times what learning from all the answers takes.
    public func learn(
        from answers: [Comparison<Int>], key: RandomKey, in session: FitSession = .silent
    ) throws -> Learned {
        var random = key["shuffled"].generator()
        let shuffled = Comparison.shufflingAnswers(answers, using: &random)
        var done = 0
        func count() throws {
            done += 1
            try session.reporter.checkpoint()
            session.reporter.progress("learning", Double(done) / Double(2 * Self.folds + 1))
        }
        func predicted(_ training: [Comparison<Int>], _ key: RandomKey) throws -> [Double?] {
            var order = Array(answers.indices)
            var random = key["folds"].generator()
            order.shuffle(using: &random)
            var agreement = [Double?](repeating: nil, count: answers.count)
            for fold in 0..<Self.folds {
                let held = Set(stride(from: fold, to: order.count, by: Self.folds).map { order[$0] })
                let kept = training.indices.filter { !held.contains($0) }.map { training[$0] }
                let reward = try self.reward(from: kept, key: key["fold"][fold])
                for index in held {
                    guard let mu = answers[index].mu else { continue }
                    let difference = total(answers[index].first, reward) - total(answers[index].second, reward)
                    agreement[index] = self.agreement(mu, difference)
                }
                try count()
            }
            return agreement
        }
        let agreement = try predicted(answers, key["test"])
        let shuffledAgreement = try predicted(shuffled, key["control"])
        let reward = try self.reward(from: answers, key: key["all"])
        try count()
        return Learned(
            agreement: agreement, shuffledAgreement: shuffledAgreement, reward: reward,
            plan: plan(for: reward, in: floor.process))
    }

    /// The reward of each cell after as many rounds of learning as a run of the study has.
    private func reward(from answers: [Comparison<Int>], key: RandomKey) throws -> [Double] {
        var learner = PreferenceLearner<Int>(
            inputs: 5, settings: learning, key: key["learner"], features: features(of:))
        try learner.add(answers)
        for round in 0..<rounds { try learner.fit(key: key["round"][round]) }
        return try learner.reward(of: Array(0..<cells))
    }
}
