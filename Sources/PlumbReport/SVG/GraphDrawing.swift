import PlumbRecords

/// Directed graphs, panel below panel or side by side where they fit.
struct GraphDrawing {
    private struct Box {
        var node: GraphFigure.Node
        var lines: [String]
        var width: Double
        var height: Double
        var x = 0.0
        var y = 0.0
    }

    private struct Drawn {
        var title: String
        var boxes: [Box]
        /// Arrows with the points that they pass, from the middle of a node to the middle of another.
        var arrows: [(edge: GraphFigure.Edge, points: [(x: Double, y: Double)])]
        var width: Double
        var height: Double
    }

    private typealias Point = (x: Double, y: Double)

    private let figure: GraphFigure
    private let panels: [Drawn]
    private static let margin = 10.0
    private static let gap = 28.0
    private static let titleHeight = 22.0
    private static let widest = 780.0
    private static let size = 11.0
    private static let line = 14.0

    init(_ figure: GraphFigure) {
        self.figure = figure
        panels = figure.panels.map { Self.lay($0, figure.direction) }
    }

    // MARK: Layout

    private static func lay(_ panel: GraphFigure.Panel, _ direction: GraphFigure.Direction) -> Drawn {
        var boxes = panel.nodes.map(box)
        let number = Dictionary(panel.nodes.indices.map { (panel.nodes[$0].id, $0) }) { first, _ in first }
        let edges = panel.edges.map { edge in
            number[edge.from].flatMap { from in number[edge.to].map { (from: from, to: $0) } }
        }
        let isDown = direction == .down
        let layout = GraphLayout(
            count: boxes.count, edges: edges, breadths: boxes.map { isDown ? $0.width : $0.height },
            gap: isDown ? 18 : 12)
        // The depth of each rank is that of its deepest node; labels of arrows need room between two.
        let hasLabels = panel.edges.contains { !$0.label.isEmpty }
        let between = isDown ? (hasLabels ? 44.0 : 34.0) : hasLabels ? 80.0 : 54.0
        var (middles, depth) = ([Double](), 0.0)
        for rank in layout.ranks {
            let deepest =
                rank.compactMap { layout.places[$0].node }.map { isDown ? boxes[$0].height : boxes[$0].width }
                .max() ?? 0
            middles.append(depth + deepest / 2)
            depth += deepest + between
        }
        func point(_ place: GraphLayout.Place) -> Point {
            isDown ? (place.position, middles[place.rank]) : (middles[place.rank], place.position)
        }
        for place in layout.places { if let node = place.node { (boxes[node].x, boxes[node].y) = point(place) } }
        let arrows = layout.routes.map { route in
            (edge: panel.edges[route.edge], points: route.places.map { point(layout.places[$0]) })
        }
        let title = VisibleText.line(panel.title)
        return Drawn(
            title: title, boxes: boxes, arrows: arrows,
            width: max(boxes.map { $0.x + $0.width / 2 }.max() ?? 0, SVGCanvas.width(of: title, size: 11.5)),
            height: boxes.map { $0.y + $0.height / 2 }.max() ?? 0)
    }

    private static func box(_ node: GraphFigure.Node) -> Box {
        let mark = node.tone == .good ? "✓ " : node.tone == .bad ? "✗ " : ""
        let lines = SVGCanvas.lines(mark + node.label, size: size, room: 138)
        let text = lines.map { SVGCanvas.width(of: $0, size: size) }.max() ?? 0
        let height = Double(max(1, lines.count)) * line
        let (width, tall): (Double, Double) =
            switch node.shape {
            case .box: (text + 18, height + 12)
            case .rounded: (text + 26, height + 12)
            case .ellipse: (text * 1.25 + 20, height * 1.3 + 12)
            case .circle: (max(text, height) * 1.15 + 16, max(text, height) * 1.15 + 16)
            case .diamond: (text * 1.5 + 30, height * 1.7 + 18)
            case .parallelogram: (text + 40, height + 12)
            }
        return Box(node: node, lines: lines, width: max(30, width), height: max(26, tall))
    }

