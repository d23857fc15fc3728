import PlumbRecords

extension ChartDrawing {
    static func bar(_ chart: BarChart, _ colors: ConditionColors = ConditionColors()) -> (svg: String, width: Double) {
        let names = BarNames(chart.categories, width: PlotFrame.plotWidth(beside: chart.references))
        let frame = PlotFrame(
            .init(
                x: [0, Double(max(1, chart.categories.count))],
                y: chart.series.flatMap { $0.values + ($0.lower ?? []) + ($0.upper ?? []) }, yAxis: chart.y,
                references: chart.references, includesZero: true, isTight: true,
                legend: legend(chart.series.map(\.name), colors), foot: names.height + 30, leftRoom: names.leftRoom))
        var canvas = frame.canvas
        frame.drawVerticalAxis(chart.y, on: &canvas)
        frame.drawLegend(on: &canvas)
        let zero = frame.y.place(frame.y.isLogarithmic ? frame.y.lower : 0) ?? frame.bottom
        let categories = colors.ofCategories(chart)
        for (index, color) in colors.indices(chart.series.map(\.name)).enumerated() {
            draw(chart, series: index, frame, zero: zero, on: &canvas) { category in
                .series(categories?[safe: category] ?? color)
            }
        }
        canvas.line(frame.left, zero, frame.right, zero, SVGCanvas.Paint.rule.stroke)
        frame.drawReferences(on: &canvas)
        names.draw(from: frame.left, below: frame.bottom, on: &canvas)
        frame.drawHorizontalTitle(chart.categoryLabel, on: &canvas)
        return (canvas.render(label: label("Bar chart", chart.title)), canvas.width)
    }

    /// One series' bars, with a line over each from the lower to the upper end of its interval.
    private static func draw(
        _ chart: BarChart, series index: Int, _ frame: PlotFrame, zero: Double, on canvas: inout SVGCanvas,
        paint: (Int) -> SVGCanvas.Paint
    ) {
        let series = chart.series[index]
        let slot = (frame.right - frame.left) / Double(max(1, chart.categories.count))
        let thickness = slot * 0.76 / Double(chart.series.count)
        for (category, value) in zip(chart.categories.indices, series.values) {
            guard let place = frame.y.place(value) else { continue }
            let x = frame.left + slot * (Double(category) + 0.12) + thickness * Double(index)
            canvas.rect(
                x, min(place, zero), max(1, thickness - 1), abs(place - zero), paint(category).fill,
                title: tooltip(series.name, "\(chart.categoryLabel) \(chart.categories[category])", value, chart.y)
                    + interval(series, category))
            // An interval without width would look like an exact number.
            if let low = series.lower?[safe: category], let high = series.upper?[safe: category], low != high,
                let lower = frame.y.place(low), let upper = frame.y.place(high)
            {
                let middle = x + thickness / 2
                let cap = min(5, max(1.5, thickness / 5))
                let stroke = "stroke-width=\"1.3\" " + SVGCanvas.Paint.ink.stroke
                canvas.line(middle, lower, middle, upper, stroke)
                for end in [lower, upper] { canvas.line(middle - cap, end, middle + cap, end, stroke) }
            }
        }
    }

    private static func interval(_ series: BarChart.Series, _ category: Int) -> String {
        guard let lower = series.lower?[safe: category], let upper = series.upper?[safe: category],
            lower != upper
        else { return "" }
        return " \(NumberText.range(lower, upper))"
    }
}

/// Names below the slots of a plot: in one to three lines where every word fits its slot, thinned out where they are
/// numbers, and turned otherwise. None is cut.
struct BarNames {
    private let lines: [[String]]
    private let slot: Double
    private let isTurned: Bool
    private let every: Int
    private let widest: Double
    private static let size = 10.5
    private static let lineHeight = 12.5
    /// The sine and cosine of the turn of 52°.
    private static let (sine, cosine) = (0.788, 0.616)

    init(_ names: [String], width plot: Double) {
        slot = plot / Double(max(1, names.count))
        let room = slot - 5
        let wrapped = names.map { SVGCanvas.lines($0, size: Self.size, room: room) }
        func width(_ text: String) -> Double { SVGCanvas.width(of: text, size: Self.size) }
        let widestPart = wrapped.joined().map(width).max() ?? 0
        let plain = names.map { [VisibleText.line($0)] }
        let widestWhole = plain.joined().map(width).max() ?? 0
        let areNumbers = names.count > 1 && names.allSatisfy { Double($0) != nil }
        if areNumbers {
            (lines, isTurned, every) = (plain, false, max(1, Int((widestWhole / max(1, room)).rounded(.up))))
        } else if widestPart <= room, wrapped.allSatisfy({ $0.count <= 3 }) {
            (lines, isTurned, every) = (wrapped, false, 1)
        } else {
            (lines, isTurned, every) = (plain, true, max(1, Int((13.5 / slot).rounded(.up))))
        }
        widest = widestWhole
    }

    /// How much room the names take below the plot.
    var height: Double {
        isTurned ? 12 + widest * Self.sine : 6 + Self.lineHeight * Double(max(1, lines.map(\.count).max() ?? 1))
    }

    /// How far the first turned name reaches to the left of the plot's left end, from the drawing's own.
    var leftRoom: Double {
        guard isTurned else { return 0 }
        let reach = lines.enumerated().map { index, text in
            SVGCanvas.width(of: text.first ?? "", size: Self.size) * Self.cosine - slot * (Double(index) + 0.5)
        }
        return 22 + max(0, reach.max() ?? 0)
    }

    func draw(from left: Double, below bottom: Double, on canvas: inout SVGCanvas) {
        for (index, text) in lines.enumerated() where index % every == 0 {
            let x = left + slot * (Double(index) + 0.5)
            for (line, part) in text.enumerated() {
                canvas.text(
                    isTurned ? x + 3 : x, bottom + (isTurned ? 12 : 15 + Self.lineHeight * Double(line)),
                    Markup.escape(part), anchor: isTurned ? .end : .middle, size: Self.size, paint: .faint,
                    turn: isTurned ? -52 : 0)
            }
        }
    }
}
