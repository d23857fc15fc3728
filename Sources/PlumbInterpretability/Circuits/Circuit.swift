public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels

/// A part of a model that is claimed to do a task: some of the edges of its graph, as data that can be saved, drawn and
/// evaluated again.
public struct Circuit: Sendable, Equatable {
    /// What the model is called.
    public let model: String
    /// The sizes of the model.
    public let configuration: TransformerConfiguration
    /// The edges.
    public let edges: EdgeSubset

    /// Some edges of a model.
    public init(_ edges: EdgeSubset, of model: HookedTransformer) {
        (self.model, configuration, self.edges) = (model.name, model.configuration, edges)
    }

    /// The circuit without edges that no path connects to both the embeddings and the logits.
    public var pruned: Circuit { Circuit(model: model, configuration, edges.pruned) }

    /// The same model's, with other edges.
    func with(_ edges: EdgeSubset) -> Circuit { Circuit(model: model, configuration, edges) }

    private init(model: String, _ configuration: TransformerConfiguration, _ edges: EdgeSubset) {
        (self.model, self.configuration, self.edges) = (model, configuration, edges)
    }
}

extension Circuit {
    /// The file's content: the edges by name, in the order of the graph.
    private struct Stored: Codable {
        var format: String
        var version: Int
        var model: String
        var configuration: TransformerConfiguration
        var count: Int
        var edges: [String]
    }

    private static let format = "plumbline circuit"
    private static let version = 1
    private static let mostHeads = 1 << 16

    /// The circuit as JSON.
    ///
    /// - Throws: what the encoder throws.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(
            Stored(
                format: Self.format, version: Self.version, model: model, configuration: configuration,
                count: edges.count, edges: edges.edges.map(\.description)))
    }

    /// Reads a circuit that ``json()`` wrote.
    ///
    /// - Parameters:
    ///   - data: the file's content.
    ///   - name: what errors call the file.
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public init(json data: Data, named name: String) throws {
        let stored: Stored
        do {
            stored = try JSONDecoder().decode(Stored.self, from: data)
        } catch {
            throw ModelError("\(name) is not a circuit: it is cut off, or was not written by Circuit.json()")
        }
        guard stored.format == Self.format, stored.version == Self.version else {
            throw ModelError(
                "\(name) is \(stored.format) of version \(stored.version); this program reads \(Self.format) of version "
                    + "\(Self.version)")
        }
        let sizes = stored.configuration
        guard sizes.layers > 0, sizes.heads > 0, sizes.keyValueHeads > 0, sizes.heads % sizes.keyValueHeads == 0,
            sizes.layers <= Self.mostHeads, sizes.heads <= Self.mostHeads / sizes.layers
        else {
            throw ModelError(
                "\(name) is of a model that does not exist: \(sizes.layers) layers of \(sizes.heads) heads and "
                    + "\(sizes.keyValueHeads) key-value heads")
        }
        let graph = EdgeGraph(sizes)
        let writers = Dictionary(uniqueKeysWithValues: graph.writers.map { ($0.description, $0) })
        let readers = Dictionary(uniqueKeysWithValues: graph.readers.map { ($0.description, $0) })
        let edges = try stored.edges.map { text in
            let ends = text.components(separatedBy: " to ")
            guard ends.count == 2, let writer = writers[ends[0]], let reader = readers[ends[1]] else {
                throw ModelError("\(name) names an edge that cannot exist in \(stored.model): \"\(text)\"")
            }
            return EdgeGraph.Edge(from: writer, to: reader)
        }
        let subset: EdgeSubset
        do {
            subset = try EdgeSubset(graph, edges: edges)
        } catch {
            throw ModelError("\(name) names an edge that cannot exist in \(stored.model): \(error)")
        }
        guard subset.count == stored.count, edges.count == stored.count else {
            throw ModelError(
                "\(name) was edited: it says that it has \(stored.count) edges, and has \(subset.count) different ones")
        }
        self.init(model: stored.model, sizes, subset)
    }

    /// Refuses a model of which this is no circuit.
    ///
    /// - Throws: `ModelError` naming both.
    public func check(_ model: HookedTransformer) throws {
        guard EdgeGraph(model.configuration) == edges.graph else {
            throw ModelError(
                "the circuit is of \(self.model), with \(edges.graph.edgeCount) edges in all; \(model.name) has "
                    + "\(EdgeGraph(model.configuration).edgeCount)")
        }
    }
}
