import PlumbRecords

extension ChartDrawing {
    static func bar(_ chart: BarChart) -> String {
        let bounds = chart.series.flatMap { $0.values + ($0.lower ?? []) + ($0.upper ?? []) }
        let names = chart.categories.map { DisplayWidth.truncated(VisibleText.line($0), to: 22) }
        let slot = (PlotFrame.right(for: chart.references) - PlotFrame.left) / Double(max(1, names.count))
        let widest = names.map { SVGCanvas.width(of: $0, size: 10.5) }.max() ?? 0
        let isTurned = widest > slot - 4
        let frame = PlotFrame(
            x: [0, Double(max(1, names.count))], xScale: .linear, y: bounds, yAxis: chart.y,
            references: chart.references, includesZero: true, legend: chart.series.map(\.name),
            foot: isTurned ? 34 + widest * 0.78 : 46)
        var canvas = SVGCanvas(width: PlotFrame.width, height: PlotFrame.height)
        frame.drawVerticalAxis(chart.y, on: &canvas)
        PlotFrame.drawLegend(chart.series.map(\.name), on: &canvas)
        let zero = frame.y.place(frame.y.isLogarithmic ? frame.y.lower : 0) ?? frame.bottom
        for index in chart.series.indices { draw(chart, series: index, frame, slot: slot, zero: zero, on: &canvas) }
        canvas.line(PlotFrame.left, zero, frame.right, zero, SVGCanvas.Paint.rule.stroke)
        frame.drawReferences(on: &canvas)
        for (index, name) in names.enumerated() {
            let x = PlotFrame.left + slot * (Double(index) + 0.5)
            canvas.text(
                isTurned ? x + 3 : x, frame.bottom + (isTurned ? 12 : 16), Markup.escape(name),
                anchor: isTurned ? .end : .middle, size: 10.5, paint: .faint, turn: isTurned ? -52 : 0)
        }
        frame.drawHorizontalTitle(Markup.escape(VisibleText.line(chart.categoryLabel)), on: &canvas)
        return canvas.render(label: label("Bar chart", chart.title))
    }

    /// One series' bars, with a line over each from the lower to the upper end of its interval.
    private static func draw(
        _ chart: BarChart, series index: Int, _ frame: PlotFrame, slot: Double, zero: Double, on canvas: inout SVGCanvas
    ) {
        let series = chart.series[index]
        let thickness = slot * 0.76 / Double(chart.series.count)
        for (category, value) in zip(chart.categories.indices, series.values) {
            guard let place = frame.y.place(value) else { continue }
            let x = PlotFrame.left + slot * (Double(category) + 0.12) + thickness * Double(index)
            canvas.rect(
                x, min(place, zero), max(1, thickness - 1), abs(place - zero), SVGCanvas.Paint.series(index).fill,
                title: tooltip(series.name, "\(chart.categoryLabel) \(chart.categories[category])", value, chart.y)
                    + interval(series, category))
            if let lower = series.lower?[safe: category].flatMap(frame.y.place),
                let upper = series.upper?[safe: category].flatMap(frame.y.place)
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
        guard let lower = series.lower?[safe: category], let upper = series.upper?[safe: category] else { return "" }
        return " [\(NumberText.value(lower)), \(NumberText.value(upper))]"
    }
}
