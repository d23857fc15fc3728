internal import PlumbBasics
internal import PlumbModels
public import PlumbTensor

/// Tests a graph on the real model: takes its features away one at a time and compares what is missing in a logit
/// difference with what the graph said.
public struct GraphInterventions: Sendable {
    /// The most features that are taken away, those of the greatest influence.
    public var limit: Int

    /// Up to `limit` features of each graph.
    public init(limit: Int) { self.limit = limit }

    /// What was found for the features of one prompt, in logits: changes of the logit difference.
    public struct Outcome: Codable, Sendable {
        /// What the graph predicts for each feature.
        public let predicted: [Double]
        /// What the model did without it.
        public let measured: [Double]
        /// What it did without it while attention patterns stayed as they were.
        public let held: [Double]
        /// What the model did when a random direction of the same length was taken away in its place.
        public let random: [Double]
        /// What the graph predicts for another of its features, drawn at random.
        public let shuffled: [Double]
        /// The graph's replacement score.
        public let replacement: Double
        /// The graph's completeness score.
        public let completeness: Double
        /// The share of absolute contributions that the graph's edges carry.
        public let kept: Double
        /// The features of each block that were taken away.
        public let layers: [Int]
    }

    /// Compares a graph with the model.
    ///
    /// - Parameters:
    ///   - graph: of a prompt, its logits the two tokens: the first less the second is what changes.
    ///   - replacement: what it was made by.
    ///   - key: of random directions and of the shuffle.
    /// - Throws: `ModelError` for a graph whose logits are not two.
    public func run(_ graph: AttributionGraph, _ replacement: ReplacementModel, key: RandomKey) throws
        -> Outcome
    {
        guard graph.logits.count == 2 else {
            throw ModelError("interventions compare two logits, and the graph has \(graph.logits.count)")
        }
        let (answer, wrong) = (graph.logits[0].token, graph.logits[1].token)
        let influence = graph.influence()
        let chosen = graph.features.indices.sorted { (influence[$0], $1) > (influence[$1], $0) }.prefix(
            limit)
        let effects = graph.effects(onLogits: [1, -1])
        let metric = PatchMetric.logitDifference(answer: answer, wrong: wrong)
        let features = chosen.map { graph.features[$0] }
        let points = Set(features.flatMap { [HookPoint.block($0.layer, .mlpOut), .block($0.layer, .mlpPost)] })
        let rows = try replacement.model.activations(of: [graph.tokens], at: Array(points))
        let own = try changes(rows, replacement, features, random: nil)
        let other = try changes(rows, replacement, features, random: key["directions"])
        let found = try ReplacementSweep().run(
            replacement.model, graph.tokens, metric: metric, changes: own + other)
        var order = Array(chosen.indices)
        var generator = key["shuffle"].generator()
        for place in order.indices.dropLast() {
            order.swapAt(place, place + generator.index(below: order.count - place))
        }
        let predicted = chosen.map { -effects[$0] }
        let scores = graph.scores()
        return Outcome(
            predicted: predicted, measured: found.values.prefix(features.count).map { $0 - found.clean },
            held: held(own, replacement.model, graph.tokens, answer: answer, wrong: wrong, clean: found.clean),
            random: found.values.dropFirst(features.count).map { $0 - found.clean },
            shuffled: order.map { predicted[$0] }, replacement: scores.replacement,
            completeness: scores.completeness,
            kept: graph.keptShare, layers: features.map(\.layer))
    }

    /// The change of the logit difference by each of several changes, with attention patterns held at their values.
    private func held(
        _ changes: [ActivationReplacement], _ model: HookedTransformer, _ tokens: [Int], answer: Int, wrong: Int,
        clean: Double
    ) -> [Double] {
        let points = (0..<model.configuration.layers).map { HookPoint.block($0, .pattern) }
        let patterns = model.run(tokens, recording: .points(Set(points))).cache
        let holding = points.map { point in
            guard let pattern = patterns[point] else { unmet("\(point) was not recorded, so that it cannot be held") }
            return Intervention("hold", at: point) { value in Tensor.zeros(value.shape) + pattern }
        }
        return stride(from: 0, to: changes.count, by: Self.heldAtOnce).flatMap { first -> [Double] in
            let part = Array(changes[first..<min(first + Self.heldAtOnce, changes.count)])
            let replacing = Set(part.map(\.point)).map { point in
                let own = part.indices.filter { part[$0].point == point }
                return Intervention("replace", at: point) { value in
                    let rows = value.reshaped([-1, value.shape[value.shape.count - 1]])
                    let places = own.flatMap { run in part[run].positions.map { run * tokens.count + $0 } }
                    return rows.replacingRows(places, with: Tensor.concatenated(own.map { part[$0].values }))
                        .reshaped(value.shape)
                }
            }
            let batch = [[Int]](repeating: tokens, count: part.count)
            let logits = model.run(batch: batch, with: holding + replacing).output
            return part.indices.map { run in
                let row = logits[run][tokens.count - 1]
                return Double(row[answer].item) - Double(row[wrong].item) - clean
            }
        }
    }

    private static let heldAtOnce = 32

    /// What the MLP writes without each feature, or without a random direction as long as the feature's part.
    private func changes(
        _ rows: [HookPoint: Tensor], _ replacement: ReplacementModel, _ features: [AttributionGraph.Feature],
        random: RandomKey?
    ) throws -> [ActivationReplacement] {
        try features.enumerated().map { index, feature in
            guard let out = rows[.block(feature.layer, .mlpOut)],
                let post = rows[.block(feature.layer, .mlpPost)]
            else {
                unmet("block \(feature.layer) was not recorded")
            }
            let place = feature.position..<feature.position + 1
            let transcoder = replacement.transcoders[feature.layer]
            if transcoder == nil, random == nil {
                var neurons = post[place].elements
                neurons[feature.feature] = 0
                return ActivationReplacement(
                    .block(feature.layer, .mlpPost), positions: [feature.position],
                    values: Tensor(neurons, shape: [1, neurons.count]))
            }
            var part: Tensor
            if let transcoder {
                part = transcoder.directions(of: feature.feature, for: out[place]) * feature.activation
            } else {
                part = try neuronPart(replacement, feature)
            }
            if let random {
                var generator = random[index].generator()
                let direction = Tensor(shape: part.shape) {
                    for element in $0.indices { $0[element] = Float(generator.normal()) }
                }
                part = direction * Float(part.norm() / max(direction.norm(), 1e-12))
            }
            return ActivationReplacement(
                .block(feature.layer, .mlpOut), positions: [feature.position], values: out[place] - part)
        }
    }

    private func neuronPart(_ replacement: ReplacementModel, _ feature: AttributionGraph.Feature)
        throws -> Tensor
    {
        guard let neurons = replacement.blocks[feature.layer].neurons else {
            throw ModelError("block \(feature.layer) is not read by its neurons")
        }
        return neurons.outputs[feature.feature..<feature.feature + 1] * feature.activation
    }
}
