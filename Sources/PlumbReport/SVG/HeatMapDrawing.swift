import PlumbRecords

/// A heat map as SVG: rows downwards, columns to the right, a color bar with its reference values. A table with as many
/// rows as columns, such as an attention pattern, has square cells.
struct HeatMapDrawing {
    let view: HeatMapView
    private let cellWidth: Double
    private let cellHeight: Double
    private let left: Double
    private let top: Double
    private let foot: Double
    private let rowNames: [String]
    private let columnNames: [String]
    private let turnsNames: Bool
    private let barTitle: [String]

    private var figure: HeatMap { view.figure }
    private var table: Table { view.table }
    private var scale: ColorScale { view.scale }

    init(_ figure: HeatMap, table: Table) {
        view = HeatMapView(figure, table: table)
        let isSquare = table.rows.count == table.columns.count
        let (wide, high) = (Self.width(table.columns.count), Self.height(table.rows.count))
        let texts = figure.cellTexts.joined().map { SVGCanvas.width(of: VisibleText.token($0), size: 10) }
        let isWritten = !texts.isEmpty
        cellWidth =
            isWritten
            ? min(88, max(36, (texts.max() ?? 0) + 10))
            : isSquare ? max(6, min(wide, 480 / Double(max(1, table.columns.count)))) : wide
        cellHeight = isWritten ? 18 : isSquare ? cellWidth : high
        // The rows of an attention pattern are the tokens of its columns.
        let rowsAreTokens = figure.columnsAreTokens && table.rows == table.columns
        rowNames = table.rows.map { rowsAreTokens ? VisibleText.token($0) : VisibleText.line($0) }
        columnNames = table.columns.map { figure.columnsAreTokens ? VisibleText.token($0) : VisibleText.line($0) }
        let widestRow = rowNames.map { SVGCanvas.width(of: $0, size: 10) }.max() ?? 0
        let widths = columnNames.map { SVGCanvas.width(of: $0, size: 10.5) }
        let widestColumn = widths.max() ?? 0
        turnsNames = widestColumn > cellWidth - 4
        let cell = cellWidth
        let reach = widths.enumerated().map { $0.element * 0.616 - cell * (Double($0.offset) + 0.5) }.max() ?? 0
        left = max(28 + widestRow, turnsNames ? reach + 8 : 0)
        top = figure.markedColumns.isEmpty ? 6 : 14
        foot = (turnsNames ? widestColumn * 0.788 + 14 : 16) + 22
        barTitle = SVGCanvas.lines(view.label, size: 10, room: 110)
    }

    private static func width(_ columns: Int) -> Double {
        switch columns {
        case ...10: 32
        case ...16: 27
        case ...28: 22
        case ...60: 16
        case ...400: 14
        default: 6
        }
    }

    private static func height(_ rows: Int) -> Double {
        switch rows {
        case ...8: 24
        case ...16: 18
        case ...36: 13
        case ...80: 9
        default: 5
        }
    }

    private var gridWidth: Double { cellWidth * Double(table.columns.count) }
    private var gridHeight: Double { cellHeight * Double(table.rows.count) }

    /// The natural width of the drawing in pixels.
    var width: Double { max(left + gridWidth + 18 + 12 + barLabelWidth, 160) }

    private var barHeight: Double { min(max(gridHeight, 90), 240) - (isClipped.upper ? 12 : 0) }
    private var barTop: Double { top + (isClipped.upper ? 12 : 0) }
    private var isClipped: (lower: Bool, upper: Bool) { (scale.beyond.lower != nil, scale.beyond.upper != nil) }

    private var barLabels: [(value: Double, text: String, isReference: Bool)] {
        view.barLabels(apart: 12 / max(1, barHeight))
    }

    private var barLabelWidth: Double {
        let texts = barLabels.map(\.text) + clipTexts.map(\.text)
        let widest = texts.map { SVGCanvas.width(of: $0, size: 10) }.max() ?? 0
        let title = barTitle.map { SVGCanvas.width(of: $0, size: 10) }.max() ?? 0
        return max(14 + widest, title)
    }

    func render() -> String {
        let barEnd = barTop + barHeight + (isClipped.lower ? 14 : 0) + 8 + 12 * Double(barTitle.count)
        var canvas = SVGCanvas(width: width, height: max(top + gridHeight + foot, barEnd + 6))
        drawCells(on: &canvas)
        drawRows(on: &canvas)
        drawColumns(on: &canvas)
        drawBar(on: &canvas)
        return canvas.render(label: Markup.escape(VisibleText.line("Heat map: \(figure.title)")))
    }

    // MARK: Cells

