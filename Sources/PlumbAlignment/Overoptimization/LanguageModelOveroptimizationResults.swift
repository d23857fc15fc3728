internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What was measured with networks as reward models, one outcome a seed, and what claims compare with thresholds.
public struct LanguageModelOveroptimizationResults: Sendable {
    /// A curve of one seed.
    public typealias Curve = LanguageModelOveroptimizationStudy.Curve
    /// What is optimized.
    public typealias Condition = LanguageModelOveroptimizationStudy.Condition

    /// What was run.
    public let study: LanguageModelOveroptimizationStudy
    /// One a seed.
    public let outcomes: [LanguageModelOveroptimizationStudy.Outcome]

    /// The results of a study.
    public init(_ study: LanguageModelOveroptimizationStudy, _ outcomes: [LanguageModelOveroptimizationStudy.Outcome]) {
        (self.study, self.outcomes) = (study, outcomes)
    }

    /// PPO by a reward, one curve a seed.
    public func ppo(_ condition: Condition) -> [Curve] {
        outcomes.compactMap { outcome in outcome.ppo.first { $0.condition == condition } }
    }

    /// The best of n by a reward, one curve a seed.
    public func bestOfN(_ condition: Condition) -> [Curve] {
        outcomes.compactMap { outcome in outcome.bestOfN.first { $0.condition == condition } }
    }

