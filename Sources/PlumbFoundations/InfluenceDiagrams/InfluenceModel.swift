public import PlumbTensor

/// An influence diagram of one decision with its probabilities and utilities; every variable is 0 or 1.
///
/// What an incentive is worth is found by enumeration of all assignments and policies, without the graphical criteria.
public struct InfluenceModel: Sendable, Hashable {
    /// The graph.
    public private(set) var diagram: InfluenceDiagram
    /// For each node one number for each assignment of its parents, the first parent counting most: of a chance node the
    /// probability of 1, of a utility what it is worth; empty for a decision.
    public let tables: [[Double]]

    /// The most nodes that are enumerated.
    public static let mostNodes = 16
    /// The most observations of a decision, and parents of a node whose control is valued.
    public static let mostParents = 4

    /// - Throws: ``FoundationsError`` for a probability outside 0...1, a table of another length than the parents need, a
    ///   utility with effects, or a diagram that is too large or has not one decision.
    public init(_ diagram: InfluenceDiagram, tables: [[Double]]) throws {
        (self.diagram, self.tables) = (diagram, tables)
        guard diagram.names.count <= Self.mostNodes, tables.count == diagram.names.count,
            diagram.parents.allSatisfy({ $0.count <= 10 })
        else {
            throw FoundationsError(
                "the diagram has \(diagram.names.count) nodes and \(tables.count) tables: up to \(Self.mostNodes) nodes of up "
                    + "to 10 parents can be enumerated, with a table each")
        }
        guard diagram.nodes(.decision).count == 1 else {
            throw FoundationsError(
                "the diagram has \(diagram.nodes(.decision).count) decisions: incentives are valued for one")
        }
        for (node, table) in tables.enumerated() {
            let name = diagram.names[node]
            let needed = diagram.kinds[node] == .decision ? 0 : 1 << diagram.parents[node].count
            guard table.count == needed else {
                throw FoundationsError(
                    "\(name) has \(table.count) numbers: its \(diagram.parents[node].count) parents need \(needed)")
            }
            if diagram.kinds[node] == .chance, let odd = table.first(where: { !($0 >= 0 && $0 <= 1) }) {
                throw FoundationsError("\(name) has the probability \(odd): a probability is a number from 0 to 1")
            }
            guard table.allSatisfy(\.isFinite) else {
                throw FoundationsError("\(name) has a utility that is no number")
            }
            guard diagram.kinds[node] != .utility || diagram.children(of: node).isEmpty else {
                throw FoundationsError("the utility \(name) has effects: only chance nodes and decisions may")
            }
        }
    }

    /// A model of a diagram whose probabilities and utilities are all drawn from 0...1.
    ///
    /// - Throws: ``FoundationsError`` where the diagram is not one of a model.
    public static func random(_ diagram: InfluenceDiagram, using random: inout RandomKey.Generator) throws
        -> InfluenceModel
    {
        let tables = diagram.names.indices.map { node in
            diagram.kinds[node] == .decision
                ? [] : (0..<(1 << diagram.parents[node].count)).map { _ in random.uniform() }
        }
        return try InfluenceModel(diagram, tables: tables)
    }

    private func assignment(_ values: [Int], _ parents: [Int]) -> Int { parents.reduce(0) { 2 * $0 + values[$1] } }

    /// The most that a policy can expect.
    public var bestUtility: Double { best(observations: decisionParents) }

    private var decision: Int { diagram.nodes(.decision)[0] }
    private var decisionParents: [Int] { diagram.parents[decision] }

    /// - Parameters:
    ///   - observations: what the decision is based on.
    ///   - controlled: a chance node that the agent sets by a rule, which gives a value for each assignment of its parents.
    private func best(observations: [Int], controlled: (node: Int, rule: Int)? = nil) -> Double {
        let order = diagram.order.filter { diagram.kinds[$0] == .chance || diagram.kinds[$0] == .decision }
        var sums = [[Double]](repeating: [0, 0], count: 1 << observations.count)
        var values = [Int](repeating: 0, count: diagram.names.count)
        let utilities = diagram.nodes(.utility)
        func visit(_ place: Int, _ probability: Double) {
            guard probability > 0 else { return }
            guard place < order.count else {
                let worth = utilities.reduce(0.0) { $0 + tables[$1][assignment(values, diagram.parents[$1])] }
                sums[assignment(values, observations)][values[decision]] += probability * worth
                return
            }
            let node = order[place]
            let row = assignment(values, diagram.parents[node])
            for value in 0...1 {
                values[node] = value
                var factor = 1.0
                if let controlled, controlled.node == node {
                    factor = (controlled.rule >> row) & 1 == value ? 1 : 0
                } else if diagram.kinds[node] == .chance {
                    factor = value == 1 ? tables[node][row] : 1 - tables[node][row]
                }
                visit(place + 1, probability * factor)
            }
            values[node] = 0
        }
        visit(0, 1)
        return sums.reduce(0) { $0 + max($1[0], $1[1]) }
    }

    /// What observing a node is worth: the best expected utility with it observed less that without.
    ///
    /// - Throws: ``FoundationsError`` for what the decision influences.
    public func valueOfInformation(_ node: Int) throws -> Double {
        guard node != decision, !diagram.descendants(of: decision).contains(node) else {
            throw FoundationsError("\(diagram.names[node]) follows the decision, which cannot observe it")
        }
        let others = decisionParents.filter { $0 != node }
        guard diagram.kinds[node] == .chance else { return 0 }
        var seeing = self
        seeing.diagram = diagram.settingEdge(node, decision, true)
        return seeing.best(observations: others + [node]) - best(observations: others)
    }

    /// What setting a chance node by a rule of its parents' values is worth: the best expected utility over rules and
    /// policies less that over policies.
    ///
    /// - Throws: ``FoundationsError`` where the node is none of chance or has too many parents.
    public func valueOfControl(_ node: Int) throws -> Double {
        let count = diagram.parents[node].count
        guard diagram.kinds[node] == .chance, count <= Self.mostParents else {
            throw FoundationsError(
                "the control of \(diagram.names[node]) cannot be valued: only that of chance nodes of up to "
                    + "\(Self.mostParents) parents can")
        }
        let rules = 1 << (1 << count)
        return (0..<rules).reduce(-Double.infinity) { most, rule in
            max(most, best(observations: decisionParents, controlled: (node, rule)))
        } - bestUtility
    }
}
