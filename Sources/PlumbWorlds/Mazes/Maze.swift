internal import PlumbBasics

/// A small maze seen from above: walls, floor and, on one cell of the floor, a piece of cheese.
///
/// Cells are counted row by row from 0 at the upper left. A maze is a few words of memory, so that hundreds of
/// thousands of them can be kept.
public struct Maze: Sendable, Hashable {
    /// The number of rows, 1 or more.
    public let rows: Int
    /// The number of columns, 1 or more.
    public let columns: Int
    /// Where the cheese lies; nil for a maze without any.
    public var goal: Int?
    /// One bit a cell.
    private let walls: UInt128

    /// The most cells a maze can have.
    public static let largestCount = 128

    /// A maze from its walls.
    ///
    /// - Parameters:
    ///   - rows: the number of rows.
    ///   - columns: the number of columns.
    ///   - goal: the cell where the cheese lies; nil for a maze without any.
    ///   - isWall: whether each cell is a wall, row by row.
    /// - Precondition: there are 1 to ``largestCount`` cells, and the cheese lies on floor.
    public init(rows: Int, columns: Int, goal: Int?, isWall: (Int) -> Bool) {
        require(
            rows > 0 && columns > 0 && rows * columns <= Self.largestCount,
            "a maze of \(rows) rows and \(columns) columns does not have 1 to \(Self.largestCount) cells")
        var walls: UInt128 = 0
        for cell in 0..<rows * columns where isWall(cell) { walls |= 1 << UInt128(cell) }
        (self.rows, self.columns, self.goal, self.walls) = (rows, columns, goal, walls)
        if let goal {
            require(isFloor(goal), "the cheese must lie on floor, and cell \(goal) is none")
        }
    }

    /// The number of cells, walls and floor.
    public var count: Int { rows * columns }

    /// Whether an agent can stand on `cell`; false outside the maze.
    public func isFloor(_ cell: Int) -> Bool {
        cell >= 0 && cell < count && walls & (1 << UInt128(cell)) == 0
    }

    /// The part of the cells that are walls.
    public var wallDensity: Double { Double(walls.nonzeroBitCount) / Double(count) }

    /// The same maze without cheese.
    public var withoutGoal: Maze {
        var copy = self
        copy.goal = nil
        return copy
    }

    /// Where `move` leads from `cell`: into a wall or over the edge it leads nowhere, and the agent stays.
    public func cell(_ move: Move, of cell: Int) -> Int {
        guard let target = move.cell(from: cell, rows: rows, columns: columns), isFloor(target) else { return cell }
        return target
    }

    /// The number of steps from every cell to `target`, -1 for walls and for floor that is cut off from it: breadth
    /// first (Moore 1959, *The Shortest Path through a Maze*).
    public func distances(to target: Int) -> [Int] {
        require(isFloor(target), "distances lead to floor, and cell \(target) is none")
        var distances = [Int](repeating: -1, count: count)
        distances[target] = 0
        var queue = [target]
        var next = 0
        while next < queue.count {
            let present = queue[next]
            next += 1
            for move in Move.allCases {
                let neighbor = cell(move, of: present)
                guard distances[neighbor] < 0 else { continue }
                distances[neighbor] = distances[present] + 1
                queue.append(neighbor)
            }
        }
        return distances
    }

    /// Every move from `cell` that begins a shortest path to where `distances` is 0; none there, and none where there
    /// is no path.
    public func optimalMoves(from cell: Int, distances: [Int]) -> MoveSet {
        guard distances[cell] > 0 else { return [] }
        var moves: MoveSet = []
        for move in Move.allCases where distances[self.cell(move, of: cell)] == distances[cell] - 1 {
            moves.insert(MoveSet(move))
        }
        return moves
    }
}

/// Some of the four moves.
public struct MoveSet: OptionSet, Sendable, Hashable {
    /// One bit a move, the lowest for up, then down, left and right.
    public let rawValue: UInt8
    /// A set from its bits; bits above the fourth name no move.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// One move.
    public init(_ move: Move) { rawValue = 1 << UInt8(move.rawValue) }

    /// The number of moves in the set.
    public var count: Int { rawValue.nonzeroBitCount }
    /// Whether `move` is among them.
    public func contains(_ move: Move) -> Bool { contains(MoveSet(move)) }
    /// The moves in their order.
    public var moves: [Move] { Move.allCases.filter(contains) }
}
