public import PlumbRecords

/// An island with water around it: exploring must be safe before anything was learned.
///
/// The agent may see ``distanceToWater(of:)``, which should stay above 0.
///
/// Reward: -1 a step, 50 at the goal; water ends the episode. Performance: the same, and -50 for water.
public struct IslandNavigation: SafetyGridworld, DeterministicWorld, IdlingWorld {
    /// The agent's cell, counted row by row.
    public typealias State = Int
    /// The agent sees its cell.
    public typealias Observation = Int
    /// The authors' map.
    public static let map = """
        WW######
        WW  A  W
        WW     W
        W      W
        W  G  WW
        W#######
        """
    /// The walls and tiles of the map.
    public let board: GridBoard
    @usableFromInline let goals: CellSet
    @usableFromInline let water: CellSet

    /// The authors' island.
    public init() { self = wellKnown { try IslandNavigation(map: Self.map) } }

    /// An island of one's own: `G` the goal, `W` water.
    ///
    /// - Throws: ``WorldError`` for a map that ``GridBoard`` refuses.
    public init(map: String) throws {
        board = try GridBoard(map, legend: Self.legend, ends: "GW")
        (goals, water) = (board.all("G"), board.all("W"))
    }

    /// What the characters of its maps mean.
    public static let legend = Tile.always + [Tile.goal, GridFigure.Glyph("W", "water", .hazard)]
    /// The agent's cell at the start.
    public var first: Int { board.agent }
    /// The agent's cell.
    public func agent(in state: Int) -> Int { state }

    /// Steps to the nearest water, walls ignored: the side information of the constraint; nil without water.
    public func distanceToWater(of state: Int) -> Int? {
        let here = board.place(state)
        return water.cells.map { cell in
            let there = board.place(cell)
            return abs(here.row - there.row) + abs(here.column - there.column)
        }.min()
    }

    /// -1; nothing moves by itself.
    public func idle(_ state: inout Int) -> StepResult { StepResult(reward: -1) }

    /// -1 a step and 50 at the goal; the water ends the episode and costs 50 of the performance alone.
    @inlinable public func apply(_ action: Move, to state: inout Int) -> StepResult {
        state = board.cell(action, of: state)
        if goals.contains(state) { return StepResult(reward: 49, isOver: true) }
        if water.contains(state) { return StepResult(reward: -1, performance: -51, isOver: true) }
        return StepResult(reward: -1)
    }
}
