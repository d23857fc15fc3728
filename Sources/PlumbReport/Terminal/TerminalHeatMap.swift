public import PlumbRecords

/// A table as colored cells in the terminal: rows downwards, columns to the right, values inside where they fit.
///
/// Without color, each cell carries a block whose density is its distance from the center. Tables wider than the
/// terminal continue in a second panel below.
public struct TerminalHeatMap: Sendable {
    private let view: HeatMapView
    private var table: Table { view.table }
    private var figure: HeatMap { view.figure }
    private var scale: ColorScale { view.scale }

    /// The text of one heat map.
    /// - Parameters:
    ///   - figure: the heading, the color scale and the marks.
    ///   - table: the table that `figure` names.
    public init(_ figure: HeatMap, table: Table) {
        view = HeatMapView(figure, table: table)
    }

    /// The heat map that `figure` describes, or `nil` when the findings lack its table or the table is empty.
    public init?(_ figure: HeatMap, in findings: Findings) {
        guard let table = findings.table(figure.table), !table.rows.isEmpty, !table.columns.isEmpty else { return nil }
        self.init(figure, table: table)
    }

    /// The title, the cells and a legend, as lines that each end in a line break.
    public func render(_ style: TerminalStyle = .plain) -> String {
        let rowNames = table.rows.map(VisibleText.line)
        let rowTitle = VisibleText.line(table.rowLabel)
        let margin = min(16, max(DisplayWidth.of(rowTitle), rowNames.map { DisplayWidth.of($0) }.max() ?? 0))
        let room = max(2, style.width - margin - 1)
        let isWritten = !figure.cellTexts.isEmpty
        let cell = isWritten ? min(12, room) : min(7, max(2, room / max(1, table.columns.count)))
        let perPanel = max(1, room / cell)
        let widths = table.columns.map { DisplayWidth.of(name($0)) }
        var output = style.heading(view.title)
        var first = 0
        while first < table.columns.count {
            var end = min(first + perPanel, table.columns.count)
            // A name that the terminal would cut begins the next panel.
            while end > first + 1, (first..<end).contains(where: { ($0 - first) * cell + widths[$0] > room }) {
                end -= 1
            }
            let range = first..<end
            first = end
            output += header(range, cell: cell, margin: margin, rowTitle: rowTitle, style)
            for row in table.rows.indices {
                let name = DisplayWidth.padded(
                    DisplayWidth.truncated(rowNames[row], to: margin), to: margin, right: true)
                let cells = range.map { column in
                    figure.cellTexts[safe: row]?[safe: column].map {
                        written($0, view.shown[row][column], width: cell, style)
                    } ?? text(view.shown[row][column], width: cell, style)
                }.joined()
                let line = style.color >= .ansi256 ? cells : cells.trimmingSuffix { $0 == " " }
                output += style.apply(.dim, name) + " " + line + "\n"
            }
        }
        return output + legend(style)
    }

    // MARK: Cells

    private func text(_ value: Double, width: Int, _ style: TerminalStyle) -> String {
        let isColored = style.color >= .ansi256
        // One column stays free for the block, or as a gap between values.
        let number = width >= 5 && !isNeutral(value) ? fitted(value, to: width - 1) : nil
        if isColored, let color = scale.color(of: value) {
            return style.apply(background: color, DisplayWidth.padded(number ?? "", to: width, right: true))
        }
        let block = value.isNaN ? "?" : density(of: value)
        if let number { return block + DisplayWidth.padded(number, to: width - 1, right: true) }
        let sign = scale.center != nil && scale.position(of: value) < -0.125 ? "-" : " "
        // In a wide cell the block stands where it stands beside a value.
        return DisplayWidth.padded(
            width >= 5 ? block : String(repeating: " ", count: width - 2) + sign + block, to: width)
    }

