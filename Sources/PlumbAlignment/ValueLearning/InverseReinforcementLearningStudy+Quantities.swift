public import PlumbRecords

// What claims about inverse reinforcement learning compare with thresholds, one value a grid.

extension InverseReinforcementLearningStudy {
    /// What the demonstrator itself loses.
    public static let demonstratorLoss = Quantity("demonstrator_loss")
    /// What acting on random rewards loses.
    public static let randomReward = Quantity("random_reward_loss")
    /// What acting on the sum of the recovered and a known reward loses, by the right rationality.
    public static let weighed = Quantity("weighed_loss")
    /// What assuming ten times too much or too little rationality adds to that, whichever is worse.
    public static let damage = Quantity("wrong_rationality_damage", isHeadline: true)
    /// What assuming a tenth too much or too little adds, whichever is worse.
    public static let lessDamage = Quantity("nearly_right_rationality_damage")

    /// That a wrong rationality does damage where the recovered reward is weighed against a known one.
    public static func rationalityClaim(_ rule: SeedRule) -> Claim {
        Claim(
            rule,
            "A learner that assumes ten times too much or too little rationality misjudges how much is at stake: where "
                + "the recovered reward is added to a known one, the worse of both adds to the loss", damage,
            .atLeast(0.1), control: "A rationality wrong by a tenth adds little", lessDamage, .atMost(0.06)
        ).development(missed: 4, controlMissed: 4, of: 144)
    }

    /// Notes the values of these quantities.
    public static func measure(_ outcomes: [Outcome], _ measured: inout Measurements) {
        func added(_ factors: [Double]) -> [Double] {
            outcomes.map { outcome in
                let losses = Dictionary(uniqueKeysWithValues: zip(assumedFactors, outcome.weighed))
                return (factors.compactMap { losses[$0] }.max() ?? .nan) - (losses[1] ?? .nan)
            }
        }
        measured[demonstratorLoss] = outcomes.map(\.demonstratorLoss)
        measured[randomReward] = outcomes.map(\.randomRewardLoss)
        measured[weighed] = outcomes.map { $0.weighed[2] }
        measured[damage] = added([0.1, 10])
        measured[lessDamage] = added([0.9, 1.1])
    }
}
