import PlumbRecords

/// A figure in a page: title, drawing, caption, and its numbers in a fold-out table.
struct FigureMarkup {
    let findings: Findings

    /// The figure, or `nil` for prompts, which have a section of their own.
    /// - Parameter index: counts the figures of the page from 1.
    func render(_ figure: Figure, index: Int) -> String? {
        switch figure {
        case .heatMap(let map):
            guard let table = findings.table(map.table) else {
                return panel(map.title, "<p>The table \(Page.prose(map.table)) is missing from the record.</p>\n")
            }
            guard !table.rows.isEmpty, !table.columns.isEmpty else {
                return panel(map.title, "<p>The table \(Page.prose(map.table)) is empty.</p>\n")
            }
            let drawing = HeatMapDrawing(map, table: table)
            var caption = map.caption
            if !map.markedColumns.isEmpty, !map.markLabel.isEmpty {
                caption += (caption.isEmpty ? "" : " ") + "▼ \(map.markLabel)."
            }
            return frame(
                index, map.title, drawing.render(), caption,
                DataTable.markup(table, columnsAreTokens: map.columnsAreTokens), width: drawing.width)
        case .lineChart(let chart):
            return frame(index, chart.title, ChartDrawing.line(chart), chart.caption, DataTable.markup(chart))
        case .barChart(let chart):
            return frame(index, chart.title, ChartDrawing.bar(chart), chart.caption, DataTable.markup(chart))
        case .scatter(let chart):
            return frame(index, chart.title, ChartDrawing.scatter(chart), chart.caption, DataTable.markup(chart))
        case .grids(let grids):
            let drawing = GridDrawing(grids)
            return frame(
                index, grids.title, drawing.render(), grids.caption, DataTable.markup(grids), width: drawing.width)
        case .vectors(let plot):
            let drawing = VectorDrawing(plot)
            return frame(
                index, plot.title, drawing.render(), plot.caption, DataTable.markup(plot), width: drawing.width)
        case .histogram(let chart):
            return frame(index, chart.title, ChartDrawing.histogram(chart), chart.caption, DataTable.markup(chart))
        case .text(let text): return panel(text.title, Page.paragraphs(text.text))
        case .prompts: return nil
        }
    }

    /// Figures wider than this take a whole row of the page.
    private static let halfWidth = 600.0

    private func frame(
        _ index: Int, _ title: String, _ drawing: String, _ caption: String, _ data: String,
        width: Double = PlotFrame.width
    ) -> String {
        let kind = width > Self.halfWidth ? " class=\"wide\"" : ""
        // On a phone a figure scrolls sideways before its letters become too small to read.
        let least = width > Self.halfWidth ? width : min(width, 430)
        let most = width * (width > Self.halfWidth ? 1 : 1.15)
        let name = Markup.identifier(title)
        return """
            <figure id="figure-\(index)\(name.isEmpty ? "" : "-" + name)"\(kind)>
            <div class="head"><h3>\(Page.prose(title))</h3><div class="tools" hidden></div></div>
            <div class="plot"><div style="min-width:\(SVGCanvas.number(least.rounded()))px;\
            max-width:\(SVGCanvas.number(most.rounded()))px;margin:0 auto">\(drawing)</div></div>
            \(caption.isEmpty ? "" : "<figcaption>\(Page.prose(caption))</figcaption>\n")\
            <details><summary>Data</summary>
            \(data)</details>
            </figure>

            """
    }

    private func panel(_ title: String, _ content: String) -> String {
        "<figure>\n<div class=\"head\"><h3>\(Page.prose(title))</h3></div>\n\(content)</figure>\n"
    }
}
