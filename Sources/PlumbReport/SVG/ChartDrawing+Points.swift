import PlumbRecords

extension ChartDrawing {
    static func scatter(_ chart: ScatterPlot) -> String {
        let xs = chart.groups.flatMap(\.x)
        let ys = chart.groups.flatMap(\.y)
        let frame = PlotFrame(
            x: xs, xScale: chart.x.scale, y: ys, yAxis: chart.y, legend: chart.groups.map(\.name))
        var canvas = SVGCanvas(width: PlotFrame.width, height: PlotFrame.height)
        frame.drawVerticalAxis(chart.y, on: &canvas)
        frame.drawHorizontalAxis(chart.x, on: &canvas)
        PlotFrame.drawLegend(chart.groups.map(\.name), on: &canvas)
        if chart.showsDiagonal {
            let low = max(frame.x.lower, frame.y.lower)
            let high = min(frame.x.upper, frame.y.upper)
            if low < high, let x1 = frame.x.place(low), let y1 = frame.y.place(low), let x2 = frame.x.place(high),
                let y2 = frame.y.place(high)
            {
                canvas.line(x1, y1, x2, y2, SVGCanvas.Paint.rule.stroke + " stroke-dasharray=\"4 4\"")
            }
        }
        for (index, group) in chart.groups.enumerated() {
            for point in 0..<min(group.x.count, group.y.count) {
                guard let x = frame.x.place(group.x[point]), let y = frame.y.place(group.y[point]) else { continue }
                let name = group.labels?[safe: point] ?? group.name
                let title = tooltip(
                    name, "\(chart.x.label) \(NumberText.value(group.x[point]))", group.y[point], chart.y)
                canvas.circle(
                    x, y, radius: 3.5, SVGCanvas.Paint.series(index).fill + " fill-opacity=\"0.7\"", title: title)
            }
        }
        return canvas.render(label: label("Scatter plot", chart.title))
    }

    static func histogram(_ chart: Histogram) -> String {
        let axis = Axis(chart.countLabel)
        let frame = PlotFrame(
            x: chart.edges, xScale: chart.x.scale, y: chart.counts, yAxis: axis, includesZero: true, isTight: true)
        var canvas = SVGCanvas(width: PlotFrame.width, height: PlotFrame.height)
        frame.drawVerticalAxis(axis, on: &canvas)
        for index in 0..<min(chart.counts.count, max(0, chart.edges.count - 1)) {
            guard let x1 = frame.x.place(chart.edges[index]), let x2 = frame.x.place(chart.edges[index + 1]),
                let y = frame.y.place(chart.counts[index])
            else { continue }
            let range = "\(NumberText.value(chart.edges[index])) to \(NumberText.value(chart.edges[index + 1]))"
            canvas.rect(
                min(x1, x2), y, max(0.5, abs(x2 - x1) - 1), frame.bottom - y, SVGCanvas.Paint.series(0).fill,
                title: tooltip(range, chart.x.label, chart.counts[index], axis))
        }
        frame.drawHorizontalAxis(chart.x, on: &canvas)
        for reference in chart.references {
            guard let x = frame.x.place(reference.value) else { continue }
            canvas.line(x, frame.top, x, frame.bottom, SVGCanvas.Paint.rule.stroke + " stroke-dasharray=\"4 4\"")
            canvas.text(
                x + 4, frame.top + 10, Markup.escape(VisibleText.line(reference.label)), size: 10, paint: .faint)
        }
        return canvas.render(label: label("Histogram", chart.title))
    }
}
