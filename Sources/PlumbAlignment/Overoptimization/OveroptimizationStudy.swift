public import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// What happens to the gold reward when an answer is chosen ever harder by a reward learned from few comparisons.
///
/// The claim: choosing by the learned reward first helps and then harms, sooner the fewer comparisons it was learned from.
/// It should be so because the learned reward has the direction a little wrong and knows nothing of the cost of extremes:
/// gains grow with the distance from where one began, harm with its square. It must not happen without that cost, nor when
/// choosing by the gold reward itself.
///
/// After Gao, Schulman, Hilton 2022, *Scaling Laws for Reward Model Overoptimization* (arXiv:2210.10760).
public struct OveroptimizationStudy: SettingGroup {
    @Setting("Numbers of comparisons that a reward is learned from; each has curves of its own.", 1...100_000)
    public var comparisons = [20, 50, 200]
    @Setting("The cost of extremes c: the part of the gold reward that the learned reward cannot express.", 1e-6...1000)
    public var cost = 0.2
    @Setting("Features of an answer.", 2...256)
    public var dimension = 16
    @Setting("The teacher's rationality β: how sure it is of a difference.", 1e-6 ... .infinity)
    public var rationality = 3.0
    @Setting("The penalty on squared weights; 1 is that of a standard normal prior.", 1e-6...1e6)
    public var penalty = 1.0
    @Setting("Rewards in an ensemble, each learned from a bootstrap sample of the comparisons.", 2...100)
    public var members = 5
    @Setting("Standard deviations across members that the conservative ensemble subtracts from the mean.", 1e-6...1000)
    public var deviations = 1.0
    @Setting("Answers from which the best of n is estimated.", 32...4_194_304)
    public var samples = 1 << 15
    @Setting("The largest n of the best of n; curves go there in doublings.", 8...1_048_576)
    public var largest = 4096
    /// Samples that the mean under a shifted policy is taken over.
    public var shiftedSamples = 1 << 12
    /// d = √KL of the shifted policies.
    public var distances = stride(from: 0.25, through: 4, by: 0.25).map { $0 }

