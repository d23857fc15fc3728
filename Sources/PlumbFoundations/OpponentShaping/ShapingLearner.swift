public import PlumbTensor

/// Two learners that climb their exact value, each reckoning with one step of learning by the other.
public struct ShapingLearner: Sendable {
    /// The game.
    public var game: IteratedDilemma
    /// The learning rate.
    public var rate = 1.0
    /// η, the length of the other's step that a learner reckons with; 0 for naive learners.
    public var lookahead = 3.0
    /// Steps.
    public var steps = 200

    /// Learners of a game, with the reference settings.
    public init(_ game: IteratedDilemma) { self.game = game }

    /// Where two learners ended.
    public struct Outcome: Codable, Sendable, Equatable {
        /// The logits of both.
        public let policies: [[Double]]
        /// The mean payoff of both a round, after each step and before the first.
        public let worth: [Double]

        /// How many of the two reciprocate: cooperate with a cooperator and defect against a defector, whatever they did.
        public var reciprocating: Int {
            policies.count { $0[1] > 0 && $0[2] < 0 && $0[3] > 0 && $0[4] < 0 }
        }
    }

    /// Learns from normally distributed logits.
    public func learned(key: RandomKey) -> Outcome {
        var random = key.generator()
        var policies = (0..<2).map { _ in (0..<5).map { _ in random.normal() } }
        var worth: [Double] = []
        for _ in 0..<steps {
            let found = game.derivatives(policies[0], policies[1])
            worth.append((1 - game.discount) * Statistics.mean(found.values))
            for player in 0..<2 {
                for logit in 0..<5 {
                    // ∇V + η (∂V / ∂other)ᵀ ∂²V_other / ∂other ∂own.
                    let shaping = (0..<5).reduce(0.0) { sum, other in
                        sum + found.others[player][other] * found.mixed[player][logit][other]
                    }
                    policies[player][logit] += rate * (found.own[player][logit] + lookahead * shaping)
                }
            }
        }
        worth.append(Statistics.mean(game.worth(policies[0], policies[1])))
        return Outcome(policies: policies, worth: worth)
    }
}
