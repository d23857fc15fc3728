public import PlumbRecords

/// Grids as text, as many side by side as fit: walls and letters as they are, dots where the agent went, and elsewhere
/// blocks whose density shows a cell's number.
public struct TerminalGrid: Sendable {
    private let figure: GridFigure
    /// The least and the greatest number of any cell; nil where cells have none.
    private let bounds: (least: Double, greatest: Double)?
    /// More panels than this are left to the page.
    private static let most = 8

    /// The text of one figure.
    public init(_ figure: GridFigure) {
        self.figure = figure
        bounds = Proportion.bounds(figure.panels.flatMap { ($0.values ?? []).flatMap { $0 } })
    }

    /// Title and grids, each line with its line break.
    public func render(_ style: TerminalStyle = .plain) -> String {
        var output = style.heading(figure.title)
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
        if let bounds {
            let label = VisibleText.line(figure.valueLabel.isEmpty ? "value" : figure.valueLabel)
            let (least, greatest) = (NumberText.value(bounds.least), NumberText.value(bounds.greatest))
            output += style.apply(.dim, "\(label) \(least) \(String(Self.blocks)) \(greatest)") + "\n"
        }
        let left = figure.panels.count - Self.most
        return left > 0 ? output + style.apply(.dim, "and \(left) more in the report") + "\n" : output
    }

    private static func width(_ panel: GridFigure.Panel) -> Int {
        let words = VisibleText.line(panel.title).split(separator: " ").map { DisplayWidth.of($0) }
        return max(panel.rows.map(\.count).max() ?? 0, min(words.max() ?? 0, 36))
    }

    private static let blocks: [Character] = [" ", "░", "▒", "▓", "█"]

    /// How dense a cell of this number is; nil where there is none.
    private func block(_ value: Double?) -> Character? {
        guard let bounds, let value, value.isFinite else { return nil }
        let part = Proportion.of(value, from: bounds.least, to: bounds.greatest) ?? 0.5
        return Self.blocks[Int((part * 4).rounded())]
    }

    private func lines(_ panels: [GridFigure.Panel], _ style: TerminalStyle) -> [String] {
        let height = panels.map(\.rows.count).max() ?? 0
        let titles = panels.map { DisplayWidth.wrapped(VisibleText.line($0.title), to: Self.width($0)) }
        let depth = titles.map(\.count).max() ?? 0
        let heads = (0..<depth).map { line in
            zip(panels, titles).map { panel, title in
                // Short titles stand beside the last line of long ones.
                let part = title[safe: line - (depth - title.count)] ?? ""
                return style.apply(.dim, DisplayWidth.padded(part, to: Self.width(panel)))
            }.joined(separator: "   ")
        }
        return heads
            + (0..<height).map { row in
                panels.map { panel in
                    let cells = panel.rows.indices.contains(row) ? Array(panel.rows[row]) : []
                    let been = Set(panel.pathInside.filter { $0.row == row }.map(\.column))
                    let text = cells.enumerated().map { column, glyph -> Character in
                        guard glyph == " " else { return glyph }
                        return been.contains(column) ? "·" : block(panel.values?[safe: row]?[safe: column]) ?? glyph
                    }
                    return DisplayWidth.padded(VisibleText.line(String(text)), to: Self.width(panel))
                }.joined(separator: "   ")
            }
    }
}
