import Foundation
import PlumbRecords

/// A record's curves as line charts: one chart for the part of a name before "/", one line for the rest.
///
/// An axis is logarithmic when all its values are above zero and the greatest is more than 10^2.5, about 316, times the
/// least; captions say so where it happens.
enum CurveCharts {
    static func charts(_ curves: [Curve]) -> [LineChart] {
        var names: [String] = []
        for curve in curves where !names.contains(curve.chart) { names.append(curve.chart) }
        return names.compactMap { name in chart(name, curves.filter { $0.chart == name }) }
    }

    private static func chart(_ name: String, _ curves: [Curve]) -> LineChart? {
        guard curves.contains(where: { !$0.x.isEmpty || $0.omitted > 0 }) else { return nil }
        let x = scale(curves.flatMap(\.x))
        let y = scale(curves.flatMap(\.y))
        let lone = curves.count == 1 ? curves[0] : nil
        let title = lone.map { $0.line == name ? name : "\(name): \($0.line)" } ?? name
        return LineChart(
            title: VisibleText.words(title), caption: caption(curves, x, y), x: Axis("step", scale: x),
            y: Axis(name, scale: y), series: curves.map { .init($0.line, x: $0.x, y: $0.y) })
    }

    static func scale(_ values: [Double]) -> Axis.Scale {
        guard let least = values.min(), let greatest = values.max(), least > 0, greatest.isFinite else {
            return .linear
        }
        return log10(greatest / least) > 2.5 ? .logarithmic : .linear
    }

    private static func caption(_ curves: [Curve], _ x: Axis.Scale, _ y: Axis.Scale) -> String {
        var sentences: [String] = []
        let axes = [(x, "step"), (y, curves[0].chart)].filter { $0.0 == .logarithmic }.map(\.1)
        if !axes.isEmpty {
            sentences.append(
                "Logarithmic in \(axes.joined(separator: " and ")): positive values over more than 2.5 powers of ten.")
        }
        for curve in curves where curve.omitted > 0 {
            let place = curve.firstOmitted.map { ", the first at step \(NumberText.value($0))" } ?? ""
            let count = "\(curve.omitted) \(curve.omitted == 1 ? "point" : "points")"
            sentences.append("Left out of \(curve.line), being infinite or not a number: \(count)\(place).")
        }
        let thinned = curves.filter { $0.count > $0.x.count }
        if let greatest = thinned.map(\.count).max(), let drawn = thinned.map(\.x.count).max() {
            sentences.append(
                "Of up to \(greatest) points a line, up to \(drawn) are drawn: ends, and the least and greatest of each stretch."
            )
        }
        return sentences.joined(separator: " ")
    }
}
