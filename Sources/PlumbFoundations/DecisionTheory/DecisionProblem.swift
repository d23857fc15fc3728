// What should an agent do whose decision others have predicted?
//
// A problem is a finite list of states of the world and a rule that says, from a state, a policy that was predicted and a
// policy that is carried out, what the agent observes and what it earns. Theories differ in which of the two policies
// the choice is about. Yudkowsky, Soares 2017, *Functional Decision Theory: A New Theory of Instrumental Rationality*,
// arXiv:1710.05060.

/// A decision in a world with copies or predictions of the agent; small enough for exact enumeration.
public struct DecisionProblem: Sendable {
    /// For each observation the action taken, both counted from 0.
    public typealias Policy = [Int]

    /// What happens.
    public struct Result: Sendable, Equatable {
        /// What the agent observes before it acts; `nil` where it never comes to act.
        public var observation: Int?
        /// What the agent earns.
        public var utility: Double

        /// What happens.
        public init(observation: Int?, utility: Double) { (self.observation, self.utility) = (observation, utility) }
    }

    /// What it is called.
    public let name: String
    /// The names of the actions.
    public let actions: [String]
    /// How many different observations there are.
    public let observations: Int
    /// The probability of each state.
    public let states: [Double]
    private let disposition: @Sendable (Int, Policy) -> Double
    private let play: @Sendable (Int, Policy, Policy) -> Result

    /// - Parameters:
    ///   - name: what it is called.
    ///   - actions: their names.
    ///   - observations: how many there are, 1 or more.
    ///   - states: the probability of each state of the world.
    ///   - disposition: how probable a policy is in a state, before anyone deliberates: what an observer of many agents has
    ///     seen; uniform by default.
    ///   - play: what happens in a state where a policy was predicted, and a policy is carried out.
    /// - Throws: ``FoundationsError`` for numbers that are no probabilities.
    public init(
        _ name: String, actions: [String], observations: Int = 1, states: [Double],
        disposition: (@Sendable (Int, Policy) -> Double)? = nil,
        play: @escaping @Sendable (_ state: Int, _ predicted: Policy, _ executed: Policy) -> Result
    ) throws {
        try FoundationsError.check(states, of: name)
        guard !actions.isEmpty, observations >= 1 else {
            throw FoundationsError("\(name) has no actions or observations: a decision needs one of each or more")
        }
        (self.name, self.actions, self.observations, self.states, self.play) = (
            name, actions, observations, states, play
        )
        self.disposition = disposition ?? { _, _ in 1 }
        for state in states.indices {
            let sum = policies.map { self.disposition(state, $0) }
            guard sum.allSatisfy({ $0 >= 0 && $0.isFinite }), sum.contains(where: { $0 > 0 }) else {
                throw FoundationsError("\(name) gives a policy a weight below 0, or none a weight above it, in a state")
            }
        }
    }

    /// All policies.
    public var policies: [Policy] {
        (0..<observations).reduce([[]]) { found, _ in
            found.flatMap { policy in actions.indices.map { policy + [$0] } }
        }
    }

    /// What a policy that is predicted and carried out earns on average.
    public func value(of policy: Policy) -> Double {
        states.enumerated().reduce(0) { $0 + $1.element * play($1.offset, policy, policy).utility }
    }

    /// The policy that a theory chooses.
    public func policy(of theory: DecisionTheory) -> Policy {
        switch theory {
        case .functional: best(policies, by: value)
        case .causal, .evidential:
            (0..<observations).map { observation in
                best(Array(actions.indices)) { utility(of: $0, observing: observation, theory) }
            }
        }
    }

    /// The utility of an action as causal or evidential decision theory expects it after an observation.
    private func utility(of action: Int, observing observation: Int, _ theory: DecisionTheory) -> Double {
        var (weight, sum) = (0.0, 0.0)
        for (state, probability) in states.enumerated() {
            let dispositions = policies.map { disposition(state, $0) }
            let total = dispositions.reduce(0, +)
            for (predicted, disposition) in zip(policies, dispositions) {
                var executed = predicted
                executed[observation] = action
                // Causal: the prediction has been made, whatever is done. Evidential: only who does this was predicted.
                if theory == .evidential, predicted != executed { continue }
                let result = play(state, predicted, executed)
                guard result.observation == observation else { continue }
                weight += probability * disposition / total
                sum += probability * disposition / total * result.utility
            }
        }
        return weight > 0 ? sum / weight : -.infinity
    }

    private func best<Choice>(_ choices: [Choice], by value: (Choice) -> Double) -> Choice {
        let values = choices.map(value)
        // The first of equals.
        return choices[values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) } ?? 0]
    }
}

/// A rule for choosing actions.
public enum DecisionTheory: String, Sendable, CaseIterable, Codable {
    /// CDT: the action whose consequences are best, predictions being what they are.
    case causal = "CDT"
    /// EDT: the action that it would be best to learn of.
    case evidential = "EDT"
    /// FDT, which is UDT where policies are chosen: the policy that it is best to have, wherever it is computed.
    case functional = "FDT"
}
