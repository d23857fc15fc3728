internal import PlumbBasics

// Influence, pruning and scores follow circuit-tracer's graph.py (Hanna, Piotrowski, Lindsey, Ameisen 2025):
// contributions into a node count by their absolute share, and the influence of a node is what reaches the logits along
// all paths.

extension AttributionGraph {
    /// How well features explain a model on a prompt.
    public struct Scores: Sendable, Equatable {
        /// The part of the influence of embeddings and errors that is the embeddings'.
        public let replacement: Double
        /// The part of contributions into nodes that does not come from errors, nodes weighted by their influence.
        public let completeness: Double
    }

    /// The most influential part of a graph.
    public struct Pruned: Sendable, Equatable {
        /// Whether each node is kept.
        public let nodes: [Bool]
        /// Of each row, whether each of its edges is kept.
        public let edges: [[Bool]]
        /// For each node the share of all influence that it and the nodes of more influence have.
        public let cumulative: [Double]

        /// How many nodes are kept.
        public var nodeCount: Int { nodes.count { $0 } }
        /// How many edges are kept.
        public var edgeCount: Int { edges.reduce(0) { $0 + $1.count { $0 } } }
    }

    /// The influence of each node on the logits, which count by their probability; a logit has none on others.
    public func influence() -> [Double] { influence(within: nil) }

    /// - Parameter kept: nodes whose edges count; nil for all.
    private func influence(within kept: [Bool]?) -> [Double] {
        var influence = [Double](repeating: 0, count: nodeCount)
        for row in rows.indices.reversed() {
            let target = target(ofRow: row)
            guard kept?[target] ?? true else { continue }
            let amount = row < features.count ? influence[target] : Double(logits[row - features.count].probability)
            guard amount > 0 else { continue }
            forEachShare(ofRow: row, within: kept) { source, _, share in influence[source] += amount * share }
        }
        return influence
    }

    /// Calls `body` with each source of a row, the edge's place and its share of the row's absolute contributions.
    private func forEachShare(ofRow index: Int, within kept: [Bool]?, _ body: (Int, Int, Double) -> Void) {
        let row = rows[index]
        var sum = 0.0
        for (source, weight) in zip(row.sources, row.weights) where kept?[Int(source)] ?? true {
            sum += Double(abs(weight))
        }
        guard sum > 0 else { return }
        for (place, source) in row.sources.enumerated() where kept?[Int(source)] ?? true {
            body(Int(source), place, Double(abs(row.weights[place])) / max(sum, 1e-10))
        }
    }

    /// How much of the influence comes from the prompt rather than from errors.
    public func scores() -> Scores {
        let influence = influence()
        let isError = { (node: Int) in node >= firstError && node < firstEmbedding }
        let errors = influence[firstError..<firstEmbedding].reduce(0, +)
        let embeddings = influence[firstEmbedding..<firstLogit].reduce(0, +)
        // Every node counts by its influence; one without a row has nothing that comes from errors.
        var (explained, all) = (errors + embeddings, errors + embeddings)
        for row in rows.indices {
            let target = target(ofRow: row)
            let amount = row < features.count ? influence[target] : Double(logits[row - features.count].probability)
            var fromErrors = 0.0
            forEachShare(ofRow: row, within: nil) { source, _, share in if isError(source) { fromErrors += share } }
            explained += amount * (1 - fromErrors)
            all += amount
        }
        return Scores(
            replacement: errors + embeddings > 0 ? embeddings / (embeddings + errors) : 1,
            completeness: all > 0 ? explained / all : 1)
    }

    /// The nodes that have a share of the influence together, and of the edges among them those that have a share of
    /// theirs; then features without an edge into or out of them and errors without one out of them go. Embeddings and
    /// logits stay.
    ///
    /// - Precondition: both shares lie in 0...1.
    public func pruned(nodeShare: Double = 0.8, edgeShare: Double = 0.98) -> Pruned {
        require(
            (0...1).contains(nodeShare) && (0...1).contains(edgeShare),
            "shares of influence lie in 0...1, not \(nodeShare) and \(edgeShare)")
        let influence = influence()
        let least = Self.threshold(influence, share: nodeShare)
        var nodes = influence.map { $0 >= least }
        for node in firstEmbedding..<nodeCount { nodes[node] = true }
        var remaining = self.influence(within: nodes)
        for (index, logit) in logits.enumerated() { remaining[firstLogit + index] += Double(logit.probability) }
        var scores = rows.map { [Double](repeating: 0, count: $0.sources.count) }
        for row in rows.indices where nodes[target(ofRow: row)] {
            let amount = remaining[target(ofRow: row)]
            forEachShare(ofRow: row, within: nodes) { _, place, share in scores[row][place] = share * amount }
        }
        let leastEdge = Self.threshold(scores.flatMap { $0 }.filter { $0 > 0 }, share: edgeShare)
        var edges = scores.map { $0.map { $0 > 0 && $0 >= leastEdge } }
        removeLooseEnds(&nodes, &edges)
        return Pruned(nodes: nodes, edges: edges, cumulative: Self.cumulative(influence))
    }

    /// Removes features without edges on both sides, and errors without one, until there are none.
    private func removeLooseEnds(_ nodes: inout [Bool], _ edges: inout [[Bool]]) {
        while true {
            var (hasTarget, hasSource) = (nodes.map { _ in false }, nodes.map { _ in false })
            for row in rows.indices {
                let target = target(ofRow: row)
                for (place, source) in rows[row].sources.enumerated() where edges[row][place] {
                    guard nodes[target], nodes[Int(source)] else {
                        edges[row][place] = false
                        continue
                    }
                    (hasTarget[Int(source)], hasSource[target]) = (true, true)
                }
            }
            var changed = false
            for node in 0..<firstEmbedding where nodes[node] {
                guard !hasTarget[node] || (node < firstError && !hasSource[node]) else { continue }
                (nodes[node], changed) = (false, true)
            }
            if !changed { return }
        }
    }

    /// The least score of those, greatest first, that have a share of the sum together.
    private static func threshold(_ scores: [Double], share: Double) -> Double {
        let sorted = scores.sorted(by: >)
        let sum = sorted.reduce(0, +)
        guard sum > 0 else { return .infinity }
        var running = 0.0
        for score in sorted {
            running += score
            if running / sum >= share { return score }
        }
        return sorted[sorted.count - 1]
    }

    private static func cumulative(_ scores: [Double]) -> [Double] {
        let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
        let sum = scores.reduce(0, +)
        var (result, running) = (scores, 0.0)
        for node in order {
            running += scores[node]
            result[node] = sum > 0 ? running / sum : 1
        }
        return result
    }
}
