/// A rectangle of characters that draws a grid world: `#` for walls, a space for floor, letters for what stands there.
///
/// ```swift
/// let map = try TextMap(
///     """
///     #####
///     #A G#
///     #####
///     """, glyphs: ["#": "a wall", " ": "floor", "A": "the agent", "G": "the goal"])
/// let start = try map.only("A")
/// ```
public struct TextMap: Sendable, Hashable {
    /// The number of lines, 1 or more.
    public let rows: Int
    /// The number of characters in each line, 1 or more.
    public let columns: Int
    /// The characters of the map, row by row.
    public let cells: [Character]

    /// A map from its lines; all must be of one length.
    ///
    /// - Parameters:
    ///   - text: the lines of the map, without a break after the last.
    ///   - glyphs: every character that may stand in the map, with what it means.
    /// - Throws: ``WorldError`` naming the line, the column and the character that is not known, or the line of another
    ///   length.
    public init(_ text: String, glyphs: [Character: String]) throws {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(Array.init)
        guard let width = lines.first?.count, width > 0 else {
            throw WorldError(
                lines.count > 1
                    ? "line 1 of the map is empty: begin with the map's first row"
                    : "the map is empty: it needs at least one line of characters")
        }
        for (row, line) in lines.enumerated() {
            guard line.count == width else {
                throw WorldError("line \(row + 1) of the map has \(line.count) characters, and the first has \(width)")
            }
            for (column, glyph) in line.enumerated() where glyphs[glyph] == nil {
                let known = glyphs.sorted { $0.key < $1.key }.map { "\"\($0.key)\" \($0.value)" }
                throw WorldError(
                    "line \(row + 1), column \(column + 1) of the map holds \"\(glyph)\", which means nothing here: known are "
                        + known.joined(separator: ", "))
            }
        }
        (rows, columns, cells) = (lines.count, width, lines.flatMap { $0 })
    }

    /// The character at a row and a column.
    ///
    /// - Precondition: both lie inside the map.
    public subscript(row: Int, column: Int) -> Character { cells[row * columns + column] }

    /// The cells, counted row by row, that hold `glyph`.
    public func all(_ glyph: Character) -> [Int] { cells.indices.filter { cells[$0] == glyph } }

    /// The one cell that holds `glyph`.
    ///
    /// - Throws: ``WorldError`` where there is none or more than one.
    public func only(_ glyph: Character) throws -> Int {
        let found = all(glyph)
        guard let first = found.first, found.count == 1 else {
            throw WorldError(
                "the map must hold \"\(glyph)\" once, and holds it \(found.isEmpty ? "nowhere" : "\(found.count) times")"
            )
        }
        return first
    }

    /// The cell one `move` away, or nil beyond the edge.
    @inlinable public func cell(_ move: Move, of cell: Int) -> Int? {
        move.cell(from: cell, rows: rows, columns: columns)
    }
}
