// What will an agent want to know, to react to and to control? For a decision in a causal graph the graph alone says what it
// may want, whatever the probabilities. Everitt, Carey, Langlois, Ortega, Legg 2021, *Agent Incentives: A Causal
// Perspective*, arXiv:2102.01685.

/// A causal influence diagram: a directed graph without cycles of chance nodes, decisions and utilities of one agent.
///
/// An edge into a decision is what the agent observes; every other edge is a cause.
public struct InfluenceDiagram: Sendable, Hashable {
    /// What a node is.
    public enum Kind: String, Codable, Sendable, Hashable {
        /// Drawn from a distribution, given its parents.
        case chance
        /// Chosen by the agent, which sees its parents.
        case decision
        /// Something the agent maximizes the sum of.
        case utility
    }

    /// The names of the nodes.
    public let names: [String]
    /// What each node is.
    public let kinds: [Kind]
    /// The parents of each node, in rising order.
    public private(set) var parents: [[Int]]

    /// - Parameters:
    ///   - nodes: names and kinds.
    ///   - edges: names of a cause and its effect each.
    /// - Throws: ``FoundationsError`` where a name is used twice or is unknown, or the edges have a cycle.
    public init(_ nodes: [(name: String, kind: Kind)], edges: [(from: String, to: String)]) throws {
        var indices: [String: Int] = [:]
        for (index, node) in nodes.enumerated() where indices.updateValue(index, forKey: node.name) != nil {
            throw FoundationsError("two nodes of the diagram are called \(node.name): give one another name")
        }
        (names, kinds) = (nodes.map(\.name), nodes.map(\.kind))
        var found = [Set<Int>](repeating: [], count: nodes.count)
        for (from, to) in edges {
            guard let cause = indices[from], let effect = indices[to] else {
                throw FoundationsError(
                    "the edge from \(from) to \(to) names a node that the diagram does not have: it has "
                        + (names.isEmpty ? "none" : names.joined(separator: ", ")))
            }
            found[effect].insert(cause)
        }
        parents = found.map { $0.sorted() }
        if let node = names.indices.first(where: { descendants(of: $0).contains($0) }) {
            throw FoundationsError(
                "the diagram has a cycle through \(names[node]): causes must precede their effects, so remove an edge of it"
            )
        }
    }

    /// A diagram whose edges are known to have no cycle.
    init(names: [String], kinds: [Kind], parents: [[Int]]) {
        (self.names, self.kinds, self.parents) = (names, kinds, parents)
    }

    /// The index of a node.
    ///
    /// - Throws: ``FoundationsError`` where there is none of the name.
    public func node(_ name: String) throws -> Int {
        guard let index = names.firstIndex(of: name) else {
            throw FoundationsError("the diagram has no node \(name): it has \(names.joined(separator: ", "))")
        }
        return index
    }

    /// The nodes of a kind.
    public func nodes(_ kind: Kind) -> [Int] { kinds.indices.filter { kinds[$0] == kind } }

    /// Whether there is an edge.
    public func hasEdge(_ cause: Int, _ effect: Int) -> Bool { parents[effect].contains(cause) }

    /// The diagram with an edge, which must not close a cycle, or without one.
    func settingEdge(_ cause: Int, _ effect: Int, _ isPresent: Bool) -> InfluenceDiagram {
        var diagram = self
        diagram.parents[effect].removeAll { $0 == cause }
        if isPresent { diagram.parents[effect] = (diagram.parents[effect] + [cause]).sorted() }
        return diagram
    }

    /// The diagram without the edges that a condition names.
    public func removingEdges(where isRemoved: (_ cause: Int, _ effect: Int) -> Bool) -> InfluenceDiagram {
        var diagram = self
        for effect in parents.indices { diagram.parents[effect].removeAll { isRemoved($0, effect) } }
        return diagram
    }

    /// The diagram without an edge.
    public func removingEdge(_ cause: Int, _ effect: Int) -> InfluenceDiagram { settingEdge(cause, effect, false) }

    /// All edges.
    public var edges: [(cause: Int, effect: Int)] {
        parents.indices.flatMap { effect in parents[effect].map { ($0, effect) } }
    }

    /// The children of a node.
    public func children(of node: Int) -> [Int] { parents.indices.filter { parents[$0].contains(node) } }

    /// What directed paths lead to from a node, without the node itself.
    public func descendants(of node: Int) -> Set<Int> {
        reached(from: [node]) { index in children(of: index) }
    }

    /// What directed paths lead to a node from, without the node itself.
    public func ancestors(of node: Int) -> Set<Int> { reached(from: [node]) { parents[$0] } }

    private func reached(from start: [Int], next: (Int) -> [Int]) -> Set<Int> {
        var (found, open) = (Set<Int>(), start.flatMap(next))
        while let node = open.popLast() {
            if found.insert(node).inserted { open += next(node) }
        }
        return found
    }

    /// Whether information can flow between two nodes where others are known (d-connection): along a path on which no node
    /// that is passed is known, but for those at which two edges meet, which must be known or have a known descendant.
    public func isConnected(_ start: Int, _ end: Int, given known: Set<Int>) -> Bool {
        guard !known.contains(end) else { return false }
        let opening = known.union(known.reduce(into: Set<Int>()) { $0.formUnion(ancestors(of: $1)) })
        // Nodes and whether they were entered from a child.
        var open = [(node: start, fromChild: true)]
        var seen = Set<[Int]>()
        while let (node, fromChild) = open.popLast() {
            guard seen.insert([node, fromChild ? 1 : 0]).inserted else { continue }
            if node == end { return true }
            if fromChild {
                guard !known.contains(node) else { continue }
                open += parents[node].map { ($0, true) } + children(of: node).map { ($0, false) }
            } else {
                if !known.contains(node) { open += children(of: node).map { ($0, false) } }
                if opening.contains(node) { open += parents[node].map { ($0, true) } }
            }
        }
        return false
    }
}
