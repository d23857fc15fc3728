import PlumbInterpretability
import PlumbModels
import Testing

/// Attribution on a real model whose key-value heads are shared.
@Suite(.enabled(if: SmolLM2File.isThere, SmolLM2File.reason)) struct SmolLM2AttributionTests {
    @Test func edgesAddUpAndHeadsAgreeWithExactPatching() throws {
        let model = try HookedTransformer.load(gguf: SmolLM2File.url)
        let tokens = try IndirectObject.standard.tokenized(by: model)
        let pair = PatchPair(
            clean: tokens.clean, corrupted: tokens.corrupted,
            metric: .logitDifference(answer: tokens.answer, wrong: tokens.wrong))
        let edges = try EdgeAttribution().run(model, pair: pair)
        #expect(edges.graph.edgeCount == 70651)
        for (row, score) in zip(edges.scores, edges.readerScores) {
            #expect(agree(row.reduce(0, +), score, scale: row.reduce(0) { $0 + abs($1) }, tolerance: 1e-4))
        }
        #expect(edges.strongest(1).first.map { "\($0.writer) \($0.reader)" } == "a23.3 logits")

        let cells = PatchSweep.cells(.z, layers: 30, positions: 0, heads: 9).flatMap { $0 }
        let comparison = AttributionComparison(
            cells: cells, sweep: try PatchSweep().run(model, pairs: [pair], cells: cells)[0], direction: .denoising,
            attribution: try AttributionSweep().run(model, pair: pair, cells: cells))
        #expect(comparison.cells.count > 250)
        #expect(comparison.spearman > 0.9)
        #expect(comparison.pearson > 0.85)
        let misses = comparison.worstMisses(3)
        #expect(misses.count == 3 && misses[0].error >= misses[1].error && misses[1].error >= misses[2].error)
    }
}