    /// Panels in rows: as many abreast as fit, with the height of each row.
    private var rows: [[Int]] {
        var (rows, used) = ([[Int]](), Double.infinity)
        for (index, panel) in panels.enumerated() {
            if used + panel.width > Self.widest { (rows, used) = (rows + [[]], 0) }
            rows[rows.count - 1].append(index)
            used += panel.width + Self.gap
        }
        return rows
    }

    private func rowWidth(_ row: [Int]) -> Double {
        row.map { panels[$0].width }.reduce(0, +) + Self.gap * Double(row.count - 1)
    }

    private func rowHeight(_ row: [Int]) -> Double {
        let title = row.contains { !panels[$0].title.isEmpty } ? Self.titleHeight : 0
        return title + (row.map { panels[$0].height }.max() ?? 0)
    }

    /// The natural width of the drawing in pixels.
    var width: Double { max(300, 2 * Self.margin + (rows.map(rowWidth).max() ?? 0)) }

    // MARK: Drawing

    func render() -> String {
        let height = rows.map { rowHeight($0) + Self.gap }.reduce(0, +)
        var canvas = SVGCanvas(width: width, height: max(60, 2 * Self.margin + height - Self.gap))
        var top = Self.margin
        for row in rows {
            var left = Self.margin + max(0, width - 2 * Self.margin - rowWidth(row)) / 2
            let title = row.contains { !panels[$0].title.isEmpty } ? Self.titleHeight : 0
            for index in row {
                let panel = panels[index]
                if !panel.title.isEmpty {
                    let text = Markup.escape(panel.title)
                    canvas.text(left + panel.width / 2, top + 11, text, anchor: .middle, size: 11.5)
                }
                draw(panel, left, top + title, on: &canvas)
                left += panel.width + Self.gap
            }
            top += rowHeight(row) + Self.gap
        }
        return canvas.render(label: ChartDrawing.label("Graph", figure.title))
    }

    private func draw(_ panel: Drawn, _ left: Double, _ top: Double, on canvas: inout SVGCanvas) {
        let inset = (panel.width - (panel.boxes.map { $0.x + $0.width / 2 }.max() ?? 0)) / 2
        let placed = panel.boxes.map { box in
            var box = box
            (box.x, box.y) = (box.x + left + inset, box.y + top)
            return box
        }
        let byID = Dictionary(placed.map { ($0.node.id, $0) }) { first, _ in first }
        for arrow in panel.arrows {
            let points = arrow.points.map { (x: $0.x + left + inset, y: $0.y + top) }
            draw(arrow.edge, points, byID[arrow.edge.from], byID[arrow.edge.to], on: &canvas)
        }
        for box in placed { draw(box, on: &canvas) }
    }

    private func draw(
        _ edge: GraphFigure.Edge, _ route: [Point], _ from: Box?, _ to: Box?, on canvas: inout SVGCanvas
    ) {
        guard let from, let to, route.count > 1 else { return }
        var points = route
        points[0] = port(of: from, towards: route[1])
        let end = port(of: to, towards: route[route.count - 2])
        let before = points[points.count - 2]
        let (dx, dy) = (end.x - before.x, end.y - before.y)
        let length = max(1e-9, (dx * dx + dy * dy).squareRoot())
        let (ux, uy) = (dx / length, dy / length)
        points[points.count - 1] = (end.x - 7 * ux, end.y - 7 * uy)
        let paint: SVGCanvas.Paint = edge.line == .strong ? .series(0) : .rule
        let dashes = edge.line == .dashed ? "stroke-dasharray=\"4 3\" " : ""
        let stroke = "fill=\"none\" stroke-linejoin=\"round\" stroke-width=\"\(edge.line == .strong ? 2 : 1.2)\" "
        canvas.path(points, stroke + dashes + paint.stroke)
        let base: Point = (end.x - 8 * ux, end.y - 8 * uy)
        canvas.path(
            [end, (base.x - 4 * uy, base.y + 4 * ux), (base.x + 4 * uy, base.y - 4 * ux)], isClosed: true, paint.fill)
        let label = VisibleText.line(edge.label)
        guard !label.isEmpty else { return }
        let (a, b) = (points[(points.count - 1) / 2], points[(points.count - 1) / 2 + 1])
        let (x, y) = ((a.x + b.x) / 2, (a.y + b.y) / 2)
        let room = SVGCanvas.width(of: label, size: 10)
        canvas.rect(x - room / 2 - 2, y - 7, room + 4, 13, SVGCanvas.Paint.paper.fill)
        canvas.text(x, y + 3.5, Markup.escape(label), anchor: .middle, size: 10, paint: .faint)
    }

