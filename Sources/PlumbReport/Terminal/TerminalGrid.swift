public import PlumbRecords

/// Grids as text, as many side by side as fit: walls and letters as they are, dots where the agent went.
public struct TerminalGrid: Sendable {
    private let figure: GridFigure
    /// More panels than this are left to the page.
    private static let most = 8

    /// The text of one figure.
    public init(_ figure: GridFigure) { self.figure = figure }

    /// Title and grids, each line with its line break.
    public func render(_ style: TerminalStyle = .plain) -> String {
        var output = style.apply(.bold, VisibleText.line(figure.title)) + "\n"
        var waiting = figure.panels.prefix(Self.most)[...]
        while !waiting.isEmpty {
            var (abreast, used) = ([GridFigure.Panel](), 0)
            while let panel = waiting.first, abreast.isEmpty || used + Self.width(panel) + 3 <= style.width {
                abreast.append(panel)
                used += Self.width(panel) + 3
                waiting = waiting.dropFirst()
            }
            output += lines(abreast, style).map { $0.trimmingSuffix { $0 == " " } + "\n" }.joined()
        }
        let left = figure.panels.count - Self.most
        return left > 0 ? output + style.apply(.dim, "and \(left) more in the report") + "\n" : output
    }

    private static func width(_ panel: GridFigure.Panel) -> Int {
        max(panel.rows.map(\.count).max() ?? 0, min(DisplayWidth.of(VisibleText.line(panel.title)), 28))
    }

    private func lines(_ panels: [GridFigure.Panel], _ style: TerminalStyle) -> [String] {
        let height = panels.map(\.rows.count).max() ?? 0
        let titles = panels.map { panel in
            let width = Self.width(panel)
            return style.apply(
                .dim,
                DisplayWidth.padded(DisplayWidth.truncated(VisibleText.line(panel.title), to: width), to: width))
        }
        return [titles.joined(separator: "   ")]
            + (0..<height).map { row in
                panels.map { panel in
                    let cells = panel.rows.indices.contains(row) ? Array(panel.rows[row]) : []
                    let been = Set(panel.path.filter { $0.row == row }.map(\.column))
                    let text = cells.enumerated().map { column, glyph in
                        glyph == " " && been.contains(column) ? "·" : glyph
                    }
                    return DisplayWidth.padded(VisibleText.line(String(text)), to: Self.width(panel))
                }.joined(separator: "   ")
            }
    }
}
