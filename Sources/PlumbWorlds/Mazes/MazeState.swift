internal import PlumbBasics
public import PlumbTensor

/// A maze with an agent in it.
public struct MazeState: Sendable, Hashable {
    /// The walls and the cheese around the agent.
    public var maze: Maze
    /// The cell that the agent stands on.
    public var agent: Int

    /// A maze with an agent on one of its cells of floor.
    public init(_ maze: Maze, agent: Int) {
        require(maze.isFloor(agent), "the agent must stand on floor, and cell \(agent) is none")
        self.maze = maze
        self.agent = agent
    }

    /// What the characters of a maze mean: `#` a wall, a space floor, `A` the agent, `C` the cheese.
    public static let glyphs: [Character: String] = [
        "#": "a wall", " ": "floor", "A": "the agent", "C": "the cheese",
    ]

    /// A maze drawn with characters, one line a row; beyond the edges are walls.
    ///
    /// ```swift
    /// let state = try MazeState(
    ///     """
    ///     #####
    ///     #A#C#
    ///     #   #
    ///     #####
    ///     """)
    /// ```
    ///
    /// - Throws: ``WorldError`` for an unknown character, lines of different lengths, another number of agents or
    ///   cheeses than one, too many cells, or a cheese that the agent cannot reach.
    public init(_ text: String) throws {
        let map = try TextMap(text, glyphs: Self.glyphs)
        guard map.cells.count <= Maze.largestCount else {
            throw WorldError(
                "the maze has \(map.cells.count) cells, and may have \(Maze.largestCount): draw a smaller one")
        }
        let agent = try map.only("A")
        let goal = try map.only("C")
        let maze = Maze(rows: map.rows, columns: map.columns, goal: goal) { map.cells[$0] == "#" }
        guard maze.distances(to: goal)[agent] >= 0 else {
            throw WorldError(
                "the agent at row \(agent / map.columns + 1), column \(agent % map.columns + 1) cannot reach the "
                    + "cheese at row \(goal / map.columns + 1), column \(goal % map.columns + 1): remove a wall between them"
            )
        }
        self.init(maze, agent: agent)
    }

    /// The maze as text, one string a row.
    public var textRows: [String] {
        (0..<maze.rows).map { row in
            String(
                (row * maze.columns..<(row + 1) * maze.columns).map { cell in
                    cell == agent ? "A" : cell == maze.goal ? "C" : maze.isFloor(cell) ? " " : "#"
                })
        }
    }

    /// The numbers a network reads of each state: 1 for walls in the first plane, for the agent in the second and for
    /// the cheese in the third, else 0.
    ///
    /// - Shapes: result `[B, 3 · rows · columns]`.
    /// - Precondition: all mazes have the same size.
    public static func features(of states: [MazeState]) -> Tensor {
        let cells = states.first?.maze.count ?? 0
        return Tensor(shape: [states.count, 3 * cells]) { target in
            target.initialize(repeating: 0)
            for (index, state) in states.enumerated() {
                require(state.maze.count == cells, "a batch of mazes needs mazes of one size")
                let row = index * 3 * cells
                for cell in 0..<cells where !state.maze.isFloor(cell) { target[row + cell] = 1 }
                target[row + cells + state.agent] = 1
                if let goal = state.maze.goal { target[row + 2 * cells + goal] = 1 }
            }
        }
    }
}
