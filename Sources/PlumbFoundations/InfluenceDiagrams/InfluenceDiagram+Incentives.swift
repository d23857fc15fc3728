// The graphical criteria. Each says what an agent may have for some probabilities and utilities; where it says no, no
// probabilities give it. They answer as pycid 0.8.2 does, including for nodes that are ends of paths.

extension InfluenceDiagram {
    /// An incentive that a graph may admit.
    public enum Incentive: String, Sendable, CaseIterable, Codable {
        /// The agent would gain by observing the node.
        case information = "value of information"
        /// The best decision reacts to the node.
        case response = "response incentive"
        /// The agent would gain by setting the node.
        case control = "value of control"
        /// The agent would gain by its decision's effect on the node.
        case instrumental = "instrumental control incentive"
    }

    /// Whether an observation X can matter to a decision D: whether X is d-connected to a utility that D influences, given D
    /// and its other observations (Fagiuoli, Zaffalon 1998).
    ///
    /// - Precondition: X is a parent of D.
    public func isRequisite(_ observation: Int, for decision: Int) -> Bool {
        let known = Set(parents[decision] + [decision]).subtracting([observation])
        let influenced = descendants(of: decision)
        return nodes(.utility).contains { influenced.contains($0) && isConnected(observation, $0, given: known) }
    }

    /// The diagram without observations that cannot matter, the last decision's first (Lauritzen, Nilsson 2001).
    public var reduced: InfluenceDiagram {
        var diagram = self
        for decision in order.reversed() where kinds[decision] == .decision {
            // All of one decision's at once: what does not matter cannot matter through what does not.
            let idle = parents[decision].filter { !diagram.isRequisite($0, for: decision) }
            for observation in idle { diagram = diagram.removingEdge(observation, decision) }
        }
        return diagram
    }

    /// The nodes, causes before effects.
    public var order: [Int] {
        var (order, done) = ([Int](), Set<Int>())
        while order.count < names.count {
            let ready = names.indices.filter { !done.contains($0) && parents[$0].allSatisfy(done.contains) }
            order += ready
            done.formUnion(ready)
        }
        return order
    }

    /// Whether the decisions can be made one after another, each knowing enough to ignore how the others were chosen
    /// (Koller, Milch 2003); true of every diagram with one decision.
    public var hasSufficientRecall: Bool {
        let decisions = nodes(.decision)
        var relevant = [Int: [Int]]()
        for decision in decisions {
            relevant[decision] = decisions.filter { $0 != decision && isRelevant($0, to: decision) }
        }
        // Without a cycle, decisions that depend on none that is left can be taken away one by one.
        var left = Set(decisions)
        while let free = left.first(where: { decision in relevant[decision]?.allSatisfy { !left.contains($0) } ?? true }
        ) {
            left.remove(free)
        }
        return left.isEmpty
    }

    /// Whether the rule by which `other` is made matters to `decision`: whether a new parent of `other` is d-connected to a
    /// utility that `decision` influences.
    private func isRelevant(_ other: Int, to decision: Int) -> Bool {
        var diagram = self
        let rule = names.count
        diagram = diagram.adding("rule", to: other)
        let influenced = descendants(of: decision)
        let known = Set(parents[decision] + [decision])
        return nodes(.utility).contains { influenced.contains($0) && diagram.isConnected(rule, $0, given: known) }
    }

    private func adding(_ name: String, to effect: Int) -> InfluenceDiagram {
        InfluenceDiagram(
            names: names + [name], kinds: kinds + [.chance],
            parents: parents.enumerated().map { $0 == effect ? $1 + [names.count] : $1 } + [[]])
    }

    /// Whether the graph admits an incentive of `decision` on `node`.
    ///
    /// - Throws: ``FoundationsError`` where several decisions lack sufficient recall, for which the criteria do not hold.
    public func admits(_ incentive: Incentive, on node: Int, decision: Int) throws -> Bool {
        guard incentive == .instrumental || hasSufficientRecall else {
            throw FoundationsError(
                "a decision of the diagram depends on how an earlier one was chosen that it does not observe: the criteria hold "
                    + "for one decision, or for several with sufficient recall")
        }
        switch incentive {
        case .information:
            guard node != decision, !descendants(of: decision).contains(node) else { return false }
            return settingEdge(node, decision, true).reduced.hasEdge(node, decision)
        case .response: return node != decision && reduced.ancestors(of: decision).contains(node)
        case .control:
            guard kinds[node] != .decision else { return false }
            return kinds[node] == .utility || reduced.descendants(of: node).contains { kinds[$0] == .utility }
        case .instrumental:
            guard node == decision || descendants(of: decision).contains(node) else { return false }
            return (kinds[node] == .utility && node != decision)
                || descendants(of: node).contains { kinds[$0] == .utility }
        }
    }

    /// The nodes on which the graph admits an incentive of `decision`.
    ///
    /// - Throws: ``FoundationsError`` where several decisions lack sufficient recall.
    public func nodes(admitting incentive: Incentive, decision: Int) throws -> [Int] {
        try names.indices.filter { try admits(incentive, on: $0, decision: decision) }
    }
}
