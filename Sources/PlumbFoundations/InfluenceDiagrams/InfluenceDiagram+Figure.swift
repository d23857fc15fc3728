public import PlumbRecords

extension InfluenceDiagram {
    /// The diagram as a graph: chance nodes as ellipses, decisions as boxes, utilities as diamonds, what a decision observes
    /// by dashed arrows; in brackets the incentives that the graph admits on a node (``Incentive/letters``).
    ///
    /// - Throws: ``FoundationsError`` where there is no decision.
    public func panel(_ title: String) throws -> GraphFigure.Panel {
        let decisions = nodes(.decision)
        let drawn = try names.indices.map { node in
            let found = try Incentive.allCases.filter { incentive in
                try decisions.contains { try admits(incentive, on: node, decision: $0) }
            }
            let letters = found.isEmpty ? "" : " [\(found.map(\.letters).joined(separator: ", "))]"
            let isControlled = found.contains(.instrumental)
            return GraphFigure.Node(
                names[node], label: names[node] + letters,
                kinds[node] == .chance ? .ellipse : kinds[node] == .decision ? .box : .diamond,
                tone: isControlled && kinds[node] == .chance ? .accent : .plain,
                note: found.isEmpty ? "no incentive" : found.map(\.rawValue).joined(separator: ", "))
        }
        let edges = names.indices.flatMap { node in
            parents[node].map {
                GraphFigure.Edge(names[$0], names[node], kinds[node] == .decision ? .dashed : .solid)
            }
        }
        return GraphFigure.Panel(title, nodes: drawn, edges: edges)
    }
}

extension InfluenceDiagram.Incentive {
    /// Initials, for a figure.
    public var letters: String {
        switch self {
        case .information: "VoI"
        case .response: "RI"
        case .control: "VoC"
        case .instrumental: "ICI"
        }
    }
}
