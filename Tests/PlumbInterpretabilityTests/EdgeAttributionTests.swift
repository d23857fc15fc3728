import PlumbInterpretability
import PlumbTensor
import Testing

@testable import PlumbModels

/// Edge scores against their sums and against finite differences of what one reader alone reads.
@Suite struct EdgeAttributionTests {
    private static let everything = Recording { _ in true }

    @Test func theGraphOfGPT2HasThePublishedNumberOfEdges() {
        let graph = EdgeGraph(
            TransformerConfiguration(
                architecture: .gpt2, layers: 12, width: 768, heads: 12, keyValueHeads: 12, headWidth: 64,
                mlpWidth: 3072, vocabulary: 50257, context: 1024))
        #expect(graph.edgeCount == 32491)
        #expect(graph.writers.count == 157)
        #expect(graph.readers.count == 445)
    }

    @Test(arguments: TinyPair.models, [1, 3])
    func theEdgesIntoAReaderAddUpToItsScore(name: String, steps: Int) throws {
        let tiny = try TinyPair(name)
        for direction in PatchDirection.allCases {
            let scores = try EdgeAttribution(direction: direction, steps: steps).run(tiny.model, pair: tiny.pair())
            #expect(scores.scores.map(\.count) == scores.graph.sources)
            for (reader, (row, score)) in zip(scores.graph.readers, zip(scores.scores, scores.readerScores)) {
                let size = row.reduce(0) { $0 + abs($1) }
                #expect(agree(row.reduce(0, +), score, scale: size, tolerance: 1e-5), "\(reader)")
            }
        }
    }

    /// Interventions after which `reader` alone reads the residual stream moved by `change`.
    private func reading(
        _ reader: EdgeGraph.Reader, moved change: Tensor, _ tiny: TinyPair
    ) -> (Float) -> [Intervention] {
        func others(_ block: Int, _ read: Site, _ seen: Site, _ head: Int?) -> (Float) -> [Intervention] {
            { step in
                let move = Intervention("move", at: .block(block, read)) { $0 + change * step }
                let seen = HookPoint.block(block, seen)
                let cache = tiny.model.run(tiny.corrupted, with: [move], recording: .only(seen)).cache
                return [.patch(seen, from: cache, head: head)]
            }
        }
        switch reader {
        case .query(let block, let head): return others(block, .residPre, .q, head)
        case .key(let block, let head): return others(block, .residPre, .k, head)
        case .value(let block, let head): return others(block, .residPre, .v, head)
        case .mlp(let block): return others(block, .residMid, .mlpOut, nil)
        case .logits:
            return { step in [Intervention("move", at: .block(tiny.layers - 1, .residPost)) { $0 + change * step }] }
        }
    }

    /// What a writer wrote more in the clean run than in the corrupted one.
    private func change(_ writer: EdgeGraph.Writer, _ tiny: TinyPair) throws -> Tensor {
        let from = tiny.model.run(tiny.corrupted, recording: Self.everything).cache
        let to = tiny.model.run(tiny.clean, recording: Self.everything).cache
        switch writer {
        case .embed: return try from.change(to: to, at: .block(0, .residPre))
        case .mlp(let block): return try from.change(to: to, at: .block(block, .mlpOut))
        case .head(let block, let head):
            let all = try from.change(to: to, at: .block(block, .result))
            return all.swappingLeadingAxes()[head]
        }
    }

    @Test(arguments: TinyPair.models) func everyEdgeIsTheSlopeOfWhatItsReaderAloneReads(name: String) throws {
        let tiny = try TinyPair(name)
        let scores = try EdgeAttribution().run(tiny.model, pair: tiny.pair())
        let metric = tiny.pair().metric
        let writers: [EdgeGraph.Writer] = [.embed, .head(block: 0, head: 1), .mlp(block: 0), .head(block: 1, head: 0)]
        var (checked, largest) = (0, 0.0)
        for writer in writers {
            let change = try change(writer, tiny)
            for reader in scores.graph.readers {
                guard let score = scores[writer, reader] else { continue }
                let slope = try tiny.slope(
                    metric, base: tiny.corrupted, source: tiny.clean, moved: reading(reader, moved: change, tiny))
                #expect(agree(score, slope, scale: 0.2), "\(writer) -> \(reader): \(score) \(slope)")
                (checked, largest) = (checked + 1, max(largest, abs(slope)))
            }
        }
        #expect(checked > 3 * tiny.model.configuration.heads && largest > 0.05)
    }

