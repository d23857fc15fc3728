import PlumbRecords

/// Places along the horizontal axis that have a name, as vertical lines with their labels above the plot.
struct PlotMarkers {
    private struct Place {
        var x: Double
        var text: String
        var row: Int
        var isLeftOfLine: Bool
    }

    private let places: [Place]
    /// How much room the labels take above the plot.
    let height: Double
    private static let rowHeight = 13.0

    /// - Parameters:
    ///   - axis: the horizontal axis; markers beyond it are left out.
    ///   - right: where the drawing ends.
    init(_ markers: [LineChart.Marker], along axis: AxisScale, right: Double) {
        var ends: [Double] = []
        var found: [Place] = []
        for marker in markers.sorted(by: { $0.x < $1.x }) {
            guard marker.x >= axis.lower, marker.x <= axis.upper, let x = axis.place(marker.x) else { continue }
            let text = VisibleText.line(marker.label)
            let width = SVGCanvas.width(of: text, size: 10) + 4
            let isLeft = x + width > right
            let start = isLeft ? x - width : x
            // The first row whose last label ends before this one begins.
            let row = ends.firstIndex { $0 < start } ?? ends.count
            if row == ends.count { ends.append(0) }
            ends[row] = start + width + 4
            found.append(Place(x: x, text: text, row: row, isLeftOfLine: isLeft))
        }
        places = found
        height = Double(ends.count) * Self.rowHeight
    }

    func draw(from top: Double, to bottom: Double, on canvas: inout SVGCanvas) {
        for place in places {
            let baseline = top - 4 - Double(place.row) * Self.rowHeight
            canvas.line(
                place.x, baseline - 8, place.x, bottom,
                SVGCanvas.Paint.ink.stroke + " stroke-width=\"1\" stroke-dasharray=\"5 3\" stroke-opacity=\"0.6\"")
            canvas.text(
                place.isLeftOfLine ? place.x - 4 : place.x + 4, baseline, Markup.escape(place.text),
                anchor: place.isLeftOfLine ? .end : .start, size: 10)
        }
    }
}
