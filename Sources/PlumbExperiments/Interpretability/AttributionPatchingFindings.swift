internal import PlumbData
internal import PlumbInterpretability
internal import PlumbModels
internal import PlumbRecords
internal import PlumbTensor
internal import PlumbTokenizers

/// Turns what attribution patching measured into metrics, claims, tables, figures and sentences.
struct AttributionPatchingFindings {
    let settings: AttributionPatching.Settings
    let model: HookedTransformer
    let pairs: [TokenizedPair]
    let outcomes: [AttributionStudy.Outcome]
    let edges: EdgeEvidence
    /// AtP*'s magnitudes of the first pair's cells, site by site.
    let magnitudes: [Double]?
    /// How much longer exact patching of one cell takes than its attribution.
    let singleCellTimeRatio: Double
    let seed: UInt64

    private var layers: Int { model.configuration.layers }
    private var key: RandomKey { RandomKey(seed) }
    private var first: AttributionStudy.Outcome { outcomes[0] }

    var findings: Findings {
        var notes = [
            "Correlations are over the cells whose activation differs between the two runs.",
            "Shuffled gradients keep a trace of order: at one position they resemble each other from layer to layer.",
            "Times are of one run on this machine, weights packed beforehand; the peak includes the model.",
        ]
        if model.isQuantized {
            notes.append("\(model.name) is a quantised model: the numbers are those of its stored weights.")
        }
        if outcomes.count == 1 { notes.append("The claims rest on one pair; the standard prompts test more.") }
        return Findings(
            summary: summary, metrics: metrics, claims: claims, tables: tables, figures: figures, notes: notes)
    }

    // MARK: Numbers

    /// A number of each pair, for one site; nil where the site was not asked for.
    private func each(
        _ site: Site, _ number: (AttributionStudy.SiteOutcome) -> Double
    ) -> [Double]? {
        let found = outcomes.compactMap { outcome in outcome.sites.first { $0.site == site }.map(number) }
        return found.count == outcomes.count ? found : nil
    }

    private func interval(_ values: [Double], _ name: String) -> Interval? {
        guard values.count > 1 else { return nil }
        let bounds = Statistics.bootstrapMean(values, key: key[name])
        return Interval(lower: bounds.lower, upper: bounds.upper, method: "bootstrap over pairs")
    }

    private func metric(_ name: String, _ values: [Double], _ unit: String = "") -> Metric {
        Metric(name, Statistics.mean(values), unit: unit, interval: interval(values, name), n: values.count)
    }

    private var timeRatio: Double {
        outcomes.reduce(0) { $0 + $1.exactSeconds } / outcomes.reduce(0) { $0 + $1.attributionSeconds }
    }

    private var metrics: [Metric] {
        let sites = first.sites.map(\.site)
        let correlations = sites.flatMap { site in
            let isAttention = site == .q || site == .k
            return [
                each(site) { $0.comparison.spearman }.map { metric("spearman_\(site.shortName)", $0) },
                each(site) { $0.comparison.pearson }.map { metric("pearson_\(site.shortName)", $0) },
                isAttention
                    ? each(site) { $0.throughSoftmax.spearman }.map {
                        metric("spearman_\(site.shortName)_exact_softmax", $0)
                    } : nil,
            ].compactMap { $0 }
        }
        return [
            Metric("time_ratio", timeRatio),
            Metric("edges", Double(edges.plain.graph.edgeCount), unit: "edges"),
            Metric("edge_attribution_seconds", edges.seconds, unit: "s"),
            Metric("edge_attribution_peak", Double(edges.peakBytes) / 1e6, unit: "MB"),
        ] + correlations + [
            metric("exact_seconds", outcomes.map(\.exactSeconds), "s"),
            metric("attribution_seconds", outcomes.map(\.attributionSeconds), "s"),
            Metric("time_ratio_single_cell", singleCellTimeRatio),
            Metric("cells", Double(outcomes.reduce(0) { $0 + $1.cells }), unit: "cells"),
            Metric("edge_attribution_integrated_seconds", edges.integratedSeconds, unit: "s"),
            Metric("edge_spearman_plain_integrated", edgeAgreement),
        ]
    }

    private var edgeAgreement: Double {
        Statistics.spearman(edges.plain.scores.flatMap { $0 }, edges.integrated.scores.flatMap { $0 })
    }

    // MARK: Claims

