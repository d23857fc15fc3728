import PlumbRecords

/// Grids of cells with an agent's path through each, panel by panel, and a legend of what stands in them.
struct GridDrawing {
    private let figure: GridFigure
    private let columns: Int
    private let cell: Double
    private let glyphs: [Character: GridFigure.Glyph]
    private let bounds: (least: Double, greatest: Double)
    private let panelWidth: Double
    private let titles: [[String]]
    private static let gap = 22.0
    private static let margin = 8.0
    private static let titleLine = 13.0
    private static let widest = 760.0

    init(_ figure: GridFigure) {
        self.figure = figure
        glyphs = Dictionary(figure.legend.compactMap { glyph in glyph.character.first.map { ($0, glyph) } }) {
            first, _ in first
        }
        let cells = Double(max(1, figure.panels.map(Self.columns).max() ?? 1))
        let abreast = figure.panels.count < 2 ? 1 : figure.panels.count < 5 ? figure.panels.count : 4
        let room = (Self.widest - Self.gap * Double(abreast - 1)) / Double(max(1, abreast))
        // Wide grids stand below each other rather than become too small to read.
        cell = min(30, max(9, room / cells))
        // A title of one long word must fit, too.
        let words = figure.panels.flatMap { VisibleText.line($0.title).split(separator: " ") }
        let widestWord = words.map { SVGCanvas.width(of: String($0), size: 11.5) }.max() ?? 0
        let width = max(cells * cell, min(widestWord, 200))
        panelWidth = width
        titles = figure.panels.map { SVGCanvas.lines($0.title, size: 11.5, room: width + 16) }
        let fit = max(1, Int((Self.widest + Self.gap) / (width + Self.gap)))
        columns = max(1, min(fit, figure.panels.count))
        bounds = Proportion.bounds(figure.panels.flatMap { ($0.values ?? []).flatMap { $0 } }) ?? (0, 1)
    }

    private static func columns(_ panel: GridFigure.Panel) -> Int { panel.rows.map(\.count).max() ?? 0 }

    private var titleHeight: Double { 7 + Self.titleLine * Double(max(1, titles.map(\.count).max() ?? 1)) }
    private var panelHeight: Double { Double(max(1, figure.panels.map(\.rows.count).max() ?? 1)) * cell }
    private var rowHeight: Double { titleHeight + panelHeight + Self.gap * 0.6 }
    private var rows: Int { (figure.panels.count + columns - 1) / max(1, columns) }

    /// The natural width of the drawing in pixels.
    var width: Double {
        max(300, 2 * Self.margin + Double(columns) * (panelWidth + Self.gap) - Self.gap)
    }

    func render() -> String {
        let entries = legend
        let lines = legendLines(entries)
        let top = Double(max(1, rows)) * rowHeight
        let keys = top + Double(lines.count) * 18
        var canvas = SVGCanvas(width: width, height: keys + (hasValues ? 20 : 0) + Self.margin)
        for (index, panel) in figure.panels.enumerated() {
            let left = Self.margin + Double(index % columns) * (panelWidth + Self.gap)
            let top = Double(index / columns) * rowHeight + titleHeight
            for (line, text) in titles[index].enumerated() {
                let y = top - 7 - Self.titleLine * Double(titles[index].count - 1 - line)
                canvas.text(left + panelWidth / 2, y, Markup.escape(text), anchor: .middle, size: 11.5)
            }
            let inset = (panelWidth - Double(Self.columns(panel)) * cell) / 2
            draw(panel, left + max(0, inset), top, on: &canvas)
        }
        for (index, line) in lines.enumerated() {
            var x = Self.margin
            for entry in line {
                drawKey(entry, x, top + Double(index) * 18, on: &canvas)
                x += Self.keyWidth(entry)
            }
        }
        if hasValues { drawValueKey(keys + 4, on: &canvas) }
        return canvas.render(label: ChartDrawing.label("Grids", figure.title))
    }

    // MARK: Cells

