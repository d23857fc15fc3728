import Foundation
import PlumbInterpretability
import PlumbRecords
import PlumbTensor
import Testing

@testable import PlumbModels

/// Circuits as data.
@Suite struct CircuitTests {
    private func circuit() throws -> Circuit {
        let tiny = try TinyPair("llama-tiny")
        let scores = try EdgeRanking(EdgeAttribution(), tiny.model, pairs: [tiny.pair()])
        return Circuit(scores.greedy(12), of: tiny.model)
    }

    /// The circuit's file with a text replaced.
    private func edited(_ old: String, _ new: String) throws -> Data {
        let text = try #require(String(data: try circuit().json(), encoding: .utf8))
        #expect(text.contains(old))
        return Data(text.replacingOccurrences(of: old, with: new).utf8)
    }

    private func sentence(_ data: Data) throws -> String {
        try #require(throws: ModelError.self) { try Circuit(json: data, named: "mine.json") }.description
    }

    @Test func aCircuitIsReadAsItWasWritten() throws {
        let circuit = try circuit()
        #expect(circuit.edges.count == 12 && circuit.edges.share > 0)
        #expect(try Circuit(json: circuit.json(), named: "mine.json") == circuit)
        #expect(circuit.pruned.pruned == circuit.pruned)
        try circuit.check(TinyPair("llama-tiny").model)
        #expect(throws: ModelError.self) { try circuit.check(TinyPair("gpt2-tiny").model) }
    }

    @Test func aDamagedFileIsRefusedInOneSentence() throws {
        let whole = try circuit().json()
        #expect(
            try sentence(whole.prefix(whole.count / 2))
                == "mine.json is not a circuit: it is cut off, or was not written by Circuit.json()")
        #expect(
            try sentence(edited("\"count\" : 12", "\"count\" : 11"))
                == "mine.json was edited: it says that it has 11 edges, and has 12 different ones")
        #expect(try sentence(edited("\"version\" : 1", "\"version\" : 2")).contains("version 2; this program reads"))
        let name = try #require(circuit().edges.edges.last?.description)
        for wrong in ["m1 to a0.0.q", "a9.0 to logits", "nonsense"] {
            #expect(try sentence(edited("\"\(name)\"", "\"\(wrong)\"")).contains("names an edge that cannot exist in "))
        }
        #expect(try sentence(edited("\"layers\" : 3", "\"layers\" : 70000")).contains("a model that does not exist"))
    }

    @Test func aDrawingHasTheCircuitsNodesAndArrows() throws {
        let circuit = try circuit().pruned
        let figure = circuit.figure(title: "A circuit", caption: "")
        let ids = figure.panels[0].nodes.map(\.id)
        #expect(ids.contains("logits") && Set(ids).count == ids.count)
        #expect(figure.panels[0].edges.allSatisfy { ids.contains($0.from) && ids.contains($0.to) })
        #expect(figure.panels[0].edges.contains { $0.to == "logits" })
        let dot = circuit.dot()
        #expect(dot.hasPrefix("digraph circuit {") && dot.contains("-> \"logits\""))
        #expect(dot.split(separator: "\n").count == figure.panels[0].edges.count + ids.count + 3)
    }
}

/// Circuits taken from scores.
@Suite struct EdgeRankingTests {
    private static let graph = EdgeGraph(
        TransformerConfiguration(
            architecture: .attentionOnly, layers: 1, width: 2, heads: 1, vocabulary: 3, context: 3))

    @Test func theGreedyCircuitHangsTogetherWorkedByHand() throws {
        // embed to a0.0.q, a0.0.k, a0.0.v; then embed and a0.0 to logits.
        #expect(Self.graph.edges.map(\.description).last == "a0.0 to logits")
        let ranking = EdgeRanking(Self.graph, scores: [9, -8, 1, 0.5, 2])
        #expect(ranking.top(2).places == [0, 1] && ranking.top(2).pruned.count == 0)
        #expect(ranking.greedy(2).places == [0, 4])
        #expect(ranking.greedy(3).places == [0, 1, 4])
        #expect(ranking.greedy(99).count == 5 && ranking.top(0).count == 0)
    }

    @Test func scoresAreComparedWithKnownEdges() {
        let ranking = EdgeRanking(Self.graph, scores: [9, -8, 1, 0.5, 2])
        #expect(ranking.auroc(of: EdgeSubset(Self.graph, places: [0, 1])) == 1)
        #expect(ranking.auroc(of: EdgeSubset(Self.graph, places: [3])) == 0)
        #expect(ranking.dealt(key: RandomKey(1)).scores.sorted() == ranking.scores.sorted())
        let (one, two) = (EdgeSubset(Self.graph, places: [0, 1, 2]), EdgeSubset(Self.graph, places: [1, 2, 3]))
        #expect(one.overlap(with: two) == 0.5 && one.overlap(with: one) == 1)
        #expect(EdgeSubset.random(Self.graph, count: 3, key: RandomKey(2)).count == 3)
    }

    @Test(arguments: TinyPair.models) func attributionIsTheGradientOfWholeEdges(name: String) throws {
        let tiny = try TinyPair(name)
        let scores = try EdgeAttribution(direction: .noising).run(tiny.model, pair: tiny.pair()).scores.flatMap { $0 }
        let weighted = try WeightedEdges(CircuitSweep(tiny.model), pair: tiny.pair())
        let found = weighted.gradients(at: [Float](repeating: 1, count: weighted.graph.edgeCount))
        #expect(agree(found.value, weighted.clean, tolerance: 1e-4))
        for (score, gradient) in zip(scores, found.gradients) {
            #expect(agree(-score, Double(gradient), scale: 0.1, tolerance: 1e-3))
        }
    }
}

