/// A step on a grid.
public enum Move: Int, CaseIterable, Sendable, Hashable, Codable {
    /// To the neighboring cell in one of the four directions.
    case up, down, left, right

    /// By how much the row grows.
    @inlinable public var rows: Int { self == .up ? -1 : self == .down ? 1 : 0 }
    /// By how much the column grows.
    @inlinable public var columns: Int { self == .left ? -1 : self == .right ? 1 : 0 }

    /// The cell one step from `cell` on a grid counted row by row, or nil beyond the edge.
    @inlinable public func cell(from cell: Int, rows: Int, columns: Int) -> Int? {
        let (row, column) = (cell / columns + self.rows, cell % columns + self.columns)
        return row >= 0 && row < rows && column >= 0 && column < columns ? row * columns + column : nil
    }

    /// The move that a letter names: u, d, l or r.
    public init?(_ letter: Character) {
        switch letter {
        case "u": self = .up
        case "d": self = .down
        case "l": self = .left
        case "r": self = .right
        default: return nil
        }
    }
}
