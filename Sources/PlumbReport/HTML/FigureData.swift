import PlumbRecords

/// The numbers behind a figure in columns, with every digit: what its table on the page and its CSV file hold.
struct FigureData {
    /// A heading, and a text for each row; shorter columns end in empty cells.
    struct Column {
        var title: String
        var cells: [String]
        var isText = false
    }

    var columns: [Column]

    init(_ columns: [Column]) { self.columns = columns }

    /// The data of a figure; `nil` for prose, prompts, and heat maps whose table is missing.
    init?(_ figure: Figure, in findings: Findings) {
        switch figure {
        case .heatMap(let map):
            guard let table = findings.table(map.table) else { return nil }
            self.init(table)
        case .lineChart(let chart): self.init(chart)
        case .barChart(let chart): self.init(chart)
        case .scatter(let chart): self.init(chart)
        case .vectors(let plot): self.init(plot)
        case .grids(let grids): self.init(grids)
        case .graph(let graph): self.init(graph)
        case .images(let images): self.init(images)
        case .histogram(let chart): self.init(chart)
        case .prompts, .text: return nil
        }
    }

    init(_ table: Table) {
        let corner = [table.rowLabel, table.columnLabel].filter { !$0.isEmpty }.joined(separator: " \\ ")
        var columns = [Column(title: corner, cells: table.rows, isText: true)]
        for (index, name) in table.columns.enumerated() {
            columns.append(Column(title: name, cells: table.values.map { Self.exact($0[safe: index]) }))
        }
        for (title, matrix) in [("lower", table.lower), ("upper", table.upper)] {
            guard let matrix else { continue }
            for (index, name) in table.columns.enumerated() {
                columns.append(
                    Column(title: "\(name): \(title)", cells: matrix.map { Self.exact($0[safe: index]) }))
            }
        }
        self.init(columns)
    }

    init(_ chart: LineChart) {
        var columns: [Column] = []
        if !chart.markers.isEmpty {
            columns += [
                Column(title: "marked", cells: chart.markers.map(\.label), isText: true),
                Self.numbers("marked: \(chart.x.label)", chart.markers.map(\.x)),
            ]
        }
        for series in chart.series {
            columns += [
                Self.numbers("\(series.name): \(chart.x.label)", series.x),
                Self.numbers("\(series.name): \(chart.y.label)", series.y),
            ]
            if let lower = series.lower { columns.append(Self.numbers("\(series.name): lower", lower)) }
            if let upper = series.upper { columns.append(Self.numbers("\(series.name): upper", upper)) }
        }
        self.init(columns)
    }

    init(_ chart: BarChart) {
        var columns = [Column(title: chart.categoryLabel, cells: chart.categories, isText: true)]
        for series in chart.series {
            columns.append(Self.numbers(series.name, series.values))
            if let lower = series.lower { columns.append(Self.numbers("\(series.name): lower", lower)) }
            if let upper = series.upper { columns.append(Self.numbers("\(series.name): upper", upper)) }
        }
        self.init(columns)
    }

    init(_ chart: ScatterPlot) {
        var columns: [Column] = []
        for group in chart.groups {
            if let labels = group.labels { columns.append(Column(title: group.name, cells: labels, isText: true)) }
            columns.append(Self.numbers("\(group.name): \(chart.x.label)", group.x))
            columns.append(Self.numbers("\(group.name): \(chart.y.label)", group.y))
        }
        self.init(columns)
    }

    init(_ plot: VectorPlot) {
        let rows = plot.panels.flatMap { panel in panel.vectors.map { (panel.title, $0) } }
        self.init([
            Column(title: "panel", cells: rows.map(\.0), isText: true),
            Column(title: "vector", cells: rows.map(\.1.label), isText: true), Self.numbers("x", rows.map(\.1.x)),
            Self.numbers("y", rows.map(\.1.y)), Self.numbers(plot.valueLabel, rows.map(\.1.value)),
        ])
    }

