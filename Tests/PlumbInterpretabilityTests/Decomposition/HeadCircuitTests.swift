import Foundation
import PlumbInterpretability
import PlumbLinearAlgebra
import PlumbModels
import PlumbTensor
import Testing

/// What is read from the weights of heads, and from where they look.
@Suite struct HeadCircuitTests {
    @Test(arguments: TinyPair.models) func factorsAreTheCircuits(name: String) throws {
        let model = try TinyPair(name).model
        let weights = model.headWeights(block: 1, foldingNorm: true)
        for head in 0..<model.configuration.heads {
            for (factors, circuit) in [
                (weights.queryKeyFactors(head: head), weights.queryKeyCircuit(head: head)),
                (weights.outputValueFactors(head: head), weights.outputValueCircuit(head: head)),
            ] {
                let product = factors.product().elements
                #expect(factors.inner == model.configuration.headWidth)
                #expect(zip(product, circuit.elements).allSatisfy { abs($0 - Double($1)) < 1e-4 })
            }
        }
    }

    @Test(arguments: TinyPair.models) func compositionIsTheNormOfTheProductOverThoseOfTheCircuits(name: String) throws {
        let model = try TinyPair(name).model
        let found = CompositionScores(model)
        let (one, two) = (
            model.headWeights(block: 0, foldingNorm: true), model.headWeights(block: 1, foldingNorm: true)
        )
        let count = model.configuration.heads
        for (writer, reader) in [(0, 0), (1, count - 1), (count - 1, 1)] {
            let writing = one.outputValueFactors(head: writer)
            let (attending, reading) = (two.queryKeyFactors(head: reader), two.outputValueFactors(head: reader))
            // In rows: the writer's stream times what the reader makes of it.
            let expected: [CompositionScores.Kind: Double] = [
                .query: writing.product(attending).norm / (writing.norm * attending.norm),
                .key: writing.product(attending.transposed()).norm / (writing.norm * attending.norm),
                .value: writing.product(reading).norm / (writing.norm * reading.norm),
            ]
            for (kind, value) in expected {
                let score = found.score(
                    kind, from: AttentionHead(layer: 0, head: writer), to: AttentionHead(layer: 1, head: reader))
                #expect(abs(score - value) < 1e-4)
            }
        }
        let pairwise = HeadComposition(model, from: 0, to: 1)
        for kind in HeadComposition.Kind.allCases {
            let (all, between) = (try #require(found.scores[kind]), try #require(pairwise.scores[kind]))
            #expect(all[0..<count].map { Array($0[count..<2 * count]) } == between)
        }
        let back = found.score(.key, from: AttentionHead(layer: 1, head: 0), to: AttentionHead(layer: 0, head: 0))
        #expect(back.isNaN)
    }

    @Test(arguments: TinyPair.models) func copyingScoresAreThoseOfTheWholeCircuit(name: String) throws {
        let model = try TinyPair(name).model
        let found = try CopyingScores(model).scores
        #expect(found.count == model.configuration.layers)
        #expect(found.joined().allSatisfy { $0 >= -1 && $0 <= 1 })
        let weights = model.headWeights(block: 1, foldingNorm: true)
        // From token to token, `[V, V]`, whose trace is the sum of its eigenvalues.
        let circuit = weights.outputValueFactors(head: 2)
        let (embedding, unembedding) = (model.embeddingWeights(), model.unembeddingWeights(foldingNorm: true))
        let whole = FactoredMatrix(
            DoubleMatrix(embedding).product(circuit.left), circuit.right.product(DoubleMatrix(unembedding).transposed())
        )
        let values = try whole.eigenvalues()
        let score = values.reduce(0) { $0 + $1.real } / values.reduce(0) { $0 + $1.magnitude }
        #expect(abs(score - found[1][2]) < 1e-6)
        #expect(abs(whole.trace - values.reduce(0) { $0 + $1.real }) < 1e-6)
    }

    @Test func rolloutWorkedByHand() {
        let patterns = [[[1.0, 0], [0.5, 0.5]], [[1, 0], [1, 0]]]
        let found = AttentionRollout(tokens: [4, 5], patterns: patterns)
        #expect(found.weights[0] == [[1, 0], [0.25, 0.75]])
        #expect(found.weights[1] == [[1, 0], [0.625, 0.375]])
        #expect(AttentionRollout(tokens: [4, 5], patterns: patterns, residual: 1).weights[1] == [[1, 0], [0, 1]])
        #expect(AttentionRollout(tokens: [4, 5], patterns: patterns, residual: 0).weights[1] == [[1, 0], [1, 0]])
    }

    @Test(arguments: AttentionRollout.Heads.allCases) func rolloutsAreDistributionsOverEarlierTokens(
        heads: AttentionRollout.Heads
    ) throws {
        let pair = try TinyPair("llama-tiny")
        let found = try AttentionRollout(pair.model, pair.clean, heads: heads)
        #expect(found.weights.count == pair.layers)
        for layer in found.weights {
            for (position, row) in layer.enumerated() {
                #expect(abs(row.reduce(0, +) - 1) < 1e-5)
                #expect(row.dropFirst(position + 1).allSatisfy { $0 == 0 })
            }
        }
    }

    @Test func patternsOfHeadsWorkedByHand() throws {
        let tokens = [3, 8, 3, 8]
        #expect(
            try HeadDetection.Pattern.previousToken.weights(for: tokens)
                == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
        #expect(
            try HeadDetection.Pattern.duplicateToken.weights(for: tokens)
                == [[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]])
        #expect(
            try HeadDetection.Pattern.induction.weights(for: tokens)
                == [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
        #expect(throws: ModelError.self) { try HeadDetection.Pattern.weights([[1]]).weights(for: tokens) }
        #expect(throws: ModelError.self) {
            try HeadDetection.Pattern.weights([[0, 1], [0, 0]]).weights(for: [1, 2])
        }
    }

    @Test(arguments: HeadDetection.Measure.allCases) func aHeadIsFoundByItsOwnPattern(
        measure: HeadDetection.Measure
    ) throws {
        let pair = try TinyPair("gpt2-tiny")
        let maps = try AttentionPatterns(pair.model, pair.clean, layers: [1], heads: [2])
        let own = maps.patterns[0].weights
        let found = try HeadDetection(pair.model, pair.clean, as: .weights(own), by: measure).scores
        if measure == .distance {
            #expect(abs(found[1][2] - 1) < 1e-9)
            #expect(found.joined().allSatisfy { $0 <= found[1][2] })
        } else {
            // Σ A² / Σ A, and all attention adds up to the number of queries.
            let squares = own.joined().reduce(0) { $0 + $1 * $1 }
            #expect(abs(found[1][2] - squares / Double(pair.clean.count)) < 1e-5)
        }
        let before = try HeadDetection(pair.model, pair.clean, as: .previousToken).scores[1][2]
        let mean = maps.patterns[0].previous * Double(pair.clean.count - 1) / Double(pair.clean.count)
        #expect(abs(before - mean) < 1e-5)
        let without = try HeadDetection(
            pair.model, pair.clean, as: .previousToken, by: measure, excludesFirst: true, excludesCurrent: true)
        #expect(without.scores.joined().allSatisfy { $0.isFinite })
    }
}
