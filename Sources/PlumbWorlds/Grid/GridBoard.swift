public import PlumbRecords

/// What stays where it is in a small gridworld: walls, and tiles with a meaning.
///
/// A map of at most 64 cells fits into words of bits, so a step reads no memory but its state. The map must be closed:
/// from where the agent stands, no way may lead to the edge but through a tile that ends the episode.
public struct GridBoard: Sendable, Hashable {
    /// The map as it was given.
    public let map: TextMap
    /// The cells that cannot be entered.
    public let walls: CellSet
    /// Where the agent begins.
    public let agent: Int
    @usableFromInline let columns: Int
    private let fixed: [Character]

    /// A board from the lines of a map, in which `#` is a wall and `A` the agent.
    ///
    /// - Parameters:
    ///   - text: the lines of the map, without a break after the last.
    ///   - legend: every character that may stand in the map.
    ///   - things: characters of what moves or changes, which are drawn from the state instead.
    ///   - ends: characters of tiles that end the episode and may lie on the edge; none where things can be pushed.
    /// - Throws: ``WorldError`` for a map that ``TextMap`` refuses, that has more than 64 cells, no agent, or an edge
    ///   that can be walked over.
    public init(_ text: String, legend: [GridFigure.Glyph], things: String = "", ends: String = "") throws {
        var glyphs: [Character: String] = [:]
        for glyph in legend {
            for character in glyph.character { glyphs[character] = glyph.label.isEmpty ? "a tile" : glyph.label }
        }
        map = try TextMap(text, glyphs: glyphs)
        guard map.cells.count <= 64 else {
            throw WorldError("the map has \(map.cells.count) cells, and this world takes maps of at most 64")
        }
        columns = map.columns
        walls = CellSet(map.all("#"))
        agent = try map.only("A")
        fixed = map.cells.map { $0 == "A" || things.contains($0) ? " " : $0 }
        try checkEdge(ends: CellSet(ends.flatMap(map.all)))
    }

    private func checkEdge(ends: CellSet) throws {
        var (seen, open) = (CellSet([agent]), [agent])
        while let cell = open.popLast() {
            if ends.contains(cell) { continue }
            for move in Move.allCases {
                guard let next = map.cell(move, of: cell) else {
                    throw WorldError(
                        "the agent can walk over the edge of the map at line \(cell / columns + 1), column "
                            + "\(cell % columns + 1): close it with a wall, \"#\"")
                }
                if !walls.contains(next) && !seen.contains(next) {
                    seen.insert(next)
                    open.append(next)
                }
            }
        }
    }

    /// The cells of the map that hold `glyph`.
    public func all(_ glyph: Character) -> CellSet { CellSet(map.all(glyph)) }

    /// The cell beyond, walls or not.
    @inlinable public func neighbor(_ move: Move, of cell: Int) -> Int {
        switch move {
        case .up: cell &- columns
        case .down: cell &+ columns
        case .left: cell &- 1
        case .right: cell &+ 1
        }
    }

    /// The cell after a `move`, which a wall prevents.
    @inlinable public func cell(_ move: Move, of cell: Int) -> Int {
        let next = neighbor(move, of: cell)
        return walls.contains(next) ? cell : next
    }

    /// The first move of a shortest way from `cell` to one of `goals`, past cells to avoid; nil where it is one, or where
    /// no way leads there.
    public func move(from cell: Int, toNearestOf goals: CellSet, avoiding avoided: CellSet = CellSet()) -> Move? {
        if goals.contains(cell) { return nil }
        var (seen, open, next) = (avoided, [(cell: cell, first: Move?.none)], 0)
        seen.insert(cell)
        while next < open.count {
            for move in Move.allCases {
                let reached = self.cell(move, of: open[next].cell)
                if seen.contains(reached) { continue }
                seen.insert(reached)
                let first = open[next].first ?? move
                if goals.contains(reached) { return first }
                open.append((reached, first))
            }
            next += 1
        }
        return nil
    }

    /// The place of a cell in a figure.
    public func place(_ cell: Int) -> GridFigure.Cell { GridFigure.Cell(cell / columns, cell % columns) }

    /// The board's rows with `things` on it, the last one uppermost.
    public func rows(with things: [(cell: Int, glyph: Character)]) -> [String] {
        var cells = fixed
        for thing in things { cells[thing.cell] = thing.glyph }
        return (0..<map.rows).map { String(cells[$0 * columns..<($0 + 1) * columns]) }
    }
}
