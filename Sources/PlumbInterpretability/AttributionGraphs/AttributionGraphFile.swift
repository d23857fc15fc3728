/// A pruned graph as circuit-tracer's viewer and Neuronpedia read it: nodes and links by name (schema version 1 of
/// circuit-tracer 0.5's `graph_models.py`).
public struct AttributionGraphFile: Sendable, Equatable {
    /// A node of the viewer.
    public struct Node: Sendable, Equatable, Codable {
        /// Its name: `layer_feature_position`, `error_layer_position`, `E_token_position` for embeddings.
        public var id: String
        /// What the viewer colors it by.
        public var kind: Kind
        /// The block, `E` for embeddings, the number of blocks and 1 for logits.
        public var layer: String
        /// Its position in the prompt.
        public var position: Int
        /// The feature; the token of logits and the position of embeddings.
        public var feature: Int
        /// What it is called; of logits `Output "text" (p=0.123)`, which the viewer reads.
        public var label: String
        /// The share of all influence of this node and those of more; nil for logits.
        public var influence: Double?
        /// How active a feature is.
        public var activation: Double?
        /// The probability of a logit's token.
        public var probability: Double
    }

    /// What a node is, as the viewer spells it.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// A feature.
        case feature = "cross layer transcoder"
        /// What the features of an MLP leave out.
        case error = "mlp reconstruction error"
        /// The embedding of a token.
        case embedding
        /// A logit.
        case logit
    }

    /// A contribution of one node to another.
    public struct Link: Sendable, Equatable, Codable {
        /// The identifier of the node that contributes.
        public var source: String
        /// The identifier of the node that it contributes to.
        public var target: String
        /// How much.
        public var weight: Double
    }

    /// A name for files and addresses.
    public var slug: String
    /// Where pages of the features are found.
    public var scan: String
    /// The prompt.
    public var prompt: String
    /// The text of each token.
    public var tokens: [String]
    /// The share of influence that nodes were pruned to.
    public var nodeShare: Double
    /// What is kept of the graph.
    public var nodes: [Node]
    /// The contributions among what is kept.
    public var links: [Link]

    /// The kept part of a graph; embeddings and logits stay, other nodes where a link reaches them.
    ///
    /// - Parameters:
    ///   - graph: what is shown.
    ///   - nodeShare: see ``AttributionGraph/pruned(nodeShare:edgeShare:)``.
    ///   - edgeShare: likewise.
    ///   - slug: a name for files.
    ///   - scan: where pages of the features are found.
    public init(
        _ graph: AttributionGraph, nodeShare: Double = 0.8, edgeShare: Double = 0.98, slug: String,
        scan: String = "plumbline"
    ) {
        let pruned = graph.pruned(nodeShare: nodeShare, edgeShare: edgeShare)
        (self.slug, self.scan, self.nodeShare) = (slug, scan, nodeShare)
        (prompt, tokens) = (graph.texts.joined(), graph.texts)
        let all = (0..<graph.nodeCount).map { pruned.nodes[$0] ? Node(graph, $0, pruned.cumulative[$0]) : nil }
        var links: [Link] = []
        var linked: Set<String> = []
        for (row, kept) in pruned.edges.enumerated() {
            guard let target = all[graph.target(ofRow: row)] else { continue }
            for (place, source) in graph.rows[row].sources.enumerated() where kept[place] {
                guard let source = all[Int(source)] else { continue }
                links.append(
                    Link(source: source.id, target: target.id, weight: Double(graph.rows[row].weights[place])))
                linked.formUnion([source.id, target.id])
            }
        }
        self.links = links
        nodes = all.compactMap { $0 }.filter {
            linked.contains($0.id) || $0.kind == .embedding || $0.kind == .logit
        }
    }
}

extension AttributionGraphFile.Node {
    fileprivate init(_ graph: AttributionGraph, _ index: Int, _ cumulative: Double) {
        (activation, probability, label, influence) = (nil, 0, "", cumulative)
        switch graph.node(index) {
        case .feature(let found):
            id = "\(found.layer)_\(found.feature)_\(found.position)"
            (kind, layer, position, feature) = (.feature, "\(found.layer)", found.position, found.feature)
            activation = Double(found.activation)
        case .error(let block, let place):
            // Not "0_…", which may be the name of a feature of block 0.
            id = "error_\(block)_\(place)"
            (kind, layer, position, feature) = (.error, "\(block)", place, -1)
        case .embedding(let place):
            id = "E_\(graph.tokens[place])_\(place)"
            (kind, layer, position, feature) = (.embedding, "E", place, place)
        case .logit(let logit):
            let place = graph.tokens.count - 1
            id = "\(graph.layers + 1)_\(logit.token)_\(place)"
            (kind, layer, position, feature) = (.logit, "\(graph.layers + 1)", place, logit.token)
            let text = graph.logitTexts[index - graph.firstLogit]
            let share = String((Double(logit.probability) * 1000).rounded() / 1000)
            label = "Output \"\(text)\" (p=\(share))"
            (influence, probability) = (nil, Double(logit.probability))
        }
    }
}
