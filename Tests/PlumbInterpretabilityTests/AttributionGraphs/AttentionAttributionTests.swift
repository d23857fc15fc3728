import PlumbModels
import PlumbNN
import PlumbRecords
import PlumbTensor
import Testing

@testable import PlumbInterpretability

/// Contributions of pairs to attention scores on small models of random weights.
@Suite struct AttentionAttributionTests {
    private func attribution(
        _ model: HookedTransformer, _ tokens: [Int], head: Int = 1, from query: Int = 6, to key: Int = 3
    ) throws -> AttentionAttribution {
        try ReplacementModel(model).attention(
            tokens, block: model.configuration.layers - 1, head: head, from: query, to: key)
    }

    /// The score of the model itself, before its cap.
    private func score(_ model: HookedTransformer, _ tokens: [Int], head: Int, from query: Int, to key: Int) throws
        -> Float
    {
        let block = model.configuration.layers - 1
        let known = Set(model.hookPoints)
        let isTurned = known.contains(.block(block, .rotQ))
        let (q, k): (HookPoint, HookPoint) = (
            .block(block, isTurned ? .rotQ : .q), .block(block, isTurned ? .rotK : .k)
        )
        let cache = model.run(tokens, recording: .points([q, k])).cache
        let core = model.attention(block: block)
        let (queries, keys) = (try #require(cache[q]), try #require(cache[k]))
        let group = head / (core.heads / core.keyValueHeads)
        return (queries[query][head] * keys[key][group]).summed().item * core.scale
    }

    @Test(arguments: ["llama-tiny", "gpt2-tiny", "gemma2-tiny", "qwen3-tiny", "gemma3-tiny", "olmo2-tiny"])
    func pairsSumToTheScore(_ name: String) throws {
        let pair = try TinyPair(name)
        for (query, key) in [(6, 3), (5, 5), (7, 0)] {
            let found = try attribution(pair.model, pair.clean, from: query, to: key)
            let expected = try score(pair.model, pair.clean, head: 1, from: query, to: key)
            let size = found.contributions.elements.reduce(0) { $0 + abs($1) }
            #expect(abs(Float(found.score) - expected) < 1e-5 * size + 1e-5, "\(name): \(found.score) for \(expected)")
            #expect(found.contributions.shape == [found.querySources.count, found.keySources.count])
            #expect(found.querySources.count > 100 && found.querySources.last == .bias)
        }
    }

    @Test(arguments: ["llama-tiny", "qwen3-tiny"]) func aModelWithoutBiasesLeavesNothingToThem(_ name: String) throws {
        let pair = try TinyPair(name)
        let found = try attribution(pair.model, pair.clean)
        let values = found.contributions.elements
        let (rows, columns) = (found.querySources.count, found.keySources.count)
        let size = values.reduce(0) { $0 + abs($1) }
        let byBiases =
            values[((rows - 1) * columns)...].reduce(0) { $0 + abs($1) }
            + (0..<rows).reduce(0) { $0 + abs(values[$1 * columns + columns - 1]) }
        #expect(byBiases < 1e-4 * size)
    }

    @Test func aPairContributesWhatItsWriterTimesItsReaderGives() throws {
        // By hand for the embeddings of a model without rotation: e W_Q · e W_K over the root of the width.
        let pair = try TinyPair("gpt2-tiny")
        let found = try attribution(pair.model, pair.clean)
        let block = pair.model.configuration.layers - 1
        let points: [HookPoint] = [.block(0, .residPre), .block(block, .ln1Scale)]
        let cache = pair.model.run(pair.clean, recording: .points(Set(points))).cache
        let (stream, scale) = (try #require(cache[points[0]]), try #require(cache[points[1]]))
        let weights = pair.model.headWeights(block: block, foldingNorm: true)
        let q = (stream[6..<7] / scale[6].item).matmul(transposed: weights.queries[1])
        let k = (stream[3..<4] / scale[3].item).matmul(transposed: weights.keys[1])
        let expected = (q * k).summed().item * pair.model.attention(block: block).scale
        #expect(found.querySources[0] == .embedding && found.keySources[0] == .embedding)
        #expect(abs(found.contributions.elements[0] - expected) < 1e-5 * max(1, abs(expected)))
    }

    @Test func fewerNeuronsLeaveTheRestToTheRest() throws {
        let pair = try TinyPair("llama-tiny")
        let all = try attribution(pair.model, pair.clean)
        let few = try ReplacementModel(pair.model, neuronLimit: 5).attention(
            pair.clean, block: pair.layers - 1, head: 1, from: 6, to: 3)
        #expect(few.querySources.count < all.querySources.count && abs(few.score - all.score) < 1e-4)
        let strongest = few.strongest(3)
        #expect(strongest.count == 3 && abs(strongest[0].contribution) >= abs(strongest[1].contribution))
        #expect(few.findings(texts: pair.clean.map(String.init)).summary.contains("before the softmax"))
    }

    @Test func withoutAKeyTheOneThatGetsMostIsTaken() throws {
        let pair = try TinyPair("llama-tiny")
        let model = try ReplacementModel(pair.model)
        let found = try model.attention(pair.clean, block: 1, head: 0, from: 6)
        let others = try (0...6).map { try model.attention(pair.clean, block: 1, head: 0, from: 6, to: $0).attention }
        #expect(found.attention == others.max() && abs(others.reduce(0, +) - 1) < 1e-5)
    }

    @Test func whatCannotBeAttendedToIsRefused() throws {
        let pair = try TinyPair("llama-tiny")
        let model = try ReplacementModel(pair.model)
        #expect(throws: ModelError.self) { try model.attention(pair.clean, block: 0, head: 0, from: 3, to: 4) }
        #expect(throws: ModelError.self) { try model.attention(pair.clean, block: 0, head: 99, from: 3, to: 2) }
        #expect(throws: ModelError.self) { try model.attention(pair.clean, block: -1, head: 0, from: 3, to: 2) }
        #expect(throws: ModelError.self) { try model.attention(pair.clean, block: 0, head: 0, from: 80, to: 2) }
    }
}
