import Foundation
import PlumbRecords

/// A line chart in the terminal: each line as a row of eighth-blocks on the chart's common scale, with its first, last,
/// least and greatest value.
struct TerminalLineChart {
    private let chart: LineChart

    init(_ chart: LineChart) { self.chart = chart }

    func render(_ style: TerminalStyle = .plain) -> String {
        let note = DisplayWidth.wrapped(axisNote, to: style.width).map { style.apply(.dim, $0) + "\n" }.joined()
        return style.heading(chart.title) + rows(style) + note
    }

    /// One row a line of the chart.
    func rows(_ style: TerminalStyle) -> String {
        var output = ""
        let names = chart.series.map { VisibleText.line($0.name) }
        let longest = names.map { DisplayWidth.of($0) }.max() ?? 0
        // A name too long to stand beside its line stands above it.
        let isAbove = longest > max(8, style.width / 3)
        let margin = isAbove ? 0 : longest
        let numbers = chart.series.map(Self.numbers)
        let tail = numbers.map { DisplayWidth.of($0) }.max() ?? 0
        let room = style.width - margin - tail - 4
        // On a narrow terminal the numbers go below the drawing.
        let isBelow = room < 16
        let width = min(60, isBelow ? style.width - margin - 2 : room)
        for (index, series) in chart.series.enumerated() {
            let drawing = DisplayWidth.padded(line(series, width: width), to: isBelow ? 0 : width)
            if isAbove {
                for line in DisplayWidth.wrapped(names[index], to: style.width) {
                    output += style.apply(.dim, line) + "\n"
                }
            }
            output += style.apply(.dim, DisplayWidth.padded(isAbove ? "" : names[index], to: margin)) + "  "
            output += style.apply(.accent, drawing)
            if isBelow {
                for line in DisplayWidth.wrapped(numbers[index], to: style.width - 2) { output += "\n  " + line }
            } else {
                output += "  " + numbers[index]
            }
            output += "\n"
        }
        return output
    }

    private var axisNote: String {
        let xs = chart.series.flatMap(\.x).filter(\.isFinite)
        guard let least = xs.min(), let greatest = xs.max() else { return "no finite points" }
        let range = "\(VisibleText.line(chart.x.label)) \(NumberText.value(least)) to \(NumberText.value(greatest))"
        let axes = [(chart.x, "across"), (chart.y, "upwards")].filter { $0.0.drawnScale == .logarithmic }.map(\.1)
        let label = VisibleText.line(PlotFrame.title(chart.y))
        let drawn = label.isEmpty ? "" : label + " against "
        return drawn + range + (axes.isEmpty ? "" : ", logarithmic \(axes.joined(separator: " and "))")
    }

    private static func numbers(_ series: LineChart.Series) -> String {
        let finite = series.y.filter(\.isFinite)
        guard let first = finite.first, let last = finite.last, let least = finite.min(), let greatest = finite.max()
        else { return "no finite points" }
        return [("first", first), ("last", last), ("min", least), ("max", greatest)]
            .map { "\($0.0) \(NumberText.value($0.1))" }.joined(separator: "  ")
    }

    /// One block a column: the mean of the points that fall on it; columns between points take the line's height there.
    private func line(_ series: LineChart.Series, width: Int) -> String {
        let across = AxisScale(
            chart.series.flatMap(\.x), scale: chart.x.drawnScale, isTight: true, from: 0, to: Double(width - 1))
        let upwards = AxisScale(chart.series.flatMap(\.y), scale: chart.y.drawnScale, isTight: true, from: 0, to: 7)
        var columns: [(sum: Double, count: Int)] = Array(repeating: (0, 0), count: width)
        for (x, y) in zip(series.x, series.y) {
            guard x.isFinite, y.isFinite, let column = across.place(x), let height = upwards.place(y) else { continue }
            let index = min(width - 1, max(0, Int(column.rounded())))
            columns[index] = (columns[index].sum + height, columns[index].count + 1)
        }
        let known = columns.indices.filter { columns[$0].count > 0 }.map { index in
            (index: index, height: columns[index].sum / Double(columns[index].count))
        }
        guard let first = known.first, let last = known.last else { return "" }
        let blocks = Array("▁▂▃▄▅▆▇█")
        var text = String(repeating: " ", count: first.index) + String(blocks[Int(first.height.rounded())])
        for (left, right) in zip(known, known.dropFirst()) {
            for index in (left.index + 1)...right.index {
                let part = Double(index - left.index) / Double(right.index - left.index)
                let height = left.height + (right.height - left.height) * part
                text.append(blocks[min(7, max(0, Int(height.rounded())))])
            }
        }
        return text + String(repeating: " ", count: width - 1 - last.index)
    }
}
