import PlumbModels
import PlumbTensor
import Testing

@testable import PlumbInterpretability

/// Interventions on features, in one batched run and one by one.
@Suite struct FeatureSweepTests {
    private func dictionary(_ model: HookedTransformer, _ input: HookPoint, _ output: HookPoint) throws
        -> SparseDictionary
    {
        let width = model.configuration.width
        var generator = RandomKey(11).generator()
        func random(_ shape: [Int], _ size: Float) -> Tensor {
            Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(generator.normal()) * size } }
        }
        return try SparseDictionary(
            encoder: random([width, 32], 0.5), encoderBias: random([32], 0.1), decoder: random([32, width], 0.5),
            decoderBias: random([width], 0.1), activation: .topK(5), input: input, output: output)
    }

    @Test(arguments: TinyPair.models) func aSweepEqualsRunsOneByOneBitForBit(_ name: String) throws {
        let pair = try TinyPair(name)
        let metric = PatchMetric.logitDifference(answer: 7, wrong: 190)
        let dictionaries = [
            try dictionary(pair.model, .block(0, .ln2Normalized), .block(0, .mlpOut)),
            try dictionary(pair.model, .block(1, .residPost), .block(1, .residPost)),
        ]
        let sweep = FeatureSweep(dictionaries)
        let cells = (0..<2).flatMap { index in
            [0, 4, 7].flatMap { position in
                [2, 9].map { FeatureSweep.Cell(dictionary: index, position: position, feature: $0, value: 1.5) }
            }
        }
        let found = try sweep.run(pair.model, pair.clean, metric: metric, cells: cells)
        let changes = try sweep.changes(pair.model, pair.clean, cells)
        for (change, value) in zip(changes, found.values) {
            let activation = try #require(
                pair.model.run(pair.clean, recording: .only(change.point)).cache[change.point])
            let replaced = activation.replacingRows(change.positions, with: change.values)
            let logits = pair.model.run(pair.clean, with: [.replace(change.point, with: replaced)]).output
            let last = logits[pair.clean.count - 1]
            #expect(value == Double(last[7].item - last[190].item))
        }
        #expect(Set(found.values).count > 4 && found.clean == found.corrupted)
    }

    @Test func aSplicedModelIsTheModelUntilAFeatureChanges() throws {
        let pair = try TinyPair("llama-tiny")
        let point = HookPoint.block(0, .residPost)
        let own = try dictionary(pair.model, point, point)
        let spliced = try SplicedTransformer(pair.model, [own])
        let features = spliced.point(of: 0)
        #expect(features.description == "blocks.0.hook_resid_post.hook_sae_acts_post")
        let usual = pair.model.run(pair.clean)
        let run = spliced.run(pair.clean, recording: [features])
        #expect(run.output == usual.output)
        let active = try #require(run.features[features])
        let stream = try #require(pair.model.run(pair.clean, recording: .only(point)).cache[point])
        #expect(active == own.encode(stream))
        let feature = try #require(active[7].elements.firstIndex { $0 > 0 })
        let changed = spliced.run(
            pair.clean, with: [.feature(feature, at: features, becomes: 0, positions: 7..<8)], recording: [features])
        #expect(changed.features[features]?[7].elements[feature] == 0)
        // The sweep's change of the same feature is the same run.
        let metric = PatchMetric.logitDifference(answer: 7, wrong: 190)
        let sweep = try FeatureSweep([own]).run(
            pair.model, pair.clean, metric: metric, cells: [.init(dictionary: 0, position: 7, feature: feature)])
        let last = changed.output[7]
        #expect(abs(sweep.values[0] - Double(last[7].item - last[190].item)) < 1e-4)
        #expect(abs(sweep.values[0] - sweep.clean) > 1e-4)
        let without = try SplicedTransformer(pair.model, [own], addsError: false).run(pair.clean)
        let replaced = pair.model.run(pair.clean, with: [.replace(point, with: own.reconstruct(stream))])
        #expect((without.output - replaced.output).absolute().elements.max() ?? 1 < 1e-4)
    }

    @Test func cellsAndDictionariesThatDoNotExistAreRefused() throws {
        let pair = try TinyPair("llama-tiny")
        let metric = PatchMetric.logitDifference(answer: 7, wrong: 190)
        let own = try dictionary(pair.model, .block(0, .residPost), .block(0, .residPost))
        #expect(throws: ModelError.self) {
            try FeatureSweep([own]).run(
                pair.model, pair.clean, metric: metric, cells: [.init(dictionary: 0, position: 8, feature: 0)])
        }
        #expect(throws: ModelError.self) {
            try FeatureSweep([own]).run(
                pair.model, pair.clean, metric: metric, cells: [.init(dictionary: 0, position: 0, feature: 32)])
        }
        #expect(throws: ModelError.self) { try SplicedTransformer(pair.model, [own, own]) }
        let (read, write) = (HookPoint.block(0, .residPost), HookPoint.block(1, .residPost))
        let later = try dictionary(pair.model, read, write)
        #expect { try SplicedTransformer(pair.model, [try dictionary(pair.model, read, read), later]) } throws: {
            "\($0)".contains("would have one name")
        }
    }
}
