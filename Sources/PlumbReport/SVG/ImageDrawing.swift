import Foundation
import PlumbRecords

/// Pictures side by side, a square a pixel.
struct ImageDrawing {
    private let figure: ImageFigure
    private let side: Double
    private let columns: Int
    private let titles: [[String]]
    private static let gap = 18.0
    private static let margin = 8.0
    private static let titleLine = 13.0
    private static let widest = 760.0

    init(_ figure: ImageFigure) {
        self.figure = figure
        let fewest = figure.panels.count <= 4 ? max(1, figure.panels.count) : 6
        let side = min(160, (Self.widest - Self.gap * Double(fewest - 1)) / Double(fewest))
        columns = min(max(1, figure.panels.count), fewest)
        titles = figure.panels.map { SVGCanvas.lines($0.title, size: 11, room: side + 12) }
        self.side = side
    }

    /// The natural width of the drawing in pixels.
    var width: Double { max(300, 2 * Self.margin + Double(columns) * (side + Self.gap) - Self.gap) }

    func render() -> String {
        let titleHeight = 7 + Self.titleLine * Double(max(1, titles.map(\.count).max() ?? 1))
        let rowHeight = titleHeight + side + Self.gap * 0.5
        let rows = (figure.panels.count + columns - 1) / columns
        var canvas = SVGCanvas(width: width, height: Double(max(1, rows)) * rowHeight + Self.margin)
        for (index, panel) in figure.panels.enumerated() {
            let left = Self.margin + Double(index % columns) * (side + Self.gap)
            let top = Double(index / columns) * rowHeight + titleHeight
            for (line, text) in titles[index].enumerated() {
                let y = top - 7 - Self.titleLine * Double(titles[index].count - 1 - line)
                canvas.text(left + side / 2, y, Markup.escape(text), anchor: .middle, size: 11)
            }
            draw(panel, left, top, on: &canvas)
        }
        return canvas.render(label: ChartDrawing.label("Pictures", figure.title))
    }

    private func draw(_ panel: ImageFigure.Panel, _ left: Double, _ top: Double, on canvas: inout SVGCanvas) {
        guard let levels = panel.levels else { return }
        let scale = side / Double(max(panel.height, panel.width))
        let file = PNGFile.encoded(height: panel.height, width: panel.width, levels: levels)
        canvas.image(
            left, top, Double(panel.width) * scale, Double(panel.height) * scale, file,
            title: Markup.escape(VisibleText.line(panel.title)))
    }
}