    @Test(arguments: TinyPair.models) func integratedGradientsAverageAlongTheWay(name: String) throws {
        let tiny = try TinyPair(name)
        let model = tiny.model
        let end = HookPoint.block(tiny.layers - 1, .residPost)
        let (logits, to) = model.run(tiny.clean, recording: Self.everything)
        let from = model.run(tiny.corrupted, recording: Self.everything).cache
        let metric = try #require(tiny.pair().metric.differentiable(source: logits))
        let step = try from.change(to: to, at: .embed)
        let gradients = try [Float(0), 0.25, 0.5, 0.75].map { part in
            let move = Intervention("move", at: .embed) { $0 + step * part }
            return try model.gradients(tiny.corrupted, with: [move], recording: .only(end), of: metric)
        }
        let slopes = try gradients.map { try #require($0.gradients[end]) }
        let change = try from.change(to: to, at: end)
        let expected = slopes.reduce(0) { $0 + $1.dot(change) } / 4
        let scores = try EdgeAttribution.integrated(steps: 4).run(model, pair: tiny.pair())
        #expect(agree(try #require(scores.readerScores.last), expected, scale: 0.1, tolerance: 1e-4))
        #expect(!agree(expected, slopes[0].dot(change), tolerance: 1e-3))
    }

    @Test func theStrongestEdgesComeFirst() throws {
        let tiny = try TinyPair("llama-tiny")
        let scores = try EdgeAttribution().run(tiny.model, pair: tiny.pair())
        let strongest = scores.strongest(5)
        #expect(strongest.count == 5)
        #expect(abs(strongest[0].score) == scores.scores.flatMap { $0 }.map(abs).max())
        #expect(zip(strongest, strongest.dropFirst()).allSatisfy { abs($0.score) >= abs($1.score) })
        #expect(strongest.allSatisfy { scores[$0.writer, $0.reader] == $0.score })
        #expect(scores[.head(block: 1, head: 0), .query(block: 0, head: 0)] == nil)
        #expect(scores.strongest(.max).count == scores.graph.edgeCount)
    }
}

/// Scores beside exact patching of the same edges.
@Suite struct EdgeStudyTests {
    @Test(arguments: TinyPair.models) func plainScoresAreTheSlopeOfTheExactEffect(name: String) throws {
        let tiny = try TinyPair(name)
        let scores = try EdgeAttribution().run(tiny.model, pair: tiny.pair())
        let edges = scores.strongest(40).map(\.edge)
        func effects(_ part: Float) throws -> [Double] {
            let result = try EdgeSweep(part: part).run(tiny.model, pair: tiny.pair(), edges: edges)
            return result.values.map { ($0 - result.corrupted) / Double(part) }
        }
        let (there, back) = (try effects(0.02), try effects(-0.02))
        for (edge, slope) in zip(edges, zip(there, back).map { ($0 + $1) / 2 }) {
            let score = try #require(scores[edge.writer, edge.reader])
            #expect(agree(score, slope, scale: 0.1, tolerance: 0.02), "\(edge): \(score) \(slope)")
        }
        // The whole change is not the slope: otherwise there were nothing to measure.
        #expect(!zip(try effects(1), there).allSatisfy { agree($0, $1, scale: 0.1, tolerance: 0.02) })
    }

    @Test func aStudyPatchesEveryMethodsHighestEdgesAndRandomOnes() throws {
        let tiny = try TinyPair("llama-tiny")
        let study = EdgeStudy(steps: 4, count: 12)
        let found = try study.run(tiny.model, pair: tiny.pair(), key: RandomKey(3))
        #expect(found.random.count == 12 && Set(found.random).count == 12)
        for method in EdgeMethods.Method.allCases {
            #expect(found.top[method] == found.methods[method].strongest(12).map(\.edge))
            #expect(found.edges(of: method).allSatisfy { found.effects[$0] != nil })
            #expect(Set(found.edges(of: method)).count == found.edges(of: method).count)
        }
        let (real, shuffled) = (found.methods[.plain], found.methods[.plainShuffled])
        #expect(real.scores != shuffled.scores && real.clean == shuffled.clean)
        #expect(found.methods[.elsewhere].scores != found.methods[.integrated].scores)
        #expect(found.agreement(.plain).pearson > found.agreement(.plainShuffled).pearson)
        // The shares of the plain method's squared error add up to all of it.
        #expect(abs(found.errorShares.reduce(0) { $0 + $1[0] } - 1) < 1e-9)
        #expect(found.kindCounts.reduce(0, +) == Double(found.shared.count))
        let ratio = found.errorShares.reduce(0) { $0 + $1[1] }.squareRoot()
        #expect(abs(ratio - found.errorRatio(.integrated)) < 1e-9)
        let again = try study.run(tiny.model, pair: tiny.pair(), key: RandomKey(3))
        #expect(again.effects == found.effects && again.random == found.random)
    }

    @Test func agreementWorkedByHand() {
        let half = EdgeComparison.Agreement(exact: [1, -2, 4], estimated: [0.5, -1, 2])
        #expect(abs(half.pearson - 1) < 1e-12 && abs(half.spearman - 1) < 1e-12 && abs(half.error - 0.5) < 1e-12)
        #expect(EdgeComparison.Agreement(exact: [3, 4], estimated: [0, 0]).error == 1)
    }
}
