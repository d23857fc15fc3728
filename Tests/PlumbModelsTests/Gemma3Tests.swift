import Foundation
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbModels

/// Gemma 3 270M, where `plumb model get gemma3-270m` has fetched it, against `transformers` reading the same file in float32
/// (recorded by Scripts/record-gemma3.py).
@Suite("Gemma 3 270M")
struct Gemma3Tests {
    private struct Record: Decodable {
        struct Position: Decodable {
            let position: Int
            let tokens: [Int]
            let logprobs: [Double]
            let follows: Double?
        }
        struct Sequence: Decodable {
            let tokens: [Int]
            let positions: [Position]
        }
        let sequences: [Sequence]
    }

    private static let file = CacheFolder.url().appendingPathComponent("models/gemma3-270m/gemma-3-270m-q4_k_m.gguf")
    private static let isThere = FileManager.default.fileExists(atPath: file.path)

    private func model() throws -> HookedTransformer {
        let file = try GGUFFile(contentsOf: Self.file)
        let reader = WeightReader(file, Gemma3.names, .gguf)
        return HookedTransformer(
            name: "gemma3-270m", transformer: try Transformer(Gemma3.description(file, reader, .gemma3), from: reader),
            tokenizer: nil, isQuantized: true, files: [Self.file])
    }

    @Test(
        "Log-probabilities agree with transformers, in 600 tokens too, which is more than a window",
        .enabled(if: isThere, "needs Gemma 3 270M in the cache folder: `plumb model get gemma3-270m` fetches it"))
    func logProbabilities() throws {
        let model = try model()
        var largest = 0.0
        for sequence in try Golden.decode(Record.self, "gemma3-270m-logprobs.json").sequences {
            let features = model.features(batch: [sequence.tokens]).gathered(sequence.positions.map(\.position))
            let found = model.logits(features: features).logSoftmax()
            for (row, expected) in sequence.positions.enumerated() {
                let values = found[row]
                #expect(values.argmax() == expected.tokens[0], "position \(expected.position)")
                for (token, value) in zip(expected.tokens, expected.logprobs) {
                    largest = max(largest, abs(Double(values[token].item) - value))
                }
                if let follows = expected.follows {
                    let next = sequence.tokens[expected.position + 1]
                    largest = max(largest, abs(Double(values[next].item) - follows))
                }
            }
        }
        print("Gemma 3 270M: log-probabilities at most \(largest) from transformers'")
        #expect(largest <= 2e-4)
    }
}
