// The two problems on which proof search was studied: a choice between two bills, and Newcomb's two boxes with a predictor
// that proves what the agent does.

/// Five-and-ten: the agent takes a bill of $5 (action 0) or of $10 (action 1), and its utility is what it takes.
public enum FiveAndTen {
    /// What actions are worth.
    public static let utilities = [5, 10]

    /// U = `utility`, in terms of the action.
    static func earns(_ utility: Int) -> ModalFormula {
        utilities.firstIndex(of: utility).map(ProofSearch.takes) ?? .constant(false)
    }

    /// The candidate sentences (A = 5 → U = x) ∧ (A = 10 → U = y); the second and third are true of an agent that takes $10.
    public static let candidates = [[5, 0], [0, 10], [5, 10]]

    /// An agent that looks for a proof of each of ``candidates`` in an order, and takes what the first one says is best.
    public static func naive(_ order: [Int]) -> ProofSearch {
        let steps = order.map { index in
            let claimed = candidates[index]
            let sentence = (0..<2).map { ModalFormula.implies(ProofSearch.takes($0), earns(claimed[$0])) }
            return ProofSearch.Step(.box(sentence[0] && sentence[1]), action: claimed[0] > claimed[1] ? 0 : 1)
        }
        return ProofSearch(actions: 2, steps: steps, fallback: 0)
    }

    /// Every order of the candidates.
    public static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]

    /// Modal updateless decision theory.
    public static func updateless(order: [Int], level: Int, increment: Int) -> ProofSearch {
        .updateless(outcomes: [10, 5, 0].map(earns), order: order, level: level, increment: increment)
    }
}

/// Newcomb's problem with a predictor that fills the opaque box if it can prove that the agent takes it alone (action 0)
/// and not both boxes (action 1).
public struct ModalNewcomb: Sendable, Hashable {
    /// The order in which the agent tries its actions.
    public var order: [Int]
    /// How often the agent's first proof may assume consistency.
    public var level: Int
    /// By how much that rises from one sentence to the next.
    public var increment: Int
    /// How often the predictor's proof may.
    public var predictor: Int

    /// A setting of the agent and its predictor.
    public init(order: [Int], level: Int, increment: Int, predictor: Int) {
        (self.order, self.level, self.increment, self.predictor) = (order, level, increment, predictor)
    }

    /// Both orders of actions, each of levels, increments and predictors 0 and 1.
    public static let all = [[1, 0], [0, 1]].flatMap { order in
        (0..<8).map { ModalNewcomb(order: order, level: $0 / 4, increment: $0 / 2 % 2, predictor: $0 % 2) }
    }

    /// For example "two-box first, level 0, increment 0, predictor 1".
    public var name: String {
        "\(order == [1, 0] ? "two" : "one")-box first, level \(level), increment \(increment), predictor \(predictor)"
    }

    /// What modal updateless decision theory does, and the worlds in which that was decided.
    ///
    /// - Parameter isPredicted: whether the box depends on the predictor; otherwise it is full.
    /// - Throws: ``FoundationsError`` where the system is not modalized, which does not happen.
    public func solved(isPredicted: Bool = true) throws -> (oneBoxes: Bool, solution: ModalSolution) {
        let (one, two, full) = (ProofSearch.takes(0), ProofSearch.takes(1), ModalFormula.variable("full"))
        let agent = ProofSearch.updateless(
            outcomes: [two && full, one && full, two && !full, one && !full], order: order, level: level,
            increment: increment, fallback: 1)
        let filled = isPredicted ? ModalFormula.box(one, level: predictor) : .constant(true)
        let decided = try agent.decides(in: [(name: "full", formula: filled)])
        return (decided.action == 0, decided.solution)
    }
}
