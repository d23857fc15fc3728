import Foundation
import PlumbRecords

/// A figure in a page: title, drawing, caption, its numbers in a fold-out table, and links to both as files.
struct FigureMarkup {
    let findings: Findings
    let colors: ConditionColors

    init(findings: Findings, colors: ConditionColors? = nil) {
        self.findings = findings
        self.colors = colors ?? ConditionColors(findings.figures)
    }

    /// The figure, or `nil` for prompts, which have a section of their own.
    /// - Parameter index: counts the figures of the page from 1.
    func render(_ figure: Figure, index: Int) -> String? {
        if case .prompts = figure { return nil }
        if case .text(let text) = figure { return panel(text.title, Page.paragraphs(text.text)) }
        guard let drawing = figure.drawing(in: findings, colors: colors) else {
            let name = if case .heatMap(let map) = figure { map.table } else { "" }
            let fault = findings.table(name) == nil ? "missing from the record" : "empty"
            return panel(figure.title, "<p>The table \(Page.prose(name)) is \(fault).</p>\n")
        }
        return frame(figure, index, drawing)
    }

    /// Figures wider than this take a whole row of the page.
    private static let halfWidth = 620.0

    private func frame(_ figure: Figure, _ index: Int, _ drawing: (svg: String, width: Double)) -> String {
        let width = drawing.width
        let isWide = width > Self.halfWidth
        // On a phone a figure scrolls sideways before its letters become too small to read.
        let least = isWide ? min(width, 700) : min(width, 400)
        let most = width * (isWide ? 1 : 1.15)
        let name = FigureFiles.name(figure, index: index)
        let caption = caption(figure)
        let data = FigureData(figure, in: findings)
        var tokens = false
        if case .heatMap(let map) = figure { tokens = map.columnsAreTokens }
        return """
            <figure id="\(name)"\(isWide ? " class=\"wide\"" : "")>
            <div class="head"><h3>\(Page.prose(title(figure)))</h3><div class="tools">\
            \(Self.link(drawing.svg, "image/svg+xml", "SVG", "\(name).svg"))\
            \(data.map { Self.link($0.csv, "text/csv", "CSV", "\(name).csv") } ?? "")</div></div>
            <div class="plot"><div style="min-width:\(SVGCanvas.number(least.rounded()))px;\
            max-width:\(SVGCanvas.number(most.rounded()))px;margin:0 auto">\(drawing.svg)</div></div>
            \(caption.isEmpty ? "" : "<figcaption>\(Page.prose(caption))</figcaption>\n")\
            \(data.map { "<details><summary>Data</summary>\n\($0.markup(tokens: tokens))</details>\n" } ?? "")\
            </figure>

            """
    }

    /// A file inside the page.
    private static func link(_ text: String, _ type: String, _ label: String, _ name: String) -> String {
        let content = Data(text.utf8).base64EncodedString()
        return "<a href=\"data:\(type);base64,\(content)\" download=\"\(name)\">\(label)</a>"
    }

    private func title(_ figure: Figure) -> String {
        guard case .heatMap(let map) = figure, let table = findings.table(map.table) else { return figure.title }
        return HeatMapView(map, table: table).title
    }

    private func caption(_ figure: Figure) -> String {
        var sentences = [figure.caption]
        if case .heatMap(let map) = figure, let table = findings.table(map.table) {
            let view = HeatMapView(map, table: table)
            if !map.markedColumns.isEmpty, !map.markLabel.isEmpty { sentences.append("▼ \(map.markLabel).") }
            sentences.append(view.clipping)
        }
        return sentences.filter { !$0.isEmpty }.joined(separator: " ")
    }

    private func panel(_ title: String, _ content: String) -> String {
        "<figure>\n<div class=\"head\"><h3>\(Page.prose(title))</h3></div>\n\(content)</figure>\n"
    }
}
