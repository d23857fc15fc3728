import PlumbRecords

/// A bar chart in the terminal: a bar for each value of each category, or one row of blocks for each series where there
/// are many categories in the order of numbers.
struct TerminalBars {
    private let chart: BarChart
    /// With more bars than this each series is one row of blocks; with numbers as categories, from fewer on.
    private static let (mostBars, mostNumbers) = (60, 12)
    /// From more categories than this on, the small ones at the end are left to the page.
    private static let mostSmall = 8

    init(_ chart: BarChart) { self.chart = chart }

    func render(_ style: TerminalStyle) -> String {
        let title = style.heading(chart.title)
        let areNumbers = chart.categories.allSatisfy { Double($0) != nil }
        let limit = areNumbers ? Self.mostNumbers : Self.mostBars
        // A quotient, because the product of two counts of an edited record may be too large.
        let isLong = chart.categories.count > limit / max(1, chart.series.count)
        return title + (isLong ? rows(style) : bars(style))
    }

    private func bars(_ style: TerminalStyle) -> String {
        let scale = AxisScale(
            chart.series.flatMap(\.values), scale: .linear, includesZero: true, isTight: true, from: 0, to: 1)
        let several = chart.series.count > 1
        let names = (several ? chart.series.map(\.name) : chart.categories).map { VisibleText.line($0) }
        let longest = (names.map { DisplayWidth.of($0) }.max() ?? 0) + (several ? 2 : 0)
        let margin = min(longest, max(10, style.width * 2 / 5))
        let largest = chart.series.flatMap(\.values).filter(\.isFinite).map(abs).max()
        func number(_ series: BarChart.Series, _ category: Int) -> String {
            series.values[safe: category].map { NumberText.value($0, scale: largest) + interval(series, category) }
                ?? ""
        }
        let tail =
            chart.series.flatMap { series in
                chart.categories.indices.map { DisplayWidth.of(number(series, $0)) }
            }.max() ?? 0
        // All bars have one scale, so they have one room.
        let room = min(40, style.width - margin - 3 - tail)
        var output = ""
        let shown = shownCategories(largest: largest ?? 0)
        for (category, name) in chart.categories.prefix(shown).enumerated() {
            if several { output += style.lines(name).map { $0 + "\n" }.joined() }
            for series in chart.series {
                guard let value = series.values[safe: category] else { continue }
                output += line(
                    VisibleText.line(several ? series.name : name), indent: several ? 2 : 0,
                    bar(value, scale, room: room), number(series, category), margin: margin, room: room, style)
            }
        }
        let left = chart.categories.count - shown
        if left > 0 { output += style.apply(.dim, "and \(left) smaller ones in the report") + "\n" }
        return output + style.lines(PlotFrame.title(chart.y)).map { style.apply(.dim, $0) + "\n" }.joined()
    }

    /// How many categories are shown: of many, those behind the last bar worth the name are left to the page.
    private func shownCategories(largest: Double) -> Int {
        guard chart.categories.count > Self.mostSmall, largest > 0 else { return chart.categories.count }
        let last = chart.categories.indices.last { category in
            chart.series.contains { abs($0.values[safe: category] ?? 0) >= largest / 20 }
        }
        return max(Self.mostSmall, (last ?? 0) + 1)
    }

    /// A name, its bar and its number; a name too long begins in the line above.
    private func line(
        _ label: String, indent: Int, _ bar: String, _ number: String, margin: Int, room: Int, _ style: TerminalStyle
    ) -> String {
        let space = String(repeating: " ", count: indent)
        let parts = DisplayWidth.wrapped(label, to: margin - indent).map { space + $0 }
        let above = parts.dropLast().map { style.apply(.dim, $0) + "\n" }.joined()
        let head = style.apply(.dim, DisplayWidth.padded(parts.last ?? "", to: margin))
        guard room >= 6 else {
            // Where there is no room for bars, the numbers stand below the names.
            let lines = DisplayWidth.wrapped(number, to: style.width - indent - 2)
            return above + head.trimmingSuffix { $0 == " " } + "\n" + lines.map { "\(space)  \($0)\n" }.joined()
        }
        return above + head + "  " + style.apply(.accent, DisplayWidth.padded(bar, to: room)) + " " + number + "\n"
    }

    private func interval(_ series: BarChart.Series, _ category: Int) -> String {
        guard let lower = series.lower?[safe: category], let upper = series.upper?[safe: category], lower != upper
        else { return "" }
        return " " + NumberText.range(lower, upper)
    }

    /// A bar from zero in eighths of a column.
    private func bar(_ value: Double, _ scale: AxisScale, room: Int) -> String {
        guard room > 0, let zero = scale.place(0), let place = scale.place(value) else { return "" }
        let (start, end) = (min(zero, place) * Double(room), max(zero, place) * Double(room))
        let first = Int(start.rounded())
        let eighths = max(0, Int(((end - Double(first)) * 8).rounded()))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return String(repeating: " ", count: first) + String(repeating: "█", count: eighths / 8) + partial
    }

    /// One block a category, as high as its value.
    private func rows(_ style: TerminalStyle) -> String {
        let line = LineChart(
            title: "", caption: "", x: Axis(chart.categoryLabel), y: chart.y,
            series: chart.series.map { series in
                let count = min(series.values.count, chart.categories.count)
                return .init(
                    series.name, x: (0..<count).map(Double.init), y: Array(series.values.prefix(count)))
            })
        let ends = [chart.categories.first, chart.categories.last].compactMap { $0 }.joined(separator: " to ")
        let note = "\(PlotFrame.title(chart.y)) against \(chart.categoryLabel), \(ends)"
        return TerminalLineChart(line).rows(style) + style.lines(note).map { style.apply(.dim, $0) + "\n" }.joined()
    }
}
