import Foundation
import PlumbRecords

/// A record's curves as line charts: one chart for the part of a name before "/", one line for the rest.
///
/// An axis is logarithmic when all its values are above zero and the greatest is more than 10^2.5, about 316, times the
/// least; captions say so where it happens. A share, such as an accuracy, is never on a logarithmic axis.
enum CurveCharts {
    static func charts(_ curves: [Curve]) -> [LineChart] {
        var names: [String] = []
        for curve in curves where !names.contains(curve.chart) { names.append(curve.chart) }
        return names.compactMap { name in chart(name, curves.filter { $0.chart == name }) }
    }

    private static func chart(_ name: String, _ curves: [Curve]) -> LineChart? {
        guard curves.contains(where: { !$0.x.isEmpty || $0.omitted > 0 }) else { return nil }
        let x = scale(curves.flatMap(\.x))
        let y = Axis.isShare(name) ? .linear : scale(curves.flatMap(\.y))
        let lone = curves.count == 1 ? curves[0] : nil
        let title = lone.map { $0.line == name ? name : "\(name): \($0.line)" } ?? name
        return LineChart(
            title: VisibleText.words(title), caption: caption(curves, x, y), x: Axis("step", scale: x),
            y: Axis(name, scale: y), series: curves.map(series))
    }

    /// A curve of an edited record may have more places than values.
    private static func series(_ curve: Curve) -> LineChart.Series {
        let count = min(curve.x.count, curve.y.count)
        return LineChart.Series(curve.line, x: Array(curve.x.prefix(count)), y: Array(curve.y.prefix(count)))
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
            sentences.append("\(curve.line): \(count) left out as infinite or not a number\(place).")
        }
        let thinned = curves.filter { $0.count > $0.x.count }
        if let greatest = thinned.map(\.count).max(), let drawn = thinned.map(\.x.count).max() {
            sentences.append(
                "Each line shows at most \(drawn) of its points (up to \(greatest)): the first, the last, and the least and greatest of "
                    + "each interval."
            )
        }
        return sentences.joined(separator: " ")
    }
}