    private func drawCells(on canvas: inout SVGCanvas) {
        canvas.rect(
            left - 0.5, top - 0.5, gridWidth + 1, gridHeight + 1, "fill=\"none\" " + SVGCanvas.Paint.grid.stroke)
        for row in table.rows.indices {
            for column in table.columns.indices {
                canvas.rect(
                    left + Double(column) * cellWidth, top + Double(row) * cellHeight, cellWidth - gap,
                    cellHeight - gap, Self.paint(view.shown[row][column], scale),
                    title: Markup.escape(view.sentence(row, column)))
            }
        }
        for (row, texts) in figure.cellTexts.enumerated() where row < table.rows.count {
            for (column, text) in texts.enumerated() where column < table.columns.count {
                let isStrong = abs(scale.position(of: view.shown[row][column])) > 0.45
                canvas.fitted(
                    left + (Double(column) + 0.5) * cellWidth, top + Double(row) * cellHeight + 12.5,
                    VisibleText.token(text), room: cellWidth - 6, anchor: .middle, size: 10,
                    paint: isStrong ? .paper : .ink)
            }
        }
        for mark in table.highlights {
            canvas.rect(
                left + Double(mark.column) * cellWidth - 0.5, top + Double(mark.row) * cellHeight - 0.5, cellWidth,
                cellHeight, "fill=\"none\" stroke-width=\"1.5\" " + SVGCanvas.Paint.ink.stroke)
        }
    }

    private var gap: Double { cellHeight >= 9 ? 1 : 0.5 }

    /// The class by which the page colors a cell in dark mode, and the exact light color.
    static func paint(_ value: Double, _ scale: ColorScale) -> String {
        guard let color = scale.color(of: value) else { return "class=\"missing\" fill=\"#c9c9c9\"" }
        let step = scale.step(of: value)
        let name = scale.center == nil ? "q\(step)" : step < 0 ? "n\(-step)" : "p\(step)"
        return "class=\"\(name)\" fill=\"\(color.hex)\""
    }

    // MARK: Names

    private func drawRows(on canvas: inout SVGCanvas) {
        let every = max(1, Int((11.5 / cellHeight).rounded(.up)))
        for (row, name) in rowNames.enumerated() where row % every == 0 {
            let y = top + (Double(row) + 0.5) * cellHeight + 3.5
            canvas.text(left - 6, y, Markup.escape(name), anchor: .end, size: 10, paint: .faint)
        }
        canvas.fitted(
            12, top + gridHeight / 2, table.rowLabel, room: gridHeight + foot, anchor: .middle, turn: -90)
    }

    private func drawColumns(on canvas: inout SVGCanvas) {
        // Turned letters of this size need 13.5 pixels from line to line.
        let every = turnsNames ? max(1, Int((13.5 / cellWidth).rounded(.up))) : 1
        let marked = Set(figure.markedColumns)
        for (column, name) in columnNames.enumerated() {
            let isMarked = marked.contains(column)
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
        canvas.fitted(
            left + gridWidth / 2, top + gridHeight + foot - 6, table.columnLabel, room: max(gridWidth, 90),
            anchor: .middle)
    }

    // MARK: Color bar

    /// What stands at an end of the bar whose color also stands for values beyond it.
    private var clipTexts: [(text: String, isUpper: Bool)] {
        [(scale.beyond.upper, true), (scale.beyond.lower, false)].compactMap { value, isUpper in
            value.map { ("to " + NumberText.typographic(view.number($0)), isUpper) }
        }
    }

    private func drawBar(on canvas: inout SVGCanvas) {
        let x = left + gridWidth + 18
        let parts = 60
        for part in 0..<parts {
            let value = scale.lower + (scale.upper - scale.lower) * (1 - (Double(part) + 0.5) / Double(parts))
            let step = barHeight / Double(parts)
            canvas.rect(x, barTop + Double(part) * step, 12, step + 0.3, Self.paint(value, scale))
        }
        canvas.rect(x - 0.5, barTop - 0.5, 13, barHeight + 1, "fill=\"none\" " + SVGCanvas.Paint.grid.stroke)
        for label in barLabels {
            let part = Proportion.of(label.value, from: scale.lower, to: scale.upper) ?? 0
            let y = barTop + barHeight * (1 - part)
            canvas.line(
                x + (label.isReference ? 0 : 9), y, x + 15, y, (label.isReference ? SVGCanvas.Paint.ink : .rule).stroke)
            canvas.text(
                x + 18, y + 3.5, Markup.escape(label.text), size: 10, paint: label.isReference ? .ink : .faint)
        }
        for clip in clipTexts {
            let (end, tip) = clip.isUpper ? (barTop - 1.5, -9.0) : (barTop + barHeight + 1.5, 9.0)
            let paint = Self.paint(clip.isUpper ? scale.upper : scale.lower, scale)
            canvas.path(
                [(x, end), (x + 12, end), (x + 6, end + tip)], isClosed: true, paint,
                title: Markup.escape(view.clipping))
            canvas.text(x + 18, end + (clip.isUpper ? -5 : 12), Markup.escape(clip.text), size: 10, paint: .faint)
        }
        for (index, line) in barTitle.enumerated() {
            let y = barTop + barHeight + (isClipped.lower ? 14 : 0) + 18 + 12 * Double(index)
            canvas.text(x, y, Markup.escape(line), size: 10, paint: .faint)
        }
    }
}
