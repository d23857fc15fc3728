internal import PlumbBasics
public import PlumbModels
public import PlumbRecords

extension Circuit {
    /// What connects two nodes: the parts of a head that read, as `qk`, or nothing for MLPs and logits.
    private struct Arrow {
        let from: String
        let to: String
        var reads: String
        var places: [Int]
    }

    /// The node that a reader belongs to, and which part of it reads.
    private static func node(_ reader: EdgeGraph.Reader, heads: Int, groups: Int) -> [(name: String, reads: String)] {
        func shared(_ block: Int, _ head: Int, _ part: String) -> [(String, String)] {
            (head * (heads / groups)..<(head + 1) * (heads / groups)).map { ("a\(block).\($0)", part) }
        }
        switch reader {
        case .query(let block, let head): return [("a\(block).\(head)", "q")]
        case .key(let block, let head): return shared(block, head, "k")
        case .value(let block, let head): return shared(block, head, "v")
        case .mlp(let block): return [("m\(block)", "")]
        case .logits: return [("logits", "")]
        }
    }

    /// The arrows between nodes of the circuit; a shared key or value enters those of its heads that the circuit has.
    private func arrows() -> [Arrow] {
        let nodes = Set(edges.nodes.map(\.description)).union(["logits"])
        let starts = edges.graph.starts
        var arrows: [Arrow] = []
        var known: [String: Int] = [:]
        for (row, reader) in edges.graph.readers.enumerated() {
            let ends = Self.node(reader, heads: configuration.heads, groups: configuration.keyValueHeads)
            for writer in edges.writers[row] {
                let from = edges.graph.writers[writer].description
                for (to, reads) in ends where nodes.contains(to) {
                    let index = known["\(from) \(to)"] ?? arrows.count
                    if index == arrows.count {
                        known["\(from) \(to)"] = index
                        arrows.append(Arrow(from: from, to: to, reads: "", places: []))
                    }
                    arrows[index].reads += reads
                    arrows[index].places.append(starts[row] + writer)
                }
            }
        }
        return arrows
    }

    /// The circuit in Graphviz's language: layers down, heads as ellipses, MLPs as boxes, and what a head reads an edge
    /// with beside it.
    public func dot() -> String {
        let nodes = edges.nodes.map(\.description)
        var lines = ["digraph circuit {", "  rankdir=TB;"]
        for node in nodes + ["logits"] {
            lines.append("  \"\(node)\" [shape=\(node.hasPrefix("a") ? "ellipse" : "box")];")
        }
        for arrow in arrows() {
            let label = arrow.reads.isEmpty ? "" : " [label=\"\(arrow.reads)\"]"
            lines.append("  \"\(arrow.from)\" -> \"\(arrow.to)\"\(label);")
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    /// The circuit as a figure: layers down, heads as ellipses, MLPs as boxes.
    ///
    /// - Parameters:
    ///   - title: the heading.
    ///   - caption: what the reader sees.
    ///   - truth: edges that should be there; arrows that are not among them are dashed, and missing ones are left out.
    public func figure(title: String, caption: String, truth: EdgeSubset? = nil) -> GraphFigure {
        let right = truth.map { Set($0.places) }
        let nodes = edges.nodes.map(\.description).map { name in
            GraphFigure.Node(name, name.hasPrefix("a") ? .ellipse : .box)
        }
        let drawn = arrows().map { arrow in
            let isRight = right.map { !$0.isDisjoint(with: arrow.places) }
            return GraphFigure.Edge(
                arrow.from, arrow.to, label: arrow.reads, isRight.map { $0 ? .strong : .dashed } ?? .solid)
        }
        return GraphFigure(
            title: title, caption: caption,
            panels: [
                GraphFigure.Panel(
                    "", nodes: nodes + [GraphFigure.Node("logits", .rounded, tone: .accent)], edges: drawn)
            ])
    }
}
