public import PlumbTensor

extension NeuronPuzzle {
    /// What the scoring code and the explainers that need no language model make of a puzzle; scores are correlations.
    public struct Check: Sendable, Codable {
        /// The puzzle's name.
        public let name: String
        /// The score of a simulation that is the activations themselves.
        public let oracle: Double
        /// The mean score of that simulation on activations that are exchanged at random.
        public let exchanged: Double
        /// The scores of rules and of token means, each text simulated from the others.
        public let rules: Double, lookup: Double
        /// The rules found on all texts, in words.
        public let sentence: String
    }

    /// Scores an oracle, rules and token means on the puzzle.
    ///
    /// - Parameters:
    ///   - exchanges: how often activations are exchanged.
    ///   - key: of the exchanges.
    public func check(exchanges: Int = 50, key: RandomKey) -> Check {
        let truth = records.map(\.activations)
        func score(_ simulated: [[Double]], _ records: [ActivationRecord]) -> Double {
            SimulationScore(simulated: simulated, records: records).correlation
        }
        // A puzzle has a few dozen tokens: a rule may hold for two of them.
        let explainer = RuleExplainer(leastTokens: 2)
        var (rules, lookup): ([[Double]], [[Double]]) = ([], [])
        for (index, record) in records.enumerated() {
            let others = records.enumerated().filter { $0.offset != index }.map(\.element)
            rules.append(explainer.list(others).simulate(record.tokens))
            lookup.append(TokenMeans(others).simulate(record.tokens))
        }
        return Check(
            name: name, oracle: score(truth, records),
            exchanged: Statistics.mean(
                (0..<exchanges).map { score(truth, records.exchangingActivations(key: key[$0])) }),
            rules: score(rules, records), lookup: score(lookup, records),
            sentence: explainer.list(records).sentence)
    }
}
