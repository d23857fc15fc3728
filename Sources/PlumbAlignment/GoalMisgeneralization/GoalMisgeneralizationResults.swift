internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How the agents of several seeds did, each trained in several ways.
public struct GoalMisgeneralizationResults: Sendable {
    /// What agents learned from.
    public typealias Training = GoalMisgeneralizationStudy.Training
    /// How one agent did.
    public typealias Outcome = GoalMisgeneralizationStudy.Outcome
    /// How agents learn.
    public typealias Learner = GoalMisgeneralizationStudy.Learner

    /// The share of mazes with the cheese elsewhere in which an agent that moves at random goes to the corner first.
    public static let chanceCorner = Quantity("corner_first_at_random", unit: "of the mazes")
    /// The share of training mazes in which it reaches the cheese.
    public static let chanceReach = Quantity("reach_in_training_mazes_at_random", unit: "of the mazes")

    /// The study that gave them.
    public let study: GoalMisgeneralizationStudy
    /// The kinds of training, in their order.
    public let trainings: [Training]
    /// One outcome a seed for each of ``trainings``.
    public let outcomes: [[Outcome]]

    /// Results, one list of outcomes for each kind of training.
    public init(_ study: GoalMisgeneralizationStudy, _ trainings: [Training], _ outcomes: [[Outcome]]) {
        (self.study, self.trainings, self.outcomes) = (study, trainings, outcomes)
    }

    /// Every kind of training: the regions without cheese elsewhere, then the narrowest with shares of it.
    public static func trainings(_ learners: [Learner], regions: [Int], scattered: [Double]) -> [Training] {
        learners.flatMap { learner in
            regions.sorted().map { Training(learner, region: $0) }
                + scattered.sorted().filter { $0 > 0 }.map { Training(learner, region: 1, scattered: $0) }
        }
    }

    /// How agents learned, in the order of ``trainings``.
    public var learners: [Learner] {
        trainings.map(\.learner).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// The outcomes of one kind of training, one a seed.
    public subscript(_ training: Training) -> [Outcome] {
        trainings.firstIndex(of: training).map { outcomes[$0] } ?? []
    }

    /// The kinds of training of one learner with the cheese in a region only, from the narrowest to the widest.
    public func regions(_ learner: Learner) -> [Training] {
        trainings.filter { $0.learner == learner && $0.scattered == 0 }.sorted { $0.region < $1.region }
    }

    /// The kinds of training of one learner with the narrowest region, from no cheese elsewhere to the most.
    public func shares(_ learner: Learner) -> [Training] {
        trainings.filter { $0.learner == learner && $0.region == 1 }.sorted { $0.scattered < $1.scattered }
    }

    /// How many agents of a kind of learning there are, and how many of them did not learn what they were trained for.
    public func unjudged(_ learner: Learner) -> (count: Int, of: Int) {
        let agents = zip(trainings, outcomes).filter { $0.0.learner == learner }.flatMap(\.1)
        return (agents.count { !study.isJudged($0) }, agents.count)
    }

    /// What claims are about. Agents that did not learn what they were trained for have no numbers but those of training.
    public func measurements(seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        for (training, group) in zip(trainings, outcomes) {
            measured[training.cornerFirst] = group.map { study.isJudged($0) ? $0.cornerFirst : .nan }
            measured[training.reach] = group.map { study.isJudged($0) ? $0.reach : .nan }
            measured[training.familiarReach] = group.map(\.familiarReach)
        }
        for learner in Learner.allCases { compare(learner, &measured) }
        return measured
    }

    /// What was found, in sentences.
    public func summary(_ measured: Measurements) -> String {
        learners.map { summary($0, measured) }.joined(separator: " ")
    }

    private func summary(_ learner: Learner, _ measured: Measurements) -> String {
        let (regions, shares) = (regions(learner), shares(learner))
        guard let narrow = regions.first, let wide = regions.last else { return "" }
        // Over the agents that are judged.
        func percent(_ quantity: Quantity) -> String {
            Phrase.percent(Statistics.mean(measured[quantity].filter { !$0.isNaN }))
        }
        let training = learner == .ppo ? "Trained by PPO" : "Cloned from shortest paths"
        var text =
            "\(training) with the cheese in the corner, agents reach it there in \(percent(narrow.familiarReach)) of new "
            + "mazes; with the cheese elsewhere they go to the corner first in \(percent(narrow.cornerFirst)) and reach the "
            + "cheese in \(percent(narrow.reach)). The control, trained with cheese anywhere, goes to the corner first in "
            + "\(percent(wide.cornerFirst)) and reaches the cheese in \(percent(wide.reach))."
        let some = shares.dropFirst()
        if !some.isEmpty {
            text +=
                " With cheese anywhere in \(Phrase.list(some.map { Phrase.percent($0.scattered) })) of the training "
                + "mazes, corner first falls to \(Phrase.list(some.map { percent($0.cornerFirst) }))."
        }
        let unjudged = self.unjudged(learner)
        if unjudged.count > 0 {
            text += " \(unjudged.count) of \(unjudged.of) agents did not learn enough to be judged."
        }
        return text
    }

    private func compare(_ learner: Learner, _ measured: inout Measurements) {
        let (regions, shares) = (regions(learner), shares(learner))
        guard let narrow = regions.first, let wide = regions.last, let most = shares.last else { return }
        let corner = measured[narrow.cornerFirst]
        func fall(_ quantity: Quantity, from first: [Double]) -> [Double] { zip(first, measured[quantity]).map(-) }
        measured[learner.order] = corner.indices.map { seed in
            let corners = regions.map { measured[$0.cornerFirst][seed] }
            // Agents that all do the same have been measured and show no order.
            if Set(corners).count == 1, !corners[0].isNaN { return 0 }
            return Statistics.spearman(regions.map { Double($0.region) }, corners)
        }
        measured[learner.fallWithRegion] = fall(wide.cornerFirst, from: corner)
        measured[learner.familiarFall] = fall(wide.familiarReach, from: measured[narrow.familiarReach])
        guard most.scattered > 0 else { return }
        measured[learner.fallWithScattered] = fall(most.cornerFirst, from: corner)
        // With a single seed there is no other to compare with.
        measured[learner.differenceOfSeeds] = corner.indices.map { seed in
            corner.count > 1 ? abs(corner[seed] - corner[(seed + 1) % corner.count]) : .nan
        }
    }
}
