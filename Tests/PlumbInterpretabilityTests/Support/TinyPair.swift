import Foundation
import PlumbData
import PlumbTensor
import Testing

@testable import PlumbModels

/// The small random checkpoints of the models' tests, and two prompts over them that differ in two tokens.
struct TinyPair {
    /// A Llama with shared key-value heads, and a GPT-2.
    static let models = ["llama-tiny", "gpt2-tiny"]

    let model: HookedTransformer
    let clean: [Int]
    let corrupted: [Int]

    init(_ name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("PlumbModelsTests/Golden").appendingPathComponent(name)
        model = try HookedTransformer.load(folder: folder)
        var random = RandomKey(5).generator()
        let tokens = min(211, model.configuration.vocabulary)
        clean = (0..<8).map { _ in random.index(below: tokens) }
        var other = clean
        other[2] = (clean[2] + 17) % tokens
        other[5] = (clean[5] + 40) % tokens
        corrupted = other
    }

    var layers: Int { model.configuration.layers }

    func pair(_ metric: PatchMetric = .logitDifference(answer: 7, wrong: 190)) -> PatchPair {
        PatchPair(clean: clean, corrupted: corrupted, metric: metric)
    }

    /// The change of `metric` for a small step, forwards and backwards, in what `moved` gives.
    ///
    /// - Parameter moved: from a step's size to the interventions that make it.
    func slope(
        _ metric: PatchMetric, base: [Int], source: [Int], step: Float = 0.02, moved: (Float) -> [Intervention]
    ) throws -> Double {
        let function = try #require(metric.differentiable(source: model.run(source).output))
        func value(_ step: Float) -> Double { Double(function(model.run(base, with: moved(step)).output).item) }
        // Two widths, so that the error falls with the fourth power of the step.
        let (near, far) = (value(step) - value(-step), value(2 * step) - value(-2 * step))
        return (8 * near - far) / (12 * Double(step))
    }
}

extension ActivationCache {
    /// What differs between two runs at one point; 0 where both are infinite.
    func change(to other: ActivationCache, at point: HookPoint) throws -> Tensor {
        let (from, to) = (try #require(self[point]), try #require(other[point]))
        return Tensor(zip(from.elements, to.elements).map { $0 == $1 ? 0 : $1 - $0 }, shape: from.shape)
    }
}

/// Whether two numbers agree but for the error of differences in single precision.
func agree(_ a: Double, _ b: Double, scale: Double = 1, tolerance: Double = 3e-3) -> Bool {
    abs(a - b) <= tolerance * max(scale, abs(a), abs(b))
}
