import PlumbRecords

extension ChartDrawing {
    /// Points; where the diagonal is shown, both axes have one range and one length, so that it halves the plot.
    static func scatter(_ chart: ScatterPlot, _ colors: ConditionColors = ConditionColors()) -> (
        svg: String, width: Double
    ) {
        let names = chart.groups.map(\.name)
        let frame = PlotFrame(
            .init(
                x: chart.groups.flatMap(\.x), xScale: chart.x.drawnScale, y: chart.groups.flatMap(\.y), yAxis: chart.y,
                isSquare: chart.showsDiagonal, legend: legend(names, colors)))
        var canvas = frame.canvas
        frame.drawVerticalAxis(chart.y, on: &canvas)
        frame.drawHorizontalAxis(chart.x, on: &canvas)
        frame.drawLegend(on: &canvas)
        if chart.showsDiagonal {
            canvas.line(
                frame.left, frame.bottom, frame.right, frame.top,
                SVGCanvas.Paint.rule.stroke + " stroke-dasharray=\"4 4\"")
        }
        let paints = colors.indices(names).map(SVGCanvas.Paint.series)
        for (index, group) in chart.groups.enumerated() {
            for point in 0..<min(group.x.count, group.y.count) {
                guard let x = frame.x.place(group.x[point]), let y = frame.y.place(group.y[point]) else { continue }
                let name = group.labels?[safe: point] ?? group.name
                let title = tooltip(
                    name, "\(chart.x.label) \(NumberText.exact(group.x[point]))", group.y[point], chart.y)
                canvas.circle(
                    x, y, radius: 3.5, paints[index].fill + " fill-opacity=\"0.7\"", title: title)
            }
        }
        return (canvas.render(label: label("Scatter plot", chart.title)), canvas.width)
    }

    static func histogram(_ chart: Histogram) -> (svg: String, width: Double) {
        let axis = Axis(chart.countLabel)
        let frame = PlotFrame(
            .init(
                x: chart.edges, xScale: chart.x.drawnScale, y: chart.counts, yAxis: axis, includesZero: true,
                isTight: true, markers: chart.references.map { LineChart.Marker($0.label, x: $0.value) }))
        var canvas = frame.canvas
        frame.drawVerticalAxis(axis, on: &canvas)
        for index in 0..<min(chart.counts.count, max(0, chart.edges.count - 1)) {
            guard let x1 = frame.x.place(chart.edges[index]), let x2 = frame.x.place(chart.edges[index + 1]),
                let y = frame.y.place(chart.counts[index])
            else { continue }
            let range = "\(NumberText.exact(chart.edges[index])) to \(NumberText.exact(chart.edges[index + 1]))"
            canvas.rect(
                min(x1, x2), y, max(0.5, abs(x2 - x1) - 1), frame.bottom - y, SVGCanvas.Paint.series(0).fill,
                title: tooltip(range, chart.x.label, chart.counts[index], axis))
        }
        frame.drawHorizontalAxis(chart.x, on: &canvas)
        frame.drawMarkers(on: &canvas)
        return (canvas.render(label: label("Histogram", chart.title)), canvas.width)
    }
}
