import PlumbRecords

/// The ground a chart is drawn on: axes with ticks and labels, horizontal grid, legend, reference lines.
///
/// Every label is measured and gets its room: the plot keeps its height, and the drawing grows around it.
struct PlotFrame {
    static let plotHeight = 280.0

    let x: AxisScale
    let y: AxisScale
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double
    let width: Double
    let height: Double
    private let references: [ReferenceValue]
    private let legend: PlotLegend

    /// What a frame is made from.
    struct Content {
        var x: [Double] = []
        var xScale = Axis.Scale.linear
        var y: [Double] = []
        var yAxis = Axis("")
        /// Values on the vertical axis that get a line, with room for their labels on the right.
        var references: [ReferenceValue] = []
        /// Whether the vertical axis begins at zero.
        var includesZero = false
        /// Whether the horizontal axis ends where its values end.
        var isTight = false
        /// Whether both axes have one range and one length.
        var isSquare = false
        /// The names of series, which stand above the plot where there are several, with their colors.
        var legend: [(name: String, color: Int)] = []
        /// Names of places along the horizontal axis.
        var markers: [LineChart.Marker] = []
        /// Room below the plot for tick labels and the axis label.
        var foot = 46.0
        /// The least room on the left, for turned labels below the plot.
        var leftRoom = 0.0
    }

    init(_ content: Content) {
        references = content.references
        let yScale = content.yAxis.drawnScale
        var ys = content.y + references.map(\.value)
        var xs = content.x
        if content.isSquare { (xs, ys) = (xs + ys, xs + ys) }
        // A share that never changes lies between 0 and 1 all the same.
        let isShare = Axis.isShare(content.yAxis.label, content.yAxis.unit)
        if isShare, Set(ys).count == 1, ys.allSatisfy((0...1).contains) { ys += [0, 1] }
        let side = content.isSquare ? 340 : Self.plotHeight
        let plain = AxisScale(ys, scale: yScale, includesZero: content.includesZero, from: side, to: 0)
        let ticks = plain.ticks.map { SVGCanvas.width(of: plain.label($0), size: 10.5) }.max() ?? 0
        left = max(34 + ticks, content.leftRoom)
        let widest = references.map { SVGCanvas.width(of: VisibleText.line($0.label), size: 10) }.max() ?? 0
        right = left + (content.isSquare ? side : Self.plotWidth(beside: references))
        width = right + max(24, widest > 0 ? widest + 14 : 0)
        legend = PlotLegend(content.legend, from: left, to: width - 8)
        x = AxisScale(
            xs, scale: content.isSquare ? yScale : content.xScale, isTight: content.isTight && !content.isSquare,
            from: left, to: right)
        markers = PlotMarkers(content.markers, along: x, right: width - 6)
        top = 12 + legend.height + markers.height
        bottom = top + side
        height = bottom + content.foot
        y = plain.moved(from: bottom, to: top)
    }

    private let markers: PlotMarkers

    /// How wide a plot is. Labels beside it take some of its width, so that two figures still stand side by side.
    static func plotWidth(beside references: [ReferenceValue]) -> Double {
        let widest = references.map { SVGCanvas.width(of: VisibleText.line($0.label), size: 10) }.max() ?? 0
        return 486 - min(110, max(0, widest - 10))
    }

    /// An empty drawing of the frame's size.
    var canvas: SVGCanvas { SVGCanvas(width: width, height: height) }

    /// Grid, tick labels and the label of the vertical axis.
    func drawVerticalAxis(_ axis: Axis, on canvas: inout SVGCanvas) {
        for tick in y.minorTicks {
            guard let place = y.place(tick) else { continue }
            canvas.line(left - 3, place, left, place, SVGCanvas.Paint.rule.stroke)
        }
        for tick in y.ticks {
            guard let place = y.place(tick) else { continue }
            canvas.line(left, place, right, place, SVGCanvas.Paint.grid.stroke)
            canvas.text(left - 8, place + 3.5, y.label(tick), anchor: .end, size: 10.5, paint: .faint)
        }
        canvas.fitted(
            14, (top + bottom) / 2, Self.title(axis), room: bottom - top + 20, anchor: .middle, turn: -90)
    }

