import PlumbRecords

/// A heat map as SVG: rows downwards, columns to the right, a colour bar with its reference values.
struct HeatMapDrawing {
    private let figure: HeatMap
    private let table: Table
    private let scale: ColorScale
    private let cellWidth: Double
    private let cellHeight: Double
    private let left: Double
    private let top: Double
    private let foot: Double
    private let rowNames: [String]
    private let columnNames: [String]

    init(_ figure: HeatMap, table: Table) {
        self.figure = figure
        self.table = table
        scale = ColorScale(figure, table: table)
        switch table.columns.count {
        case ...10: cellWidth = 32
        case ...16: cellWidth = 27
        case ...28: cellWidth = 22
        case ...60: cellWidth = 16
        case ...400: cellWidth = 14
        default: cellWidth = 6
        }
        switch table.rows.count {
        case ...8: cellHeight = 24
        case ...16: cellHeight = 18
        case ...36: cellHeight = 13
        case ...80: cellHeight = 9
        default: cellHeight = 5
        }
        rowNames = table.rows.map { DisplayWidth.truncated(VisibleText.line($0), to: 18) }
        columnNames = table.columns.map { name in
            DisplayWidth.truncated(figure.columnsAreTokens ? VisibleText.token(name) : VisibleText.line(name), to: 16)
        }
        let widestRow = rowNames.map { SVGCanvas.width(of: $0, size: 10) }.max() ?? 0
        let widestColumn = columnNames.map { SVGCanvas.width(of: $0, size: 10.5) }.max() ?? 0
        let isTurned = widestColumn > cellWidth - 4
        left = 28 + widestRow
        top = figure.markedColumns.isEmpty ? 6 : 14
        foot = (isTurned ? widestColumn * 0.78 + 12 : 16) + 22
        turnsNames = isTurned
    }

    private let turnsNames: Bool
    private var gridWidth: Double { cellWidth * Double(table.columns.count) }
    private var gridHeight: Double { cellHeight * Double(table.rows.count) }

    /// The natural width of the drawing in pixels.
    var width: Double { left + gridWidth + 18 + 12 + barLabelWidth }

    private var barLabelWidth: Double {
        let texts = barLabels.map(\.text)
        let title = DisplayWidth.truncated(figure.valueLabel.isEmpty ? table.unit : figure.valueLabel, to: 20)
        let widest = texts.map { SVGCanvas.width(of: $0, size: 10) }.max() ?? 0
        return max(12 + widest, SVGCanvas.width(of: title, size: 10) - 8)
    }

    func render() -> String {
        let barHeight = min(max(gridHeight, 90), 240)
        var canvas = SVGCanvas(width: width, height: max(top + gridHeight + foot, top + barHeight + 30))
        drawCells(on: &canvas)
        drawRows(on: &canvas)
        drawColumns(on: &canvas)
        drawBar(height: barHeight, on: &canvas)
        return canvas.render(label: Markup.escape(VisibleText.line("Heat map: \(figure.title)")))
    }

    // MARK: Cells

    private func drawCells(on canvas: inout SVGCanvas) {
        canvas.rect(
            left - 0.5, top - 0.5, gridWidth + 1, gridHeight + 1, "fill=\"none\" " + SVGCanvas.Paint.grid.stroke)
        for row in table.rows.indices {
            for column in table.columns.indices {
                let value = table.values[row][column]
                let paint = Self.paint(value, scale)
                canvas.rect(
                    left + Double(column) * cellWidth, top + Double(row) * cellHeight, cellWidth - gap,
                    cellHeight - gap,
                    paint, title: tooltip(row, column, value))
            }
        }
        for mark in table.highlights {
            canvas.rect(
                left + Double(mark.column) * cellWidth - 0.5, top + Double(mark.row) * cellHeight - 0.5, cellWidth,
                cellHeight, "fill=\"none\" stroke-width=\"1.5\" " + SVGCanvas.Paint.ink.stroke)
        }
    }

    private var gap: Double { cellHeight >= 9 ? 1 : 0.5 }

    /// The class by which the page colours a cell in dark mode, and the exact light colour.
    static func paint(_ value: Double, _ scale: ColorScale) -> String {
        guard let color = scale.color(of: value) else { return "class=\"missing\" fill=\"#c9c9c9\"" }
        let step = scale.step(of: value)
        let name = scale.center == nil ? "q\(step)" : step < 0 ? "n\(-step)" : "p\(step)"
        return "class=\"\(name)\" fill=\"\(color.hex)\""
    }

