import Foundation
import PlumbRecords

/// Arrows from the origin, panel by panel, with a bar that says what their colors mean.
struct VectorDrawing {
    private let figure: VectorPlot
    private let columns: Int
    private let side: Double
    private let reach: Double
    private let bounds: (least: Double, greatest: Double)
    private static let gap = 18.0
    private static let margin = 10.0

    init(_ figure: VectorPlot) {
        self.figure = figure
        columns = max(1, min(figure.panels.count, 4))
        side = [0, 360, 216, 196, 190][columns]
        let vectors = figure.panels.flatMap(\.vectors)
        let farthest = Proportion.bounds(vectors.flatMap { [abs($0.x), abs($0.y)] })?.greatest ?? 1
        reach = max(farthest, 1e-9) * 1.22
        bounds = Proportion.bounds(vectors.map(\.value)) ?? (0, 1)
    }

    private var grid: Double { Double(columns) * (side + Self.gap) - Self.gap }
    private var rows: Int { (figure.panels.count + columns - 1) / columns }
    private var hasBar: Bool { bounds.least < bounds.greatest }

    /// The natural width of the drawing in pixels.
    var width: Double { max(Self.margin + grid + (hasBar ? 84 : Self.margin), 300) }

    private var rowHeight: Double { side + 22 + Self.gap }

    func render() -> String {
        var canvas = SVGCanvas(width: width, height: Double(max(1, rows)) * rowHeight - Self.gap + Self.margin)
        for (index, panel) in figure.panels.enumerated() {
            let left = Self.margin + Double(index % columns) * (side + Self.gap)
            draw(panel, left, Double(index / columns) * rowHeight + 22, on: &canvas)
        }
        if hasBar { drawBar(on: &canvas) }
        return canvas.render(label: ChartDrawing.label("Vectors", figure.title))
    }

    private func draw(_ panel: VectorPlot.Panel, _ left: Double, _ top: Double, on canvas: inout SVGCanvas) {
        let (middleX, middleY) = (left + side / 2, top + side / 2)
        let unit = side / 2 / reach
        canvas.fitted(middleX, top - 8, panel.title, room: side + Self.gap - 4, anchor: .middle, size: 11.5)
        canvas.rect(left, top, side, side, "fill=\"none\" " + SVGCanvas.Paint.grid.stroke)
        canvas.line(left, middleY, left + side, middleY, SVGCanvas.Paint.grid.stroke)
        canvas.line(middleX, top, middleX, top + side, SVGCanvas.Paint.grid.stroke)
        let ring = Self.ring(below: reach)
        canvas.circle(
            middleX, middleY, radius: ring * unit,
            "fill=\"none\" stroke-dasharray=\"2 4\" pointer-events=\"none\" " + SVGCanvas.Paint.rule.stroke)
        canvas.text(
            left + 6, top + side - 6, "radius \(NumberText.value(ring, digits: 2))", size: 9, paint: .faint)
        var labels: [Label] = []
        for vector in panel.vectors where vector.x.isFinite && vector.y.isFinite {
            draw(vector, middleX, middleY, unit, isLabeled: panel.vectors.count <= 24, beside: &labels, on: &canvas)
        }
    }

    /// Where a name stands: its middle, and half of its width.
    private struct Label {
        var x: Double
        var y: Double
        let half: Double

        func covers(_ other: Label) -> Bool { abs(x - other.x) < half + other.half + 1 && abs(y - other.y) < 10 }
    }

    private func draw(
        _ vector: VectorPlot.Vector, _ x: Double, _ y: Double, _ unit: Double, isLabeled: Bool,
        beside labels: inout [Label], on canvas: inout SVGCanvas
    ) {
        let (dx, dy) = (Proportion.bounded(vector.x) * unit, -Proportion.bounded(vector.y) * unit)
        let length = (dx * dx + dy * dy).squareRoot()
        let color = paint(vector.value)
        let place = "(\(NumberText.exact(vector.x)), \(NumberText.exact(vector.y)))"
        let title = Markup.escape(
            VisibleText.line(
                "\(vector.label) · \(place): \(figure.valueLabel) \(NumberText.exact(vector.value))"))
        guard length > 5 else {
            return canvas.circle(x + dx, y + dy, radius: 3, color, title: title)
        }
        let (ux, uy) = (dx / length, dy / length)
        let head = min(8, length * 0.5)
        let neck = length - head
        func point(_ along: Double, _ across: Double) -> (x: Double, y: Double) {
            (x + ux * along - uy * across, y + uy * along + ux * across)
        }
        canvas.path(
            [
                point(0, 1.1), point(neck, 1.1), point(neck, head * 0.45), point(length, 0),
                point(neck, -head * 0.45), point(neck, -1.1), point(0, -1.1),
            ], isClosed: true, color, title: title)
        guard isLabeled else { return }
        let text = VisibleText.line(vector.label)
        let half = SVGCanvas.width(of: text, size: 10) / 2
        var label = Label(x: x + ux * (length + 4 + half * abs(ux)), y: y + uy * (length + 8), half: half)
        // The names of arrows that end at one place stand one beyond the other.
        for _ in 0..<4 where labels.contains(where: label.covers) {
            (label.x, label.y) = (label.x + ux * 11, label.y + uy * 11)
        }
        // A long name stays inside its panel.
        label.x = min(x + side / 2 - half - 2, max(x - side / 2 + half + 2, label.x))
        labels.append(label)
        canvas.fitted(label.x, label.y + 3.5, text, room: side - 4, anchor: .middle, size: 10)
    }

    /// A round radius for the dashed circle.
    private static func ring(below reach: Double) -> Double {
        let power = pow(10, log10(reach).rounded(.down))
        return [5, 2, 1, 0.5].map { $0 * power }.first { $0 <= reach * 0.9 } ?? power
    }

    /// The deeper three quarters of the sequential scale: paler arrows would be lost on the page.
    private func paint(_ value: Double) -> String {
        guard value.isFinite else { return SVGCanvas.Paint.faint.fill }
        let part = Proportion.of(value, from: bounds.least, to: bounds.greatest) ?? 1
        return Self.paint(part: part)
    }

    private static func paint(part: Double) -> String {
        let place = 0.28 + 0.72 * min(1, max(0, part))
        let step = Int((place * Double(ColorScale.steps)).rounded())
        let color = ColorScale.color(at: Double(step) / Double(ColorScale.steps), isDiverging: false, .light)
        return "class=\"q\(step)\" fill=\"\(color.hex)\""
    }

    private func drawBar(on canvas: inout SVGCanvas) {
        let left = Self.margin + grid + 16
        let height = min(side, 170)
        let count = 24
        for step in 0..<count {
            let part = 1 - Double(step) / Double(count - 1)
            canvas.rect(
                left, 22 + height * Double(step) / Double(count), 12, height / Double(count) + 0.6,
                Self.paint(part: part))
        }
        canvas.fitted(left - 6, 14, figure.valueLabel, room: width - left + 2, size: 10, paint: .faint)
        for (value, place) in [
            (bounds.greatest, 0.0), (bounds.least / 2 + bounds.greatest / 2, 0.5), (bounds.least, 1),
        ] {
            canvas.text(
                left + 17, 26 + (height - 2) * place, NumberText.typographic(NumberText.value(value, digits: 3)),
                size: 10, paint: .faint)
        }
    }
}
