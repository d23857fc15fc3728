internal import PlumbLearning
public import PlumbRecords

// Curves over n and √KL.

extension OveroptimizationResults {
    private var sizes: [Double] { study.sizes.map(Double.init) }
    private var bands: String { "Bands, from 8 tasks on, are 95 % intervals of the mean." }
    private var axis: Axis { Axis("n", scale: .logarithmic) }

    /// The gold reward, and the score that answers were chosen by, against √KL.
    public func frontier(_ measured: Measurements) -> LineChart {
        LineChart(
            title: "The gold reward and the learned reward",
            caption:
                "The mean gold reward of the answers that are kept, and the mean score that the learned reward gives "
                + "them, in its standard deviations, against the root of their divergence from all answers. " + bands,
            x: Axis("√KL", unit: "√nats"), y: Axis("reward"),
            series: study.counts.map {
                measured.line("gold, \($0) comparisons", over: distances, curves: gold($0, \.single).curves)
            }
                + study.counts.map {
                    LineChart.Series("learned reward, \($0)", x: distances, y: proxy($0, \.single).mean)
                })
    }

    /// The gold reward against n, with its peaks.
    public func bestOfN(_ measured: Measurements) -> LineChart {
        LineChart(
            title: "The gold reward of the best of n",
            caption: "The mean over tasks; it is near 0 at n = 1, where nothing is chosen. " + bands, x: axis,
            y: Axis("gold reward"),
            series: study.counts.map {
                measured.line("\($0) comparisons", over: sizes, curves: gold($0, \.single).curves)
            }, markers: study.counts.filter { bestN($0).isFinite }.map { LineChart.Marker("peak, \($0)", x: bestN($0)) }
        )
    }

    /// One learned reward beside the scores of an ensemble.
    public func ensembles(_ m: Int, _ measured: Measurements) -> LineChart {
        let curves: [(String, Choice)] = [
            ("one reward", \.single), ("mean of \(study.members)", \.mean), ("worst of \(study.members)", \.worst),
            ("mean less \(Phrase.number(study.deviations)) times the standard deviation", \.cautious),
        ]
        return LineChart(
            title: "One reward and conservative ensembles, \(m) comparisons",
            caption:
                "The gold reward where answers are chosen by one learned reward or by an ensemble of rewards, each "
                + "learned from a bootstrap sample of the same \(m) comparisons. " + bands,
            x: axis, y: Axis("gold reward"),
            series: curves.map { measured.line($0, over: sizes, curves: gold(m, $1).curves) })
    }

    /// Where the gold reward should not fall.
    public func controls(_ measured: Measurements) -> LineChart {
        let conditions: [(String, Choice)] = [("no cost", \.costless), ("shuffled labels", \.shuffled)]
        return LineChart(
            title: "Controls",
            caption:
                "The gold reward where answers are chosen by the gold reward, by a reward learned where extremes "
                + "cost nothing, and by a reward learned from shuffled labels. " + bands,
            x: axis, y: Axis("gold reward"),
            series: [measured.line("by the gold reward", over: sizes, curves: ideal.curves)]
                + conditions.flatMap { name, curve in
                    study.counts.map { measured.line("\(name), \($0)", over: sizes, curves: gold($0, curve).curves) }
                })
    }

    /// The gold reward of shifted distributions, with its fit.
    public func shifted(_ measured: Measurements) -> LineChart {
        LineChart(
            title: "Shifting the distribution along the learned reward",
            caption:
                "The mean gold reward when the distribution is shifted by √2 d along the learned reward, which takes "
                + "it d² nats away, and the fit d (α - β d).",
            x: Axis("d = √KL", unit: "√nats"), y: Axis("gold reward"),
            series: study.counts.flatMap { m in
                let fit = fits(m).shifted[0]
                return [
                    measured.line(
                        "simulated, \(m) comparisons", over: study.distances, curves: outcomes(m).map(\.shifted)),
                    LineChart.Series("fit, \(m)", x: study.distances, y: study.distances.map(fit.value)),
                ]
            })
    }

    /// α and β of both forms for both kinds of optimization.
    public var fitTable: Table {
        let rows = study.counts.flatMap { m -> [(String, FrontierFit)] in
            let found = fits(m)
            return [("best of n", found.bestOfN), ("shift", found.shifted)].flatMap { kind, fits in
                fits.map { ("\(kind), \(m), d (α - β \($0.form == .quadratic ? "d" : "log d"))", $0) }
            }
        }
        return Table(
            "fits", title: "Curves in two parameters", rowLabel: "curve", columnLabel: "", rows: rows.map(\.0),
            columns: ["α", "β", "variance explained"], values: rows.map { [$1.alpha, $1.beta, $1.explained] })
    }
}
