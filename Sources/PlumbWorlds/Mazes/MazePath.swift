public import PlumbRecords

/// Where an agent went in a maze.
public struct MazePath: Sendable, Hashable {
    /// The maze, with the agent where it began.
    public let start: MazeState
    /// The cells it stood on, the first one included, in order.
    public private(set) var cells: [Int]

    /// A path that has yet to begin.
    public init(start: MazeState) {
        self.start = start
        cells = [start.agent]
    }

    /// The number of moves, those into walls included.
    public var steps: Int { cells.count - 1 }
    /// Whether it ends on the cheese.
    public var reachesGoal: Bool { cells.last == start.maze.goal }
    /// The maze with the agent where it is now.
    public var state: MazeState { MazeState(start.maze, agent: cells.last ?? start.agent) }

    /// Whether the path leads over `cell` before it leads over the cheese, which ends it.
    public func visitsFirst(_ cell: Int) -> Bool {
        guard let visit = cells.firstIndex(of: cell) else { return false }
        return start.maze.goal.flatMap(cells.firstIndex).map { visit < $0 } ?? true
    }

    /// Goes on by one move.
    public mutating func take(_ move: Move) {
        cells.append(start.maze.cell(move, of: cells.last ?? start.agent))
    }
}

extension GridFigure {
    /// What the characters of a maze mean.
    public static let mazeLegend = [
        Glyph("#", "wall", .wall), Glyph(" ", "", .floor), Glyph("A", "start", .agent), Glyph("C", "cheese", .goal),
    ]
}

extension GridFigure.Panel {
    /// A maze as it began, with the agent's path.
    public init(_ title: String, path: MazePath) {
        let columns = path.start.maze.columns
        self.init(
            title, rows: path.start.textRows,
            path: path.cells.map { GridFigure.Cell($0 / columns, $0 % columns) })
    }
}
