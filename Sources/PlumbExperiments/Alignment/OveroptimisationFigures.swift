internal import PlumbAlignment
internal import PlumbRecords
internal import PlumbTensor

extension OveroptimisationFindings {
    private typealias Outcome = OveroptimisationEvidence.Outcome
    private typealias Curve = OveroptimisationEvidence.Curve

    var figures: [Figure] {
        [against(n: false), against(n: true)] + counts.map(ensembles) + [controls, shifted]
    }

    private func series(_ name: String, x: [Double], _ sample: CurveSample) -> LineChart.Series {
        let band = sample.band(key: evidence.key["band"])
        return LineChart.Series(name, x: x, y: sample.mean, lower: band.lower, upper: band.upper)
    }

    /// Gold and proxy of each m, against √KL or n.
    private func against(n: Bool) -> Figure {
        let x = n ? evidence.sizes : evidence.distances
        let gold = counts.map { series("wanted, \($0) comparisons", x: x, evidence.gold($0, \.single)) }
        let proxy = counts.map { m in
            LineChart.Series("learned reward, \(m)", x: x, y: evidence.proxy(m, \.single).mean)
        }
        return .lineChart(
            LineChart(
                title: n ? "What is wanted, by the best of n" : "What is wanted and what the learned reward says",
                caption: n
                    ? "The mean of what is wanted over tasks, with 95 % bands; it is 0 for answers that are not chosen."
                    : "What is wanted, with 95 % bands, and what the learned reward gives the same answers, in its standard "
                        + "deviations, against the root of their divergence from answers that are not chosen.",
                x: n ? Axis("n", scale: .logarithmic) : Axis("√KL", unit: "√nats"), y: Axis("mean"),
                series: n ? gold : gold + proxy,
                markers: n
                    ? zip(counts, counts.map { evidence.peak(evidence.gold($0, \.single)) }).map {
                        LineChart.Marker("peak, \($0)", x: Double($1))
                    } : []))
    }

    private func ensembles(_ m: Int) -> Figure {
        let curves: [(String, (Outcome) -> Curve)] = [
            ("one reward", \.single), ("mean of \(settings.members)", \.mean),
            ("worst of \(settings.members)", \.worst),
            ("mean less \(deviations)", \.cautious),
        ]
        return .lineChart(
            LineChart(
                title: "One reward, and more cautious ones of an ensemble, \(m) comparisons",
                caption:
                    "What is wanted when answers are chosen by one learned reward or by an ensemble of rewards, each "
                    + "learned from a sample of the same \(m) comparisons.",
                x: Axis("n", scale: .logarithmic), y: Axis("what is wanted"),
                series: curves.map { series($0.0, x: evidence.sizes, evidence.gold(m, $0.1)) }))
    }

    private var controls: Figure {
        .lineChart(
            LineChart(
                title: "Controls",
                caption: "Chosen by what is wanted itself; chosen by a learned reward where extremes cost nothing; and "
                    + "chosen by a reward learned from answers dealt out anew.",
                x: Axis("n", scale: .logarithmic), y: Axis("what is wanted"),
                series: [series("by what is wanted", x: evidence.sizes, evidence.ideal)]
                    + counts.map { series("no cost, \($0)", x: evidence.sizes, evidence.gold($0, \.costless)) }
                    + counts.map { series("dealt out anew, \($0)", x: evidence.sizes, evidence.gold($0, \.shuffled)) }))
    }

    private var shifted: Figure {
        let d = evidence.study.distances
        let lines = counts.flatMap { m in
            let fit = evidence.fits(m).shifted[0]
            return [
                series("simulated, \(m) comparisons", x: d, CurveSample(evidence.outcomes(m).map(\.shifted))),
                LineChart.Series("fit, \(m)", x: d, y: d.map(fit.value)),
            ]
        }
        return .lineChart(
            LineChart(
                title: "Moving all answers along the learned reward",
                caption:
                    "The mean of what is wanted when the distribution is moved by √2 d along the learned reward, which "
                    + "takes it d² nats away, and the fit d (α - β d).",
                x: Axis("d = √KL", unit: "√nats"), y: Axis("what is wanted"), series: lines))
    }

    /// α, β and the part of variance explained, for both forms and both kinds of optimisation.
    var fits: Table {
        var (rows, values): ([String], [[Double]]) = ([], [])
        for m in counts {
            let found = evidence.fits(m)
            for (kind, fits) in [("best of n", found.bestOfN), ("shift", found.shifted)] {
                for fit in fits {
                    rows.append("\(kind), \(m), d (α - β \(fit.form == .quadratic ? "d" : "log d"))")
                    values.append([fit.alpha, fit.beta, fit.explained])
                }
            }
        }
        return Table(
            "fits", title: "Curves in two parameters", rowLabel: "curve", columnLabel: "", rows: rows,
            columns: ["α", "β", "variance explained"], values: values)
    }
}