    init(_ figure: GridFigure) {
        let rows = figure.panels.flatMap { panel in
            panel.rows.enumerated().map { index, row in
                let numbers = (panel.values?[safe: index] ?? []).map(NumberText.exact)
                return (panel.title, row, numbers.joined(separator: " "))
            }
        }
        var columns = [
            Column(title: "panel", cells: rows.map(\.0), isText: true),
            Column(title: "row", cells: rows.map(\.1), isText: true),
        ]
        if rows.contains(where: { !$0.2.isEmpty }) {
            columns.append(Column(title: figure.valueLabel, cells: rows.map(\.2), isText: true))
        }
        let paths = figure.panels.filter { !$0.path.isEmpty }.map { panel in
            (panel.title, panel.pathInside.map { "\($0.row + 1),\($0.column + 1)" }.joined(separator: " "))
        }
        if !paths.isEmpty {
            columns += [
                Column(title: "path in panel", cells: paths.map(\.0), isText: true),
                Column(title: "path (row, column)", cells: paths.map(\.1), isText: true),
            ]
        }
        self.init(columns)
    }

    init(_ figure: GraphFigure) {
        let nodes = figure.panels.flatMap { panel in panel.nodes.map { (panel.title, $0) } }
        let edges = figure.panels.flatMap { panel in panel.edges.map { (panel.title, $0) } }
        func text(_ title: String, _ cells: [String]) -> Column { Column(title: title, cells: cells, isText: true) }
        self.init([
            text("panel", nodes.map(\.0)), text("node", nodes.map(\.1.id)), text("label", nodes.map(\.1.label)),
            text("shape", nodes.map(\.1.shape.rawValue)), text("tone", nodes.map(\.1.tone.rawValue)),
            text("edge in panel", edges.map(\.0)), text("from", edges.map(\.1.from)), text("to", edges.map(\.1.to)),
            text("edge", edges.map(\.1.label)),
        ])
    }

    init(_ figure: ImageFigure) {
        let rows = figure.panels.flatMap { panel in
            let digits = Array(panel.pixels.utf8)
            let count = panel.levels == nil ? 0 : panel.height
            return (0..<count).map { row in
                let line = digits[row * panel.width * 6..<(row + 1) * panel.width * 6]
                return (panel.title, String(decoding: line, as: UTF8.self))
            }
        }
        self.init([
            Column(title: "picture", cells: rows.map(\.0), isText: true),
            Column(title: "row of pixels (rrggbb)", cells: rows.map(\.1), isText: true),
        ])
    }

    init(_ chart: Histogram) {
        self.init([
            Self.numbers("from", Array(chart.edges.dropLast())), Self.numbers("to", Array(chart.edges.dropFirst())),
            Self.numbers(chart.countLabel, chart.counts),
        ])
    }

    private static func numbers(_ title: String, _ values: [Double]) -> Column {
        Column(title: title, cells: values.map(NumberText.exact))
    }

    private static func exact(_ value: Double?) -> String { value.map(NumberText.exact) ?? "" }

    private var rowCount: Int { columns.map(\.cells.count).max() ?? 0 }

    /// The columns as a CSV file (RFC 4180).
    var csv: String {
        var lines = [columns.map { Self.quoted($0.title) }.joined(separator: ",")]
        for row in 0..<rowCount {
            lines.append(columns.map { Self.quoted($0.cells[safe: row] ?? "") }.joined(separator: ","))
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    private static func quoted(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { ",\"\r\n ".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// The columns as an HTML table.
    /// - Parameter tokens: whether headings are tokens, whose white space must be visible.
    func markup(tokens: Bool = false) -> String {
        let head = columns.map { column in
            let isName = column.isText || !tokens
            let title = isName ? Page.prose(column.title) : "<bdi>\(Markup.token(column.title))</bdi>"
            return "<th scope=\"col\"\(column.isText ? "" : " class=\"num\"")>\(title)</th>"
        }
        let rows = (0..<rowCount).map { row in
            "<tr>"
                + columns.map { column in
                    "<td\(column.isText ? "" : " class=\"num\"")>\(Markup.escape(column.cells[safe: row] ?? ""))</td>"
                }.joined() + "</tr>\n"
        }
        return DataTable.frame("<tr>\(head.joined())</tr>", rows.joined())
    }
}
