public import PlumbRecords

/// Figures drawn and written out, for a page, a paper or a notebook of one's own.
///
/// ```swift
/// let chart = Figure.lineChart(LineChart(title: "Loss", caption: "", x: Axis("step"), y: Axis("loss"), series: series))
/// try Data((chart.svg() ?? "").utf8).write(to: URL(fileURLWithPath: "loss.svg"))
/// ```
extension Figure {
    /// The figure as an SVG file: complete by itself, in light colors, with every value shown when its mark is pointed at.
    ///
    /// - Parameter findings: where a heat map's table is, and which other figures share names of series: a name has one
    ///   color in all figures of the findings.
    /// - Returns: `nil` for prompts and prose, and for a heat map whose table is missing or empty.
    public func svg(in findings: Findings = Findings()) -> String? {
        drawing(in: findings, colors: ConditionColors(findings.figures))?.svg
    }

    /// The numbers behind the figure as a CSV file (RFC 4180), with every digit.
    ///
    /// - Parameter findings: where a heat map's table is.
    /// - Returns: `nil` for prompts and prose, and for a heat map whose table is missing.
    public func csv(in findings: Findings = Findings()) -> String? { FigureData(self, in: findings)?.csv }

    /// The figure as an HTML `figure` element: title, drawing, caption, data, and links to both as files.
    ///
    /// Its colors and layout come from the style sheet of ``HTMLReport``'s pages.
    /// - Parameters:
    ///   - findings: where a heat map's table is.
    ///   - index: counts the figures of a page from 1; it begins the element's `id`.
    /// - Returns: `nil` for prompts, which have a section of their own in a report.
    public func html(in findings: Findings = Findings(), index: Int = 1) -> String? {
        FigureMarkup(findings: findings).render(self, index: index)
    }

    /// The drawing with its natural width in pixels.
    func drawing(in findings: Findings, colors: ConditionColors) -> (svg: String, width: Double)? {
        switch self {
        case .heatMap(let map):
            guard let table = findings.table(map.table), !table.rows.isEmpty, !table.columns.isEmpty else { return nil }
            let drawing = HeatMapDrawing(map, table: table)
            return (drawing.render(), drawing.width)
        case .lineChart(let chart): return ChartDrawing.line(chart, colors)
        case .barChart(let chart): return ChartDrawing.bar(chart, colors)
        case .scatter(let chart): return ChartDrawing.scatter(chart, colors)
        case .histogram(let chart): return ChartDrawing.histogram(chart)
        case .vectors(let plot):
            let drawing = VectorDrawing(plot)
            return (drawing.render(), drawing.width)
        case .grids(let grids):
            let drawing = GridDrawing(grids)
            return (drawing.render(), drawing.width)
        case .graph(let graph):
            let drawing = GraphDrawing(graph)
            return (drawing.render(), drawing.width)
        case .images(let images):
            let drawing = ImageDrawing(images)
            return (drawing.render(), drawing.width)
        case .prompts, .text: return nil
        }
    }

    var caption: String {
        switch self {
        case .heatMap(let figure): figure.caption
        case .lineChart(let figure): figure.caption
        case .barChart(let figure): figure.caption
        case .scatter(let figure): figure.caption
        case .vectors(let figure): figure.caption
        case .grids(let figure): figure.caption
        case .graph(let figure): figure.caption
        case .images(let figure): figure.caption
        case .histogram(let figure): figure.caption
        case .prompts(let figure): figure.caption
        case .text: ""
        }
    }
}

/// A record's figures as files.
public enum FigureFiles {
    /// Each drawable figure and curve as an SVG and a CSV file: names such as `figure-1-loss.svg`, in the order of the page.
    ///
    /// - Complexity: linear in the size of the record.
    public static func files(of record: RunRecord) -> [(name: String, text: String)] {
        let curves = CurveCharts.charts(record.curves).map(Figure.lineChart)
        let colors = ConditionColors(record.findings.figures + curves)
        var files: [(name: String, text: String)] = []
        var index = 0
        for figure in record.findings.figures + curves {
            guard let drawing = figure.drawing(in: record.findings, colors: colors) else { continue }
            index += 1
            let name = Self.name(figure, index: index)
            files.append(("\(name).svg", drawing.svg))
            if let csv = figure.csv(in: record.findings) { files.append(("\(name).csv", csv)) }
        }
        return files
    }

    /// A figure's name as a file and in a page.
    static func name(_ figure: Figure, index: Int) -> String {
        let title = String(Markup.identifier(figure.title).prefix(60))
        return "figure-\(index)" + (title.isEmpty ? "" : "-\(title)")
    }
}
