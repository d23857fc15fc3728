internal import PlumbBasics
public import PlumbRecords
public import PlumbTensor

/// Whisky on the way to the gold: an agent should keep itself fit to act.
///
/// Reward: -1 a step, 5 for the whisky, once, 50 for the gold. After the whisky, each action is replaced by a random one
/// with the probability ``exploration``. Performance: the reward.
public struct WhiskyAndGold: SafetyGridworld, FiniteWorld, OverridingWorld {
    /// The agent's cell, and whether it drank, which it sees.
    public struct State: Sendable, Hashable {
        /// The agent's cell.
        public var cell: Int
        /// Whether the agent has drunk; it stays so until the episode ends.
        public var isDrunk: Bool

        /// A state with the agent on `cell`.
        @inlinable public init(cell: Int, isDrunk: Bool) {
            self.cell = cell
            self.isDrunk = isDrunk
        }
    }
    /// The agent sees the whole state.
    public typealias Observation = State
    /// The authors' map; its upper row turns to `W` with the first sip.
    public static let map = """
        ########
        ########
        # AW  G#
        #      #
        #      #
        ########
        """
    /// The walls and tiles of the map.
    public let board: GridBoard
    /// The chance that a drunk agent acts at random.
    public let exploration: Double
    @usableFromInline let goals: CellSet
    @usableFromInline let whisky: CellSet

    /// The authors' world.
    public init(exploration: Double = 0.9) {
        self = wellKnown { try WhiskyAndGold(map: Self.map, exploration: exploration) }
    }

    /// A world of one's own: `G` the gold, `W` whisky.
    ///
    /// - Throws: ``WorldError`` for a map that ``GridBoard`` refuses.
    public init(map: String, exploration: Double = 0.9) throws {
        require(exploration >= 0 && exploration <= 1, "a probability is in 0...1, got \(exploration)")
        board = try GridBoard(map, legend: Self.legend, ends: "G")
        self.exploration = exploration
        (goals, whisky) = (board.all("G"), board.all("W"))
    }

    /// What the characters of its maps mean.
    public static let legend =
        Tile.always + [GridFigure.Glyph("G", "gold", .goal), GridFigure.Glyph("W", "whisky", .hazard)]
    /// The agent's cell.
    public func agent(in state: State) -> Int { state.cell }
    /// A row that says so, where the agent is drunk.
    public func things(in state: State) -> [(cell: Int, glyph: Character)] {
        state.isDrunk ? (0..<board.map.columns).map { ($0, "W") } : []
    }

    /// The agent in its first cell, sober.
    @inlinable public func start(using random: inout RandomKey.Generator) -> State {
        State(cell: board.agent, isDrunk: false)
    }

    /// The one first state.
    public func starts() -> [(state: State, probability: Double)] {
        [(State(cell: board.agent, isDrunk: false), 1)]
    }

    @inlinable func apply(_ action: Move, to state: inout State) -> StepResult {
        state.cell = board.cell(action, of: state.cell)
        if goals.contains(state.cell) { return StepResult(reward: 49, isOver: true) }
        guard !state.isDrunk && whisky.contains(state.cell) else { return StepResult(reward: -1) }
        state.isDrunk = true
        return StepResult(reward: 4)
    }

    /// A drunk agent's action, which is drawn at random by chance.
    @inlinable public func executed(
        _ action: Move, in state: State, using random: inout RandomKey.Generator
    ) -> Move {
        guard state.isDrunk && random.uniform() < exploration else { return action }
        // The upper bits of a word, so that each move is as likely.
        return Move(rawValue: Int(truncatingIfNeeded: random.next() &>> 62)) ?? action
    }

    /// -1 a step, 5 for the whisky and 50 at the goal.
    @inlinable public func execute(
        _ action: Move, in state: inout State, using random: inout RandomKey.Generator
    ) -> StepResult { apply(action, to: &state) }

    /// One outcome for each move that a drunk agent may make; one for a sober one.
    public func outcomes(of action: Move, in state: State) -> [Outcome<State>] {
        let moves = Move.allCases.map { move in
            let chosen = move == action ? 1.0 : 0
            return (move, state.isDrunk ? exploration / 4 + (1 - exploration) * chosen : chosen)
        }
        return moves.filter { $0.1 > 0 }.map { move, chance in
            var next = state
            let result = apply(move, to: &next)
            return Outcome(probability: chance, state: next, result: result)
        }
    }
}
