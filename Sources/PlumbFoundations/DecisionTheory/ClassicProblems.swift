// The problems on which theories differ, each with a predictor, a twin or a correlation that is right with a given
// probability. At one half nothing is predicted.

extension DecisionProblem {
    /// All six at an accuracy.
    ///
    /// - Throws: ``FoundationsError`` where `accuracy` is no probability.
    public static func classics(accuracy: Double) throws -> [DecisionProblem] {
        try [newcomb, smokingLesion, hitchhiker, counterfactualMugging, twinPrisoners, xorBlackmail].map {
            try $0(accuracy)
        }
    }

    /// What was predicted: right in state 0 of two, the other of two actions in state 1.
    private static func seen(_ action: Int, _ state: Int) -> Int { state % 2 == 0 ? action : 1 - action }

    /// One opaque box, which holds 1,000,000 if the predictor expects that it alone is taken, or also the open one with
    /// 1,000.
    ///
    /// - Throws: ``FoundationsError`` where `accuracy` is no probability.
    public static func newcomb(accuracy: Double) throws -> DecisionProblem {
        try DecisionProblem(
            "Newcomb's problem", actions: ["one box", "two boxes"], states: [accuracy, 1 - accuracy]
        ) { state, predicted, executed in
            Result(
                observation: 0,
                utility: (seen(predicted[0], state) == 0 ? 1_000_000 : 0) + (executed[0] == 1 ? 1_000 : 0))
        }
    }

    /// A lesion causes cancer, which costs 1,000,000, and is found with probability `accuracy` in who smokes and in as few
    /// of the others; smoking does no harm and is worth 1,000.
    ///
    /// - Throws: ``FoundationsError`` where `accuracy` is no probability.
    public static func smokingLesion(accuracy: Double) throws -> DecisionProblem {
        try FoundationsError.check([accuracy, 1 - accuracy], of: "the smoking lesion")
        return try DecisionProblem(
            "smoking lesion", actions: ["smoke", "refrain"], states: [0.5, 0.5],
            disposition: { state, policy in policy[0] == state ? accuracy : 1 - accuracy },
            play: { state, _, executed in
                Result(observation: 0, utility: (state == 0 ? -1_000_000 : 0) + (executed[0] == 0 ? 1_000 : 0))
            })
    }

    /// A driver rescues you from the desert, which is worth 1,000,000, if they expect you to pay 1,000 in town, where you
    /// decide.
    ///
    /// - Throws: ``FoundationsError`` where `accuracy` is no probability.
    public static func hitchhiker(accuracy: Double) throws -> DecisionProblem {
        try DecisionProblem(
            "Parfit's hitchhiker", actions: ["pay", "do not pay"], states: [accuracy, 1 - accuracy]
        ) { state, predicted, executed in
            guard seen(predicted[0], state) == 0 else { return Result(observation: nil, utility: 0) }
            return Result(observation: 0, utility: 1_000_000 - (executed[0] == 0 ? 1_000 : 0))
        }
    }

    /// A coin fell tails, and you are asked for 100; had it fallen heads, you would have been given 10,000 if you were
    /// expected to pay.
    ///
    /// - Throws: ``FoundationsError`` where `accuracy` is no probability.
    public static func counterfactualMugging(accuracy: Double) throws -> DecisionProblem {
        try DecisionProblem(
            "counterfactual mugging", actions: ["pay", "do not pay"],
            states: [accuracy / 2, (1 - accuracy) / 2, 0.5]
        ) { state, predicted, executed in
            guard state == 2 else {
                return Result(observation: nil, utility: seen(predicted[0], state) == 0 ? 10_000 : 0)
            }
            return Result(observation: 0, utility: executed[0] == 0 ? -100 : 0)
        }
    }

    /// The prisoner's dilemma (3, 2, 1, 0 years saved) with a copy of yourself, which does as you do with probability
    /// `accuracy`.
    ///
    /// - Throws: ``FoundationsError`` where `accuracy` is no probability.
    public static func twinPrisoners(accuracy: Double) throws -> DecisionProblem {
        try DecisionProblem(
            "twin prisoners", actions: ["cooperate", "defect"], states: [accuracy, 1 - accuracy]
        ) { state, predicted, executed in
            let twin = seen(predicted[0], state)
            return Result(observation: 0, utility: (twin == 0 ? 2 : 0) + (executed[0] == 1 ? 1 : 0))
        }
    }

    /// A letter asks for 1,000. It is sent if either the house has termites, which costs 1,000,000, or you are expected to
    /// pay on reading it, and not both. One house in ten has termites.
    ///
    /// - Throws: ``FoundationsError`` where `accuracy` is no probability.
    public static func xorBlackmail(accuracy: Double) throws -> DecisionProblem {
        let termites = 0.1
        return try DecisionProblem(
            "XOR blackmail", actions: ["pay", "do not pay"],
            states: [
                termites * accuracy, termites * (1 - accuracy), (1 - termites) * accuracy,
                (1 - termites) * (1 - accuracy),
            ]
        ) { state, predicted, executed in
            let (hasTermites, pays) = (state < 2, seen(predicted[0], state) == 0)
            let loss = hasTermites ? -1_000_000.0 : 0
            guard hasTermites != pays else { return Result(observation: nil, utility: loss) }
            return Result(observation: 0, utility: loss - (executed[0] == 0 ? 1_000 : 0))
        }
    }

    /// The least accuracy from which on evidential decision theory takes one box, by bisection.
    ///
    /// - Throws: what ``newcomb(accuracy:)`` throws, which does not happen.
    public static func oneBoxingThreshold() throws -> Double {
        var (low, high) = (0.5, 1.0)
        while high - low > 1e-9 {
            let middle = (low + high) / 2
            let takesOne = try newcomb(accuracy: middle).policy(of: .evidential) == [0]
            (low, high) = takesOne ? (low, middle) : (middle, high)
        }
        return high
    }
}
