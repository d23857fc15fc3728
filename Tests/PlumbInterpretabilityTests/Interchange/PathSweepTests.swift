import PlumbModels
import PlumbTensor
import Testing

@testable import PlumbInterpretability

/// Path patching through chosen receivers, against single edges, whole patches and passes made by hand.
@Suite struct PathSweepTests {
    @Test(
        "One receiver along the direct way has the bits of the sweep over edges", arguments: TinyPair.models,
        PatchDirection.allCases)
    func singleReceivers(name: String, direction: PatchDirection) throws {
        let tiny = try TinyPair(name)
        let graph = EdgeGraph(tiny.model.configuration)
        for (reader, count) in zip(graph.readers, graph.sources) {
            let senders = Array(graph.writers[..<count])
            let edges = try EdgeSweep(direction: direction).run(
                tiny.model, pair: tiny.pair(), edges: senders.map { .init(from: $0, to: reader) })
            let paths = try PathSweep(direction: direction).run(
                tiny.model, pair: tiny.pair(), senders: senders, receivers: [reader])
            #expect(abs(paths.clean - edges.clean) < 1e-5 && abs(paths.corrupted - edges.corrupted) < 1e-5)
            for (path, edge) in zip(paths.values, edges.values) { #expect(abs(path - edge) < 1e-5, "to \(reader)") }
        }
    }

    @Test("Several receivers are patched at once, as by hand", arguments: TinyPair.models)
    func severalReceivers(name: String) throws {
        let tiny = try TinyPair(name)
        let (model, block) = (tiny.model, tiny.layers - 1)
        let receivers: Set<EdgeGraph.Reader> = [
            .query(block: block, head: 1), .value(block: block, head: 0), .mlp(block: block),
        ]
        let senders: [EdgeGraph.Writer] = [.embed, .head(block: 0, head: 1), .mlp(block: 0)]
        let found = try PathSweep(direction: .noising).run(
            model, pair: tiny.pair(), senders: senders, receivers: receivers)
        let everything = Recording { _ in true }
        let (base, source) = (
            model.run(tiny.clean, recording: everything).cache, model.run(tiny.corrupted, recording: everything).cache
        )
        let changes = [
            try base.change(to: source, at: .block(0, .residPre)),
            try base.change(to: source, at: .block(0, .result)).swappingLeadingAxes()[1],
            try base.change(to: source, at: .block(0, .mlpOut)),
        ]
        for (change, value) in zip(changes, found.values) {
            func read(_ stream: HookPoint, _ seen: HookPoint) -> ActivationCache {
                model.run(tiny.clean, with: [Intervention("move", at: stream) { $0 + change }], recording: .only(seen))
                    .cache
            }
            let patches: [Intervention] = [
                .patch(.block(block, .q), from: read(.block(block, .residPre), .block(block, .q)), head: 1),
                .patch(.block(block, .v), from: read(.block(block, .residPre), .block(block, .v)), head: 0),
                .patch(.block(block, .mlpOut), from: read(.block(block, .residMid), .block(block, .mlpOut))),
            ]
            let logits = model.run(tiny.clean, with: patches).output[tiny.clean.count - 1].elements
            #expect(abs(value - Double(logits[7] - logits[190])) < 1e-5)
        }
        let small = try PathSweep(direction: .noising, memoryLimit: 1).run(
            model, pair: tiny.pair(), senders: senders, receivers: receivers)
        #expect(small.values == found.values && small.forwards == 6)
    }

    @Test("Through MLPs, a head of the last block reaches the logits as a patch of it does", arguments: TinyPair.models)
    func lastBlock(name: String) throws {
        let tiny = try TinyPair(name)
        let block = tiny.layers - 1
        let heads = (0..<tiny.model.configuration.heads).map { $0 }
        let cells = heads.map { PatchCell(.block(block, .z), head: $0) }
        let patched = try PatchSweep().run(tiny.model, pairs: [tiny.pair()], cells: cells)[0]
        var sweep = PathSweep(way: .throughMLPs)
        let senders = heads.map { EdgeGraph.Writer.head(block: block, head: $0) }
        let paths = try sweep.run(tiny.model, pair: tiny.pair(), senders: senders, receivers: [.logits])
        for (path, cell) in zip(paths.values, patched.values) { #expect(abs(path - cell) < 1e-4) }
        sweep.way = .direct
        let direct = try sweep.run(tiny.model, pair: tiny.pair(), senders: senders, receivers: [.logits])
        #expect(zip(direct.values, paths.values).contains { abs($0 - $1) > 1e-4 })
    }

    @Test(
        "An MLP and the embedding as senders through MLPs are as single passes with heads frozen give them",
        arguments: TinyPair.models)
    func frozenHeads(name: String) throws {
        let tiny = try TinyPair(name)
        let (model, reader) = (tiny.model, EdgeGraph.Reader.key(block: tiny.layers - 1, head: 0))
        let senders: [EdgeGraph.Writer] = [.embed, .mlp(block: 0), .head(block: 0, head: 1)]
        let found = try PathSweep(way: .throughMLPs).run(
            model, pair: tiny.pair(), senders: senders, receivers: [reader])
        let everything = Recording { _ in true }
        let (base, source) = (
            model.run(tiny.corrupted, recording: everything).cache, model.run(tiny.clean, recording: everything).cache
        )
        let frozen = (0..<tiny.layers).map { Intervention.patch(.block($0, .z), from: base) }
        let sent: [Intervention] = [
            .patch(.block(0, .residPre), from: source), .patch(.block(0, .mlpOut), from: source),
            .patch(.block(0, .z), from: source, head: 1),
        ]
        let point = HookPoint.block(tiny.layers - 1, .k)
        for (sender, value) in zip(sent, found.values) {
            let read = model.run(tiny.corrupted, with: frozen + [sender], recording: .only(point)).cache
            let logits = model.run(tiny.corrupted, with: [.patch(point, from: read, head: 0)])
                .output[tiny.clean.count - 1].elements
            #expect(abs(value - Double(logits[7] - logits[190])) < 1e-5)
        }
    }

    @Test("What would patch nothing is refused")
    func refusals() throws {
        let tiny = try TinyPair("llama-tiny")
        func refuses(_ senders: [EdgeGraph.Writer], _ receivers: Set<EdgeGraph.Reader>, _ pair: PatchPair) {
            #expect(throws: ModelError.self) {
                try PathSweep().run(tiny.model, pair: pair, senders: senders, receivers: receivers)
            }
        }
        refuses([.embed], [], tiny.pair())
        refuses([.mlp(block: 1)], [.query(block: 0, head: 0)], tiny.pair())
        refuses([.head(block: 9, head: 0)], [.logits], tiny.pair())
        refuses([.embed], [.key(block: 0, head: 64)], tiny.pair())
        refuses([.embed], [.logits], PatchPair(clean: tiny.clean, corrupted: tiny.clean, metric: tiny.pair().metric))
    }
}

@Suite struct CausalTracingTests {
    private let subject = 2..<4

