import PlumbRecords

/// Charts as SVG drawings.
enum ChartDrawing {
    private static let dashes = ["", "6 3", "2 3", "8 3 2 3"]

    static func line(_ chart: LineChart) -> String {
        let bounds = chart.series.flatMap { $0.y + ($0.lower ?? []) + ($0.upper ?? []) }
        let xs = chart.series.flatMap(\.x) + chart.markers.map(\.x)
        let right = PlotFrame.right(for: chart.references)
        let across = AxisScale(xs, scale: chart.x.scale, isTight: true, from: PlotFrame.left, to: right)
        let markers = PlotMarkers(chart.markers, along: across, right: PlotFrame.width - 8)
        let frame = PlotFrame(
            x: xs, xScale: chart.x.scale, y: bounds, yAxis: chart.y, references: chart.references, isTight: true,
            legend: chart.series.map(\.name), head: markers.height)
        var canvas = SVGCanvas(width: PlotFrame.width, height: PlotFrame.height)
        frame.drawVerticalAxis(chart.y, on: &canvas)
        frame.drawHorizontalAxis(chart.x, on: &canvas)
        PlotFrame.drawLegend(chart.series.map(\.name), on: &canvas)
        frame.drawReferences(on: &canvas)
        markers.draw(from: frame.top, to: frame.bottom, on: &canvas)
        for (index, series) in chart.series.enumerated() {
            if let lower = series.lower, let upper = series.upper {
                let ahead = points(series.x, upper, frame)
                let back = points(series.x, lower, frame).reversed()
                canvas.path(
                    ahead + back, isClosed: true,
                    SVGCanvas.Paint.series(index).fill + " fill-opacity=\"0.18\" stroke=\"none\"")
            }
            let dash = dashes[index / 4 % dashes.count]
            for line in unbroken(series, frame) {
                canvas.path(
                    line,
                    "fill=\"none\" stroke-width=\"\(series.x.count > 150 ? 1.5 : 2)\" stroke-linejoin=\"round\" "
                        + SVGCanvas.Paint.series(index).stroke
                        + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\""))
            }
        }
        for index in chart.series.indices { drawDots(chart, series: index, frame, on: &canvas) }
        return canvas.render(label: label("Line chart", chart.title))
    }

    /// A dot a point, which shows its value when pointed at. A long curve reads better without them: there they stay
    /// unseen until then, and a curve of thousands of points has its values in the data table only.
    private static func drawDots(
        _ chart: LineChart, series index: Int, _ frame: PlotFrame, on canvas: inout SVGCanvas
    ) {
        let series = chart.series[index]
        guard series.x.count <= 1000 else { return }
        let isLong = series.x.count > 80
        for (x, y) in zip(series.x, series.y) {
            guard let placeX = frame.x.place(x), let placeY = frame.y.place(y) else { continue }
            let title = tooltip(series.name, "\(chart.x.label) \(NumberText.value(x))", y, chart.y)
            canvas.circle(
                placeX, placeY, radius: isLong ? 4 : 3,
                SVGCanvas.Paint.series(index).fill + (isLong ? " fill-opacity=\"0\"" : ""), title: title)
        }
    }

    /// The parts of a line between values that have no place, such as not-a-number.
    private static func unbroken(_ series: LineChart.Series, _ frame: PlotFrame) -> [[(x: Double, y: Double)]] {
        var parts: [[(x: Double, y: Double)]] = [[]]
        for (x, y) in zip(series.x, series.y) {
            if let placeX = frame.x.place(x), let placeY = frame.y.place(y) {
                parts[parts.count - 1].append((placeX, placeY))
            } else if parts.last?.isEmpty == false {
                parts.append([])
            }
        }
        return parts.filter { !$0.isEmpty }
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
