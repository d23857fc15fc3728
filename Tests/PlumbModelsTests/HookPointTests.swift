import Foundation
import Testing

@testable import PlumbModels

@Suite struct HookPointTests {
    private static let points: [HookPoint] =
        [.embed, .positionEmbed, .finalScale, .finalNormalized, .logits]
        + Site.insideBlock.flatMap { [.block(0, $0), .block(17, $0)] }

    @Test(arguments: points) func spellingRoundTrips(point: HookPoint) throws {
        #expect(HookPoint(point.description) == point)
        let stored = try JSONDecoder().decode([HookPoint].self, from: JSONEncoder().encode([point]))
        #expect(stored == [point])
    }

    @Test(arguments: points) func shortNamesAreReadToo(point: HookPoint) {
        let short = point.site.shortName
        #expect(!short.contains("hook_") && !short.hasPrefix("attn."))
        #expect(HookPoint(point.block.map { "blocks.\($0).\(short)" } ?? short) == point)
    }

    @Test func shortNamesAreTheFieldsOwn() {
        let expected = [
            "resid_pre", "ln1.scale", "ln1.normalized", "q", "k", "v", "q_norm.scale", "q_norm.normalized",
            "k_norm.scale", "k_norm.normalized", "rot_q", "rot_k", "attn_scores", "pattern", "z", "result",
            "ln1_post.scale", "ln1_post.normalized", "attn_out", "resid_mid", "ln2.scale", "ln2.normalized", "pre",
            "pre_linear", "mid", "ln.scale", "ln.normalized", "post", "ln2_post.scale", "ln2_post.normalized",
            "mlp_out",
            "resid_post",
        ]
        #expect(Site.insideBlock.map(\.shortName) == expected)
        #expect(Set(Site.insideBlock.map(\.shortName)).count == Site.insideBlock.count)
        #expect(HookPoint("blocks.3.z") == .block(3, .z))
        #expect(HookPoint("unembed.hook_out") == .logits)
    }

    @Test(arguments: [
        "", "z", "blocks", "blocks.", "blocks.z", "blocks.-1.z", "blocks.1.", "blocks.1.zed", "blocks.1.hook_embed",
        "blocks.1.logits", "ln_final", "blocks.99999999999999999999.z", "hook_resid_pre",
    ])
    func otherNamesAreNoHookPoints(name: String) {
        #expect(HookPoint(name) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([HookPoint].self, from: JSONEncoder().encode([name]))
        }
    }

    @Test func clientsAddTheirOwnSites() {
        let site = Site(rawValue: "hook_router")
        #expect(HookPoint("blocks.2.hook_router") == .block(2, site))
        #expect(!site.hasHeads && site.shortName == "router")
    }

    @Test func modelsListTheirPointsInForwardOrder() throws {
        let gpt2 = try TinyModel.load(TinyModel.gpt2)
        let llama = try TinyModel.load(TinyModel.llama)
        #expect(gpt2.hookPoints.prefix(3) == [.embed, .positionEmbed, .block(0, .residPre)])
        let neox = try TinyModel.load(TinyModel.neox)
        #expect(neox.hookPoints.count == 1 + 3 * 19 + 3 && !neox.hookPoints.contains(.block(0, .residMid)))
        #expect(llama.hookPoints.prefix(2) == [.embed, .block(0, .residPre)])
        #expect(gpt2.hookPoints.count == 2 + 3 * 18 + 3 && llama.hookPoints.count == 1 + 3 * 21 + 3)
        let cache = llama.run([1, 2], recording: Recording { _ in true }).cache
        let inside = llama.hookPoints.filter { $0.block != nil }
        #expect(cache.points.filter { $0.block != nil } == inside)
    }
}