    private func tooltip(_ row: Int, _ column: Int, _ value: Double) -> String {
        let name =
            figure.columnsAreTokens
            ? "\(column) “\(VisibleText.token(table.columns[column]))”" : VisibleText.line(table.columns[column])
        var text = "\(table.rowLabel) \(VisibleText.line(table.rows[row])) · \(table.columnLabel) \(name): "
        text += NumberText.value(value, digits: 6) + (table.unit.isEmpty ? "" : " \(table.unit)")
        if let lower = table.lower?[row][column], let upper = table.upper?[row][column] {
            text += " [\(NumberText.value(lower)), \(NumberText.value(upper))]"
        }
        return Markup.escape(text)
    }

    // MARK: Names

    private func drawRows(on canvas: inout SVGCanvas) {
        let every = max(1, Int((11.5 / cellHeight).rounded(.up)))
        for (row, name) in rowNames.enumerated() where row % every == 0 {
            let y = top + (Double(row) + 0.5) * cellHeight + 3.5
            canvas.text(left - 6, y, Markup.escape(name), anchor: .end, size: 10, paint: .faint)
        }
        let title = Markup.escape(DisplayWidth.truncated(VisibleText.line(table.rowLabel), to: 24))
        canvas.text(12, top + gridHeight / 2, title, anchor: .middle, size: 11, turn: -90)
    }

    private func drawColumns(on canvas: inout SVGCanvas) {
        // Turned letters of this size need 13.5 pixels from line to line.
        let every = turnsNames ? max(1, Int((13.5 / cellWidth).rounded(.up))) : 1
        for (column, name) in columnNames.enumerated() {
            let isMarked = figure.markedColumns.contains(column)
            guard column % every == 0 || isMarked else { continue }
            let x = left + (Double(column) + 0.5) * cellWidth
            let y = top + gridHeight + (turnsNames ? 11 : 14)
            canvas.text(
                turnsNames ? x + 3 : x, y, Markup.escape(name), anchor: turnsNames ? .end : .middle, size: 10.5,
                paint: isMarked ? .ink : .faint, isBold: isMarked, turn: turnsNames ? -52 : 0)
            if isMarked {
                canvas.path(
                    [(x - 4, top - 9), (x + 4, top - 9), (x, top - 3)], isClosed: true, SVGCanvas.Paint.ink.fill)
            }
        }
        let title = Markup.escape(DisplayWidth.truncated(VisibleText.line(table.columnLabel), to: 40))
        canvas.text(left + gridWidth / 2, top + gridHeight + foot - 6, title, anchor: .middle, size: 11)
    }

    // MARK: Colour bar

    private var barLabels: [(value: Double, text: String, isReference: Bool)] {
        let ticks = AxisScale.ticks(scale.lower, scale.upper, count: 5)
        let reach = scale.upper - scale.lower
        let references = figure.references.filter { $0.value >= scale.lower && $0.value <= scale.upper }
        // References first: a tick too near to one gives way.
        var labels: [(value: Double, text: String, isReference: Bool)] = []
        for reference in references where !labels.contains(where: { abs($0.value - reference.value) < reach * 0.055 }) {
            let number = NumberText.typographic(NumberText.fixed(reference.value, decimals: 2))
            labels.append(
                (
                    reference.value, "\(DisplayWidth.truncated(VisibleText.line(reference.label), to: 18)) \(number)",
                    true
                ))
        }
        for tick in ticks where !labels.contains(where: { abs($0.value - tick) < reach * 0.055 }) {
            labels.append((tick, AxisScale.label(tick, among: ticks), false))
        }
        return labels
    }

    private func drawBar(height: Double, on canvas: inout SVGCanvas) {
        let x = left + gridWidth + 18
        let title = figure.valueLabel.isEmpty ? table.unit : figure.valueLabel
        let parts = 60
        let barTop = top
        for part in 0..<parts {
            let value = scale.upper - (scale.upper - scale.lower) * (Double(part) + 0.5) / Double(parts)
            let step = height / Double(parts)
            canvas.rect(x, barTop + Double(part) * step, 12, step + 0.3, Self.paint(value, scale))
        }
        canvas.rect(x - 0.5, barTop - 0.5, 13, height + 1, "fill=\"none\" " + SVGCanvas.Paint.grid.stroke)
        for label in barLabels {
            let y = barTop + height * (scale.upper - label.value) / (scale.upper - scale.lower)
            canvas.line(
                x + (label.isReference ? 0 : 9), y, x + 15, y, (label.isReference ? SVGCanvas.Paint.ink : .rule).stroke)
            canvas.text(
                x + 18, y + 3.5, Markup.escape(label.text), size: 10, paint: label.isReference ? .ink : .faint)
        }
        if !title.isEmpty {
            canvas.text(
                x, barTop + height + 18, Markup.escape(DisplayWidth.truncated(VisibleText.line(title), to: 20)),
                size: 10,
                paint: .faint)
        }
    }
}
