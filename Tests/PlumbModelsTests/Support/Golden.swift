import Foundation
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbModels

/// Values recorded once from `transformers` and TransformerLens by `Scripts/record-*.py`.
enum Golden {
    static func url(_ path: String) throws -> URL {
        let resources = try #require(Bundle.module.resourceURL)
        return resources.appendingPathComponent("Golden").appendingPathComponent(path)
    }

    static func decode<T: Decodable>(_ type: T.Type, _ path: String) throws -> T {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(contentsOf: url(path)))
    }
}

/// The small random checkpoints, one for each thing that a checkpoint can do differently.
enum TinyModel {
    static let gpt2 = "gpt2-tiny"
    static let llama = "llama-tiny"
    static let qwen2 = "qwen2-tiny"
    static let neox = "gpt-neox-tiny"
    /// Those that every hook point was recorded for.
    static let hooked = [gpt2, llama, neox]
    static let all = [
        gpt2, "gpt2-tiny-hub", llama, "llama-tiny-tied", "llama-tiny-bf16", "llama-tiny-rope3", "llama-tiny-bias",
        qwen2, neox, "gpt-neox-tiny-serial",
    ]

    static func load(_ name: String) throws -> HookedTransformer {
        try HookedTransformer.load(folder: Golden.url(name))
    }

    /// Token ids drawn by a fixed seed.
    static func tokens(_ count: Int, seed: UInt64, below vocabulary: Int = 211) -> [Int] {
        var random = RandomKey(seed).generator()
        return (0..<count).map { _ in random.index(below: vocabulary) }
    }
}

/// The largest absolute difference between finite elements; infinite when shapes or the places of infinities disagree.
func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
    guard a.shape == b.shape else { return .infinity }
    return zip(a.elements, b.elements).reduce(Float(0)) { largest, pair in
        if pair.0 == pair.1 { return largest }
        let difference = abs(pair.0 - pair.1)
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}

/// The largest magnitude among finite elements, at least 1: what an absolute tolerance is multiplied by.
func scale(of tensor: Tensor) -> Float {
    tensor.elements.reduce(Float(1)) { $1.isFinite ? max($0, abs($1)) : $0 }
}

extension Tensor {
    /// `self` with elements multiplied by 0.5, 1.75 and 1.25 in turn: no direction that a model ignores.
    func disturbed() -> Tensor {
        let factors: [Float] = [0.5, 1.75, 1.25]
        return Tensor(elements.enumerated().map { $1 * factors[$0 % 3] }, shape: shape)
    }
}
