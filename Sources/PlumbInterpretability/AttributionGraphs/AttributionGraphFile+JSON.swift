public import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbModels
internal import PlumbTensor

extension AttributionGraphFile {
    /// The file's text: `metadata`, `qParams`, `nodes` and `links`, as circuit-tracer's `create_graph_files` writes
    /// them.
    public func json() -> Data {
        let metadata: [String: JSONValue] = [
            "slug": .string(slug), "scan": .string(scan), "transcoder_list": .array([]),
            "prompt_tokens": .array(tokens.map { .string($0) }), "prompt": .string(prompt),
            "node_threshold": JSONValue(nodeShare), "schema_version": JSONValue(1),
        ]
        let state: [String: JSONValue] = [
            "pinnedIds": .array([]), "supernodes": .array([]), "linkType": .string("both"), "clickedId": .string(""),
            "sg_pos": .string(""),
        ]
        let firstLogit = nodes.firstIndex { $0.kind == .logit }
        let nodes = nodes.enumerated().map { index, node in node.json(isTarget: index == firstLogit) }
        let links = links.map { link -> JSONValue in
            .object([
                "source": .string(link.source), "target": .string(link.target), "weight": JSONValue(link.weight),
            ])
        }
        return JSONValue.object([
            "metadata": .object(metadata), "qParams": .object(state), "nodes": .array(nodes), "links": .array(links),
        ]).data()
    }

    /// The most bytes of a file; a graph of a thousand features, links and all, takes a few million.
    private static let mostBytes = 512 << 20

    /// Reads such a file.
    ///
    /// - Throws: `FileError` naming the file and what is wrong: a field that is missing or of another kind, two nodes
    /// of one name, a link from or to no node, against the order of the blocks, or of a weight that is no number.
    public init(contentsOf url: URL) throws {
        do {
            try self.init(json: WholeFile.read(url, limit: Self.mostBytes))
        } catch let error as WholeFile.Failure {
            throw FileError("\(url.path) cannot be read: \(error)")
        } catch let error as ModelError {
            throw FileError("\(url.path): \(error.description)")
        }
    }

    /// Reads the text of such a file.
    ///
    /// - Throws: `ModelError` saying what is wrong with it.
    public init(json data: Data) throws {
        let json: JSONValue
        do { json = try JSONValue(parsing: data) } catch { throw ModelError("it is no JSON (\(error))") }
        guard let metadata = json["metadata"], let nodes = json["nodes"]?.array, let links = json["links"]?.array,
            let texts = metadata["prompt_tokens"]?.array
        else {
            throw ModelError("a graph has metadata with prompt_tokens, nodes and links, and one of them is missing")
        }
        tokens = texts.compactMap(\.string)
        guard tokens.count == texts.count else { throw ModelError("one of the graph's prompt_tokens is no text") }
        (slug, scan) = (metadata["slug"]?.string ?? "", metadata["scan"]?.string ?? "")
        prompt = metadata["prompt"]?.string ?? tokens.joined()
        nodeShare = metadata["node_threshold"]?.double ?? 1
        self.nodes = try nodes.enumerated().map { try Node($1, index: $0, positions: texts.count) }
        var ranks: [String: Double] = [:]
        for node in self.nodes {
            guard ranks.updateValue(node.rank, forKey: node.id) == nil else {
                throw ModelError("two nodes of the graph are called \(visible(node.id, limit: 60))")
            }
        }
        self.links = try links.map { link in
            guard let source = link["source"]?.string, let target = link["target"]?.string else {
                throw ModelError("a link of the graph lacks its source or target")
            }
            guard let weight = link["weight"]?.double, weight.isFinite else {
                throw ModelError(
                    "the link from \(visible(source, limit: 60)) to \(visible(target, limit: 60)) has no weight "
                        + "that is a number"
                )
            }
            guard let from = ranks[source], let to = ranks[target] else {
                throw ModelError(
                    "a link goes from \(visible(source, limit: 60)) to \(visible(target, limit: 60)), and one "
                        + "of them is no node"
                )
            }
            guard from < to else {
                throw ModelError(
                    "the link from \(visible(source, limit: 60)) to \(visible(target, limit: 60)) does not lead "
                        + "to a later block"
                )
            }
            return Link(source: source, target: target, weight: weight)
        }
    }
}

extension AttributionGraphFile.Node {
    /// Where a node stands between embeddings and logits.
    var rank: Double {
        switch kind {
        case .embedding: -1
        case .feature, .error: Double(layer) ?? 0
        case .logit: .infinity
        }
    }

    fileprivate func json(isTarget: Bool) -> JSONValue {
        let short: String
        switch kind {
        case .feature: short = "\(layer)_\(feature)-0"
        case .error: short = "\(layer)_\(position)-0"
        case .embedding: short = id.split(separator: "_").prefix(2).joined(separator: "_") + "-\(position)"
        case .logit: short = "L_\(feature)-\(position)"
        }
        // A feature is known to the viewer by its block and number in one (Cantor's pairing).
        let block = Int(layer) ?? 0
        require(
            kind != .feature || (0..<1 << 20).contains(block) && (0..<1 << 31).contains(feature),
            "a graph has no feature \(feature) of block \(layer)")
        let number = kind == .feature ? (block + feature) * (block + feature + 1) / 2 + feature : feature
        return .object([
            "node_id": .string(id), "feature": JSONValue(number), "layer": .string(layer),
            "ctx_idx": JSONValue(position), "feature_type": .string(kind.rawValue),
            "token_prob": JSONValue(probability),
            "is_target_logit": .bool(isTarget), "run_idx": JSONValue(0), "reverse_ctx_idx": JSONValue(0),
            "jsNodeId": .string(short), "clerp": .string(label), "influence": influence.map { JSONValue($0) } ?? .null,
            "activation": activation.map { JSONValue($0) } ?? .null,
        ])
    }

    fileprivate init(_ json: JSONValue, index: Int, positions: Int) throws {
        func missing(_ name: String) -> ModelError { ModelError("node \(index) of the graph has no \(name)") }
        guard let id = json["node_id"]?.string else { throw missing("node_id") }
        guard let kind = (json["feature_type"]?.string).flatMap(AttributionGraphFile.Kind.init) else {
            throw missing("feature_type that is known")
        }
        guard let layer = json["layer"]?.string,
            kind == .embedding ? layer == "E" : Int(layer).map({ (0..<1 << 20).contains($0) }) ?? false
        else {
            throw missing("layer that fits its type")
        }
        guard let position = json["ctx_idx"]?.int, (0..<positions).contains(position) else {
            throw missing("ctx_idx within the prompt")
        }
        guard var feature = json["feature"]?.int else { throw missing("feature") }
        guard kind != .feature || (0..<1 << 60).contains(feature) else {
            throw missing("feature that is a pair of block and number")
        }
        if kind == .feature { feature = Self.unpaired(feature) }
        self.init(
            id: id, kind: kind, layer: layer, position: position, feature: feature, label: json["clerp"]?.string ?? "",
            influence: json["influence"]?.double, activation: json["activation"]?.double,
            probability: json["token_prob"]?.double ?? 0)
    }

    /// The feature's number within its block, from the pair of both.
    private static func unpaired(_ number: Int) -> Int {
        var sum = Int(((8 * Double(number) + 1).squareRoot() - 1) / 2)
        while (sum + 1) * (sum + 2) / 2 <= number { sum += 1 }
        while sum * (sum + 1) / 2 > number { sum -= 1 }
        return number - sum * (sum + 1) / 2
    }
}