    /// The mean over pairs of a number of each of `sites`, the least of them by `rank`.
    private func least(
        _ sites: [Site], by rank: (Double) -> Double, _ number: (AttributionStudy.SiteOutcome) -> Double
    ) -> Double {
        let means = sites.compactMap { each($0, number).map(Statistics.mean) }
        // What cannot be measured is no number, and a claim or control of it does not hold.
        return means.contains(where: \.isNaN) ? .nan : means.min { rank($0) < rank($1) } ?? .nan
    }

    private var claims: [ClaimResult] {
        func asked(_ sites: [Site]) -> [Site] { sites.filter { site in first.sites.contains { $0.site == site } } }
        let outputs = asked([.attnOut, .mlpOut, .z])
        let inputs = asked([.q, .k])
        return (outputs.isEmpty ? [] : [orderClaim(outputs)]) + (inputs.isEmpty ? [] : [softmaxClaim(inputs)])
            + [speedClaim]
    }

    private func shuffledControl(_ sites: [Site]) -> ControlResult {
        let observed = least(sites, by: { -abs($0) }) { $0.shuffled.spearman }
        return ControlResult(
            "The same with gradients dealt out to other layers, positions and heads of their site",
            threshold: "mean rank correlation over pairs at most 0.25 either way", observed: observed,
            holds: abs(observed) <= 0.25)
    }

    private func names(_ sites: [Site]) -> String {
        let names = sites.map(\.shortName)
        return names.count < 2
            ? names.joined() : "\(names.dropLast().joined(separator: ", ")) and \(names[names.count - 1])"
    }

    private func orderClaim(_ sites: [Site]) -> ClaimResult {
        let observed = least(sites, by: { $0 }) { $0.comparison.spearman }
        return ClaimResult(
            "For \(names(sites)), attribution puts the cells in nearly the order of their exact effects",
            threshold: "mean rank correlation over pairs at least 0.75, for each of them", observed: observed,
            holds: observed >= 0.75, control: shuffledControl(sites), n: outcomes.count, seeds: [seed])
    }

    private func softmaxClaim(_ sites: [Site]) -> ClaimResult {
        let gains = sites.compactMap { site -> Double? in
            guard let plain = each(site, { $0.comparison.spearman }).map(Statistics.mean),
                let exact = each(site, { $0.throughSoftmax.spearman }).map(Statistics.mean)
            else { return nil }
            return (exact - plain) / (1 - plain)
        }
        let observed = gains.contains(where: \.isNaN) ? .nan : gains.min() ?? .nan
        return ClaimResult(
            "For \(names(sites)), computing the softmax exactly (AtP*) brings the order nearer to the exact one",
            threshold: "at least 0.4 of what the mean rank correlation lacks to 1, for each of them",
            observed: observed,
            holds: observed >= 0.4, control: shuffledControl(sites), n: outcomes.count, seeds: [seed])
    }

    private var speedClaim: ClaimResult {
        ClaimResult(
            "One attribution estimates in a fraction of its time what the exact sweep measures",
            threshold: "at least 5 times faster over the same cells", observed: timeRatio, holds: timeRatio >= 5,
            control: ControlResult(
                "For a single cell there is nothing to gain", threshold: "at most 2 times faster",
                observed: singleCellTimeRatio, holds: singleCellTimeRatio <= 2),
            n: outcomes.count, seeds: [seed])
    }

    // MARK: Tables

    private var tables: [Table] {
        [correlationTable, missTable, edgeTable] + [magnitudeTable].compactMap { $0 }
            + mapped.flatMap { site in [effectTable(site, isExact: true), effectTable(site, isExact: false)] }
    }

    private var correlationTable: Table {
        typealias Number = (AttributionStudy.SiteOutcome) -> Double
        let columns: [(String, Number)] = [
            ("Spearman", { $0.comparison.spearman }), ("Pearson", { $0.comparison.pearson }),
            ("Spearman, exact softmax", { $0.throughSoftmax.spearman }),
            ("Pearson, exact softmax", { $0.throughSoftmax.pearson }),
            ("Spearman, shuffled", { $0.shuffled.spearman }),
        ]
        let sites = first.sites.map(\.site)
        let values = sites.map { site in columns.map { each(site, $0.1) ?? [.nan] } }
        func bound(_ side: (Interval) -> Double) -> [[Double]]? {
            guard outcomes.count > 1 else { return nil }
            return values.enumerated().map { row, cells in
                cells.enumerated().map { column, numbers in
                    interval(numbers, "\(sites[row].shortName) \(columns[column].0)").map(side) ?? numbers[0]
                }
            }
        }
        return Table(
            "correlations", title: "Attribution against exact patching: mean correlation over \(pairCount)",
            rowLabel: "site", columnLabel: "correlation", rows: sites.map(\.shortName), columns: columns.map(\.0),
            values: values.map { $0.map(Statistics.mean) }, lower: bound(\.lower), upper: bound(\.upper))
    }

