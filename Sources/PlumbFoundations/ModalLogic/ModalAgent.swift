/// A player of the prisoner's dilemma that decides by what it can prove about its opponent's source code.
///
/// Its formula is true where it cooperates. It speaks of ``opponent``, true where the opponent cooperates with it, and of
/// ``opponent(against:)`` for each of its helpers, players that it imagines the opponent to meet.
public struct ModalAgent: Sendable {
    /// What it is called.
    public let name: String
    /// When it cooperates.
    public let formula: ModalFormula
    /// The players that its formula names.
    public let helpers: [ModalAgent]

    /// A player.
    public init(_ name: String, helpers: [ModalAgent] = [], _ formula: ModalFormula) {
        (self.name, self.helpers, self.formula) = (name, helpers, formula)
    }

    /// True where the opponent cooperates with this player.
    public static let opponent = ModalFormula.variable("opponent")
    /// True where the opponent cooperates with `helper`.
    public static func opponent(against helper: ModalAgent) -> ModalFormula { .variable("opponent/\(helper.name)") }

    /// Cooperates with everyone.
    public static let cooperateBot = ModalAgent("CooperateBot", .constant(true))
    /// Defects against everyone.
    public static let defectBot = ModalAgent("DefectBot", .constant(false))
    /// Cooperates if it can prove that the opponent does.
    public static let fairBot = ModalAgent("FairBot", .box(opponent))
    /// Cooperates if it can prove that the opponent cooperates with it, and, assuming consistency, that the opponent
    /// defects against DefectBot.
    public static let prudentBot = ModalAgent(
        "PrudentBot", helpers: [defectBot], .box(opponent) && .box(!opponent(against: defectBot), level: 1))
    /// Cooperates if it can prove that the opponent cooperates with FairBot.
    public static let justBot = ModalAgent("JustBot", helpers: [fairBot], .box(opponent(against: fairBot)))
    /// Cooperates if it can prove that the opponent cooperates with DefectBot.
    public static let trollBot = ModalAgent("TrollBot", helpers: [defectBot], .box(opponent(against: defectBot)))
    /// FairBot that may assume consistency, `level` times over, in its proof.
    public static func waitFairBot(_ level: Int) -> ModalAgent {
        ModalAgent("WaitFairBot", .box(opponent, level: level))
    }

    /// What two players do.
    public struct Match: Sendable, Equatable {
        /// Whether the first player cooperates.
        public let first: Bool
        /// Whether the second player cooperates.
        public let second: Bool
        /// The worlds in which that was decided.
        public let solution: ModalSolution

        /// For example "CD": the first player's move before the second's.
        public var moves: String { (first ? "C" : "D") + (second ? "C" : "D") }
    }

    /// What this player and another do, both knowing the other's source code.
    ///
    /// - Throws: ``FoundationsError`` where a player's formula refers to the opponent outside every box, so that the two
    ///   may have no consistent moves.
    public func plays(_ other: ModalAgent) throws -> Match {
        var equations: [(name: String, formula: ModalFormula)] = []
        Self.add(self, against: other, to: &equations)
        Self.add(other, against: self, to: &equations)
        let solution = try ModalSystem(equations).solved()
        return Match(
            first: solution[Self.move(self, other)], second: solution[Self.move(other, self)], solution: solution)
    }

    private static func move(_ player: ModalAgent, _ opponent: ModalAgent) -> String {
        "\(player.name)(\(opponent.name))"
    }

    private static func add(
        _ player: ModalAgent, against opponent: ModalAgent, to equations: inout [(name: String, formula: ModalFormula)]
    ) {
        let name = move(player, opponent)
        guard !equations.contains(where: { $0.name == name }) else { return }
        let met = Dictionary(player.helpers.map { ("opponent/\($0.name)", $0) }, uniquingKeysWith: { one, _ in one })
        equations.append(
            (name, player.formula.substituting { .variable(move(opponent, met[$0] ?? player)) })
        )
        let needed = player.formula.variables()
        if needed.contains("opponent") { add(opponent, against: player, to: &equations) }
        for (variable, helper) in met.sorted(by: { $0.key < $1.key }) where needed.contains(variable) {
            add(opponent, against: helper, to: &equations)
        }
    }
}
