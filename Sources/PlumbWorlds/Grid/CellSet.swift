public import PlumbBasics

/// Cells of a grid of at most 64, counted row by row, as bits of one word: membership costs a shift.
public struct CellSet: Sendable, Hashable {
    @usableFromInline var bits: UInt64

    /// No cells.
    @inlinable public init() { bits = 0 }

    /// These cells.
    ///
    /// - Precondition: every one is in 0..<64.
    public init(_ cells: some Sequence<Int>) {
        bits = 0
        for cell in cells { insert(cell) }
    }

    /// The number of cells.
    @inlinable public var count: Int { bits.nonzeroBitCount }

    /// Whether `cell` is one of them.
    @inlinable public func contains(_ cell: Int) -> Bool { bits &>> UInt64(truncatingIfNeeded: cell) & 1 != 0 }

    /// Adds a cell.
    @inlinable public mutating func insert(_ cell: Int) {
        require(cell >= 0 && cell < 64, "a set of cells holds 0..<64, not \(cell)")
        bits |= 1 &<< UInt64(truncatingIfNeeded: cell)
    }

    /// Takes a cell away.
    @inlinable public mutating func remove(_ cell: Int) { bits &= ~(1 &<< UInt64(truncatingIfNeeded: cell)) }

    /// The cells in rising order.
    public var cells: [Int] { (0..<64).filter(contains) }
}
