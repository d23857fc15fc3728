public import PlumbRecords

/// Grids as text, as many side by side as fit: walls and letters as they are, dots where the agent went, and elsewhere
/// blocks, the denser the larger a cell's number.
public struct TerminalGrid: Sendable {
    private let figure: GridFigure
    /// The least and the greatest number of any cell; nil where cells have none.
    private let bounds: ClosedRange<Double>?
    /// More panels than this are left to the page.
    private static let most = 8

    /// The text of one figure.
    public init(_ figure: GridFigure) {
        self.figure = figure
        let values = figure.panels.flatMap { ($0.values ?? []).flatMap { $0 } }.filter(\.isFinite)
        bounds = values.min().flatMap { least in values.max().map { least...$0 } }
    }

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
        if let bounds {
            let label = VisibleText.line(figure.valueLabel.isEmpty ? "value" : figure.valueLabel)
            let (least, greatest) = (NumberText.value(bounds.lowerBound), NumberText.value(bounds.upperBound))
            output += style.apply(.dim, "\(label) \(least) \(String(Self.blocks)) \(greatest)") + "\n"
        }
        let left = figure.panels.count - Self.most
        return left > 0 ? output + style.apply(.dim, "and \(left) more in the report") + "\n" : output
    }

    private static func width(_ panel: GridFigure.Panel) -> Int {
        max(panel.rows.map(\.count).max() ?? 0, min(DisplayWidth.of(VisibleText.line(panel.title)), 36))
    }

    private static let blocks: [Character] = [" ", "░", "▒", "▓", "█"]

    /// How dense a cell of this number is; nil where there is none.
    private func block(_ value: Double?) -> Character? {
        guard let bounds, let value, value.isFinite else { return nil }
        // Halves, because the difference of two large numbers may have no place.
        let (width, place) = (bounds.upperBound / 2 - bounds.lowerBound / 2, value / 2 - bounds.lowerBound / 2)
        return Self.blocks[width > 0 ? min(4, max(0, Int((place / width * 4).rounded()))) : 2]
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
                    let text = cells.enumerated().map { column, glyph -> Character in
                        guard glyph == " " else { return glyph }
                        return been.contains(column) ? "·" : block(panel.values?[safe: row]?[safe: column]) ?? glyph
                    }
                    return DisplayWidth.padded(VisibleText.line(String(text)), to: Self.width(panel))
                }.joined(separator: "   ")
            }
    }
}
