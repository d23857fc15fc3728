internal import PlumbData
internal import PlumbTokenizers
public import PlumbModels
public import PlumbRecords

/// Attributed effects beside exact ones, as tables, heat maps and scatter plots.
public struct AttributionPicture: Sendable {
    let model: HookedTransformer
    let pairs: [TokenizedPair]
    let outcomes: AttributionOutcomes

    /// - Parameters:
    ///   - model: the model that was patched.
    ///   - pairs: the prompts in tokens, one or more pairs of equal length each.
    ///   - outcomes: what was found for them.
    public init(model: HookedTransformer, pairs: [TokenizedPair], outcomes: AttributionOutcomes) {
        (self.model, self.pairs, self.outcomes) = (model, pairs, outcomes)
    }

    private var first: [AttributionStudy.SiteOutcome] { outcomes.pairs.first?.sites ?? [] }

    /// The sites shown as maps, exact beside attributed.
    private var mapped: [AttributionStudy.SiteOutcome] {
        first.filter { [.residPre, .attnOut, .mlpOut, .z].contains($0.site) }
    }

    /// The cells of the first pair whose estimates are furthest off, up to three a site and twelve in all.
    public var missTable: Table {
        let misses = first.flatMap { $0.comparison.worstMisses(3) }
        let order = misses.indices.sorted { (-misses[$0].error, $0) < (-misses[$1].error, $1) }
        let worst = order.prefix(12).map { misses[$0] }
        var softmax: [PatchCell: Double] = [:]
        for comparison in first.map(\.throughSoftmax) {
            for (cell, effect) in zip(comparison.cells, comparison.attributed) { softmax[cell] = effect }
        }
        return Table(
            "worst_misses", title: "The worst estimates of the first pair (up to three cells a site)", rowLabel: "cell",
            columnLabel: "effect", rows: worst.map(\.cell.label),
            columns: ["exact", "attributed", "attributed, exact softmax"],
            values: worst.map { [$0.exact, $0.attributed, softmax[$0.cell] ?? .nan] }, unit: "logits")
    }

    /// The worst estimate of the first pair in a sentence; empty where there is none.
    public var largestMiss: String {
        let misses = first.compactMap { $0.comparison.worstMisses(1).first }
        guard let worst = misses.max(by: { $0.error < $1.error }) else { return "" }
        return
            "The worst estimate of the first pair is that of \(worst.cell.label): \(Phrase.number(worst.attributed)) logits, "
            + "while patching gives \(Phrase.number(worst.exact))."
    }

    /// The effects of the first pair, two tables a site: exact and attributed.
    public var tables: [Table] {
        mapped.flatMap { site in
            [("exact", site.exact), ("attributed", site.attributed)].map { kind, values in
                Table(
                    "\(kind)_\(site.site.shortName)", title: "\(kind) effect of \(site.site.shortName), first pair",
                    rowLabel: "layer", columnLabel: site.isByHead ? "head" : "position",
                    rows: values.indices.map { "\($0)" },
                    columns: site.isByHead ? values[0].indices.map { "\($0)" } : pairs[0].labels(model), values: values,
                    unit: "logits")
            }
        }
    }

    /// One heat map a table, both of a site on one scale.
    public var heatMaps: [Figure] {
        mapped.flatMap { site in
            let reach = (site.exact + site.attributed).flatMap { $0 }.reduce(0) { max($0, abs($1)) }
            return ["exact", "attributed"].map { kind -> Figure in
                .heatMap(
                    HeatMap(
                        table: "\(kind)_\(site.site.shortName)", title: "\(site.site.title), \(kind)",
                        caption: kind == "exact"
                            ? "Change of the logit difference by each patch, first pair."
                            : "The same, estimated from one gradient, on the same scale.",
                        center: 0, domain: reach > 0 ? HeatMap.Domain(-reach, reach) : nil, valueLabel: "logits",
                        columnsAreTokens: !site.isByHead, markedColumns: site.isByHead ? [] : pairs[0].differing,
                        markLabel: site.isByHead ? "" : "the prompts differ here"))
            }
        }
    }

    /// One scatter plot a site: every cell of every pair, estimated against exact.
    public var scatterPlots: [Figure] {
        outcomes.sites.map { site -> Figure in
            func group(_ name: String, _ part: (AttributionStudy.SiteOutcome) -> AttributionComparison)
                -> ScatterPlot.Group
            {
                let parts = outcomes.outcomes(at: site).map(part)
                return ScatterPlot.Group(
                    name, x: parts.flatMap(\.exact), y: parts.flatMap(\.attributed),
                    labels: parts.flatMap { $0.cells.map(\.label) })
            }
            let exact = [Site.q, .k].contains(site) ? [group("exact softmax") { $0.throughSoftmax }] : []
            return .scatter(
                ScatterPlot(
                    title: "\(site.title): estimated and exact effects",
                    caption: "Each point is one cell of one pair; on the diagonal the estimate is right.",
                    x: Axis("exact effect", unit: "logits"), y: Axis("estimated effect", unit: "logits"),
                    groups: [group("attribution") { $0.comparison }] + exact, showsDiagonal: true))
        }
    }
}

extension PatchCell {
    /// In tables and beside points, for example "12.attn_out at 9" or "12.z head 3".
    var label: String {
        let layer = point.block.map { "\($0)." } ?? ""
        return "\(layer)\(point.site.shortName)\(position.map { " at \($0)" } ?? "")\(head.map { " head \($0)" } ?? "")"
    }
}

extension TokenizedPair {
    /// The tokens of the part that both prompts have; where they differ, both, as in " Mary/John".
    func labels(_ model: HookedTransformer) -> [String] {
        func text(_ tokens: [Int]) -> [String] { tokens.map { model.string(of: $0) } }
        return zip(text(alignedClean), text(alignedCorrupted)).map { $0 == $1 ? $0 : "\($0)/\($1.trimmingPrefix(" "))" }
    }
}
