import PlumbTensor
import Testing

@testable import PlumbModels

/// Many circuits in one pass give what each gives alone, and what hooks give that rebuild every reader's input.
@Suite struct CircuitSweepTests {
    static let models = EdgeSweepTests.sequential
    static let pair = EdgeSweepTests.pair

    /// One circuit by hooks: each reader's input is put together and read in a run of its own.
    private func naive(_ model: HookedTransformer, _ circuit: EdgeSubset, _ pair: PatchPair) throws -> Double {
        let everything = Recording { _ in true }
        let (clean, base) = (pair.clean, pair.corrupted)
        let from = model.run(base, recording: everything).cache
        let start = HookPoint.block(0, .residPre)
        let other = try #require(model.run(clean, recording: .only(start)).cache[start])
        var changes: [EdgeGraph.Writer: Tensor] = [.embed: try other - #require(from[start])]
        func seen(_ reader: EdgeGraph.Reader, _ point: HookPoint) throws -> Intervention {
            let row = try #require(circuit.graph.readers.firstIndex(of: reader))
            var stream = try #require(from[point])
            for writer in circuit.writers[row] {
                stream = stream + (changes[circuit.graph.writers[writer]] ?? .zeros(stream.shape))
            }
            return .replace(point, with: stream)
        }
        let (heads, groups) = (model.configuration.heads, model.configuration.keyValueHeads)
        for block in 0..<model.configuration.layers {
            let pre = HookPoint.block(block, .residPre)
            func read(_ reader: EdgeGraph.Reader, _ site: Site, _ head: Int) throws -> Intervention {
                let point = HookPoint.block(block, site)
                let cache = model.run(base, with: [try seen(reader, pre)], recording: .only(point)).cache
                return .patch(point, from: cache, head: head)
            }
            let patches =
                try (0..<heads).map { try read(.query(block: block, head: $0), .q, $0) }
                + (0..<groups).map { try read(.key(block: block, head: $0), .k, $0) }
                + (0..<groups).map { try read(.value(block: block, head: $0), .v, $0) }
            let result = HookPoint.block(block, .result)
            let run = model.run(base, with: patches, recording: .only(result)).cache
            let change = try #require(run[result]) - #require(from[result])
            for head in 0..<heads { changes[.head(block: block, head: head)] = change.swappingLeadingAxes()[head] }
            let out = HookPoint.block(block, .mlpOut)
            let moved = try seen(.mlp(block: block), .block(block, .residMid))
            let after = model.run(base, with: [moved], recording: .only(out)).cache
            changes[.mlp(block: block)] = try #require(after[out]) - #require(from[out])
        }
        let last = try seen(.logits, .block(model.configuration.layers - 1, .residPost))
        let logits = model.run(base, with: [last]).output
        let judge = pair.metric.judge(model.run(clean).output)
        guard pair.metric.positions == .last else { return judge(logits) }
        let row = logits[base.count - 1]
        return Double(row.elements[7] - row.elements[190])
    }

    private func circuits(_ graph: EdgeGraph, shares: [Double] = [0.1, 0.3, 0.5, 0.8, 0.95]) -> [EdgeSubset] {
        shares.enumerated().map { index, share in
            var random = RandomKey(11)[index].generator()
            return EdgeSubset(graph, places: (0..<graph.edgeCount).filter { _ in random.uniform() < share })
        }
    }

    @Test(arguments: models) func everyCircuitGivesWhatHooksGive(name: String) throws {
        let model = try TinyModel.load(name)
        let sweep = try CircuitSweep(model)
        let circuits = circuits(sweep.graph)
        let found = try sweep.run(circuits, on: [Self.pair])[0]
        #expect(Set(found.values).count == circuits.count)
        for (circuit, value) in zip(circuits, found.values) {
            let expected = try naive(model, circuit, Self.pair)
            #expect(abs(value - expected) < 1e-5, "\(circuit.count) edges: \(value), hooks give \(expected)")
        }
        #expect(found.values.dropFirst().allSatisfy { abs($0 - found.corrupted) > 1e-3 })
    }

    @Test(arguments: models) func theWholeGraphIsTheCleanRunAndNoEdgeTheCorruptedOne(name: String) throws {
        let model = try TinyModel.load(name)
        let sweep = try CircuitSweep(model)
        let ends = [EdgeSubset(sweep.graph, isFull: true), EdgeSubset(sweep.graph)]
        let found = try sweep.run(ends, on: [Self.pair])[0]
        let last = model.run(Self.pair.clean).output[Self.pair.clean.count - 1].elements
        #expect(found.clean == Double(last[7] - last[190]))
        #expect(abs(found.values[0] - found.clean) < 1e-5)
        #expect(found.values[1] == found.corrupted)
        #expect(abs(found.faithfulness[0] - 1) < 1e-4 && found.faithfulness[1] == 0)
    }

    @Test(arguments: models) func circuitsHaveTheBitsThatTheyHaveAlone(name: String) throws {
        let model = try TinyModel.load(name)
        var sweep = try CircuitSweep(model)
        let circuits = circuits(sweep.graph)
        let shorter = PatchPair(
            clean: Array(Self.pair.clean.dropLast()), corrupted: Array(Self.pair.corrupted.dropLast()),
            metric: .klDivergence)
        let pairs = [Self.pair, shorter]
        let together = try sweep.run(circuits, on: pairs)
        for (place, pair) in pairs.enumerated() {
            for (index, circuit) in circuits.enumerated() {
                #expect(try sweep.run([circuit], on: [pair])[0].values == [together[place].values[index]])
                #expect(try sweep.run([circuit.pruned], on: [pair])[0].faithfulness.allSatisfy(\.isFinite))
            }
        }
        sweep.memoryLimit = 1
        #expect(try sweep.run(circuits, on: pairs).map(\.values) == together.map(\.values))
    }

    @Test func edgesThatConnectNothingChangeNoBit() throws {
        let sweep = try CircuitSweep(try TinyModel.load("llama-tiny"))
        let circuits = circuits(sweep.graph, shares: [0.05, 0.1, 0.15, 0.2])
        let pruned = circuits.map(\.pruned)
        #expect(zip(circuits, pruned).contains { $0.count > $1.count })
        #expect(pruned.allSatisfy { $0.pruned == $0 })
        let found = try sweep.run(circuits + pruned, on: [Self.pair])[0].values
        #expect(Array(found[..<4]) == Array(found[4...]))
    }

    @Test(arguments: models) func aMetricOfAllPositionsReadsThem(name: String) throws {
        let model = try TinyModel.load(name)
        let sweep = try CircuitSweep(model)
        let pair = PatchPair(
            clean: Self.pair.clean, corrupted: Self.pair.corrupted, metric: .loss(tokens: Self.pair.clean))
        let circuits = circuits(sweep.graph, shares: [0.4, 1])
        let found = try sweep.run(circuits, on: [pair])[0]
        #expect(try abs(found.values[0] - naive(model, circuits[0], pair)) < 1e-5)
        #expect(abs(found.values[1] - found.clean) < 1e-5)
    }

    @Test func aSubsetRefusesAnEdgeThatCannotExist() throws {
        let graph = EdgeGraph(try TinyModel.load("llama-tiny").configuration)
        let backwards = EdgeGraph.Edge(from: .mlp(block: 1), to: .query(block: 0, head: 0))
        #expect(
            throws: ModelError("there is no edge m1 to a0.0.q: a writer must come before its reader, and both exist")
        ) {
            try EdgeSubset(graph, edges: [backwards])
        }
        let some = try EdgeSubset(graph, edges: graph.edges.suffix(3))
        #expect(some.edges == graph.edges.suffix(3) && some.count == 3)
        #expect(some.complement.count == graph.edgeCount - 3 && some.complement.complement == some)
        #expect(EdgeSubset(graph, places: some.places) == some)
    }