    /// Where an arrow leaves or enters a node: in the middle of the side that faces the other rank, so that it crosses no
    /// neighbor.
    private func port(of box: Box, towards point: Point) -> Point {
        let (dx, dy) = (point.x - box.x, point.y - box.y)
        switch figure.direction {
        case .down where abs(dy) > box.height / 2: return (box.x, box.y + (dy > 0 ? 1 : -1) * box.height / 2)
        case .right where abs(dx) > box.width / 2: return (box.x + (dx > 0 ? 1 : -1) * box.width / 2, box.y)
        case .down, .right: return Self.border(of: box, towards: point)
        }
    }

    /// Where the line from a node's middle to a point leaves its outline.
    private static func border(of box: Box, towards point: Point) -> Point {
        let (dx, dy) = (point.x - box.x, point.y - box.y)
        guard dx != 0 || dy != 0 else { return (box.x, box.y) }
        let (a, b) = (abs(dx) / (box.width / 2), abs(dy) / (box.height / 2))
        let scale: Double =
            switch box.node.shape {
            case .ellipse, .circle: 1 / (a * a + b * b).squareRoot()
            case .diamond: 1 / (a + b)
            case .box, .rounded, .parallelogram: 1 / max(a, b)
            }
        return (box.x + dx * scale, box.y + dy * scale)
    }

    private func draw(_ box: Box, on canvas: inout SVGCanvas) {
        let node = box.node
        let (left, top, width, height) = (box.x - box.width / 2, box.y - box.height / 2, box.width, box.height)
        let outline: SVGCanvas.Paint =
            switch node.tone {
            case .plain: .rule
            case .accent: .series(0)
            case .good: .series(2)
            case .bad: .series(1)
            case .open: .faint
            }
        let stroke = "stroke-width=\"\(node.tone == .plain || node.tone == .open ? 1.2 : 2)\" "
        let dashes = node.tone == .open ? "stroke-dasharray=\"4 3\" " : ""
        // The two classes of one element stand in one attribute.
        let paint =
            "class=\"f-\(SVGCanvas.Paint.paper.name) s-\(outline.name)\" fill=\"\(SVGCanvas.Paint.paper.light)\" "
            + "stroke=\"\(outline.light)\" " + stroke + dashes
        let note = Markup.escape(VisibleText.line(node.note.isEmpty ? node.label : node.note))
        func path(_ points: [Point]) { canvas.path(points, isClosed: true, paint, title: note) }
        switch node.shape {
        case .box: canvas.rect(left, top, width, height, paint, title: note)
        case .rounded:
            canvas.rect(left, top, width, height, "rx=\"\(SVGCanvas.number(height / 2))\" " + paint, title: note)
        case .ellipse, .circle:
            canvas.ellipse(box.x, box.y, width / 2, height / 2, paint, title: note)
        case .diamond:
            path([(box.x, top), (left + width, box.y), (box.x, top + height), (left, box.y)])
        case .parallelogram:
            path([(left + 12, top), (left + width, top), (left + width - 12, top + height), (left, top + height)])
        }
        for (index, text) in box.lines.enumerated() {
            let y = box.y + (Double(index) - Double(box.lines.count - 1) / 2) * Self.line + 4
            canvas.text(box.x, y, Markup.escape(text), anchor: .middle, size: Self.size)
        }
    }
}