    /// A study with the reference settings.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case comparisons, cost, dimension, rationality, penalty, members, deviations, samples, largest
    }

    /// m, each, in rising order.
    public var counts: [Int] { comparisons.sorted() }
    /// n, each: doublings from 1.
    public var sizes: [Int] { Array(sequence(first: 1) { $0 * 2 <= largest ? $0 * 2 : nil }) }

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard !comparisons.isEmpty, Set(comparisons).count == comparisons.count else {
            throw SettingsError("--comparisons \(comparisons): there must be different numbers above 0")
        }
        guard largest <= samples / 4 else {
            throw SettingsError(
                "--largest \(largest) and --samples \(samples): the largest n needs four times as many samples")
        }
        guard samples * dimension <= 1 << 26 else {
            throw SettingsError("--samples \(samples) times --dimension \(dimension) may be at most \(1 << 26)")
        }
    }

    /// What choosing the best of n by some score gives, for each n.
    public struct Curve: Sendable, Codable, Equatable {
        /// The gold reward, in its own units.
        public var gold: [Double]
        /// The score itself, in standard deviations.
        public var proxy: [Double]
    }

    /// Everything about one number of comparisons in one task.
    public struct Outcome: Sendable, Codable {
        /// m, the comparisons that each reward was learned from.
        public var comparisons: Int
        /// The cosine of the learned direction with the gold one.
        public var cosine: Double
        /// Chosen by the learned reward.
        public var single: Curve
        /// Chosen by the mean of an ensemble.
        public var mean: Curve
        /// Chosen by the worst member of the ensemble.
        public var worst: Curve
        /// Chosen by the ensemble's mean less some of its standard deviations.
        public var cautious: Curve
        /// Where extremes cost nothing: chosen by a reward learned there.
        public var costless: Curve
        /// Chosen by a reward learned from shuffled labels.
        public var shuffled: Curve
        /// The cosine of that reward's direction with the gold one.
        public var shuffledCosine: Double
        /// The mean gold reward under N(√2 d w, I), for each distance.
        public var shifted: [Double]
        /// The same mean where extremes cost nothing, along the direction learned there.
        public var costlessShifted: [Double]
        /// The cosine of the direction learned where extremes cost nothing with the gold one.
        public var costlessCosine: Double
    }

    /// One task: its outcomes for each m, and what choosing by the gold reward itself gives.
    public struct TaskOutcome: Sendable, Codable {
        /// One outcome for each m, in the order of ``OveroptimizationStudy/counts``.
        public var outcomes: [Outcome]
        /// Chosen by the gold reward itself, which is then the score, too.
        public var ideal: Curve
    }

    /// The estimator that all tasks share.
    public var estimator: BestOfN.Estimator { BestOfN.Estimator(sizes: sizes, samples: samples) }

    /// Runs one task.
    public func run(_ estimator: BestOfN.Estimator, key: RandomKey) throws -> TaskOutcome {
        let task = OveroptimizationTask(dimension: dimension, cost: cost, samples: samples, key: key)
        let costless = OveroptimizationTask(dimension: dimension, cost: 0, samples: samples, key: key)
        return TaskOutcome(
            outcomes: try counts.map { try outcome($0, task, costless, estimator) },
            ideal: curve(task, task.gold, estimator))
    }

    private func curve(_ task: OveroptimizationTask, _ score: [Double], _ estimator: BestOfN.Estimator) -> Curve {
        let order = BestOfN.order(score)
        return Curve(
            gold: estimator.means(order.map { task.gold[$0] }), proxy: estimator.means(order.map { score[$0] }))
    }

    private func outcome(
        _ count: Int, _ task: OveroptimizationTask, _ costless: OveroptimizationTask, _ estimator: BestOfN.Estimator
    ) throws -> Outcome {
        let answers = task.comparisons(count, rationality: rationality)
        let w = try OveroptimizationTask.learned(answers, penalty: penalty)
        let plain = try OveroptimizationTask.learned(
            costless.comparisons(count, rationality: rationality), penalty: penalty)
        let shuffled = try OveroptimizationTask.learned(task.shuffled(answers), penalty: penalty)
        let scores = try task.ensemble(answers, members: members, penalty: penalty).map(task.scores)
        return Outcome(
            comparisons: count, cosine: task.cosine(w), single: curve(task, task.scores(w), estimator),
            mean: curve(task, ConservativeScore.mean.combined(scores), estimator),
            worst: curve(task, ConservativeScore.worst.combined(scores), estimator),
            cautious: curve(task, ConservativeScore.lowerBound(deviations: deviations).combined(scores), estimator),
            costless: curve(costless, costless.scores(plain), estimator),
            shuffled: curve(task, task.scores(shuffled), estimator), shuffledCosine: task.cosine(shuffled),
            shifted: distances.map { task.shiftedMean(along: w, distance: $0, samples: shiftedSamples) },
            costlessShifted: distances.map {
                costless.shiftedMean(along: plain, distance: $0, samples: shiftedSamples)
            },
            costlessCosine: costless.cosine(plain))
    }
}

extension OveroptimizationTask {
    /// The mean gold reward over the first samples of the pool, moved by `√2 d` along w: the divergence of what is
    /// moved from what was drawn is d² nats. Its expectation is `√2 d cos(w, a) - 2 c d²`.
    public func shiftedMean(along w: [Double], distance: Double, samples: Int) -> Double {
        let width = direction.count
        let count = min(samples, pool.count / width)
        let shift = w.map { $0 * distance * 2.0.squareRoot() }
        var sum = 0.0
        for row in 0..<count {
            for i in 0..<width {
                let x = pool[row * width + i] + shift[i]
                sum += direction[i] * x - cost * (x * x - 1)
            }
        }
        return sum / Double(count)
    }
}
