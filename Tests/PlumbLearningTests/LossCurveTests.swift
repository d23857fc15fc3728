import Foundation
import PlumbData
import PlumbModels
import PlumbNN
import PlumbTensor
import Testing

import PlumbLearning

/// A run beside PyTorch with equal weights, batches and optimizer, recorded by `Scripts/record-loss-curve.py`.
@Suite("A loss curve beside PyTorch")
struct LossCurveTests {
    private struct Recorded: Decodable {
        struct Sizes: Decodable {
            var vocab_size, n_positions, n_embd, n_layer, n_head: Int
        }
        struct Rule: Decodable {
            var lr, eps, weight_decay: Double
            var betas: [Double]
        }
        var configuration: Sizes
        var optimizer: Rule
        var vocabulary: String
        var starts: [[Int]]
        var losses: [Double]
        var exact: [Double]
    }

    @Test("200 steps of a small GPT-2 stay within 1e-3 of PyTorch at every step")
    func curve() throws {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Golden/loss-curve")
        let recorded = try JSONDecoder().decode(
            Recorded.self, from: Data(contentsOf: folder.appendingPathComponent("curve.json")))
        let text = try TextCorpus(contentsOf: [folder.appendingPathComponent("text.txt")]).text
        let ids = Dictionary(uniqueKeysWithValues: zip(recorded.vocabulary, 0...))
        let tokens = try text.map { try #require(ids[$0]) }
        let sizes = recorded.configuration
        var model = try HookedTransformer(
            TransformerConfiguration(
                architecture: "gpt2", layers: sizes.n_layer, width: sizes.n_embd, heads: sizes.n_head,
                vocabulary: sizes.vocab_size, context: sizes.n_positions), key: RandomKey(0))
        try model.load(
            parameters: SafetensorsFile(contentsOf: folder.appendingPathComponent("weights.safetensors")))
        let rule = recorded.optimizer
        let optimizer = Adam.decoupled(
            learningRate: rule.lr, beta1: rule.betas[0], beta2: rule.betas[1], epsilon: rule.eps,
            weightDecay: rule.weight_decay)
        let length = sizes.n_positions
        let result = try Fit(steps: recorded.starts.count).run(model, optimizer: optimizer) { model, step in
            let starts = recorded.starts[step]
            return model.loss(
                TokenBatch(starts.flatMap { tokens[$0...$0 + length] }, rows: starts.count, columns: length + 1))
        }
        #expect(result.losses.count == 200)
        let apart = zip(result.losses, recorded.losses).map { abs(Double($0) - $1) }
        #expect(try #require(apart.max()) <= 1e-3)
        let fromExact = zip(result.losses, recorded.exact).map { abs(Double($0) - $1) }
        #expect(try #require(fromExact.max()) <= 1e-3)
        #expect(recorded.losses[199] < 0.7 * recorded.losses[0])
    }
}
