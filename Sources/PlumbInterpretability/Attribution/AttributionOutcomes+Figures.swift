internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

extension AttributionOutcomes {
    /// The correlations with exact patching of every site: as metrics, one value a pair, as a table and as a chart.
    @FindingsBuilder public func findings(_ measured: Measurements) -> [FindingsPart] {
        let columns = correlations
        for (index, site) in sites.enumerated() {
            let names = ["spearman_\(site.shortName)", "pearson_\(site.shortName)"]
            for (name, column) in zip(names + ([.q, .k].contains(site) ? [names[0] + "_exact_softmax"] : []), columns) {
                let isHeadline = name == names[0] && site == .z
                measured.metric(Quantity(name, per: "pair", isHeadline: isHeadline), column.values[index])
            }
        }
        measured.table(
            "correlations", title: "Attribution against exact patching: correlation, mean over pairs", rowLabel: "site",
            columnLabel: "correlation", rows: sites.map(\.shortName), columns: columns.map(\.name),
            cells: sites.indices.map { site in columns.map { $0.values[site] } })
        BarChart(
            title: "Rank correlation with exact patching",
            caption: "Spearman's correlation of estimated and exact effects, mean over pairs.",
            categories: sites.map(\.shortName), categoryLabel: "site", y: Axis("Spearman's ρ"),
            series: [0, 2, 4].map { measured.bars(columns[$0].name, columns[$0].values) })
    }

    /// The rank correlations of magnitudes in the first pair, plain and by AtP*.
    ///
    /// - Parameter magnitudes: one a cell, as ``AttributionStudy/magnitudes(_:pair:progress:)`` gives them.
    public func magnitudeTable(_ magnitudes: [Double]) -> Table {
        Table(
            "magnitudes", title: "Rank correlation with the magnitude of the exact effect, in the first pair",
            rowLabel: "site", columnLabel: "estimate", rows: sites.map(\.shortName),
            columns: ["attribution", "AtP* (exact softmax, GradDrop)"],
            values: pairs.first?.magnitudeCorrelations(magnitudes) ?? [])
    }
}
