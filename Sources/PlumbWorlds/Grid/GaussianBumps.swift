internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// Smooth hills on a grid: a reward that no short formula of the coordinates gives away.
///
/// The height at a cell is Σ h exp(-d² / 2σ²), with d the distance to a hill's top in cells.
public struct GaussianBumps: Sendable, Hashable {
    /// One hill.
    public struct Bump: Sendable, Hashable {
        /// The row of its top, counted from 0 at the first row; it may lie between two rows.
        public var row: Double
        /// The column of its top, counted from 0 at the first column; it may lie between two columns.
        public var column: Double
        /// h: how high its top is.
        public var height: Double
        /// σ: how wide it is, in cells.
        public var width: Double

        /// A hill, or a hollow where `height` is negative.
        public init(row: Double, column: Double, height: Double, width: Double) {
            (self.row, self.column, self.height, self.width) = (row, column, height, width)
        }
    }

    /// The hills that are added up.
    public var bumps: [Bump]

    /// A landscape of the given hills; without any it is flat at 0.
    public init(_ bumps: [Bump]) { self.bumps = bumps }

    /// Hills of the given heights and one width, with their tops anywhere on the grid, `margin` cells or more from its
    /// outermost cells.
    ///
    /// - Precondition: the margins leave room.
    public init(heights: [Double], width: Double, margin: Double = 0, rows: Int, columns: Int, key: RandomKey) {
        require(
            margin >= 0 && 2 * margin <= Double(min(rows, columns) - 1),
            "hills \(margin) cells from the edge have no room on \(rows) rows and \(columns) columns")
        var random = key.generator()
        func place(_ count: Int) -> Double { margin + random.uniform() * (Double(count - 1) - 2 * margin) }
        bumps = heights.map { height in
            let (row, column) = (place(rows), place(columns))
            return Bump(row: row, column: column, height: height, width: width)
        }
    }

    /// The height of each cell, row by row.
    ///
    /// - Precondition: widths are above 0.
    public func values(rows: Int, columns: Int) -> [Double] {
        require(bumps.allSatisfy { $0.width > 0 }, "a hill needs a width above 0")
        return (0..<rows * columns).map { cell in
            bumps.reduce(0) { sum, bump in
                let (down, right) = (Double(cell / columns) - bump.row, Double(cell % columns) - bump.column)
                return sum + bump.height * exp(-(down * down + right * right) / (2 * bump.width * bump.width))
            }
        }
    }
}
