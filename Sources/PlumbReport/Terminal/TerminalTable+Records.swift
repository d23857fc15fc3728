public import PlumbRecords

extension TerminalTable {
    /// Metrics with their unit; with their single values or interval, and n, where any metric has them.
    public init(metrics: [Metric]) {
        var columns = [Column("metric"), Column("value", .right), Column("unit")]
        let hasSpread = metrics.contains { !$0.spread.isEmpty }
        let hasCount = metrics.contains { $0.n != nil }
        if hasSpread { columns.append(Column("values or 95 % interval")) }
        if hasCount { columns.append(Column("n", .right)) }
        let rows = metrics.map { metric in
            var row = [metric.name, NumberText.value(metric.value), metric.unit]
            if hasSpread { row.append(metric.spread) }
            if hasCount { row.append(metric.n.map(String.init) ?? "") }
            return row
        }
        self.init(columns: columns, rows: rows)
    }

    /// The cells of a heat map whose colors lie farthest from the neutral one, strongest first.
    /// - Parameters:
    ///   - count: how many cells.
    ///   - figure: the heat map.
    ///   - table: where its values are.
    public init(strongest count: Int, of figure: HeatMap, table: Table) {
        let view = HeatMapView(figure, table: table)
        let baseline = figure.center ?? (view.isNormalized ? figure.normalization?.zero ?? 0 : 0)
        let cells = table.strongest(count, from: baseline)
        let unit = table.unit.isEmpty ? "value" : table.unit
        // Where column names are only their numbers, saying both would say it twice.
        let repeats = cells.allSatisfy { table.columns[$0.column] == String($0.column) }
        var columns = [Column(table.rowLabel, .right), Column(table.columnLabel, .right)]
        if !repeats { columns.append(Column(figure.columnsAreTokens ? "token" : "name")) }
        columns.append(Column(unit, .right))
        if view.isNormalized {
            columns.append(Column(view.label, .right))
        } else if baseline != 0 {
            columns.append(Column("from neutral", .right))
        }
        let scale = cells.map { abs($0.value) }.filter(\.isFinite).max()
        let rows = cells.map { cell in
            let name = table.columns[cell.column]
            var row = [table.rows[cell.row], String(cell.column)]
            if !repeats { row.append(figure.columnsAreTokens ? VisibleText.token(name) : name) }
            row.append(NumberText.value(cell.value, scale: scale))
            if view.isNormalized {
                row.append(NumberText.fixed(view.shown[cell.row][cell.column], decimals: 2))
            } else if baseline != 0 {
                let text = NumberText.value(cell.value - baseline, scale: scale)
                row.append(cell.value > baseline ? "+" + text : text)
            }
            return row
        }
        self.init(columns: columns, rows: rows)
    }

    /// Runs of a store, one line each, with what tells them apart.
    ///
    /// - Parameter width: below 110 columns, seed, model and settings share one.
    public init(runs: [RunEntry], width: Int = 240) {
        let differences = RunDifferences(runs)
        let isNarrow = width < 110
        func time(_ moment: Timestamp) -> String { moment.readable.replacing(" UTC", with: "") }
        func settings(_ record: RunRecord) -> [String] {
            let cells = ["\(record.seed)", RunDifferences.model(of: record), differences.text(of: record)]
            return isNarrow ? ["seed " + cells.filter { !$0.isEmpty }.joined(separator: ", ")] : cells
        }
        let rows = runs.map { entry -> [String] in
            let empty = Array(repeating: "", count: isNarrow ? 4 : 6)
            let begun = [entry.shortID, entry.experiment, entry.started.map(time) ?? ""] + empty
            switch entry.state {
            case .recorded(let record):
                let claims = record.findings.claims.map { VerdictText.sign($0.verdict) }.joined()
                return [
                    entry.shortID, record.experiment, time(record.started), NumberText.duration(record.wallSeconds),
                ] + settings(record) + [Self.headline(record.findings), claims, record.status.rawValue]
            case .running: return begun + ["running"]
            case .incomplete(let status, let reason):
                let why = status == .interrupted ? "" : ": \(reason.trimmingPrefix("it failed: "))"
                return begun + [status.rawValue + why]
            case .damaged(let reason): return [entry.shortID, entry.id, ""] + empty + ["damaged: \(reason)"]
            }
        }
        var columns = [Column("run"), Column("experiment"), Column("started (UTC)"), Column("time", .right)]
        if isNarrow {
            columns.append(Column("settings"))
        } else {
            columns += [Column("seed", .right), Column("model"), Column("settings that differ")]
        }
        columns += [Column("headline"), Column("claims"), Column("status")]
        // A column that is empty everywhere says nothing.
        let kept = columns.indices.filter { index in
            !["model", "settings that differ", "headline"].contains(columns[index].title)
                || rows.contains { !$0[index].isEmpty }
        }
        self.init(columns: kept.map { columns[$0] }, rows: rows.map { row in kept.map { row[$0] } })
    }

    /// The first two headline numbers with their names.
    private static func headline(_ findings: Findings) -> String {
        findings.headline.prefix(2).map { "\($0.name) \(NumberText.value($0.value))" }.joined(separator: ", ")
    }
}
