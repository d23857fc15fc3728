import PlumbRecords

/// The numbers behind a figure as an HTML table, with every digit.
enum DataTable {
    /// - Parameter isRounded: whether cells show six digits, and all of them when pointed at.
    static func markup(_ table: Table, columnsAreTokens: Bool, isRounded: Bool = false) -> String {
        let head = table.columns.enumerated().map { index, name in
            let shown = columnsAreTokens ? "<bdi>\(Markup.token(name))</bdi>" : Page.prose(name)
            return "<th scope=\"col\" class=\"num\">\(shown)</th>"
        }
        let rows = table.rows.enumerated().map { index, name in
            let cells = table.values[index].enumerated().map { column, value in
                isRounded
                    ? rounded(value, table.lower?[safe: index]?[safe: column], table.upper?[safe: index]?[safe: column])
                    : "<td class=\"num\">\(exact(value))</td>"
            }.joined()
            return "<tr><th scope=\"row\">\(Page.prose(name))</th>\(cells)</tr>\n"
        }
        let labels = [table.rowLabel, table.columnLabel].filter { !$0.isEmpty }
        let corner = Markup.escape(VisibleText.line(labels.joined(separator: " \\ ")))
        return frame("<tr><th>\(corner)</th>\(head.joined())</tr>", rows.joined())
    }

    /// - Parameter columns: a heading and its values; shorter columns end in empty cells.
    static func markup(columns: [(title: String, cells: [String])]) -> String {
        let count = columns.map(\.cells.count).max() ?? 0
        let head = columns.map { "<th scope=\"col\" class=\"num\">\(Page.prose($0.title))</th>" }.joined()
        let rows = (0..<count).map { row in
            "<tr>" + columns.map { "<td class=\"num\">\(Markup.escape($0.cells[safe: row] ?? ""))</td>" }.joined()
                + "</tr>\n"
        }
        return frame("<tr>\(head)</tr>", rows.joined())
    }

    static func markup(_ chart: LineChart) -> String {
        markup(
            columns: markers(chart)
                + chart.series.flatMap { series -> [(title: String, cells: [String])] in
                    var columns = [
                        (title: "\(series.name): \(chart.x.label)", cells: series.x.map(exact)),
                        (title: "\(series.name): \(chart.y.label)", cells: series.y.map(exact)),
                    ]
                    if let lower = series.lower { columns.append(("\(series.name): lower", lower.map(exact))) }
                    if let upper = series.upper { columns.append(("\(series.name): upper", upper.map(exact))) }
                    return columns
                })
    }

    private static func markers(_ chart: LineChart) -> [(title: String, cells: [String])] {
        guard !chart.markers.isEmpty else { return [] }
        return [
            (title: "marked", cells: chart.markers.map(\.label)),
            (title: "marked: \(chart.x.label)", cells: chart.markers.map { exact($0.x) }),
        ]
    }

    static func markup(_ chart: BarChart) -> String {
        markup(
            columns: [(title: chart.categoryLabel, cells: chart.categories)]
                + chart.series.flatMap { series -> [(title: String, cells: [String])] in
                    var columns = [(title: series.name, cells: series.values.map(exact))]
                    if let lower = series.lower { columns.append(("\(series.name): lower", lower.map(exact))) }
                    if let upper = series.upper { columns.append(("\(series.name): upper", upper.map(exact))) }
                    return columns
                })
    }

    static func markup(_ chart: ScatterPlot) -> String {
        markup(
            columns: chart.groups.flatMap { group -> [(title: String, cells: [String])] in
                var columns = [
                    (title: "\(group.name): \(chart.x.label)", cells: group.x.map(exact)),
                    (title: "\(group.name): \(chart.y.label)", cells: group.y.map(exact)),
                ]
                if let labels = group.labels { columns.insert((group.name, labels), at: 0) }
                return columns
            })
    }

    static func markup(_ plot: VectorPlot) -> String {
        let rows = plot.panels.flatMap { panel in panel.vectors.map { (panel.title, $0) } }
        return markup(columns: [
            (title: "panel", cells: rows.map(\.0)), (title: "vector", cells: rows.map(\.1.label)),
            (title: "x", cells: rows.map { exact($0.1.x) }), (title: "y", cells: rows.map { exact($0.1.y) }),
            (title: plot.valueLabel, cells: rows.map { exact($0.1.value) }),
        ])
    }

    static func markup(_ figure: GridFigure) -> String {
        let rows = figure.panels.flatMap { panel in
            panel.rows.enumerated().map { index, row in
                let numbers = panel.values.flatMap { $0.indices.contains(index) ? $0[index].map(exact) : nil } ?? []
                return (panel.title, row, numbers.joined(separator: " "))
            }
        }
        let paths = figure.panels.filter { !$0.path.isEmpty }.map { panel in
            (panel.title, panel.path.map { "\($0.row + 1),\($0.column + 1)" }.joined(separator: " "))
        }
        var columns = [(title: "panel", cells: rows.map(\.0)), (title: "row", cells: rows.map(\.1))]
        if rows.contains(where: { !$0.2.isEmpty }) { columns.append((figure.valueLabel, rows.map(\.2))) }
        guard !paths.isEmpty else { return markup(columns: columns) }
        return markup(columns: columns)
            + markup(columns: [
                (title: "panel", cells: paths.map(\.0)), (title: "path (row, column)", cells: paths.map(\.1)),
            ])
    }

    static func markup(_ chart: Histogram) -> String {
        markup(columns: [
            (title: "from", cells: chart.edges.dropLast().map(exact)),
            (title: "to", cells: chart.edges.dropFirst().map(exact)),
            (title: chart.countLabel, cells: chart.counts.map(exact)),
        ])
    }

    /// The ends of the range are shown where they differ.
    private static func rounded(_ value: Double, _ lower: Double?, _ upper: Double?) -> String {
        var text = NumberText.value(value, digits: 6)
        if let lower, let upper, lower != upper {
            text += " [\(NumberText.value(lower)), \(NumberText.value(upper))]"
        }
        return "<td class=\"num\" title=\"\(exact(value))\">\(NumberText.typographic(text))</td>"
    }

    private static func exact(_ value: Double) -> String {
        value.isFinite && value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }

    private static func frame(_ head: String, _ rows: String) -> String {
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"data\"><thead>\(head)</thead>\n<tbody>\n\(rows)</tbody></table></div>\n"
    }
}
