import Foundation
import PlumbData
import PlumbNN
import PlumbTensor
import Testing

@testable import PlumbModels

/// The real model trained further.
@Suite("Training SmolLM2", .serialized)
struct SmolLM2TrainingTests {
    private let text = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age"

    private func losses<Trained: ParameterTree>(
        _ trained: Trained, _ rate: Double, model: (Trained) -> HookedTransformer
    ) throws -> [Float] {
        let tokens = try model(trained).tokens(text)
        let windows = TokenBatch(tokens, rows: 1, columns: tokens.count)
        var (trained, optimizer) = (trained, Adam(learningRate: rate))
        return (0..<3).map { _ in
            let (loss, gradient) = valueWithGradient(at: trained) { model($0).loss(windows) }
            optimizer.update(&trained, along: gradient)
            return loss.item
        }
    }

    @Test("Fine-tuning every weight makes the loss fall", .enabled(if: SmolLM2.isThere, SmolLM2.reason))
    func whole() throws {
        let losses = try losses(SmolLM2.load(), 1e-5) { $0 }
        #expect(losses[2] < losses[0] - 0.05, "\(losses)")
    }

    @Test("Low-rank pairs beside frozen weights make the loss fall", .enabled(if: SmolLM2.isThere, SmolLM2.reason))
    func lowRank() throws {
        let lora = try LoRA(SmolLM2.load(), rank: 4, targets: Set(LoRA.Target.allCases), key: RandomKey(0))
        let losses = try losses(lora, 1e-3) { $0.adapted }
        #expect(losses[2] < losses[0] - 0.05, "\(losses)")
    }
}