    @Test("Restoring everything gives the clean run, restoring nothing the noisy one", arguments: TinyPair.models)
    func identities(name: String) throws {
        let tiny = try TinyPair(name)
        let tracing = CausalTracing(samples: 3)
        let all = (0..<tiny.layers).map { PatchCell(.block($0, .residPost)) }
        let positions = (0..<8).map { PatchCell(.block(0, .residPost), position: $0) }
        let before = [PatchCell(.block(0, .residPost), position: 0), PatchCell(.block(1, .residPost), position: 1)]
        let found = try tracing.probabilities(
            tiny.model, tokens: tiny.clean, subject: subject, answer: 7, restoring: [[], all, positions, before],
            key: RandomKey(1))
        let trace = try tracing.run(tiny.model, tokens: tiny.clean, subject: subject, answer: 7, key: RandomKey(1))
        #expect(trace.corrupted == found[0] && abs(trace.clean - trace.corrupted) > 1e-5)
        #expect(abs(found[1] - trace.clean) < 1e-6 && abs(found[2] - trace.clean) < 1e-6)
        // Noise does not reach the positions before the subject.
        #expect(found[3] == found[0])
        #expect(trace.restored.count == tiny.layers && trace.restored.allSatisfy { $0.count == 8 })
        #expect(trace.restored.allSatisfy { $0[0] == trace.corrupted && $0[1] == trace.corrupted })
        // After the last block only the last position's stream matters.
        let last = trace.restored[tiny.layers - 1]
        #expect(abs(last[7] - trace.clean) < 1e-6 && abs(last[4] - trace.corrupted) < 1e-6)
        #expect(trace.restored[0][2] != trace.corrupted)
    }

    @Test("A pass of one run and of many give the same bits, and each cell is that of a run with its patches")
    func singleRuns() throws {
        let tiny = try TinyPair("llama-tiny")
        var tracing = CausalTracing(.mlpOut, window: 2, samples: 2)
        let trace = try tracing.run(
            tiny.model, tokens: tiny.clean, subject: subject, answer: 7, deviation: 0.1, key: RandomKey(2))
        tracing.rowLimit = 1
        #expect(
            try tracing.run(
                tiny.model, tokens: tiny.clean, subject: subject, answer: 7, deviation: 0.1, key: RandomKey(2)) == trace
        )
        tracing.noise = 1e-6
        let quiet = try tracing.run(
            tiny.model, tokens: tiny.clean, subject: subject, answer: 7, deviation: 0.1, key: RandomKey(2))
        #expect(abs(quiet.corrupted - trace.clean) < 1e-6)
    }

    @Test("The deviation of embeddings is that of their numbers")
    func deviation() throws {
        let tiny = try TinyPair("gpt2-tiny")
        let rows = try #require(tiny.model.run(tiny.clean, recording: .only(.embed)).cache[.embed]).elements.map(
            Double.init)
        let mean = rows.reduce(0, +) / Double(rows.count)
        let variance = rows.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows.count)
        #expect(abs(CausalTracing.deviation(of: tiny.model, over: [tiny.clean]) - variance.squareRoot()) < 1e-9)
    }

    @Test("Subjects, answers, sites and settings that trace nothing are refused")
    func refusals() throws {
        let tiny = try TinyPair("llama-tiny")
        func refuses(_ tracing: CausalTracing, _ subject: Range<Int>, _ answer: Int) {
            #expect(throws: ModelError.self) {
                try tracing.run(tiny.model, tokens: tiny.clean, subject: subject, answer: answer, key: RandomKey(1))
            }
        }
        refuses(CausalTracing(), 2..<2, 7)
        refuses(CausalTracing(), 6..<9, 7)
        refuses(CausalTracing(), subject, 100_000)
        refuses(CausalTracing(.pattern), subject, 7)
        refuses(CausalTracing(samples: 0), subject, 7)
        refuses(CausalTracing(noise: 0), subject, 7)
    }
}