    // MARK: Parts of edges

    @Test(arguments: models) func wholeAndNoPartsGiveTheCircuit(name: String) throws {
        let sweep = try CircuitSweep(try TinyModel.load(name))
        let weighted = try WeightedEdges(sweep, pair: Self.pair)
        for circuit in circuits(sweep.graph, shares: [0.3, 0.7]) {
            var parts = [Float](repeating: 0, count: sweep.graph.edgeCount)
            for place in circuit.places { parts[place] = 1 }
            let value = try sweep.run([circuit], on: [Self.pair])[0].values[0]
            #expect(abs(weighted.gradients(at: parts).value - value) < 1e-5)
        }
    }

    @Test(arguments: models) func theGradientOfAPartIsASlope(name: String) throws {
        let sweep = try CircuitSweep(try TinyModel.load(name))
        let weighted = try WeightedEdges(sweep, pair: Self.pair)
        let count = sweep.graph.edgeCount
        var random = RandomKey(3).generator()
        let parts = (0..<count).map { _ in Float(random.uniform()) }
        let found = weighted.gradients(at: parts)
        var largest = 0.0
        for edge in stride(from: 0, to: count, by: max(1, count / 25)) {
            func value(_ step: Float) -> Double {
                var moved = parts
                moved[edge] += step
                return weighted.gradients(at: moved).value
            }
            // Two widths, so that the error falls with the fourth power of the step.
            let slope = (8 * (value(0.05) - value(-0.05)) - (value(0.1) - value(-0.1))) / 0.6
            #expect(abs(slope - Double(found.gradients[edge])) < 2e-3 * max(0.1, abs(slope)) + 1e-4)
            largest = max(largest, abs(slope))
        }
        #expect(largest > 0.01)
    }
}
