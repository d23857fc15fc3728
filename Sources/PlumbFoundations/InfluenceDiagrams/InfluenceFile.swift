public import Foundation

/// An influence diagram in a file, with its probabilities and utilities or without.
///
/// ```json
/// {"nodes": [{"name": "weather", "kind": "chance", "values": [0.3]},
///            {"name": "umbrella", "kind": "decision"},
///            {"name": "comfort", "kind": "utility", "parents": ["weather", "umbrella"], "values": [1, 0.8, 0, 0.9]}]}
/// ```
///
/// Variables are 0 or 1; `values` has one number for each assignment of the parents, the first parent counting most.
public struct InfluenceFile: Sendable, Equatable {
    /// The graph.
    public let diagram: InfluenceDiagram
    /// The graph with its numbers; `nil` where the file has none.
    public let model: InfluenceModel?

    private struct Contents: Decodable {
        struct Node: Decodable {
            let name: String
            let kind: InfluenceDiagram.Kind
            let parents: [String]?
            let values: [Double]?
        }
        let nodes: [Node]
    }

    /// The most nodes of a diagram that is read.
    public static let mostNodes = 200

    /// - Parameters:
    ///   - data: JSON in UTF-8.
    ///   - name: what errors call the file.
    /// - Throws: ``FoundationsError`` for what is no diagram, has a cycle or has a probability outside 0...1.
    public init(_ data: Data, named name: String) throws {
        guard let contents = try? JSONDecoder().decode(Contents.self, from: data) else {
            throw FoundationsError(
                "\(name) is no influence diagram: expected an object with \"nodes\", each with \"name\", \"kind\" (chance, "
                    + "decision or utility) and, where it has them, \"parents\" and \"values\"")
        }
        let nodes = contents.nodes
        guard nodes.count <= Self.mostNodes, nodes.contains(where: { $0.kind == .decision }) else {
            throw FoundationsError(
                "\(name) has \(nodes.count) nodes: a diagram has a decision and at most \(Self.mostNodes) nodes")
        }
        do {
            diagram = try InfluenceDiagram(
                nodes.map { ($0.name, $0.kind) },
                edges: nodes.flatMap { node in (node.parents ?? []).map { ($0, node.name) } })
            let isNumeric = nodes.contains { $0.values != nil }
            model = isNumeric ? try Self.model(nodes, diagram) : nil
        } catch let error as FoundationsError { throw FoundationsError("\(name): \(error)") }
    }

    /// The tables follow the parents' order in the file, and the diagram has them in rising order.
    private static func model(_ nodes: [Contents.Node], _ diagram: InfluenceDiagram) throws -> InfluenceModel {
        let tables = try nodes.enumerated().map { index, node -> [Double] in
            let values = node.values ?? []
            let named = try (node.parents ?? []).map(diagram.node)
            let sorted = diagram.parents[index]
            guard values.count == 1 << sorted.count, named.count == sorted.count, named.count <= 10 else {
                return values
            }
            return (0..<values.count).map { row in
                let bits = Dictionary(
                    uniqueKeysWithValues: sorted.enumerated().map { ($1, (row >> (sorted.count - 1 - $0)) & 1) })
                return values[named.reduce(0) { 2 * $0 + (bits[$1] ?? 0) }]
            }
        }
        return try InfluenceModel(diagram, tables: tables)
    }
}
