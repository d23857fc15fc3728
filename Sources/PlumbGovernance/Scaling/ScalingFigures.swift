internal import Foundation
public import PlumbRecords
internal import PlumbTensor

/// What a page about scaling laws shows.
public enum ScalingFigures {
    /// The constants of a fit with their intervals beside published ones, the objective of each law on the same points, and
    /// the best tokens for each parameter at a budget.
    public static func constants(
        _ law: ScalingLaw, _ resampled: [ScalingLaw], _ points: [ScalingPoint], budget: Double
    ) -> Table {
        func row(_ law: ScalingLaw) -> [Double] {
            let optimum = law.optimum(flop: budget)
            return [
                law.a, law.b, law.e, law.alpha, law.beta, law.objective(points), optimum.tokens / optimum.parameters,
            ]
        }
        let rows = resampled.map(row)
        func ends(_ fraction: Double) -> [Double] {
            (0..<7).map { column in
                let values = rows.map { $0[column] }.filter(\.isFinite).sorted()
                return values.isEmpty ? .nan : Statistics.quantile(values, fraction)
            }
        }
        return Table(
            "constants", title: "The constants, with 95 % bootstrap intervals in the rows below the fit",
            rowLabel: "law",
            columnLabel: "constant",
            rows: ["fitted here", "lower end", "upper end", "Hoffmann, exact", "Hoffmann, as printed"],
            columns: ["A", "B", "E", "α", "β", "objective", "tokens a parameter"],
            values: [row(law), ends(0.025), ends(0.975), row(.hoffmann), row(.hoffmannRounded)])
    }

    /// Measured losses against the law's.
    public static func chinchilla(_ points: [ScalingPoint], _ law: ScalingLaw) -> ScatterPlot {
        ScatterPlot(
            title: "The law and the figure's points",
            caption: "Each training run of the figure; on the line the law is right.",
            x: Axis("loss by the law", unit: "nats"), y: Axis("loss", unit: "nats"),
            groups: [
                ScatterPlot.Group(
                    "training runs", x: points.map { law.loss(parameters: $0.parameters, tokens: $0.tokens) },
                    y: points.map(\.loss))
            ], showsDiagonal: true)
    }

    /// The loss of our transformers against their computation, and what the law says of the one that was held out.
    public static func own(_ points: [ScalingPoint], _ held: [ScalingPoint], _ law: ScalingLaw) -> LineChart {
        let sizes = Set(points.map(\.parameters)).sorted()
        func series(_ name: String, _ points: [ScalingPoint], _ loss: (ScalingPoint) -> Double) -> LineChart.Series {
            LineChart.Series(name, x: points.map(\.flop), y: points.map(loss))
        }
        return LineChart(
            title: "Loss against computation",
            caption: "Transformers trained here, one line a size along its training, the "
                + "held-out one, and its losses as the law of the others predicts them; first seed.",
            x: Axis("FLOP", scale: .logarithmic), y: Axis("held-out loss", unit: "nats"),
            series: sizes.map { size in
                series("\(Int(size)) parameters", points.filter { $0.parameters == size }, \.loss)
            } + [
                series("held out", held, \.loss),
                series("predicted", held) { law.loss(parameters: $0.parameters, tokens: $0.tokens) },
            ])
    }

    /// For the computation of the largest model trained: the law's loss by size, and each size's, where it got that far.
    public static func optimum(_ points: [ScalingPoint], _ held: [ScalingPoint], _ law: ScalingLaw) -> Table {
        let all = points + held
        let sizes = Set(all.map(\.parameters)).sorted()
        let budget = sizes.compactMap { size in all.last { $0.parameters == size }?.flop }.min() ?? 1
        let best = law.optimum(flop: budget)
        return Table(
            "optimum",
            title: "The best size for \(Int(budget)) FLOP, which all sizes reached; the law's is "
                + "\(Int(best.parameters)) parameters",
            rowLabel: "parameters", columnLabel: "loss", rows: sizes.map { "\(Int($0))" },
            columns: ["by the law, with these FLOP", "at the end of training", "by the law, at the end of training"],
            values: sizes.map { size in
                let last = all.last { $0.parameters == size }
                return [
                    law.loss(parameters: size, tokens: budget / 6 / size), last?.loss ?? .nan,
                    last.map { law.loss(parameters: size, tokens: $0.tokens) } ?? .nan,
                ]
            }, unit: "nats")
    }
}

extension ScalingLaw {
    /// The law with all constants rounded to so many significant digits.
    public func rounded(digits: Int) -> ScalingLaw {
        func cut(_ value: Double) -> Double {
            guard value != 0, value.isFinite else { return value }
            let scale = pow(10, Double(digits - 1) - floor(log10(abs(value))))
            return (value * scale).rounded() / scale
        }
        return ScalingLaw(a: cut(a), b: cut(b), e: cut(e), alpha: cut(alpha), beta: cut(beta))
    }
}
