public import PlumbRecords

extension TerminalTable {
    /// Metrics with their unit, and with interval and n where any metric has them.
    public init(metrics: [Metric]) {
        var columns = [Column("metric"), Column("value", .right), Column("unit")]
        let hasInterval = metrics.contains { $0.interval != nil }
        let hasCount = metrics.contains { $0.n != nil }
        if hasInterval { columns.append(Column("interval")) }
        if hasCount { columns.append(Column("n", .right)) }
        let rows = metrics.map { metric in
            var row = [metric.name, NumberText.value(metric.value), metric.unit]
            if hasInterval { row.append(metric.interval.map(Self.text) ?? "") }
            if hasCount { row.append(metric.n.map(String.init) ?? "") }
            return row
        }
        self.init(columns: columns, rows: rows)
    }

    /// The cells of `table` that lie farthest from `baseline`, strongest first.
    /// - Parameters:
    ///   - count: how many cells.
    ///   - table: where the cells are from.
    ///   - baseline: the value that distances are measured from, in the unit of the table.
    ///   - columnsAreTokens: whether column names are tokens, whose white space must be visible.
    public init(strongest count: Int, of table: Table, from baseline: Double = 0, columnsAreTokens: Bool = false) {
        let cells = table.strongest(count, from: baseline)
        let unit = table.unit.isEmpty ? "value" : table.unit
        let rows = cells.map { cell in
            let name = table.columns[cell.column]
            return [
                table.rows[cell.row], String(cell.column), columnsAreTokens ? VisibleText.token(name) : name,
                NumberText.fixed(cell.value, decimals: 4), Self.signed(cell.value - baseline),
            ]
        }
        let columns = [
            Column(table.rowLabel, .right), Column(table.columnLabel, .right),
            Column(columnsAreTokens ? "token" : "name"), Column(unit, .right), Column("from baseline", .right),
        ]
        // Where column names are only their numbers, saying both would say it twice.
        let repeats = cells.allSatisfy { table.columns[$0.column] == String($0.column) }
        self.init(
            columns: columns.enumerated().filter { !(repeats && $0.offset == 2) }.map(\.element),
            rows: rows.map { row in row.enumerated().filter { !(repeats && $0.offset == 2) }.map(\.element) })
    }

    /// Runs of a store, one line each, with what tells them apart.
    public init(runs: [RunEntry]) {
        let differences = RunDifferences(runs)
        let rows = runs.map { entry -> [String] in
            let begun = [entry.shortID, entry.experiment, entry.started?.readable ?? "", "", "", "", "", ""]
            switch entry.state {
            case .recorded(let record):
                let passed = record.findings.claims.filter(\.passes).count
                let claims = record.findings.claims.isEmpty ? "" : "\(passed)/\(record.findings.claims.count)"
                return [
                    entry.shortID, record.experiment, record.started.readable,
                    NumberText.duration(record.wallSeconds), "\(record.seed)", RunDifferences.model(of: record),
                    differences.text(of: record), claims, record.status.rawValue,
                ]
            case .running: return begun + ["running"]
            case .incomplete(let status, let reason):
                let why = status == .interrupted ? "" : ": \(reason.trimmingPrefix("it failed: "))"
                return begun + [status.rawValue + why]
            case .damaged(let reason):
                return [entry.shortID, entry.id] + Array(repeating: "", count: 6) + ["damaged: \(reason)"]
            }
        }
        let columns = [
            Column("run"), Column("experiment"), Column("started"), Column("time", .right), Column("seed", .right),
            Column("model"), Column("settings that differ", wraps: true), Column("claims", .right),
            Column("status", wraps: true),
        ]
        // A column that is empty everywhere says nothing.
        let kept = columns.indices.filter { index in
            !["model", "settings that differ"].contains(columns[index].title) || rows.contains { !$0[index].isEmpty }
        }
        self.init(columns: kept.map { columns[$0] }, rows: rows.map { row in kept.map { row[$0] } })
    }

    static func text(_ interval: Interval) -> String {
        let level = NumberText.value(interval.level * 100, digits: 4)
        return "[\(NumberText.value(interval.lower)), \(NumberText.value(interval.upper))] \(level) %"
    }

    static func signed(_ value: Double) -> String {
        let text = NumberText.fixed(value, decimals: 4)
        return value > 0 ? "+" + text : text
    }
}