    private var pairCount: String { outcomes.count == 1 ? "1 pair" : "\(outcomes.count) pairs" }

    private var missTable: Table {
        let misses = first.sites.flatMap { site in site.comparison.worstMisses(3) }
        let order = misses.indices.sorted { (-misses[$0].error, $0) < (-misses[$1].error, $1) }
        let worst = order.prefix(12).map { misses[$0] }
        var softmax: [PatchCell: Double] = [:]
        for comparison in first.sites.map(\.throughSoftmax) {
            for (cell, effect) in zip(comparison.cells, comparison.attributed) { softmax[cell] = effect }
        }
        return Table(
            "worst_misses", title: "Where attribution is furthest off, in the first pair (up to three cells a site)",
            rowLabel: "cell", columnLabel: "effect", rows: worst.map { name($0.cell) },
            columns: ["exact", "attributed", "attributed, exact softmax"],
            values: worst.map { [$0.exact, $0.attributed, softmax[$0.cell] ?? .nan] }, unit: "logits")
    }

    private func name(_ cell: PatchCell) -> String {
        let layer = cell.point.block.map { "\($0)." } ?? ""
        let place = [cell.position.map { " at \($0)" }, cell.head.map { " head \($0)" }].compactMap { $0 }
        return "\(layer)\(cell.point.site.shortName)\(place.joined())"
    }

    private var edgeTable: Table {
        let strongest = edges.plain.strongest(20)
        return Table(
            "edges", title: "The strongest of \(edges.plain.graph.edgeCount) edges, in the first pair",
            rowLabel: "edge", columnLabel: "method", rows: strongest.map { "\($0.writer) to \($0.reader)" },
            columns: ["EAP", "EAP-IG, \(settings.steps) steps"],
            values: strongest.map { [$0.score, edges.integrated[$0.writer, $0.reader] ?? .nan] }, unit: "logits")
    }

    /// Rank correlation of magnitudes: AtP* with GradDrop against plain attribution, in the first pair.
    private var magnitudeTable: Table? {
        guard let magnitudes else { return nil }
        var offset = 0
        let rows = first.sites.map { site in
            let cells = site.exact.flatMap { $0 }
            let found = Array(magnitudes[offset..<offset + cells.count])
            offset += cells.count
            let plain = site.attributed.flatMap { $0 }
            let kept = cells.indices.filter { plain[$0] != 0 || cells[$0] != 0 }
            let exact = kept.map { abs(cells[$0]) }
            return [
                Statistics.spearman(exact, kept.map { abs(plain[$0]) }),
                Statistics.spearman(exact, kept.map { found[$0] }),
            ]
        }
        return Table(
            "magnitudes", title: "Rank correlation with the magnitude of the exact effect, in the first pair",
            rowLabel: "site", columnLabel: "estimate", rows: first.sites.map(\.site.shortName),
            columns: ["attribution", "AtP* (exact softmax, GradDrop)"], values: rows)
    }

    /// The sites whose maps are shown, exact beside attributed.
    private var mapped: [AttributionStudy.SiteOutcome] {
        first.sites.filter { [.residPre, .attnOut, .mlpOut, .z].contains($0.site) }
    }

    private func effectTable(_ site: AttributionStudy.SiteOutcome, isExact: Bool) -> Table {
        let values = isExact ? site.exact : site.attributed
        let what = isExact ? "exact" : "attributed"
        return Table(
            "\(what)_\(site.site.shortName)", title: "\(what) effect of \(site.site.shortName), first pair",
            rowLabel: "layer", columnLabel: site.isByHead ? "head" : "position", rows: values.indices.map { "\($0)" },
            columns: site.isByHead ? values[0].indices.map { "\($0)" } : tokens, values: values, unit: "logits")
    }

    private var tokens: [String] {
        func text(_ tokens: [Int]) -> [String] { tokens.map { model.tokenizer?.string(of: $0) ?? "\($0)" } }
        return zip(text(pairs[0].clean), text(pairs[0].corrupted))
            .map { $0 == $1 ? $0 : "\($0)/\($1.trimmingPrefix(" "))" }
    }

    // MARK: Figures

    private var figures: [Figure] {
        // Maps come first and in twos, so that exact and attributed stand side by side.
        mapped.flatMap { site in [map(site, isExact: true), map(site, isExact: false)] } + [correlationChart]
            + first.sites.map(\.site).map(scatter)
    }