    /// Tick marks, their labels and the label of the horizontal axis.
    func drawHorizontalAxis(_ axis: Axis, on canvas: inout SVGCanvas) {
        canvas.line(left, bottom, right, bottom, SVGCanvas.Paint.rule.stroke)
        for tick in x.minorTicks {
            guard let place = x.place(tick) else { continue }
            canvas.line(place, bottom, place, bottom + 2.5, SVGCanvas.Paint.rule.stroke)
        }
        var free = -Double.infinity
        for tick in x.ticks {
            guard let place = x.place(tick) else { continue }
            canvas.line(place, bottom, place, bottom + 4, SVGCanvas.Paint.rule.stroke)
            let label = x.label(tick)
            let half = SVGCanvas.width(of: label, size: 10.5) / 2
            guard place - half > free else { continue }
            free = place + half + 6
            canvas.text(place, bottom + 16, label, anchor: .middle, size: 10.5, paint: .faint)
        }
        drawHorizontalTitle(Self.title(axis), on: &canvas)
    }

    func drawHorizontalTitle(_ title: String, on canvas: inout SVGCanvas) {
        canvas.fitted((left + right) / 2, height - 8, title, room: right - left + 30, anchor: .middle)
    }

    /// Dashed lines across the plot with their labels beyond its right end.
    func drawReferences(on canvas: inout SVGCanvas) {
        let places = references.compactMap { reference -> (place: Double, label: String)? in
            guard reference.value >= y.lower, reference.value <= y.upper else { return nil }
            return y.place(reference.value).map { ($0, VisibleText.line(reference.label)) }
        }
        var free = -Double.infinity
        for (place, label) in places.sorted(by: { $0.place < $1.place }) {
            canvas.line(left, place, right, place, SVGCanvas.Paint.rule.stroke + " stroke-dasharray=\"4 4\"")
            // Lines that lie close together keep their labels apart.
            let line = max(place, free)
            canvas.text(right + 6, line + 3.5, Markup.escape(label), size: 10, paint: .faint)
            free = line + 11
        }
    }

    /// The names of several series and of places, above the plot.
    func drawLegend(on canvas: inout SVGCanvas) { legend.draw(on: &canvas) }

    /// Named places along the horizontal axis.
    func drawMarkers(on canvas: inout SVGCanvas) { markers.draw(from: top, to: bottom, on: &canvas) }

    /// An axis' label with its unit.
    static func title(_ axis: Axis) -> String {
        axis.unit.isEmpty || axis.label.contains(axis.unit) ? axis.label : "\(axis.label) (\(axis.unit))"
    }
}

/// The names of several series in lines above a plot; one series needs none.
struct PlotLegend {
    private var lines: [[(name: String, color: Int, x: Double)]] = []
    private var rest = 0
    private static let lineHeight = 16.0
    /// Names that need more lines than this are counted instead.
    private static let mostLines = 6
    private let left: Double
    private let right: Double

    init(_ names: [(name: String, color: Int)], from left: Double, to right: Double) {
        (self.left, self.right) = (left, right)
        guard names.count > 1 else { return }
        var used = Double.infinity
        for (index, entry) in names.enumerated() {
            let text = VisibleText.line(entry.name)
            let width = SVGCanvas.width(of: text, size: 11) + 32
            if used + width - 12 > right {
                guard lines.count < Self.mostLines - 1 || index == names.count - 1 else {
                    rest = names.count - index
                    return
                }
                lines.append([])
                used = left
            }
            lines[lines.count - 1].append((text, entry.color, used))
            used += width
        }
    }

    /// How much room the names take above the plot.
    var height: Double {
        let count = lines.count + (rest > 0 ? 1 : 0)
        return count > 0 ? 6 + Self.lineHeight * Double(count) : 0
    }

    func draw(on canvas: inout SVGCanvas) {
        for (number, line) in lines.enumerated() {
            let top = 8 + Self.lineHeight * Double(number)
            for entry in line {
                canvas.rect(entry.x, top, 12, 10, SVGCanvas.Paint.series(entry.color).fill + " rx=\"2\"")
                canvas.fitted(entry.x + 17, top + 9, entry.name, room: right - entry.x - 17)
            }
        }
        if rest > 0 {
            let top = 8 + Self.lineHeight * Double(lines.count)
            canvas.text(left, top + 9, "+ \(rest)", size: 11, paint: .faint)
        }
    }
}
