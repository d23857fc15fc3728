public import PlumbTensor

/// Whether graphs promise what probabilities then give, and what is left of an incentive when its path is cut.
public struct IncentiveStudy: Sendable {
    /// Random diagrams, each with random numbers.
    public var diagrams: Int

    /// A study of so many diagrams.
    public init(diagrams: Int) { self.diagrams = diagrams }

    /// What was counted.
    public struct Outcome: Codable, Sendable, Equatable {
        /// Chance nodes whose observation the graph promises to be of value, and how many of them are.
        public var admittedInformation = Count()
        /// Chance nodes whose observation the graph says is worth nothing, and how many are worth something.
        public var excludedInformation = Count()
        /// The same for setting a node.
        public var admittedControl = Count()
        /// The same for setting a node of which the graph says that it is worth nothing.
        public var excludedControl = Count()
        /// Incentives on chance nodes, and how many are left when as many edges elsewhere are cut.
        public var cutElsewhere = Count()
        /// Incentives on chance nodes, and how many are left when the node's edges are cut.
        public var cutAtNode = Count()
    }

    /// How many of how many.
    public struct Count: Codable, Sendable, Equatable {
        /// How many showed it.
        public var shown = 0
        /// Of how many.
        public var all = 0
        /// The share; NaN of none.
        public var share: Double { Double(shown) / Double(all) }

        mutating func add(_ isShown: Bool) { (shown, all) = (shown + (isShown ? 1 : 0), all + 1) }
    }

    /// Counts over random diagrams and models.
    ///
    /// - Throws: what `checkpoint` throws; ``FoundationsError``, which does not happen.
    public func run(key: RandomKey, checkpoint: () throws -> Void = {}) throws -> Outcome {
        var outcome = Outcome()
        for index in 0..<diagrams {
            try checkpoint()
            var random = key[index].generator()
            let diagram = InfluenceDiagram.random(using: &random)
            let model = try InfluenceModel.random(diagram, using: &random)
            try value(model, &outcome)
            try cut(diagram, &outcome, using: &random)
        }
        return outcome
    }

    private func value(_ model: InfluenceModel, _ outcome: inout Outcome) throws {
        let (diagram, least) = (model.diagram, 1e-9)
        let decision = diagram.nodes(.decision)[0]
        let later = diagram.descendants(of: decision)
        for node in diagram.nodes(.chance) {
            if !later.contains(node) {
                let isWorth = try model.valueOfInformation(node) > least
                if try diagram.admits(.information, on: node, decision: decision) {
                    outcome.admittedInformation.add(isWorth)
                } else {
                    outcome.excludedInformation.add(isWorth)
                }
            }
            let isWorth = try model.valueOfControl(node) > least
            if try diagram.admits(.control, on: node, decision: decision) {
                outcome.admittedControl.add(isWorth)
            } else {
                outcome.excludedControl.add(isWorth)
            }
        }
    }

    private func cut(
        _ diagram: InfluenceDiagram, _ outcome: inout Outcome, using random: inout RandomKey.Generator
    ) throws {
        let decision = diagram.nodes(.decision)[0]
        for node in diagram.nodes(.chance) {
            let own = diagram.edges.filter { $0.cause == node || $0.effect == node }
            var elsewhere = diagram.edges.filter { $0.cause != node && $0.effect != node }
            elsewhere.shuffle(using: &random)
            let isolated = diagram.removingEdges { $0 == node || $1 == node }
            // As many edges as were cut at the node, or all there are.
            let others = elsewhere.prefix(own.count).reduce(diagram) { $0.removingEdge($1.cause, $1.effect) }
            for incentive in InfluenceDiagram.Incentive.allCases
            where try diagram.admits(incentive, on: node, decision: decision) {
                outcome.cutAtNode.add(try isolated.admits(incentive, on: node, decision: decision))
                outcome.cutElsewhere.add(try others.admits(incentive, on: node, decision: decision))
            }
        }
    }
}