/// The search that removes edges.
@Suite struct ACDCTests {
    @Test(arguments: TinyPair.models) func batchesFindWhatSingleTrialsFind(name: String) throws {
        let tiny = try TinyPair(name)
        let sweep = try CircuitSweep(tiny.model)
        let single = try ACDC(threshold: 0.02, batch: 1).run(sweep, pairs: [tiny.pair()])
        let batched = try ACDC(threshold: 0.02, batch: 16).run(sweep, pairs: [tiny.pair()])
        #expect(single.edges == batched.edges && single.changes == batched.changes)
        #expect((1..<sweep.graph.edgeCount).contains(single.edges.count))
        let strict = try ACDC(threshold: 0.2).run(sweep, pairs: [tiny.pair()])
        #expect(strict.edges.count < single.edges.count)
        let kept = try CircuitScore(sweep.run([single.edges, strict.edges], on: [tiny.pair()])).restored
        #expect(abs(kept[0] - 1) < abs(kept[1] - 1) + 0.05)
    }

    @Test func promptsThatAreNotToldApartAreRefused() throws {
        let tiny = try TinyPair("llama-tiny")
        let same = PatchPair(clean: tiny.clean, corrupted: tiny.clean, metric: tiny.pair().metric)
        let sweep = try CircuitSweep(tiny.model)
        let error = try #require(throws: ModelError.self) { try ACDC(threshold: 0.1).run(sweep, pairs: [same]) }
        #expect(error.description.contains("nothing for a circuit to restore"))
    }
}

/// A model whose circuit is known.
@Suite struct PlantedCircuitTests {
    @Test func thePlantedEdgesDoTheTask() throws {
        let planted = try PlantedCircuit(PlantedCircuit.Plan(), key: RandomKey(101))
        #expect(planted.truth.count == 13 && planted.truth.pruned == planted.truth)
        let pairs = PlantedCircuit.pairs(30, key: RandomKey(5))
        let sweep = try CircuitSweep(planted.model)
        let results = try sweep.run([planted.truth, planted.truth.complement], on: pairs)
        #expect(results.allSatisfy { $0.clean > 0.5 && $0.corrupted < -0.5 })
        let restored = try CircuitScore(results).restored
        #expect(restored[0] > 0.9 && restored[0] < 1.1)
        #expect(restored[1] < 0.2)
        let quality = try CircuitQuality(
            planted.truth, sweep, pairs: pairs, key: RandomKey(3), randomCount: 4, tried: 13)
        #expect(quality.edges == 13 && quality.sufficiency == restored[0])
        #expect(abs(quality.comprehensiveness - (1 - restored[1])) < 1e-9 && quality.minimality > 0)
        #expect(quality.random.count == 4 && quality.random.allSatisfy { abs($0) < 0.2 })
        let bare = try PlantedCircuit(PlantedCircuit.Plan(), key: RandomKey(101), isPlanted: false)
        let without = try CircuitSweep(bare.model).run([], on: pairs)
        #expect(without.contains { $0.clean < 0 } && without.contains { $0.clean > 0 })
    }

    @Test func promptsDifferAsTheirThirdSays() {
        for (index, pair) in PlantedCircuit.pairs(9, key: RandomKey(6)).enumerated() {
            let places = zip(pair.clean, pair.corrupted).enumerated().filter { $0.element.0 != $0.element.1 }.map(
                \.offset)
            #expect(places.count == (index % 3 == 0 ? 1 : 2))
            #expect((places == [pair.clean.count - 1]) == (index % 3 == 0))
            #expect(pair.permuted(key: RandomKey(1)).clean.sorted() == pair.clean.sorted())
        }
    }

    @Test func sizesWithoutPlaceForTheCircuitAreRefused() {
        var plan = PlantedCircuit.Plan()
        plan.heads = 4
        #expect(throws: ModelError.self) { try PlantedCircuit(plan, key: RandomKey(1)) }
    }

    @Test func everyMethodFindsThePlantedEdges() throws {
        var study = CircuitDiscoveryStudy()
        (study.pairs, study.heldOut, study.random) = (6, 6, 10)
        let outcome = try study.planted(key: RandomKey(102))
        let truth = try #require(outcome.truth)
        for found in outcome.found {
            #expect(found.ranking.auroc(of: truth) > 0.9)
        }
        #expect(outcome.truthRestored > 0.9 && outcome.stability > outcome.randomStability)
        #expect(outcome.dealt.auroc(of: truth) < 0.9)
    }
}

/// Circuits of a real model whose key-value heads are shared.
@Suite(.enabled(if: SmolLM2File.isThere, SmolLM2File.reason)) struct SmolLM2CircuitTests {
    @Test func theWholeGraphIsFaithfulAndTasksAreAnswered() throws {
        let model = try HookedTransformer.load(gguf: SmolLM2File.url)
        let sweep = try CircuitSweep(model)
        let ends = [EdgeSubset(sweep.graph, isFull: true), EdgeSubset(sweep.graph)]
        for task in CircuitTask.all {
            let pairs = try task.pairs(3, for: model, key: RandomKey(101))
            for result in try sweep.run(ends, on: pairs) {
                #expect(abs(result.faithfulness[0] - 1) < 1e-3 && result.faithfulness[1] == 0)
            }
        }
    }
}
