internal import Foundation
internal import PlumbTensor

/// How the next token is chosen from logits: the steps of `transformers`' generation, in its order.
public struct Sampling: Sendable, Equatable {
    /// 0 takes the most probable token; above it, tokens are drawn from `softmax(logits / T)`.
    public var temperature = 0.0
    /// Only the most probable k tokens are drawn, and those that tie with the last of them; nil for all.
    public var topK: Int?
    /// Only the most probable tokens that together have at least this probability are drawn
    /// (Holtzman et al. 2019, arXiv:1904.09751); 1 for all.
    public var topP = 1.0
    /// Only tokens at least this times as probable as the most probable one are drawn (Nguyen et al. 2024,
    /// arXiv:2407.01082); 0 for all.
    public var minP = 0.0
    /// Logits of tokens that the text already has are divided by this where positive and multiplied where negative
    /// (Keskar et al. 2019, arXiv:1909.05858); 1 changes nothing.
    public var repetitionPenalty = 1.0

    /// Takes the most probable token, or draws at a temperature.
    public init(temperature: Double = 0) { self.temperature = temperature }

    /// Refuses settings out of range.
    ///
    /// - Throws: ``ModelError`` naming the setting.
    public func check() throws {
        guard temperature >= 0, temperature.isFinite else {
            throw ModelError("temperature must be 0 or a positive number, got \(temperature)")
        }
        if let topK, topK < 1 { throw ModelError("top-k must be at least 1, got \(topK)") }
        guard topP > 0, topP <= 1 else { throw ModelError("top-p must be above 0 and at most 1, got \(topP)") }
        guard minP >= 0, minP <= 1 else { throw ModelError("min-p must be from 0 to 1, got \(minP)") }
        guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
            throw ModelError("the repetition penalty must be a positive number, got \(repetitionPenalty)")
        }
    }

    /// The probability with which each token is drawn, `[V]`; 1 for a single token at temperature 0.
    ///
    /// - Parameters:
    ///   - logits: `[V]`.
    ///   - text: the tokens before.
    public func probabilities(_ logits: [Float], after text: [Int]) -> [Double] {
        var scores = logits.map(Double.init)
        if repetitionPenalty != 1 {
            for token in Set(text) where scores.indices.contains(token) {
                scores[token] =
                    scores[token] > 0 ? scores[token] / repetitionPenalty : scores[token] * repetitionPenalty
            }
        }
        guard temperature > 0 else {
            var result = [Double](repeating: 0, count: scores.count)
            if let best = scores.indices.max(by: { (scores[$0], $1) < (scores[$1], $0) }) { result[best] = 1 }
            return result
        }
        for token in scores.indices { scores[token] /= temperature }
        if let topK, topK < scores.count {
            let least = scores.sorted(by: >)[topK - 1]
            for token in scores.indices where scores[token] < least { scores[token] = -.infinity }
        }
        if topP < 1 { keepNucleus(&scores) }
        var probabilities = Self.softmax(scores)
        if minP > 0, let highest = probabilities.max() {
            for token in probabilities.indices where probabilities[token] < minP * highest { probabilities[token] = 0 }
            let sum = probabilities.reduce(0, +)
            for token in probabilities.indices { probabilities[token] /= sum }
        }
        return probabilities
    }

    /// Leaves the most probable tokens whose probabilities add up to `topP`, at least one.
    private func keepNucleus(_ scores: inout [Double]) {
        let probabilities = Self.softmax(scores)
        let order = probabilities.indices.sorted { (probabilities[$0], $1) > (probabilities[$1], $0) }
        var sum = 0.0
        for token in order {
            if sum >= topP { scores[token] = -.infinity }
            sum += probabilities[token]
        }
    }

    private static func softmax(_ scores: [Double]) -> [Double] {
        let highest = scores.max() ?? 0
        let weights = scores.map { exp($0 - highest) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// Whether tokens are drawn, or taken, from the logits as they are but for a temperature.
    private var isPlain: Bool { topK == nil && topP == 1 && minP == 0 && repetitionPenalty == 1 }

    func choose(_ logits: Tensor, after text: [Int], _ random: inout RandomKey.Generator) -> Int {
        guard !isPlain else { return HookedTransformer.choose(logits, temperature: temperature, &random) }
        let weights = probabilities(logits.elements, after: text)
        guard temperature > 0 else { return weights.firstIndex(of: 1) ?? 0 }
        var rest = random.uniform()
        for (token, weight) in weights.enumerated() where weight > 0 {
            rest -= weight
            if rest < 0 { return token }
        }
        return weights.lastIndex { $0 > 0 } ?? 0
    }
}
