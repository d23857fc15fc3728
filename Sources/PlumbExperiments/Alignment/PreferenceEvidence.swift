internal import PlumbAlignment
internal import PlumbLearning
internal import PlumbTensor

/// What the claims about learning from preferences are tested on: every run of every seed.
struct PreferenceEvidence {
    typealias Outcome = GridPreferenceStudy.Outcome

    /// A number measured for each seed.
    struct Measured {
        let values: [Double]
        let lower: Double
        let upper: Double

        init(_ values: [Double], key: RandomKey) {
            self.values = values
            (lower, upper) = Statistics.bootstrapMean(values, key: key)
        }

        var mean: Double { Statistics.mean(values) }
        /// NaN where one is.
        var worst: Double { Statistics.least(values) }
    }

    /// For each seed, its runs.
    let outcomes: [[Outcome]]
    /// The first seed's world.
    let task: GridPreferenceStudy.Task
    /// The largest number of comparisons.
    let largest: Int
    let key: RandomKey

    /// One number of all seeds' runs under the condition that `isWanted` picks.
    func measured(
        _ isWanted: (GridPreferenceStudy.Condition) -> Bool, _ value: (Outcome) -> Double = \.normalizedReturn
    ) -> Measured {
        Measured(
            outcomes.map { runs in runs.first { isWanted($0.condition) }.map(value) ?? .nan }, key: key["mean"])
    }

    /// Questions chosen by the ensemble, answered as well as the teacher can.
    func active(_ count: Int, _ value: (Outcome) -> Double = \.normalizedReturn) -> Measured {
        measured({ isClean($0, count) && $0.queries == .disagreement }, value)
    }

    /// Questions that come at random.
    func random(_ count: Int, _ value: (Outcome) -> Double = \.normalizedReturn) -> Measured {
        measured({ isClean($0, count) && $0.queries == .random }, value)
    }

    /// Questions chosen by the ensemble, some answers a coin's.
    func noisy(_ count: Int, _ value: (Outcome) -> Double = \.normalizedReturn) -> Measured {
        measured({ $0.comparisons == count && $0.noise > 0 && $0.noise < 1 }, value)
    }

    /// Answers dealt out anew.
    func shuffled(_ value: (Outcome) -> Double = \.normalizedReturn) -> Measured { measured(\.isShuffled, value) }

    /// All answers a coin's.
    func coin(_ value: (Outcome) -> Double = \.normalizedReturn) -> Measured { measured({ $0.noise == 1 }, value) }

    /// By how much questions that the ensemble chose did better than random ones, over all numbers of comparisons.
    func advantage(of counts: [Int]) -> Measured {
        Measured(
            outcomes.indices.map { seed in
                Statistics.mean(counts.map { active($0).values[seed] - random($0).values[seed] })
            }, key: key["advantage"])
    }

    private func isClean(_ condition: GridPreferenceStudy.Condition, _ count: Int) -> Bool {
        condition.comparisons == count && condition.noise == 0 && !condition.isShuffled
    }

    /// The first seed's run under a condition.
    func example(_ isWanted: (GridPreferenceStudy.Condition) -> Bool) -> Outcome? {
        outcomes.first?.first { isWanted($0.condition) }
    }
}
