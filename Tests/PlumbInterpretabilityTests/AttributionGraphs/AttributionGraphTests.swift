import Foundation
import PlumbModels
import PlumbTensor
import Testing

@testable import PlumbInterpretability

/// Laws of attribution graphs on small models of random weights.
@Suite struct AttributionGraphTests {
    private func transcoders(_ model: HookedTransformer, _ site: Site, skip: Bool) throws -> [SparseDictionary] {
        let width = model.configuration.width
        var generator = RandomKey(9).generator()
        func random(_ shape: [Int], _ size: Float) -> Tensor {
            Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(generator.normal()) * size } }
        }
        return try (0..<model.configuration.layers).map { layer in
            try SparseDictionary(
                encoder: random([width, 40], 0.3), encoderBias: random([40], 0.1), decoder: random([40, width], 0.2),
                decoderBias: random([width], 0.1), skip: skip ? random([width, width], 0.1) : nil,
                activation: .topK(6), input: .block(layer, site), output: .block(layer, .mlpOut))
        }
    }

    /// Every row with its bias must sum to the activation or logit that it explains.
    private func expectComplete(_ graph: AttributionGraph, within tolerance: Float, _ what: String) {
        for (index, row) in graph.rows.enumerated() {
            let expected =
                index < graph.features.count
                ? graph.features[index].activation : graph.logits[index - graph.features.count].value
            let sum = Float(row.weights.reduce(0.0) { $0 + Double($1) }) + row.bias
            #expect(
                abs(sum - expected) < tolerance * max(1, row.total), "\(what), row \(index): \(sum) for \(expected)")
        }
    }

    private var everything: AttributionOptions {
        var options = AttributionOptions()
        (options.featureLimit, options.edgeLimit) = (100_000, 100_000)
        return options
    }

    @Test(arguments: ["llama-tiny", "gpt2-tiny", "gemma2-tiny"])
    func contributionsSumToActivationsAndLogits(_ name: String) throws {
        let pair = try TinyPair(name)
        let graph = try ReplacementModel(pair.model).graph(pair.clean, options: everything)
        #expect(graph.features.count == graph.activeFeatures && graph.features.count > 100)
        expectComplete(graph, within: 1e-4, name)
        #expect(graph.keptShare > 0.999)
        // Neurons explain an MLP whole.
        let errors = graph.firstError..<graph.firstEmbedding
        #expect(graph.rows.allSatisfy { row in !row.sources.contains { errors.contains(Int($0)) } })
        #expect(graph.scores().replacement == 1 && abs(graph.scores().completeness - 1) < 1e-12)
    }

    @Test func aModelWithoutBiasesHasNone() throws {
        let pair = try TinyPair("llama-tiny")
        let graph = try ReplacementModel(pair.model).graph(pair.clean, options: everything)
        for row in graph.rows { #expect(abs(row.bias) < 1e-4 * max(1, row.total)) }
    }

    @Test(arguments: [Site.residMid, .ln2Normalized, ReplacementModel.mlpInput])
    func contributionsSumWithTranscodersTheirErrorsAndLinearPaths(_ site: Site) throws {
        for name in ["llama-tiny", "gpt2-tiny"] {
            let pair = try TinyPair(name)
            for skip in [false, true] {
                let replacement = try ReplacementModel(
                    pair.model, transcoders: transcoders(pair.model, site, skip: skip))
                let graph = try replacement.graph(pair.clean, options: everything)
                expectComplete(graph, within: 1e-4, "\(name) \(site.rawValue) \(skip)")
                let scores = graph.scores()
                #expect(scores.replacement > 0 && scores.replacement < 1 && scores.completeness < 1)
            }
        }
    }

    @Test func fewerNeuronsLeaveTheRestToErrorsAndSkippedPositionsToBiases() throws {
        let pair = try TinyPair("llama-tiny")
        var options = everything
        options.skippedPositions = 1
        let graph = try ReplacementModel(pair.model, neuronLimit: 5).graph(pair.clean, options: options)
        expectComplete(graph, within: 1e-4, "five neurons")
        #expect(graph.features.count == 5 * pair.layers * (pair.clean.count - 1))
        #expect(graph.features.allSatisfy { $0.position > 0 })
        #expect(graph.scores().replacement < 1)
    }

    @Test func passesOfOneTargetGiveTheSameRows() throws {
        let pair = try TinyPair("gpt2-tiny")
        let replacement = try ReplacementModel(pair.model, neuronLimit: 8)
        let together = try replacement.graph(pair.clean, options: everything)
        var single = everything
        single.memoryLimit = 1
        let apart = try replacement.graph(pair.clean, options: single)
        #expect(together.features == apart.features && together.logits == apart.logits)
        for (a, b) in zip(together.rows, apart.rows) {
            let dense = { (row: AttributionGraph.Row) in Dictionary(uniqueKeysWithValues: zip(row.sources, row.weights))
            }
            let (x, y) = (dense(a), dense(b))
            for source in Set(x.keys).union(y.keys) { #expect(abs((x[source] ?? 0) - (y[source] ?? 0)) < 1e-5) }
        }
    }

    @Test func aSmallStepOfAnEmbeddingMovesAFrozenModelByItsEdge() throws {
        // The graph is linear: with patterns and scales held, an embedding's edge is what a step along it moves, over
        // the step. Of one block the only way to the logits beside attention is the MLP, whose neurons are held out.
        let pair = try TinyPair("llama-tiny")
        let model = pair.model
        let tokens = pair.clean
        let points = model.hookPoints.filter {
            [.pattern, .ln1Scale, .ln2Scale, .mlpOut, .finalScale].contains($0.site)
        }
        let cache = model.run(tokens, recording: .points(Set(points))).cache
        let graph = try ReplacementModel(model).graph(tokens, options: everything, logits: [7])
        let row = graph.rows[graph.features.count]
        let held = points.map { Intervention.patch($0, from: cache) }
        let embedded = try #require(model.run(tokens, recording: .only(.embed)).cache[.embed])
        func logit(_ scale: Float, _ position: Int) throws -> Double {
            var rows = embedded
            rows = rows.replacingRows([position], with: embedded[position..<position + 1] * scale)
            let logits = model.run(tokens, with: held + [.replace(.embed, with: rows)]).output
            let last = logits[tokens.count - 1]
            return Double(last[7].item) - last.sum() / Double(last.count)
        }
        for position in [0, 3, tokens.count - 1] {
            let slope = try (logit(1.5, position) - logit(0.5, position))
            let place = try #require(row.sources.firstIndex(of: Int32(graph.firstEmbedding + position)))
            #expect(abs(slope - Double(row.weights[place])) < 2e-4)
        }
    }

    @Test func limitsKeepTheStrongestEdgesAndTheMostInfluentialFeatures() throws {
        let pair = try TinyPair("llama-tiny")
        let replacement = try ReplacementModel(pair.model)
        let whole = try replacement.graph(pair.clean, options: everything)
        var options = everything
        options.edgeLimit = 10
        let thin = try replacement.graph(pair.clean, options: options)
        for (a, b) in zip(whole.rows, thin.rows) {
            #expect(b.weights.count <= 10 && a.total == b.total)
            let expected = a.weights.map { abs($0) }.sorted(by: >).prefix(10)
            #expect(b.weights.map { abs($0) }.sorted(by: >) == Array(expected))
        }
        options = everything
        options.featureLimit = 30
        let few = try replacement.graph(pair.clean, options: options)
        #expect(few.features.count == 30 && few.activeFeatures == whole.activeFeatures)
        let influence = whole.influence()
        let best = whole.features.indices.sorted { influence[$0] > influence[$1] }.prefix(5).map { whole.features[$0] }
        #expect(Set(best).isSubset(of: Set(few.features)))
    }

    /// Two features, of which the first makes the second, an error, and two embeddings, by hand.
    private func small() -> AttributionGraph {
        AttributionGraph(
            tokens: [4, 5], texts: ["a", "b"], layers: 2,
            features: [
                .init(layer: 0, position: 0, feature: 3, activation: 2),
                .init(layer: 1, position: 1, feature: 1, activation: 4),
            ], logits: [.init(token: 9, probability: 1, value: 3)], logitTexts: ["c"],
            // Nodes: features 0, 1; errors 2 to 5; embeddings 6, 7; logit 8.
            rows: [
                .init(sources: [6], weights: [2], bias: 0, total: 2),
                .init(sources: [0, 2, 7], weights: [3, -1, 4], bias: -2, total: 8),
                .init(sources: [0, 1], weights: [1, 3], bias: -1, total: 4),
            ], activeFeatures: 2)
    }

    @Test func influenceScoresAndEffectsAreThoseWorkedOutByHand() {
        let graph = small()
        // Logit: 1/4 and 3/4; the second feature's inputs: 3/8, 1/8, 1/2.
        let influence = graph.influence()
        let expected = [0.25 + 0.75 * 3 / 8, 0.75, 0.75 / 8, 0, 0, 0, 0.25 + 0.75 * 3 / 8, 0.375, 0]
        #expect(zip(influence, expected).allSatisfy { abs($0 - $1) < 1e-12 })
        let scores = graph.scores()
        #expect(abs(scores.replacement - (1 - 0.09375)) < 1e-12)
        let all = expected.reduce(1, +)
        #expect(abs(scores.completeness - (all - 0.75 / 8) / all) < 1e-12)
        // Without the second feature the logit lacks 3; without the first it lacks 1 and 3/4 of the second's.
        let effects = graph.effects(onLogits: [1])
        #expect(effects == [3.25, 3])
    }

    @Test func pruningKeepsTheSharesAndDropsLooseEnds() {
        let graph = small()
        let all = graph.pruned(nodeShare: 1, edgeShare: 1)
        #expect(all.nodes == [true, true, true, false, false, false, true, true, true] && all.edgeCount == 6)
        // 0.75 + 0.53 + 0.53 of 2.28 are 0.79 of the influence, so that the embedding with 0.375 is needed: the error
        // goes.
        let most = graph.pruned()
        #expect(most.nodes == [true, true, false, false, false, false, true, true, true])
        #expect(most.edges[1] == [true, false, true])
    }
}
