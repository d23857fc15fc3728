import Foundation
import PlumbData
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbModels

@Suite("LoRA")
struct LoRATests {
    private let tokens = TinyModel.tokens(12, seed: 5)
    private var windows: TokenBatch { TokenBatch(tokens, rows: 2, columns: 6) }

    private func disturbed(_ lora: LoRA) -> LoRA {
        lora.mapParameters { path, tensor in
            var generator = RandomKey(9)[path.description].generator()
            return tensor + Tensor((0..<tensor.count).map { _ in Float(0.2 * generator.normal()) }, shape: tensor.shape)
        }
    }

    private func targets(_ name: String) -> Set<LoRA.Target> {
        Set(LoRA.Target.allCases.filter { $0 != .gate || name == TinyModel.llama })
    }

    @Test("An adapted model begins as the model itself", arguments: TinyModel.hooked)
    func beginning(_ name: String) throws {
        let model = try TinyModel.load(name)
        let lora = try LoRA(model, rank: 2, targets: targets(name), key: RandomKey(1))
        let usual = model.run(tokens).output
        #expect(largestDifference(lora.adapted.run(tokens).output, usual) == 0)
        #expect(largestDifference(lora.merged.run(tokens).output, usual) == 0)
    }

    @Test("Merged weights give the adapted model's logits, with hooks and without", arguments: TinyModel.hooked)
    func merging(_ name: String) throws {
        let model = try TinyModel.load(name)
        let lora = disturbed(try LoRA(model, rank: 2, targets: targets(name), key: RandomKey(1)))
        let usual = lora.adapted.run(tokens).output
        let tolerance = 2e-5 * scale(of: usual)
        #expect(largestDifference(usual, model.run(tokens).output) > 0.01)
        #expect(largestDifference(lora.merged.run(tokens).output, usual) < tolerance)
        let patched = lora.adapted.run(
            tokens, with: [.ablate(.block(0, .result), head: 0)]
        ).output
        let merged = lora.merged.run(tokens, with: [.ablate(.block(0, .result), head: 0)]).output
        #expect(largestDifference(patched, merged) < tolerance)
        // Layers of GPT-2 keep the layout of its checkpoints.
        #expect(
            lora.merged.parameters.map(\.tensor.shape) == model.parameters.map(\.tensor.shape))
    }

    @Test("Gradients of the pairs are those of the merged weights, carried through the product")
    func gradients() throws {
        let lora = disturbed(
            try LoRA(TinyModel.load(TinyModel.llama), rank: 2, targets: [.query, .down], key: RandomKey(1)))
        let (loss, fast) = valueWithGradient(at: lora) { $0.adapted.loss(windows) }
        let (same, slow) = valueWithGradient(at: lora) { $0.merged.loss(windows) }
        #expect(abs(loss.item - same.item) < 1e-5)
        for (a, b) in zip(fast.parameters, slow.parameters) {
            #expect(
                largestDifference(a.tensor, b.tensor) <= 1e-4 * (b.tensor.elements.map(abs).max() ?? 0), "\(a.name)")
        }
    }

    @Test("Training moves the pairs and nothing else, and the loss falls")
    func training() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        var lora = try LoRA(model, rank: 4, targets: [.query, .value, .up], key: RandomKey(1))
        var optimizer = Adam(learningRate: 1e-2)
        var losses: [Float] = []
        let before = lora.parameters
        for _ in 0..<10 {
            let (loss, gradient) = valueWithGradient(at: lora) { $0.adapted.loss(windows) }
            optimizer.update(&lora, along: gradient)
            losses.append(loss.item)
        }
        #expect(losses[9] < losses[0] - 0.1)
        #expect(zip(lora.parameters, before).allSatisfy { $0.tensor != $1.tensor })
        #expect(throws: ModelError.self) { try lora.adapted.save(to: Scratch().folder) }
        #expect(lora.parameters.allSatisfy { $0.name.contains("lora_") })
    }

    @Test("A layer that the model lacks is refused by name")
    func refused() throws {
        let model = try TinyModel.load(TinyModel.gpt2)
        let error = #expect(throws: ModelError.self) {
            try LoRA(model, rank: 2, targets: [.gate], key: RandomKey(0))
        }
        #expect(error?.description == "the model has no gate layer to adapt")
        #expect(throws: ModelError.self) { try LoRA(model, rank: 0, key: RandomKey(0)) }
    }
}