    private func draw(_ panel: GridFigure.Panel, _ left: Double, _ top: Double, on canvas: inout SVGCanvas) {
        for (row, line) in panel.rows.enumerated() {
            for (column, glyph) in line.enumerated() {
                let value = panel.values.flatMap {
                    $0.indices.contains(row) && $0[row].indices.contains(column) ? $0[row][column] : nil
                }
                draw(
                    glyph, value, left + Double(column) * cell, top + Double(row) * cell, "\(row + 1), \(column + 1)",
                    on: &canvas)
            }
        }
        // What stands in a cell lies over the path, which would cover its letter.
        drawPath(panel, left, top, on: &canvas)
        for (row, line) in panel.rows.enumerated() {
            for (column, glyph) in line.enumerated() {
                let (x, y) = (left + Double(column) * cell, top + Double(row) * cell)
                drawMark(glyph, kind(glyph), x, y, cell, on: &canvas)
            }
        }
        let (width, height) = (Double(Self.columns(panel)) * cell, Double(panel.rows.count) * cell)
        canvas.rect(left, top, width, height, "fill=\"none\" pointer-events=\"none\" " + SVGCanvas.Paint.rule.stroke)
    }

    private func kind(_ glyph: Character) -> GridFigure.Glyph.Kind { glyphs[glyph]?.kind ?? .floor }

    private func draw(
        _ glyph: Character, _ value: Double?, _ x: Double, _ y: Double, _ place: String, on canvas: inout SVGCanvas
    ) {
        let kind = kind(glyph)
        var title = "row \(place)"
        if let label = glyphs[glyph]?.label, !label.isEmpty { title += ": \(label)" }
        var fill = SVGCanvas.Paint.paper.fill
        if kind == .wall { fill = SVGCanvas.Paint.rule.fill }
        if let value, value.isFinite, kind != .wall {
            fill = paint(value)
            title += ", \(figure.valueLabel) \(NumberText.exact(value))"
        }
        canvas.rect(x, y, cell, cell, fill, title: Markup.escape(VisibleText.line(title)))
        canvas.line(x, y, x + cell, y, SVGCanvas.Paint.grid.stroke)
        canvas.line(x, y, x, y + cell, SVGCanvas.Paint.grid.stroke)
    }

    /// What stands in a cell: a disc for the agent, a colored square for what the reward depends on, its letter.
    private func drawMark(
        _ glyph: Character, _ kind: GridFigure.Glyph.Kind, _ x: Double, _ y: Double, _ side: Double,
        on canvas: inout SVGCanvas
    ) {
        let inset = side * 0.12
        func square(_ paint: SVGCanvas.Paint) {
            canvas.rect(
                x + inset, y + inset, side - 2 * inset, side - 2 * inset,
                "rx=\"2\" pointer-events=\"none\" " + paint.fill)
        }
        switch kind {
        case .wall: return
        case .floor, .marker: break
        case .agent:
            canvas.circle(
                x + side / 2, y + side / 2, radius: side * 0.36,
                "pointer-events=\"none\" " + SVGCanvas.Paint.series(0).fill)
        case .goal: square(.series(2))
        case .hazard: square(.series(1))
        case .object: square(.series(4))
        }
        guard glyph != " ", side >= 12 else { return }
        let isPlain = kind == .floor || kind == .marker
        canvas.text(
            x + side / 2, y + side / 2 + side * 0.19, Markup.escape(VisibleText.line(String(glyph))), anchor: .middle,
            size: min(14, side * 0.52), paint: isPlain ? .faint : .paper, isBold: !isPlain)
    }

