import PlumbRecords

/// Directed graphs as indented text: each node below the one that leads to it, in full where it comes first, and only by
/// name where it comes again.
struct TerminalGraph {
    private let figure: GraphFigure
    /// More lines of a panel than these are left to the page.
    private static let most = 40

    init(_ figure: GraphFigure) { self.figure = figure }

    func render(_ style: TerminalStyle) -> String {
        var output = style.heading(figure.title)
        for panel in figure.panels {
            if !panel.title.isEmpty {
                output += style.lines(panel.title).map { style.apply(.dim, $0) + "\n" }.joined()
            }
            let lines = lines(panel)
            for line in lines.prefix(Self.most) {
                let indent = String(repeating: " ", count: min(line.depth * 2, max(0, style.width / 2)))
                let room = max(8, style.width - indent.count - 2)
                for (index, text) in DisplayWidth.wrapped(VisibleText.line(line.text), to: room).enumerated() {
                    let mark = index > 0 ? "  " : style.apply(line.emphasis, line.mark) + " "
                    output += (indent + mark + text).trimmingSuffix { $0 == " " } + "\n"
                }
            }
            if lines.count > Self.most {
                output += style.apply(.dim, "and \(lines.count - Self.most) more in the report") + "\n"
            }
        }
        return output
    }

    private struct Line {
        var depth: Int
        var mark: String
        var emphasis: TerminalStyle.Emphasis
        var text: String
    }

    private func lines(_ panel: GraphFigure.Panel) -> [Line] {
        let nodes = Dictionary(panel.nodes.map { ($0.id, $0) }) { first, _ in first }
        let edges = panel.edges.filter { nodes[$0.from] != nil && nodes[$0.to] != nil && $0.from != $0.to }
        let entered = Set(edges.map(\.to))
        let children = Dictionary(grouping: edges, by: \.from)
        var (lines, shown) = ([Line](), Set<String>())
        // First the nodes that nothing leads to, then what only cycles lead to.
        for root in panel.nodes.filter({ !entered.contains($0.id) }) + panel.nodes where !shown.contains(root.id) {
            var stack = [(id: root.id, depth: 0, label: "")]
            while let (id, depth, label) = stack.popLast() {
                guard let node = nodes[id] else { continue }
                let isNew = shown.insert(id).inserted
                let isAgain = !isNew && children[id] != nil
                let beside = label.isEmpty ? "" : " (\(label))"
                lines.append(
                    Line(
                        depth: depth, mark: Self.mark(node.tone), emphasis: Self.emphasis(node.tone),
                        text: node.label + beside + (isAgain ? " …" : "")))
                guard isNew else { continue }
                for edge in (children[id] ?? []).reversed() { stack.append((edge.to, depth + 1, edge.label)) }
            }
        }
        return lines
    }

    private static func mark(_ tone: GraphFigure.Tone) -> String {
        switch tone {
        case .plain: "·"
        case .accent: "•"
        case .good: "✓"
        case .bad: "✗"
        case .open: "○"
        }
    }

    private static func emphasis(_ tone: GraphFigure.Tone) -> TerminalStyle.Emphasis {
        switch tone {
        case .plain, .open: .dim
        case .accent: .accent
        case .good: .good
        case .bad: .bad
        }
    }
}
