/// An agent that takes the action of the first sentence that it can prove.
///
/// The agent is part of the world that it reasons about, so what it proves about its action depends on what it does, which
/// depends on what it proves. Demski, Garrabrant 2019, *Embedded Agency*, arXiv:1902.09469.
public struct ProofSearch: Sendable {
    /// A sentence to prove, and what to do then.
    public struct Step: Sendable {
        /// What must hold, a box or a combination of boxes.
        public let condition: ModalFormula
        /// The action taken, counted from 0.
        public let action: Int

        /// A sentence to prove, and what to do then.
        public init(_ condition: ModalFormula, action: Int) { (self.condition, self.action) = (condition, action) }
    }

    /// The steps, first to last.
    public var steps: [Step]
    /// What is done where nothing can be proved.
    public var fallback: Int
    /// How many actions there are.
    public let actions: Int

    /// An agent.
    public init(actions: Int, steps: [Step], fallback: Int) {
        (self.actions, self.steps, self.fallback) = (actions, steps, fallback)
    }

    /// True where the agent takes `action`.
    public static func takes(_ action: Int) -> ModalFormula { .variable("action \(action)") }

    /// Looks for proofs of A = a → U = u, outcomes from best to worst and for each the actions in their order: modal
    /// updateless decision theory.
    ///
    /// - Parameters:
    ///   - outcomes: formulas, the best first.
    ///   - order: the actions as they are tried.
    ///   - level: how often the first proof may assume consistency.
    ///   - increment: by how much that rises with each sentence.
    ///   - fallback: what is done where nothing can be proved; `nil` for the first action tried.
    public static func updateless(
        outcomes: [ModalFormula], order: [Int], level: Int = 0, increment: Int = 0, fallback: Int? = nil
    ) -> ProofSearch {
        let pairs = outcomes.flatMap { outcome in order.map { (outcome, $0) } }
        let steps = pairs.enumerated().map { index, pair in
            Step(.box(.implies(takes(pair.1), pair.0), level: level + increment * index), action: pair.1)
        }
        return ProofSearch(actions: order.count, steps: steps, fallback: fallback ?? order.first ?? 0)
    }

    /// The same agent, which first takes any action that it can prove it does not take (the chicken rule).
    public var playingChicken: ProofSearch {
        var agent = self
        agent.steps = (0..<actions).map { Step(.box(.not(Self.takes($0))), action: $0) } + steps
        return agent
    }

    /// What the agent does in a world that further equations describe.
    ///
    /// - Throws: ``FoundationsError`` where a sentence refers to itself outside every box.
    public func decides(in world: [(name: String, formula: ModalFormula)] = []) throws -> (
        action: Int, solution: ModalSolution
    ) {
        var earlier = ModalFormula.constant(false)
        var taken = [ModalFormula](repeating: .constant(false), count: actions)
        for step in steps {
            taken[step.action] = taken[step.action] || (!earlier && step.condition)
            earlier = earlier || step.condition
        }
        taken[fallback] = taken[fallback] || !earlier
        let equations = taken.enumerated().map { (name: "action \($0)", formula: $1) }
        let solution = try ModalSystem(equations + world).solved()
        return (taken.indices.first { solution["action \($0)"] } ?? fallback, solution)
    }
}