    private var correlationChart: Figure {
        let sites = first.sites.map(\.site)
        func series(_ name: String, _ number: (AttributionStudy.SiteOutcome) -> Double) -> BarChart.Series {
            let values = sites.map { each($0, number) ?? [.nan] }
            let bounds = zip(sites, values).map { interval($1, "\(name) \($0.shortName)") }
            let hasBounds = outcomes.count > 1
            return BarChart.Series(
                name, values: values.map(Statistics.mean), lower: hasBounds ? bounds.map { $0?.lower ?? .nan } : nil,
                upper: hasBounds ? bounds.map { $0?.upper ?? .nan } : nil)
        }
        return .barChart(
            BarChart(
                title: "Rank correlation with exact patching",
                caption: "Spearman's correlation of estimated and exact effects, mean over \(pairCount)"
                    + (outcomes.count > 1 ? ", with bootstrap intervals." : "."),
                categories: sites.map(\.shortName), categoryLabel: "site", y: Axis("Spearman's ρ"),
                series: [
                    series("attribution") { $0.comparison.spearman },
                    series("exact softmax") { $0.throughSoftmax.spearman },
                    series("shuffled gradients") { $0.shuffled.spearman },
                ]))
    }

    private func scatter(_ site: Site) -> Figure {
        let isAttention = site == .q || site == .k
        func group(_ name: String, _ number: (AttributionStudy.SiteOutcome) -> AttributionComparison)
            -> ScatterPlot.Group
        {
            let parts = outcomes.compactMap { outcome in outcome.sites.first { $0.site == site }.map(number) }
            return ScatterPlot.Group(
                name, x: parts.flatMap(\.exact), y: parts.flatMap(\.attributed),
                labels: parts.flatMap { $0.cells.map(name(_:)) })
        }
        return .scatter(
            ScatterPlot(
                title: "\(site.shortName): estimated and exact effects",
                caption: "Each point is one cell of one pair; on the diagonal the estimate is right.",
                x: Axis("exact effect", unit: "logits"), y: Axis("estimated effect", unit: "logits"),
                groups: [group("attribution") { $0.comparison }]
                    + (isAttention ? [group("exact softmax") { $0.throughSoftmax }] : []),
                showsDiagonal: true))
    }

    private func map(_ site: AttributionStudy.SiteOutcome, isExact: Bool) -> Figure {
        let reach = (site.exact + site.attributed).flatMap { $0 }.reduce(0) { max($0, abs($1)) }
        let name = "\(isExact ? "exact" : "attributed")_\(site.site.shortName)"
        return .heatMap(
            HeatMap(
                table: name, title: "\(site.site.shortName), \(isExact ? "exact" : "attributed")",
                caption: isExact
                    ? "Change of the logit difference by each patch, first pair."
                    : "The same, estimated from one gradient, on the same scale.",
                center: 0, domain: reach > 0 ? HeatMap.Domain(-reach, reach) : nil,
                valueLabel: "logits", columnsAreTokens: !site.isByHead,
                markedColumns: site.isByHead ? [] : pairs[0].differing,
                markLabel: site.isByHead ? "" : "the prompts differ here"))
    }

    // MARK: Words

    private var summary: String {
        let best = first.sites.map(\.site).compactMap { site in
            each(site) { $0.comparison.spearman }.map { (site, Statistics.mean($0)) }
        }.sorted { $0.1 > $1.1 }
        guard let top = best.first, let low = best.last else { return "No site was compared." }
        return "Over \(pairCount), the order of one backward pass's estimates was nearest to the exact one for "
            + "\(top.0.shortName) (rank correlation \(top.1.rounded(to: 2))) and furthest from it for \(low.0.shortName) "
            + "(\(low.1.rounded(to: 2))). It took \((1 / timeRatio).rounded(to: 3)) of the exact sweep's time; all "
            + "\(edges.plain.graph.edgeCount) edges of the model took \(edges.seconds.rounded(to: 2)) s.\(largestMiss)"
    }

    private var largestMiss: String {
        let misses = first.sites.compactMap { $0.comparison.worstMisses(1).first }
        guard let worst = misses.max(by: { $0.error < $1.error }) else { return "" }
        return
            " Sizes can be wrong where the order is right: the worst estimate of the first pair, \(name(worst.cell)), says "
            + "\(worst.attributed.rounded(to: 2)) logits where patching gives \(worst.exact.rounded(to: 2))."
    }
}
