import PlumbRecords

/// The ground a chart is drawn on: axes with ticks and labels, horizontal grid, legend, reference lines.
struct PlotFrame {
    static let width = 560.0
    static let height = 340.0

    let x: AxisScale
    let y: AxisScale
    let bottom: Double
    static let left = 58.0
    let right: Double
    private let references: [ReferenceValue]
    let top: Double

    /// - Parameters:
    ///   - legend: the names of series, which stand above the plot where there are several.
    ///   - isTight: whether the horizontal axis ends where its values end.
    ///   - references: values on the vertical axis that get a line, with room for their labels on the right.
    ///   - head: room above the plot for more than the legend.
    ///   - foot: room below the plot for tick labels and the axis label.
    init(
        x: some Sequence<Double>, xScale: Axis.Scale, y: some Sequence<Double>, yAxis: Axis,
        references: [ReferenceValue] = [], includesZero: Bool = false, isTight: Bool = false,
        legend: [String] = [], head: Double = 0, foot: Double = 46
    ) {
        right = Self.right(for: references)
        self.references = references
        let values = Array(y) + references.map(\.value)
        let lines = Self.legendLines(legend).count
        top = (lines > 0 ? 18 + Self.legendHeight * Double(lines) : 14) + head
        bottom = Self.height - foot
        self.x = AxisScale(x, scale: xScale, isTight: isTight, from: Self.left, to: right)
        self.y = AxisScale(values, scale: yAxis.scale, includesZero: includesZero, from: bottom, to: top)
    }

    /// Grid, tick labels and the label of the vertical axis.
    func drawVerticalAxis(_ axis: Axis, on canvas: inout SVGCanvas) {
        for tick in y.minorTicks {
            guard let place = y.place(tick) else { continue }
            canvas.line(Self.left - 3, place, Self.left, place, SVGCanvas.Paint.rule.stroke)
        }
        for tick in y.ticks {
            guard let place = y.place(tick) else { continue }
            canvas.line(Self.left, place, right, place, SVGCanvas.Paint.grid.stroke)
            canvas.text(Self.left - 8, place + 3.5, y.label(tick), anchor: .end, size: 10.5, paint: .faint)
        }
        let middle = (top + bottom) / 2
        canvas.text(14, middle, Self.title(axis), anchor: .middle, size: 11, paint: .ink, turn: -90)
    }

    /// Tick marks, their labels and the label of the horizontal axis.
    func drawHorizontalAxis(_ axis: Axis, on canvas: inout SVGCanvas) {
        canvas.line(Self.left, bottom, right, bottom, SVGCanvas.Paint.rule.stroke)
        for tick in x.minorTicks {
            guard let place = x.place(tick) else { continue }
            canvas.line(place, bottom, place, bottom + 2.5, SVGCanvas.Paint.rule.stroke)
        }
        for tick in x.ticks {
            guard let place = x.place(tick) else { continue }
            canvas.line(place, bottom, place, bottom + 4, SVGCanvas.Paint.rule.stroke)
            canvas.text(place, bottom + 16, x.label(tick), anchor: .middle, size: 10.5, paint: .faint)
        }
        drawHorizontalTitle(Self.title(axis), on: &canvas)
    }

    func drawHorizontalTitle(_ markup: String, on canvas: inout SVGCanvas) {
        canvas.text((Self.left + right) / 2, Self.height - 8, markup, anchor: .middle, size: 11)
    }

    /// Dashed lines across the plot with their labels beyond its right end.
    func drawReferences(on canvas: inout SVGCanvas) {
        let places = references.compactMap { reference -> (place: Double, label: String)? in
            guard reference.value >= y.lower, reference.value <= y.upper else { return nil }
            return y.place(reference.value).map { ($0, Self.label(of: reference)) }
        }
        var free = -Double.infinity
        for (place, label) in places.sorted(by: { $0.place < $1.place }) {
            canvas.line(Self.left, place, right, place, SVGCanvas.Paint.rule.stroke + " stroke-dasharray=\"4 4\"")
            // Lines that lie close together keep their labels apart.
            let line = max(place, free)
            canvas.text(right + 6, line + 3.5, Markup.escape(label), size: 10, paint: .faint)
            free = line + 11
        }
    }

    /// Where the plot ends to leave room for its references' labels.
    static func right(for references: [ReferenceValue]) -> Double {
        let widest = references.map { SVGCanvas.width(of: label(of: $0), size: 10) }.max() ?? 0
        return width - 16 - (widest > 0 ? widest + 2 : 0)
    }

    private static func label(of reference: ReferenceValue) -> String {
        DisplayWidth.truncated(VisibleText.line(reference.label), to: 24)
    }

    /// One name of the legend, with the place of its series among all.
    private struct LegendEntry {
        var index: Int
        var text: String
        var width: Double
    }

    private static let legendHeight = 16.0
    /// Names that need more lines than this are counted instead.
    private static let mostLegendLines = 6

    /// The names of several series, as many a line as there is room for; one series needs none.
    private static func legendLines(_ names: [String]) -> [[LegendEntry]] {
        guard names.count > 1 else { return [] }
        var (lines, used) = ([[LegendEntry]](), Double.infinity)
        for (index, name) in names.enumerated() {
            let text = DisplayWidth.truncated(VisibleText.line(name), to: 60)
            let entry = LegendEntry(index: index, text: text, width: SVGCanvas.width(of: text, size: 11) + 32)
            if used + entry.width > width - 16 {
                lines.append([])
                used = left
            }
            lines[lines.count - 1].append(entry)
            used += entry.width
        }
        guard lines.count > mostLegendLines else { return lines }
        let rest = names.count - lines.prefix(mostLegendLines - 1).joined().count
        return Array(lines.prefix(mostLegendLines - 1)) + [[LegendEntry(index: -1, text: "+ \(rest)", width: 0)]]
    }

    /// The names of several series above the plot.
    static func drawLegend(_ names: [String], on canvas: inout SVGCanvas) {
        for (number, line) in legendLines(names).enumerated() {
            let top = 10 + legendHeight * Double(number)
            var place = left
            for entry in line {
                guard entry.index >= 0 else {
                    canvas.text(place, top + 9, entry.text, size: 11, paint: .faint)
                    continue
                }
                canvas.rect(place, top, 12, 10, SVGCanvas.Paint.series(entry.index).fill + " rx=\"2\"")
                canvas.text(place + 17, top + 9, Markup.escape(entry.text), size: 11)
                place += entry.width
            }
        }
    }

    /// An axis' label with its unit, escaped.
    static func title(_ axis: Axis) -> String {
        let label = axis.unit.isEmpty || axis.label.contains(axis.unit) ? axis.label : "\(axis.label) (\(axis.unit))"
        return Markup.escape(DisplayWidth.truncated(VisibleText.line(label), to: 48))
    }
}
