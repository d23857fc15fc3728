import PlumbTensor
import Testing

@testable import PlumbModels

/// What a sweep refuses, and what it tells on the way.
@Suite struct PatchSweepRequestTests {
    private let metric = PatchMetric.logitDifference(answer: 1, wrong: 2)

    private func refusal(
        in name: String = TinyModel.gpt2, clean: [Int] = [1, 2, 3], corrupted: [Int] = [1, 5, 3],
        metric: PatchMetric? = nil, patching cell: PatchCell = PatchCell(.block(0, .residPre), position: 0)
    ) throws -> String {
        let model = try TinyModel.load(name)
        let error = #expect(throws: ModelError.self) {
            try PatchSweep().run(
                model, clean: clean, corrupted: corrupted, metric: metric ?? self.metric, cells: [cell])
        }
        return error?.description ?? ""
    }

    @Test func promptsMustHaveOneLength() throws {
        let message = try refusal(corrupted: [1, 2, 3, 4, 5])
        #expect(message.contains("3 tokens") && message.contains("5"))
    }

    @Test func promptsMustBeReadable() throws {
        #expect(try refusal(clean: [], corrupted: []) == "the prompt has no tokens")
        #expect(try refusal(clean: [1, 211, 3]).contains("211"))
        let long = [Int](repeating: 1, count: 65)
        #expect(try refusal(clean: long, corrupted: long).contains("64"))
    }

    @Test func cellsMustExist() throws {
        #expect(try refusal(patching: PatchCell(.block(0, .residPre), position: 3)).contains("no position 3"))
        #expect(try refusal(patching: PatchCell(.block(0, .residPre), position: -1)).contains("no position -1"))
        #expect(try refusal(patching: PatchCell(.block(0, .z), head: 4)).contains("4 heads, no head 4"))
        #expect(
            try refusal(in: TinyModel.llama, patching: PatchCell(.block(0, .k), head: 2)).contains("2 heads, no head 2")
        )
        #expect(
            try refusal(in: TinyModel.llama, patching: PatchCell(.block(0, .z), head: 6)).contains("6 heads, no head 6")
        )
    }

    @Test func hookPointsMustExist() throws {
        #expect(try refusal(patching: PatchCell(.block(3, .residPre), position: 0)).contains("blocks.3.hook_resid_pre"))
        #expect(try refusal(patching: PatchCell(.block(0, .rotQ), position: 0)).contains("blocks.0.attn.hook_rot_q"))
        #expect(try refusal(in: TinyModel.llama, patching: PatchCell(.positionEmbed)).contains("hook_pos_embed"))
        #expect(try refusal(patching: PatchCell(.block(0, Site(rawValue: "hook_router")))).contains("hook_router"))
        #expect(try refusal(patching: PatchCell(.logits)).contains("logits"))
    }

    @Test func tokensOfAMetricMustExist() throws {
        #expect(try refusal(metric: .logitDifference(answer: 211, wrong: 0)).contains("211"))
        #expect(try refusal(metric: .probability(of: 300)).contains("300"))
        #expect(try refusal(metric: .logProbability(of: -1)).contains("-1"))
        #expect(try refusal(metric: .loss(tokens: [1, 2, 999])).contains("999"))
        #expect(try refusal(metric: .loss(tokens: [1, 2])).contains("2 tokens"))
    }

    @Test func progressRisesToOneAndMayEndTheSweep() throws {
        struct Enough: Error {}
        let model = try TinyModel.load(TinyModel.llama)
        let pairs = (0..<3).map { index in
            PatchPair(clean: [1, 2, 3, 4 + index], corrupted: [1, 7, 3, 4 + index], metric: metric)
        }
        let cells = PatchSweep.cells(.residPre, layers: 3, positions: 4).flatMap { $0 }
        for limit in [1 << 40, 1] {
            var seen: [Double] = []
            let sweep = PatchSweep(memoryLimit: limit)
            _ = try sweep.run(model, pairs: pairs, cells: cells) { seen.append($0) }
            #expect(seen == seen.sorted() && seen.allSatisfy { (0...1).contains($0) })
            #expect(seen.last.map { abs($0 - 1) < 1e-12 } == true)
            #expect(throws: Enough.self) {
                try sweep.run(model, pairs: pairs, cells: cells) { done in if done > 0.4 { throw Enough() } }
            }
        }
    }
}