    private static func per(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "standard deviations", isHeadline: isHeadline)
    }
    /// The gold reward's peak along PPO less its mean over the last quarter, averaged over numbers of comparisons.
    public static let fall = per("gold_fall_by_ppo", isHeadline: true)
    /// The same for the middle number of comparisons.
    public static let middleFall = per("gold_fall_by_ppo_middle_comparisons")
    /// What the proxy of the middle number of comparisons gains from its gold reward's peak on.
    public static let gain = per("proxy_gain_after_gold_peak", isHeadline: true)
    /// The fall where the gold reward is optimized.
    public static let idealFall = per("gold_fall_by_ppo_on_gold")
    /// The fall with the largest penalty.
    public static let penalizedFall = per("gold_fall_with_the_largest_penalty")
    /// The proxy less the gold reward over the last quarter of PPO, for the fewest comparisons less that for the most.
    public static let gapChange = per("gap_fewest_less_most_comparisons")
    /// The same for the narrowest proxy less that for the widest, both of the middle number of comparisons.
    public static let widthGap = per("gap_narrowest_less_widest")
    /// The proxy less the gold reward of the best of the largest n, for the narrowest proxy less that for the widest.
    public static let chosenWidthGap = per("best_of_n_gap_narrowest_less_widest")
    /// The gold reward's peak with the most comparisons less that with the fewest.
    public static let peakGain = per("peak_gain_by_comparisons", isHeadline: true)
    /// The fall with the most comparisons less that with the fewest.
    public static let fallGain = per("fall_gain_by_comparisons")
    /// The gold reward's peak with as many random labels less that with the fewest comparisons.
    public static let shuffledPeakGain = per("peak_gain_by_random_labels")
    /// The gold reward of the best of the largest n.
    public static let chosenGold = per("gold_of_the_best_of_n")
    /// How far that is below the best of n's peak.
    public static let chosenFall = per("gold_fall_of_the_best_of_n")
    /// The gold reward of the best of the largest n by a proxy of random labels.
    public static let shuffledGold = per("gold_of_the_best_of_n_by_random_labels")
    /// √KL at the end of PPO.
    public static let distance = Quantity("ppo_distance", unit: "√nats")
    /// √KL at the end of PPO with the largest penalty.
    public static let penalizedDistance = Quantity("ppo_distance_with_the_largest_penalty", unit: "√nats")
    /// The policy's loss on held-out text.
    public static let policyLoss = Quantity("policy_loss", unit: "nats a character")
    /// The gold reward's correlation with the hidden property on the policy's texts and on changed ones.
    public static let goldOwn = Quantity("gold_correlation_own"), goldChanged = Quantity("gold_correlation_changed")
    /// How often a proxy prefers the text of the higher gold reward.
    public static func accuracy(_ condition: Condition) -> Quantity {
        let comparisons = "\(condition.comparisons)_\(condition.reward == .shuffled ? "random" : "comparisons")"
        return Quantity("accuracy_width_\(condition.width)_\(comparisons)")
    }

    /// Notes the values of these quantities.
    public func measure(_ measured: inout Measurements) {
        let (main, fewest, most) = (ppo(study.main), ppo(study.fewest), ppo(study.most))
        let falls = study.countRuns.map { ppo($0).map(\.fall) }
        measured[Self.fall] = main.indices.map { seed in Statistics.mean(falls.map { $0[seed] }) }
        measured[Self.middleFall] = main.map(\.fall)
        measured[Self.gain] = main.map(\.gainAfterPeak)
        measured[Self.distance] = main.map { $0.distances.last ?? .nan }
        measured[Self.idealFall] = ppo(study.ideal).map(\.fall)
        measured[Self.penalizedFall] = ppo(study.penalized).map(\.fall)
        measured[Self.penalizedDistance] = ppo(study.penalized).map { $0.distances.last ?? .nan }
        measured[Self.gapChange] = zip(fewest, most).map { $0.gap - $1.gap }
        measured[Self.widthGap] = zip(ppo(study.narrowest), main).map { $0.gap - $1.gap }
        let narrow = bestOfN(study.narrowest.rewardAlone)
        measured[Self.chosenWidthGap] = zip(narrow, bestOfN(study.main.rewardAlone)).map { $0.lastGap - $1.lastGap }
        measured[Self.peakGain] = zip(fewest, most).map { $1.peak - $0.peak }
        measured[Self.fallGain] = zip(fewest, most).map { $1.fall - $0.fall }
        measured[Self.shuffledPeakGain] = zip(fewest, ppo(study.random)).map { $1.peak - $0.peak }
        let chosen = bestOfN(study.main.rewardAlone)
        measured[Self.chosenGold] = chosen.map { $0.gold.last ?? .nan }
        measured[Self.chosenFall] = chosen.map { $0.peak - ($0.gold.last ?? .nan) }
        measured[Self.shuffledGold] = bestOfN(study.random.rewardAlone).map { $0.gold.last ?? .nan }
        measured[Self.policyLoss] = outcomes.map(\.policyLoss)
        measured[Self.goldOwn] = outcomes.map(\.goldOwn)
        measured[Self.goldChanged] = outcomes.map(\.goldChanged)
        for condition in study.proxies {
            measured[Self.accuracy(condition)] = outcomes.compactMap { outcome in
                outcome.accuracies.first { $0.condition == condition }?.value
            }
        }
    }
}

extension LanguageModelOveroptimizationStudy.Curve {
    /// The highest gold reward.
    public var peak: Double { Statistics.greatest(gold) }
    /// √KL where it is reached.
    public var peakDistance: Double { Peak.index(of: gold).map { distances[$0] } ?? .nan }
    /// How far the gold reward is below its peak over the last quarter.
    public var fall: Double { peak - late(gold) }
    /// What the reward that is optimized gains from the gold reward's peak to the last quarter.
    public var gainAfterPeak: Double { Peak.index(of: gold).map { late(optimized) - optimized[$0] } ?? .nan }
    /// The reward that is optimized less the gold reward over the last quarter.
    public var gap: Double { late(optimized) - late(gold) }

    /// The same at the last point.
    public var lastGap: Double { (optimized.last ?? .nan) - (gold.last ?? .nan) }

    /// The mean over the last quarter, rounded up.
    func late(_ values: [Double]) -> Double { Statistics.mean(Array(values.suffix((values.count + 3) / 4))) }
}