    private func drawPath(_ panel: GridFigure.Panel, _ left: Double, _ top: Double, on canvas: inout SVGCanvas) {
        let path = panel.pathInside
        guard path.count > 1, let end = path.last else { return }
        // A little to the side for each time it was there before, so that a way back does not hide the way there.
        var visits: [GridFigure.Cell: Int] = [:]
        let points = path.map { place in
            let shift = Double(visits[place, default: 0] % 5) * cell * 0.06
            visits[place, default: 0] += 1
            return (
                x: left + (Double(place.column) + 0.5) * cell + shift, y: top + (Double(place.row) + 0.5) * cell + shift
            )
        }
        let stroke = "fill=\"none\" stroke-width=\"\(cell >= 16 ? 2 : 1.4)\" stroke-linejoin=\"round\" "
        canvas.path(points, stroke + "opacity=\"0.85\" pointer-events=\"none\" " + SVGCanvas.Paint.series(0).stroke)
        guard let last = points.last,
            let before = points.last(where: { abs($0.x - last.x) + abs($0.y - last.y) > cell / 2 })
        else { return }
        let (dx, dy) = (last.x - before.x, last.y - before.y)
        let length = max(1e-9, (dx * dx + dy * dy).squareRoot())
        let (ux, uy) = (dx / length, dy / length)
        let head = cell * 0.3
        // At a cell with something in it the arrow ends at the edge.
        let isMarked = ![.floor, .marker, .wall].contains(kind(Array(panel.rows[end.row])[end.column]))
        let back = isMarked ? cell * 0.38 + head : 0
        let (x, y) = (last.x - ux * back, last.y - uy * back)
        canvas.path(
            [
                (x + ux * head, y + uy * head), (x - uy * head * 0.6, y + ux * head * 0.6),
                (x + uy * head * 0.6, y - ux * head * 0.6),
            ], isClosed: true, SVGCanvas.Paint.series(0).fill)
    }

    private func paint(_ value: Double) -> String {
        let part = Proportion.of(value, from: bounds.least, to: bounds.greatest) ?? 0
        // The paler half, so that letters and paths stay readable.
        let step = Int((0.6 * part * Double(ColorScale.steps)).rounded())
        let color = ColorScale.color(at: Double(step) / Double(ColorScale.steps), isDiverging: false, .light)
        return "class=\"q\(step)\" fill=\"\(color.hex)\""
    }

    // MARK: Legend

    private var hasValues: Bool { figure.panels.contains { $0.values != nil } }

    /// What the colors of the cells mean: the least and the greatest number at the ends of a bar.
    private func drawValueKey(_ y: Double, on canvas: inout SVGCanvas) {
        var x = Self.margin
        func write(_ text: String) {
            canvas.text(x, y + 11, Markup.escape(text), size: 10.5, paint: .faint)
            x += SVGCanvas.width(of: text, size: 10.5) + 6
        }
        func number(_ value: Double) -> String { NumberText.typographic(NumberText.value(value, digits: 2)) }
        write(VisibleText.line(figure.valueLabel.isEmpty ? "value" : figure.valueLabel) + "  " + number(bounds.least))
        let parts = bounds.least < bounds.greatest ? 24 : 1
        for part in 0..<parts {
            let value = bounds.least + (bounds.greatest - bounds.least) * (Double(part) + 0.5) / Double(parts)
            canvas.rect(x, y + 1, 96 / Double(parts) + 0.3, 12, paint(value))
            x += 96 / Double(parts)
        }
        x += 6
        if parts > 1 { write(number(bounds.greatest)) }
    }

    /// The named glyphs that stand somewhere.
    private var legend: [GridFigure.Glyph] {
        let present = Set(figure.panels.flatMap { $0.rows.flatMap { $0 } })
        return figure.legend.filter { !$0.label.isEmpty && $0.character.first.map(present.contains) == true }
    }

    private static func keyWidth(_ glyph: GridFigure.Glyph) -> Double {
        34 + SVGCanvas.width(of: VisibleText.line(glyph.label), size: 10.5)
    }

    private func legendLines(_ entries: [GridFigure.Glyph]) -> [[GridFigure.Glyph]] {
        var lines: [[GridFigure.Glyph]] = []
        var used = Double.infinity
        for entry in entries {
            if used + Self.keyWidth(entry) > width - Self.margin { (lines, used) = (lines + [[]], Self.margin) }
            lines[lines.count - 1].append(entry)
            used += Self.keyWidth(entry)
        }
        return lines
    }

    private func drawKey(_ glyph: GridFigure.Glyph, _ x: Double, _ y: Double, on canvas: inout SVGCanvas) {
        canvas.rect(x, y, 14, 14, glyph.kind == .wall ? SVGCanvas.Paint.rule.fill : SVGCanvas.Paint.grid.fill)
        drawMark(glyph.character.first ?? " ", glyph.kind, x, y, 14, on: &canvas)
        canvas.text(x + 19, y + 11, Markup.escape(VisibleText.line(glyph.label)), size: 10.5, paint: .faint)
    }
}
