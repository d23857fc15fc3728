import PlumbRecords

/// Charts as SVG drawings.
enum ChartDrawing {
    private static let dashes = ["", "6 3", "2 3", "8 3 2 3"]

    static func line(_ chart: LineChart) -> String {
        let bounds = chart.series.flatMap { $0.y + ($0.lower ?? []) + ($0.upper ?? []) }
        let frame = PlotFrame(
            x: chart.series.flatMap(\.x), xScale: chart.x.scale, y: bounds,
            yAxis: chart.y,
            references: chart.references, isTight: true, legend: chart.series.count > 1)
        var canvas = SVGCanvas(width: PlotFrame.width, height: PlotFrame.height)
        frame.drawVerticalAxis(chart.y, on: &canvas)
        frame.drawHorizontalAxis(chart.x, on: &canvas)
        PlotFrame.drawLegend(chart.series.map(\.name), on: &canvas)
        frame.drawReferences(on: &canvas)
        for (index, series) in chart.series.enumerated() {
            if let lower = series.lower, let upper = series.upper {
                let ahead = points(series.x, upper, frame)
                let back = points(series.x, lower, frame).reversed()
                canvas.path(
                    ahead + back, isClosed: true,
                    SVGCanvas.Paint.series(index).fill + " fill-opacity=\"0.18\" stroke=\"none\"")
            }
            let line = points(series.x, series.y, frame)
            let dash = dashes[index / 4 % dashes.count]
            canvas.path(
                line,
                "fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\" "
                    + SVGCanvas.Paint.series(index).stroke + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\""))
            // A long curve reads better without its dots; its values stay in the data table.
            guard series.x.count <= 80 else { continue }
            for (x, y) in zip(series.x, series.y) {
                guard let placeX = frame.x.place(x), let placeY = frame.y.place(y) else { continue }
                let title = tooltip(series.name, "\(chart.x.label) \(NumberText.value(x))", y, chart.y)
                canvas.circle(placeX, placeY, radius: 3, SVGCanvas.Paint.series(index).fill, title: title)
            }
        }
        return canvas.render(label: label("Line chart", chart.title))
    }

    private static func points(_ x: [Double], _ y: [Double], _ frame: PlotFrame) -> [(x: Double, y: Double)] {
        zip(x, y).compactMap { x, y in
            guard let placeX = frame.x.place(x), let placeY = frame.y.place(y) else { return nil }
            return (placeX, placeY)
        }
    }

    static func tooltip(_ name: String, _ place: String, _ value: Double, _ axis: Axis) -> String {
        let unit = axis.unit.isEmpty ? "" : " \(axis.unit)"
        return Markup.escape(VisibleText.line("\(name) · \(place): \(NumberText.value(value, digits: 6))\(unit)"))
    }

    static func label(_ kind: String, _ title: String) -> String {
        Markup.escape(VisibleText.line("\(kind): \(title)"))
    }
}

extension Array {
    /// The element at `index`, or `nil` beyond the ends: records from disk may have arrays of unequal length.
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
