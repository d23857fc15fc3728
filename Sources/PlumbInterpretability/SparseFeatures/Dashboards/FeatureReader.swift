internal import PlumbBasics
internal import PlumbModels
internal import PlumbTensor

/// A dictionary's features at all positions of texts but the first of each.
struct FeatureReader {
    private let dictionary: SparseDictionary
    private let model: HookedTransformer

    /// - Throws: `ModelError` for a dictionary that does not fit the model.
    init(_ dictionary: SparseDictionary, _ model: HookedTransformer) throws {
        try dictionary.check(fits: model)
        for point in [dictionary.input, dictionary.output] where point.block == nil && point != .embed {
            throw ModelError("features of \(point) are not read: name a hook point inside a block")
        }
        (self.dictionary, self.model) = (dictionary, model)
    }

    /// - Shapes: rows of `input` and `target` are those of `active`, text by text.
    /// - Throws: `ModelError` for a text that the model cannot read, or activations that are not numbers.
    func read(_ texts: [[Int]]) throws -> (active: SparseActivations, output: (input: Tensor, target: Tensor)) {
        let points = dictionary.isAutoencoder ? [dictionary.input] : [dictionary.input, dictionary.output]
        let found = try model.activations(of: texts, at: points)
        var (kept, start) = ([Int](), 0)
        for text in texts {
            kept += start + 1..<start + text.count
            start += text.count
        }
        func rows(_ point: HookPoint) throws -> Tensor {
            guard let value = found[point] else { throw ModelError("\(model.name) did not show \(point)") }
            try model.requireNumbers(value)
            return value.reshaped([value.shape[0], -1]).gathered(kept)
        }
        let input = try rows(dictionary.input)
        let active = dictionary.encodeSparse(input)
        guard active.values.allSatisfy(\.isFinite) else {
            throw ModelError("a feature of the dictionary is not a number: its weights are too large")
        }
        return (active, (input, dictionary.isAutoencoder ? input : try rows(dictionary.output)))
    }
}

/// What features' directions do to logits, on the way past all later layers, with the scales of normalizations held at 1.
struct LogitEffects {
    private let directions: ([Int]) -> Tensor?
    private let unembedding: () -> Tensor

    init(_ dictionary: SparseDictionary, _ model: HookedTransformer) {
        unembedding = { model.unembeddingWeights(foldingNorm: true) }
        directions = { features in
            var rows = dictionary.decoder.gathered(features)
            if case .constant(let scale) = dictionary.inputScaling { rows = rows / scale }
            let point = dictionary.output
            let block = point.block ?? 0
            switch point.site {
            case .residPre, .residMid, .residPost, .embed: return rows
            case .attnOut: return model.outputGains(block: block).attention.map { rows * $0 } ?? rows
            case .mlpOut: return model.outputGains(block: block).mlp.map { rows * $0 } ?? rows
            case .z:
                let outputs = model.headWeights(block: block).outputs
                let written = rows.matmul(outputs.reshaped([-1, model.configuration.width]))
                return model.outputGains(block: block).attention.map { written * $0 } ?? written
            case .mlpPost:
                let written = rows.matmul(model.neuronWeights(block: block))
                return model.outputGains(block: block).mlp.map { written * $0 } ?? written
            default: return nil
            }
        }
    }

    typealias Effects = (raised: [FeatureDashboards.TokenEffect], lowered: [FeatureDashboards.TokenEffect])

    /// The tokens raised and lowered most by each feature.
    func of(_ features: [Int], count: Int) -> [Effects] {
        guard !features.isEmpty, let rows = directions(features) else { return features.map { _ in ([], []) } }
        let weights = unembedding()
        var found: [Effects] = []
        for first in stride(from: 0, to: features.count, by: 16) {
            let part = rows[first..<min(first + 16, features.count)]
            let logits = part.matmul(transposed: weights)
            for row in 0..<part.shape[0] {
                let values = logits[row].elements
                found.append((Self.largest(count, of: values, sign: 1), Self.largest(count, of: values, sign: -1)))
            }
        }
        return found
    }

    private static func largest(_ count: Int, of values: [Float], sign: Float) -> [FeatureDashboards.TokenEffect] {
        var best: [(value: Float, token: Int)] = []
        guard count > 0 else { return [] }
        for (token, value) in values.enumerated() {
            let value = value * sign
            guard best.count < count || value > best[best.count - 1].value else { continue }
            best.insert((value, token), at: best.firstIndex { $0.value < value } ?? best.count)
            if best.count > count { best.removeLast() }
        }
        return best.map { FeatureDashboards.TokenEffect(token: $0.token, effect: Double($0.value * sign)) }
    }
}
