import PlumbTensor
import Testing

@testable import PlumbModels

/// The sweep over edges gives every edge the bits of a forward pass of its own.
@Suite struct EdgeSweepTests {
    static let clean = BatchedPatchRunnerTests.clean
    static let corrupted = BatchedPatchRunnerTests.corrupted
    static let metric = PatchMetric.logitDifference(answer: 7, wrong: 190)
    static let pair = PatchPair(clean: clean, corrupted: corrupted, metric: metric)
    static let sequential = ["llama-tiny", "gpt2-tiny"]

    /// One forward pass records what the reader makes of the changed stream, a second one patches the reader alone.
    private func naive(
        _ model: HookedTransformer, _ edge: EdgeGraph.Edge, _ direction: PatchDirection, part: Float = 1
    ) throws -> Double {
        let (base, source) =
            direction == .denoising ? (Self.corrupted, Self.clean) : (Self.clean, Self.corrupted)
        let everything = Recording { _ in true }
        let (from, to) = (model.run(base, recording: everything).cache, model.run(source, recording: everything).cache)
        func change(_ point: HookPoint) throws -> Tensor { try #require(to[point]) - #require(from[point]) }
        let written =
            switch edge.writer {
            case .embed: try change(.block(0, .residPre))
            case .mlp(let block): try change(.block(block, .mlpOut))
            case .head(let block, let head): try change(.block(block, .result)).swappingLeadingAxes()[head]
            }
        func patched(_ stream: HookPoint, _ seen: HookPoint, _ head: Int?) -> Intervention {
            let move = Intervention("move", at: stream) { $0 + (part == 1 ? written : written * part) }
            return .patch(seen, from: model.run(base, with: [move], recording: .only(seen)).cache, head: head)
        }
        let last = HookPoint.block(model.configuration.layers - 1, .residPost)
        let intervention =
            switch edge.reader {
            case .query(let block, let head): patched(.block(block, .residPre), .block(block, .q), head)
            case .key(let block, let head): patched(.block(block, .residPre), .block(block, .k), head)
            case .value(let block, let head): patched(.block(block, .residPre), .block(block, .v), head)
            case .mlp(let block): patched(.block(block, .residMid), .block(block, .mlpOut), nil)
            case .logits: patched(last, last, nil)
            }
        let logits = model.run(base, with: [intervention]).output[base.count - 1].elements
        return Double(logits[7] - logits[190])
    }

    @Test(arguments: sequential, PatchDirection.allCases)
    func everyEdgeHasTheBitsOfSingleForwardPasses(name: String, direction: PatchDirection) throws {
        let model = try TinyModel.load(name)
        let edges = EdgeGraph(model.configuration).edges
        let result = try EdgeSweep(direction: direction).run(model, pair: Self.pair, edges: edges)
        #expect(result.values.count == edges.count && Set(result.values).count > edges.count / 2)
        let base = direction == .denoising ? result.corrupted : result.clean
        #expect(result.values.contains { abs($0 - base) > 0.01 })
        for (edge, value) in zip(edges, result.values) {
            let expected = try naive(model, edge, direction)
            if value != expected { Issue.record("\(edge): \(value), single passes give \(expected)") }
        }
    }

    @Test(arguments: sequential) func aPartOfTheChangeHasTheBitsOfSinglePassesToo(name: String) throws {
        let model = try TinyModel.load(name)
        let edges = EdgeGraph(model.configuration).edges.enumerated().filter { $0.offset % 7 == 0 }.map(\.element)
        let result = try EdgeSweep(part: 0.25).run(model, pair: Self.pair, edges: edges)
        for (edge, value) in zip(edges, result.values) {
            #expect(try value == naive(model, edge, .denoising, part: 0.25), "\(edge)")
        }
        let nothing = try EdgeSweep(part: 0).run(model, pair: Self.pair, edges: edges)
        #expect(nothing.values.allSatisfy { $0 == nothing.corrupted })
    }

    @Test(arguments: sequential) func memoryLimitsAndOrderChangeNoBit(name: String) throws {
        let model = try TinyModel.load(name)
        let edges = EdgeGraph(model.configuration).edges
        let all = try EdgeSweep().run(model, pair: Self.pair, edges: edges).values
        let small = try EdgeSweep(memoryLimit: 64 << 10).run(model, pair: Self.pair, edges: edges).values
        let backwards = try EdgeSweep().run(model, pair: Self.pair, edges: edges.reversed()).values
        #expect(small == all && Array(backwards.reversed()) == all)
        #expect(try EdgeSweep().run(model, pair: Self.pair, edges: []).values.isEmpty)
    }

    @Test func equalPromptsAndUnknownEdges() throws {
        let model = try TinyModel.load("llama-tiny")
        let edges = EdgeGraph(model.configuration).edges
        let same = try EdgeSweep().run(
            model, pair: PatchPair(clean: Self.clean, corrupted: Self.clean, metric: Self.metric), edges: edges)
        #expect(same.computedCells == 0 && same.values.allSatisfy { $0 == same.clean })
        for odd in [
            EdgeGraph.Edge(from: .mlp(block: 1), to: .mlp(block: 1)), .init(from: .embed, to: .mlp(block: 99)),
            .init(from: .head(block: 0, head: 64), to: .logits),
        ] {
            #expect(!EdgeGraph(model.configuration).contains(odd))
            #expect(throws: ModelError.self) { try EdgeSweep().run(model, pair: Self.pair, edges: [odd]) }
        }
        let shorter = PatchPair(clean: Array(Self.clean.dropLast()), corrupted: Self.corrupted, metric: Self.metric)
        #expect(throws: ModelError.self) { try EdgeSweep().run(model, pair: shorter, edges: edges) }
    }

    @Test func parallelBlocksAreRefused() throws {
        let model = try TinyModel.load("gpt-neox-tiny")
        #expect(throws: ModelError.self) {
            try EdgeSweep().run(
                model, pair: Self.pair, edges: [EdgeGraph.Edge(from: .embed, to: .logits)])
        }
    }
}
