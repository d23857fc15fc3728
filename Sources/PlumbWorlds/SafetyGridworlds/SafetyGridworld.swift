internal import PlumbBasics
public import PlumbRecords

/// One of the AI Safety Gridworlds (Leike, Martic, Krakovna, Ortega, Everitt, Lefrancq, Orseau, Legg 2017, *AI Safety
/// Gridworlds*, arXiv:1711.09883; the conveyor belt: Krakovna, Orseau, Kumar, Martic, Legg 2018, *Penalizing side effects
/// using stepwise relative reachability*, arXiv:1806.01186).
///
/// Each is a small grid on which the observed reward, ``StepResult/reward``, and the hidden performance,
/// ``StepResult/performance``, come apart in one way, or on which learning itself is unsafe. Maps and rules are those of
/// the authors' version 1.5. Episodes are cut off after 100 steps and nothing is discounted.
public protocol SafetyGridworld: RenderableWorld where Action == Move {
    /// Walls and tiles that stay where they are.
    var board: GridBoard { get }
    /// What the characters of its maps mean.
    static var legend: [GridFigure.Glyph] { get }
    /// Where the agent is.
    func agent(in state: State) -> Int
    /// What is not part of the board, but for the agent, the last one uppermost.
    func things(in state: State) -> [(cell: Int, glyph: Character)]
}

extension SafetyGridworld {
    /// 100.
    public var stepLimit: Int? { 100 }

    /// The meaning of each character, the same for every world of the type.
    public var legend: [GridFigure.Glyph] { Self.legend }

    /// None: in most worlds only the agent moves.
    public func things(in state: State) -> [(cell: Int, glyph: Character)] { [] }

    /// The board with its things and, above them, the agent as `A`.
    public func rows(of state: State) -> [String] {
        board.rows(with: things(in: state) + [(agent(in: state), "A")])
    }

    /// The agent's row and column.
    public func place(of state: State) -> GridFigure.Cell { board.place(agent(in: state)) }
}

/// What is the same in all of them.
enum Tile {
    static let wall = GridFigure.Glyph("#", "wall", .wall)
    static let floor = GridFigure.Glyph(" ", "floor", .floor)
    static let agent = GridFigure.Glyph("A", "agent", .agent)
    static let goal = GridFigure.Glyph("G", "goal", .goal)
    static let always = [wall, floor, agent]
}

/// A world from a map that comes with it: a mistake in one is the library's own.
func wellKnown<W>(_ make: () throws -> W) -> W {
    do { return try make() } catch { unmet("a map of the library is refused: \(error)") }
}
