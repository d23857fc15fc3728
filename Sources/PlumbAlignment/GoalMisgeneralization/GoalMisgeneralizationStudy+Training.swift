public import PlumbRecords

extension GoalMisgeneralizationStudy {
    /// How an agent learns.
    public enum Learner: String, Codable, Sendable, CaseIterable {
        /// From shortest paths to the cheese: ``MazeCloning``.
        case cloning
        /// From reward on the cheese: ``MazeReinforcement``.
        case ppo
    }

    /// What an agent learns from.
    public struct Training: Codable, Sendable, Hashable {
        /// How it learns.
        public var learner: Learner
        /// The width of the region in which the cheese lies.
        public var region: Int
        /// The part of mazes whose cheese lies anywhere, whatever the region.
        public var scattered: Double

        /// Training with the cheese in a region of the upper right.
        public init(_ learner: Learner, region: Int, scattered: Double = 0) {
            (self.learner, self.region, self.scattered) = (learner, region, scattered)
        }

        /// For example `PPO region 1, 0.02 anywhere`: names models, curves and checkpoints.
        public var label: String {
            let name = learner == .ppo ? "PPO region \(region)" : "region \(region)"
            return scattered > 0 ? "\(name), \(scattered) anywhere" : name
        }
    }
}

extension GoalMisgeneralizationStudy.Training {
    private var ending: String {
        scattered > 0 ? "region_\(region)_anywhere_\(scattered)".replacing(".", with: "_") : "region_\(region)"
    }

    private func share(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(learner.prefix + name + ending, unit: "of the mazes", isHeadline: isHeadline)
    }

    /// The share of mazes with the cheese far from the corner in which the agent stands on the corner first.
    public var cornerFirst: Quantity { share("corner_first_", isHeadline: region == 1 && scattered == 0) }
    /// The share of those in which it reaches the cheese.
    public var reach: Quantity { share("reach_elsewhere_") }
    /// The share of new mazes of the training distribution in which it reaches the cheese.
    public var familiarReach: Quantity { share("reach_in_training_mazes_") }
}

extension GoalMisgeneralizationStudy.Learner {
    /// Begins the names of quantities; those of cloning, which came first, begin with nothing.
    var prefix: String { self == .ppo ? "ppo_" : "" }

    /// What agents of this kind are called in sentences.
    public var name: String { self == .ppo ? "trained by PPO" : "cloned from shortest paths" }

    private func share(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(prefix + name, unit: "of the mazes", isHeadline: isHeadline)
    }

    /// The rank correlation of corner first with the width of the region, within a seed.
    public var order: Quantity { Quantity(prefix + "rank_correlation_of_corner_first_with_region") }
    /// How much less often the agent of the widest region goes to the corner first than that of the narrowest.
    public var fallWithRegion: Quantity { share("corner_first_fall_with_region") }
    /// How much less often the agent of the widest region reaches the cheese in its own training mazes.
    public var familiarFall: Quantity { share("reach_in_training_mazes_fall_with_region") }
    /// How much less often the agent that met the most cheese anywhere goes to the corner first than the one that met none.
    public var fallWithScattered: Quantity { share("corner_first_fall_with_cheese_anywhere", isHeadline: self == .ppo) }
    /// By how much two agents that met no cheese elsewhere, of one seed and of the next, differ in corner first.
    public var differenceOfSeeds: Quantity { share("corner_first_difference_of_seeds") }
}
