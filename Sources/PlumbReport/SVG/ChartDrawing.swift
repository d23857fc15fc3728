import PlumbRecords

/// Charts as SVG drawings.
enum ChartDrawing {
    private static let dashes = ["", "6 3", "2 3", "8 3 2 3"]

    static func line(_ chart: LineChart, _ colors: ConditionColors = ConditionColors()) -> (svg: String, width: Double)
    {
        let paints = colors.indices(chart.series.map(\.name)).map(SVGCanvas.Paint.series)
        let frame = PlotFrame(
            .init(
                x: chart.series.flatMap(\.x) + chart.markers.map(\.x), xScale: chart.x.drawnScale,
                y: chart.series.flatMap { $0.y + ($0.lower ?? []) + ($0.upper ?? []) }, yAxis: chart.y,
                references: chart.references, isTight: true, legend: legend(chart.series.map(\.name), colors),
                markers: chart.markers))
        var canvas = frame.canvas
        frame.drawVerticalAxis(chart.y, on: &canvas)
        frame.drawHorizontalAxis(chart.x, on: &canvas)
        frame.drawLegend(on: &canvas)
        frame.drawReferences(on: &canvas)
        frame.drawMarkers(on: &canvas)
        for (index, series) in chart.series.enumerated() {
            if let lower = series.lower, let upper = series.upper {
                let ahead = points(series.x, upper, frame)
                let back = points(series.x, lower, frame).reversed()
                canvas.path(
                    ahead + back, isClosed: true, paints[index].fill + " fill-opacity=\"0.18\" stroke=\"none\"")
            }
            let dash = dashes[index / 4 % dashes.count]
            for line in unbroken(series, frame) {
                canvas.path(
                    line,
                    "fill=\"none\" stroke-width=\"\(series.x.count > 150 ? 1.5 : 2)\" stroke-linejoin=\"round\" "
                        + paints[index].stroke + (dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\""))
            }
        }
        for index in chart.series.indices {
            drawDots(chart, chart.series[index], paints[index], frame, on: &canvas)
        }
        return (canvas.render(label: label("Line chart", chart.title)), canvas.width)
    }

    /// Names with their colors, for the legend.
    static func legend(_ names: [String], _ colors: ConditionColors) -> [(name: String, color: Int)] {
        zip(names, colors.indices(names)).map { (name: $0, color: $1) }
    }

    /// A dot for each point, which shows its value when pointed at. On a long curve the dots are invisible until then; a
    /// curve of thousands of points has its values in the data table only.
    private static func drawDots(
        _ chart: LineChart, _ series: LineChart.Series, _ paint: SVGCanvas.Paint, _ frame: PlotFrame,
        on canvas: inout SVGCanvas
    ) {
        guard series.x.count <= 1000 else { return }
        let isLong = series.x.count > 80
        for (x, y) in zip(series.x, series.y) {
            guard let placeX = frame.x.place(x), let placeY = frame.y.place(y) else { continue }
            let title = tooltip(series.name, "\(chart.x.label) \(NumberText.exact(x))", y, chart.y)
            canvas.circle(
                placeX, placeY, radius: isLong ? 4 : 3,
                paint.fill + (isLong ? " fill-opacity=\"0\"" : ""), title: title)
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
        return Markup.escape(VisibleText.line("\(name) · \(place): \(NumberText.exact(value))\(unit)"))
    }

    static func label(_ kind: String, _ title: String) -> String {
        Markup.escape(VisibleText.line("\(kind): \(title)"))
    }
}

extension Array {
    /// The element at `index`, or `nil` beyond the ends: records from disk may have arrays of unequal length.
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
