@testable import PlumbInterpretability
import PlumbLearning
import PlumbModels
import PlumbTensor
import Testing

/// Dictionaries of a small transformer's stream, and the lookup baseline by hand.
@Suite struct LanguageModelSparseTests {
    private static func model() throws -> HookedTransformer {
        try HookedTransformer(
            TransformerConfiguration(
                architecture: .llama, layers: 3, width: 16, heads: 2, vocabulary: 20, context: 64),
            key: RandomKey(4), initialization: .scaled())
    }

    @Test func activationsOfTextsAreThoseOfWholeRunsBitForBit() throws {
        let model = try Self.model()
        let texts = [[1, 2, 3, 4], [5, 6, 7]]
        let points: [HookPoint] = [.embed, .block(0, .mlpPost), .block(1, .residPre), .block(1, .residPost)]
        let found = try model.activations(of: texts, at: points)
        for point in points {
            let parts = texts.compactMap { model.run($0, recording: .only(point)).cache[point] }
            #expect(found[point] == Tensor.concatenated(parts), "\(point)")
        }
        let entering = try model.activations(of: texts, at: [.block(2, .residPre)])
        let whole = texts.compactMap {
            model.run($0, recording: .only(.block(2, .residPre))).cache[.block(2, .residPre)]
        }
        #expect(entering[.block(2, .residPre)] == Tensor.concatenated(whole) && entering.count == 1)
        #expect(throws: ModelError.self) { try model.activations(of: [[1], []], at: points) }
    }

    @Test func aLookupExplainsWhatFollowsFromTheTokenAndNothingElse() {
        // Feature 0 is 2 at token 7; feature 1 is active at every second row, whatever the token.
        let tokens = [7, 7, 8, 8, 7, 7, 8, 8]
        let rows: [[(Int32, Float)]] = tokens.enumerated().map { row, token in
            (token == 7 ? [(0, 2)] : []) + (row % 2 == 0 ? [(1, 1)] : [])
        }
        let activations = SparseActivations(
            features: 3, offsets: rows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) },
            indices: rows.flatMap { $0.map(\.0) }, values: rows.flatMap { $0.map(\.1) })
        let lookup = TokenLookup(activations, tokens: tokens, split: 4, least: 1)
        #expect(abs((lookup.explained[0] ?? 0) - 1) < 1e-12)
        #expect(abs(lookup.explained[1] ?? 1) < 1e-12)
        #expect(lookup.explained[2] == nil && lookup.unexplained(below: 0.5) == 0.5)
        // Token 9 was not seen: the overall mean of feature 0, 1, stands in, and misses 2 by 1 in every row.
        let unseen = TokenLookup(activations, tokens: [7, 7, 8, 8, 9, 9, 8, 8], split: 4, least: 1)
        #expect(abs((unseen.explained[0] ?? 0) - 0.5) < 1e-12)
    }

    @Test func aDictionaryOfEnoughFeaturesExplainsTheStreamOfASmallModel() throws {
        let model = try Self.model()
        var generator = RandomKey(9).generator()
        let tokens = (0..<4000).map { _ in generator.index(below: 20) }
        var study = LanguageModelSparseStudy()
        study.layer = 1
        (study.corpus.window, study.corpus.windows, study.corpus.testWindows) = (15, 8, 8)
        (study.tokens, study.controlTokens, study.dictionary, study.k, study.rate) = (40_000, 20_000, 64, 12, 0.01)
        try study.check(model)
        let outcome = try study.run(model, tokens: tokens, key: RandomKey(1))
        #expect(outcome.evaluations[0].explainedVariance > 0.8)
        #expect(outcome.evaluations[0].active < 20)
        #expect(outcome.losses.allSatisfy { $0.isFinite })
        study.layer = 3
        #expect(throws: (any Error).self) { try study.check(model) }
        #expect(throws: (any Error).self) { _ = try study.corpus.read(for: model) }
    }
}
