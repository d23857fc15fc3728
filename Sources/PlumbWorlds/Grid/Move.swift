/// A step on a grid.
public enum Move: Int, CaseIterable, Sendable, Hashable, Codable {
    case up, down, left, right

    /// By how much the row grows.
    @inlinable public var rows: Int { self == .up ? -1 : self == .down ? 1 : 0 }
    /// By how much the column grows.
    @inlinable public var columns: Int { self == .left ? -1 : self == .right ? 1 : 0 }

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
