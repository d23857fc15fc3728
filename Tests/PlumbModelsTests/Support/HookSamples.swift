import PlumbTensor
import Testing

@testable import PlumbModels

/// Samples of activations at TransformerLens's hook points, recorded by Scripts/record-smollm2-hooks.py and
/// Scripts/record-families.py: shape, norm, and the first and last four values of the last position's row.
struct HookSamples: Decodable {
    struct Sample: Decodable {
        let shape: [Int]
        let norm: Double
        let first: [Float]
        let last: [Float]
    }
    let tokens: [Int]
    let hooks: [String: Sample]

    /// Runs a model, and expects the activations that were recorded, at just the hook points that were.
    func expectFrom(_ model: HookedTransformer) throws {
        let (output, cache) = model.run(tokens, recording: Recording { hooks[$0.description] != nil })
        #expect(output == model.run(tokens).output)
        #expect(Set(cache.points.map(\.description)) == Set(hooks.keys))
        for (name, sample) in hooks {
            guard let activation = cache[name] else { continue }
            #expect(activation.shape == sample.shape, "\(name)")
            let isMap = name.hasSuffix("attn_scores") || name.hasSuffix("pattern")
            let row = (isMap ? activation.swappingLeadingAxes() : activation)[tokens.count - 1].elements
            let tolerance = 1e-5 * max(1, row.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 })
            for (value, expected) in zip(row.prefix(4) + row.suffix(4), sample.first + sample.last) {
                let isMasked = expected < -1e30
                #expect(isMasked ? value < -1e30 : abs(value - expected) <= tolerance, "\(name): \(value), \(expected)")
            }
            let finite = Tensor(activation.elements.filter { $0 > -1e30 })
            #expect(abs(finite.norm() - sample.norm) <= 1e-5 * sample.norm, "\(name)")
        }
    }
}