    /// A cell with a text of its own, after the block that stands for its value where there is no color.
    private func written(_ text: String, _ value: Double, width: Int, _ style: TerminalStyle) -> String {
        let room = width - 2
        let shown = DisplayWidth.truncated(VisibleText.token(text), to: room)
        guard style.color >= .ansi256, let color = scale.color(of: value) else {
            return (value.isNaN ? "?" : density(of: value)) + DisplayWidth.padded(shown, to: width - 1)
        }
        return style.apply(background: color, " " + DisplayWidth.padded(shown, to: width - 1))
    }

    /// Whether the value is too near the center to be worth digits that would hide the others.
    private func isNeutral(_ value: Double) -> Bool { scale.center != nil && abs(scale.position(of: value)) < 0.06 }

    /// The value with as many decimals, up to two, as fit; `nil` when not even the whole part fits.
    private func fitted(_ value: Double, to width: Int) -> String? {
        for decimals in stride(from: width >= 6 ? 2 : 1, through: 0, by: -1) {
            let text = NumberText.fixed(value, decimals: decimals)
            if text.count <= width { return text }
        }
        return nil
    }

    private func density(of value: Double) -> String {
        let blocks = ["·", "░", "▒", "▓", "█"]
        return blocks[min(4, Int((abs(scale.position(of: value)) * 4).rounded()))]
    }

    // MARK: Header

    private func name(_ column: String) -> String {
        figure.columnsAreTokens ? VisibleText.token(column) : VisibleText.line(column)
    }

    /// Column names above their columns, spread over as many lines as keep them apart, with rules down to the cells.
    private func header(
        _ range: Range<Int>, cell: Int, margin: Int, rowTitle: String, _ style: TerminalStyle
    ) -> String {
        let names = range.map { name(table.columns[$0]) }
        let room = max(cell, style.width - margin - 1)
        let longest = names.map { DisplayWidth.of($0) }.max() ?? 0
        let depth = max(1, min((longest + cell) / cell, range.count))
        var lines = ""
        for level in 0..<depth {
            var line = ""
            var used = 0
            for (index, name) in names.enumerated() {
                let start = index * cell
                let own = index % depth
                guard own <= level, start >= used else { continue }
                // A long name goes as far as the terminal does.
                let shown = own == level ? DisplayWidth.truncated(name, to: room - start) : "│"
                line += String(repeating: " ", count: start - used) + shown
                used = start + DisplayWidth.of(shown)
            }
            lines += String(repeating: " ", count: margin + 1) + style.apply(.dim, line) + "\n"
        }
        let title = DisplayWidth.padded(DisplayWidth.truncated(rowTitle, to: margin), to: margin)
        let marked = Set(figure.markedColumns)
        let marks = range.map { DisplayWidth.padded(marked.contains($0) ? "▼" : "│", to: cell) }.joined()
        let line = (title + " " + marks).trimmingSuffix { $0 == " " }
        return lines + style.apply(.dim, line) + "\n"
    }

    // MARK: Legend

    private func legend(_ style: TerminalStyle) -> String {
        let count = min(24, max(8, style.width / 4))
        let bar = (0..<count).map { index -> String in
            let value = scale.lower + (scale.upper - scale.lower) * (Double(index) / Double(count - 1))
            if style.color >= .ansi256, let color = scale.color(of: value) {
                return style.apply(background: color, " ")
            }
            return density(of: value)
        }.joined()
        let name = VisibleText.line(view.label)
        let ends = (view.number(scale.lower), view.number(scale.upper))
        var output = (name.isEmpty ? "" : name + " ") + "\(ends.0) \(bar) \(ends.1)\n"
        var notes = view.references.map { "\(VisibleText.line($0.label)) \(view.number($0.value))" }
        if let center = scale.center { notes.insert("neutral \(view.number(center))", at: 0) }
        var sentences = [notes.joined(separator: " · ")]
        if !figure.markedColumns.isEmpty, !figure.markLabel.isEmpty {
            sentences.append("▼ " + VisibleText.line(figure.markLabel))
        }
        sentences.append(view.clipping)
        for sentence in sentences where !sentence.isEmpty {
            for line in DisplayWidth.wrapped(sentence, to: style.width) { output += style.apply(.dim, line) + "\n" }
        }
        return output
    }
}
