import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbTensor
import Testing

/// Circuits by scores, judged beside random ones.
@Suite struct CircuitSearchTests {
    private func pairs(_ pair: TinyPair) -> [PatchPair] {
        let metric = PatchMetric.logitDifference(answer: 7, wrong: 190)
        return [
            PatchPair(clean: pair.clean, corrupted: pair.corrupted, metric: metric),
            PatchPair(clean: pair.corrupted, corrupted: pair.clean, metric: metric),
            PatchPair(clean: pair.clean.reversed(), corrupted: pair.corrupted.reversed(), metric: metric),
        ]
    }

    @Test(arguments: TinyPair.models) func theWholeGraphRestoresEverything(name: String) throws {
        let pair = try TinyPair(name)
        var search = CircuitSearch(EdgeAttribution(), size: .share(1))
        (search.random, search.tried) = (2, 2)
        let found = try search.run(pair.model, pairs: pairs(pair), key: RandomKey(1))
        #expect(abs(found.quality.sufficiency - 1) < 1e-3 && abs(found.quality.comprehensiveness - 1) < 1e-3)
        #expect(found.quality.random.allSatisfy { abs($0 - 1) < 1e-3 })
        #expect(found.isHeldOut && found.pairs == 2 && found.judged == 1)
        #expect(found.circuit.edges.count == EdgeGraph(pair.model.configuration).edgeCount)
    }

    @Test func aSinglePairJudgesItselfAndTheSummarySaysSo() throws {
        let pair = try TinyPair("llama-tiny")
        var search = CircuitSearch(size: .edges(5))
        search.random = 3
        let found = try search.run(pair.model, pairs: [pairs(pair)[0]], key: RandomKey(1))
        #expect(!found.isHeldOut && found.circuit.edges.count == 5 && found.quality.random.count == 3)
        let findings = found.findings(of: "m")
        #expect(
            findings.summary.contains("5 edges of m") && findings.summary.contains("the pair that they were found on"))
        #expect(findings.notes[0].hasPrefix("The edges were scored and the circuit was judged on the same pair"))
        #expect(throws: ModelError.self) { try search.run(pair.model, pairs: [], key: RandomKey(1)) }
        let same = PatchPair(
            clean: pair.clean, corrupted: pair.clean, metric: .logitDifference(answer: 7, wrong: 190))
        #expect(throws: ModelError.self) { try search.run(pair.model, pairs: [same], key: RandomKey(1)) }
    }

    @Test(arguments: TinyPair.models) func writersAndReadersOfANodeBelongTogether(name: String) throws {
        let graph = EdgeGraph(try TinyPair(name).model.configuration)
        let layout = EdgeLayout(graph)
        for reader in graph.readers.indices {
            let writers = graph.writers.indices.filter { layout.readers(of: $0).contains(reader) }
            #expect(layout.writers(of: reader) == writers)
        }
    }
}
