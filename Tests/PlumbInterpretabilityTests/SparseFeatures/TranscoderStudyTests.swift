import Foundation
import PlumbData
import PlumbInterpretability
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbTensor
import Testing

/// Transcoders of all MLPs of a small transformer.
@Suite struct TranscoderStudyTests {
    private let model: HookedTransformer
    private var study = TranscoderStudy()

    init() throws {
        model = try HookedTransformer(
            TransformerConfiguration(
                architecture: .llama, layers: 2, width: 16, heads: 2, vocabulary: 20, context: 64),
            key: RandomKey(4), initialization: .scaled())
        (study.corpus.window, study.corpus.windows, study.corpus.testWindows) = (15, 8, 8)
        (study.tokens, study.dictionary, study.k, study.rate) = (30_000, 64, 12, 0.01)
    }

    private var tokens: [Int] {
        var generator = RandomKey(9).generator()
        return (0..<4000).map { _ in generator.index(below: 20) }
    }

    @Test func enoughFeaturesExplainWhatTheMLPsWrite() throws {
        let found = try study.run(model, tokens: tokens, key: RandomKey(1))
        #expect(found.transcoders.count == 2 && found.explained.allSatisfy { $0 > 0.75 }, "\(found.explained)")
        #expect(found.active.allSatisfy { $0 > 2 && $0 < 24 }, "\(found.active)")
        #expect(found.transcoders[1].input == .block(1, .ln2Normalized))
        var other = study
        other.hasLinearPath = false
        (other.tokens, other.k) = (15_000, 2)
        let without = try other.run(model, tokens: tokens, key: RandomKey(1))
        #expect(without.transcoders[0].skip == nil && found.transcoders[0].skip != nil)
        #expect(without.explained[0] < found.explained[0])
    }

    @Test func graphsReadThemWithoutTheFirstPosition() throws {
        var study = study
        study.tokens = 5000
        let found = try study.run(model, tokens: tokens, key: RandomKey(2))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        // As a run keeps them.
        let kept = folder.appendingPathComponent("artifacts/transcoders")
        try TranscoderFolder(found.transcoders, model: "small").write(to: kept)
        let read = try TranscoderFolder(contentsOf: folder).transcoders
        #expect(try TranscoderFolder(contentsOf: kept).transcoders.map(\.decoder) == read.map(\.decoder))
        #expect(try SparseDictionary(contentsOf: folder, layer: 1).decoder == read[1].decoder)
        #expect(throws: FileError.self) { try TranscoderFolder(contentsOf: folder.appendingPathComponent("none")) }
        var options = AttributionOptions()
        options.skippedPositions = 1
        let graph = try ReplacementModel(model, transcoders: read.map(Optional.some))
            .graph([0, 5, 7, 9, 3], options: options, logits: [2, 4])
        #expect(!graph.features.isEmpty && graph.features.allSatisfy { $0.position > 0 })
        // The graph sums to the logits.
        for (row, logit) in zip(graph.rows.suffix(2), graph.logits) {
            #expect(abs(row.weights.reduce(row.bias, +) - logit.value) < 1e-3 * max(1, row.total))
        }
        let outcome = try GraphInterventions(limit: 200).run(
            graph, ReplacementModel(model, transcoders: read.map(Optional.some)), key: RandomKey(3))
        #expect(outcome.predicted.count == outcome.measured.count && outcome.measured.allSatisfy(\.isFinite))
        // No attention follows the last block; after the first it is held or is not.
        let gaps = zip(outcome.held, outcome.measured).map { abs($0 - $1) }
        let (first, last) = (
            gaps.indices.filter { outcome.layers[$0] == 0 }, gaps.indices.filter { outcome.layers[$0] == 1 }
        )
        #expect(!last.isEmpty && last.allSatisfy { gaps[$0] < 1e-5 })
        #expect(first.contains { gaps[$0] > 1e-4 })
    }

    @Test func settingsThatDoNotFitAreRefused() throws {
        var dense = study
        dense.k = 40
        #expect(throws: SettingsError.self) { try dense.check(model) }
        var long = study
        long.corpus.window = 64
        #expect(throws: SettingsError.self) { try long.check(model) }
        var graphs = LanguageModelGraphStudy()
        graphs.texts = "|"
        #expect(throws: SettingsError.self) { try graphs.source(for: model) }
        #expect(throws: SettingsError.self) { try study.corpus.read(for: model) }
    }
}
