internal import PlumbLearning
public import PlumbRecords
public import PlumbTensor
internal import PlumbWorlds

// What the study compares, and the numbers that claims are about.

extension GridPreferenceStudy {
    /// The largest number of comparisons.
    public var mostComparisons: Int { comparisons.max() ?? 0 }
    /// Questions on which the ensemble disagrees, answered without added noise.
    public func active(_ count: Int) -> Condition { Condition(count) }
    /// Random questions, answered without added noise.
    public func random(_ count: Int) -> Condition { Condition(count, queries: .random) }
    /// Questions on which the ensemble disagrees, with some answers random.
    public func noisy(_ count: Int) -> Condition { Condition(count, noise: noise) }
    /// The control of ``active(_:)``: the same questions at first, with shuffled answers.
    public func shuffled(_ count: Int) -> Condition { Condition(count, isShuffled: true) }
    /// A policy that learns by PPO from the reward while that is being learned.
    public func learned(_ count: Int) -> Condition { Condition(count, learnsPolicy: true) }
    /// Its control, with shuffled answers.
    public func learnedFromShuffled(_ count: Int) -> Condition {
        Condition(count, isShuffled: true, learnsPolicy: true)
    }
    /// A policy that learns by PPO from the hidden reward: what PPO can do here.
    public var hiddenReward: Condition { Condition(0, learnsPolicy: true, seesReward: true) }
    /// All conditions that a seed runs.
    public var conditions: [Condition] {
        comparisons.flatMap { [active($0), random($0), shuffled($0)] }
            + [noisy(mostComparisons), learned(mostComparisons), learnedFromShuffled(mostComparisons), hiddenReward]
    }

    /// A number of an ``Outcome``.
    public enum Measure: String, CaseIterable, Sendable {
        /// ``Outcome/normalizedReturn``.
        case normalizedReturn = "return"
        /// ``Outcome/rankCorrelation``.
        case rankCorrelation = "rank_correlation"
        /// ``Outcome/agreement``.
        case agreement
        /// ``Outcome/ceiling``.
        case ceiling = "agreement_ceiling"
        /// ``Outcome/agreement`` divided by ``Outcome/ceiling``.
        case relativeAgreement = "relative_agreement"

        var unit: String {
            switch self {
            case .normalizedReturn: "of the optimum"
            case .relativeAgreement: "of the hidden reward's agreement"
            case .rankCorrelation, .agreement, .ceiling: ""
            }
        }
    }

    /// A measure under a condition, for example `return_active_700` or `agreement_shuffled_700`. Measures other than the return
    /// have no condition in their name under ``active(_:)`` with the most comparisons.
    public func quantity(_ measure: Measure, _ condition: Condition) -> Quantity {
        let isPlain = measure != .normalizedReturn && condition == active(mostComparisons)
        let isHeadline =
            measure == .normalizedReturn
            && [active(mostComparisons), learned(mostComparisons), shuffled(mostComparisons)].contains(condition)
        return Quantity(
            isPlain ? measure.rawValue : "\(measure.rawValue)_\(condition.name)", unit: measure.unit,
            isHeadline: isHeadline)
    }

    /// Notes every measure under every condition, and what ``PreferenceCurves`` makes of the returns.
    ///
    /// - Parameter outcomes: for each seed, one a condition in the order of ``conditions``.
    public func measure(_ outcomes: [[Outcome]], into measured: inout Measurements) {
        for (index, condition) in conditions.enumerated() {
            for measure in Measure.allCases {
                measured[quantity(measure, condition)] = outcomes.map { $0[index][measure] }
            }
        }
        PreferenceCurves(self).measure(&measured)
    }
}

extension GridPreferenceStudy {
    /// The hidden reward beside those learned from the fewest comparisons, from the most and from shuffled answers, with
    /// their plans.
    ///
    /// - Parameters:
    ///   - outcomes: of one seed, one a condition in the order of ``conditions``.
    ///   - key: the key of that seed's run.
    public func rewards(_ outcomes: [Outcome], key: RandomKey) -> GridFigure {
        let task = task(key: key["world"])
        let counts = [comparisons.min() ?? 0, mostComparisons]
        let shown = counts.map { ("\($0) comparisons", active($0)) } + [("shuffled answers", shuffled(mostComparisons))]
        let learned = shown.flatMap { title, condition in
            outcomes.filter { $0.condition == condition }.map { outcome in
                task.grid.panel(
                    "\(title): return \(Phrase.number(outcome.normalizedReturn))", reward: outcome.reward,
                    plan: outcome.plan)
            }
        }
        return .rewards(
            title: "What was learned",
            caption:
                "The reward of each cell in the first seed's world, and where the best plan for it leads from the upper "
                + "left corner when no step slips. In each panel the lowest reward is 0 and the highest is 1.",
            panels: [task.grid.panel("hidden reward, best plan", reward: task.grid.reward, plan: task.plan)] + learned)
    }
}

extension GridPreferenceStudy.Condition {
    /// In names of quantities: `active_700`, `random_700`, `shuffled_700`, `noisy_700`, with `learned_` before it where a
    /// policy learns, or `learned_hidden`.
    var name: String {
        let way = isShuffled ? "shuffled" : noise > 0 ? "noisy" : queries == .random ? "random" : "active"
        return (learnsPolicy ? "learned_" : "") + (seesReward ? "hidden" : "\(way)_\(comparisons)")
    }
}

extension GridPreferenceStudy.Outcome {
    /// One of its numbers.
    public subscript(_ measure: GridPreferenceStudy.Measure) -> Double {
        switch measure {
        case .normalizedReturn: normalizedReturn
        case .rankCorrelation: rankCorrelation
        case .agreement: agreement
        case .ceiling: ceiling
        case .relativeAgreement: agreement / ceiling
        }
    }
}
