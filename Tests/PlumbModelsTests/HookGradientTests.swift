import PlumbTensor
import Testing

@testable import PlumbModels

@Suite("Gradients at activations under interventions")
struct HookGradientTests {
    /// Scales are divided by: an ablated one leaves no numbers to differentiate.
    private func points(_ model: HookedTransformer) -> [HookPoint] {
        model.hookPoints.filter { !$0.description.hasSuffix("hook_scale") }
    }

    @Test(
        "An activation that an intervention made constant has a gradient, and so has what follows from it",
        arguments: TinyModel.hooked)
    func constants(_ name: String) throws {
        let model = try TinyModel.load(name)
        let tokens = TinyModel.tokens(6, seed: 3)
        for point in points(model) {
            let ablation = Intervention.ablate(point)
            let run = try model.gradients(tokens, with: [ablation], recording: .all) { logits in
                (logits[logits.shape[0] - 1] * logits[logits.shape[0] - 1]).summed()
            }
            #expect(run.gradients.points == run.cache.points, "\(point)")
            let plain = model.run(tokens, with: [ablation]).output
            #expect(largestDifference(run.output, plain) < 1e-4, "\(point)")
        }
    }

    @Test("No gradient passes an activation that was replaced")
    func replaced() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        let tokens = TinyModel.tokens(6, seed: 3)
        let run = try model.gradients(
            tokens, with: [.ablate(.block(1, .residPre))], recording: .sites(.residPre, .residPost)
        ) { logits in logits[5].columns(0..<1).reshaped([]) }
        let before = try #require(run.gradients[.block(0, .residPre)])
        let after = try #require(run.gradients[.block(1, .residPre)])
        #expect(before.norm() == 0 && after.norm() > 0)
    }
}
