internal import PlumbBasics
public import PlumbModels
internal import PlumbTensor

/// What a part of a model's activations is replaced by, to see what the model does without it.
public enum AblationMethod: String, Sendable, CaseIterable, Codable {
    /// Zero.
    case zero
    /// The mean over all positions of reference texts.
    case mean
    /// The same part in another text of as many tokens (Chan et al. 2022, *Causal Scrubbing*).
    case resample
}

/// Which part of the activations is ablated: a site of some layers, whole or in some heads, at some positions.
public struct AblationTarget: Sendable, Equatable {
    /// The site.
    public var site: Site
    /// The layers, from 0.
    public var layers: [Int]
    /// The heads; nil for all, and for sites without heads.
    public var heads: [Int]?
    /// The positions; nil for all.
    public var positions: [Int]?

    /// A target.
    public init(_ site: Site, layers: [Int], heads: [Int]? = nil, positions: [Int]? = nil) {
        (self.site, self.layers, self.heads, self.positions) = (site, layers, heads, positions)
    }
}

/// An ablation of a model made ready: what each part of the target is replaced by is known.
public struct Ablation: Sendable {
    /// Which part of the activations is ablated.
    public let target: AblationTarget
    /// What it is replaced by.
    public let method: AblationMethod
    fileprivate let sources: [HookPoint: Tensor]

    /// The interventions that ablate the whole target.
    public var interventions: [Intervention] { interventions(target) }

    /// The interventions that ablate one layer of the target, or one head of it.
    public func interventions(layer: Int, head: Int? = nil) -> [Intervention] {
        var part = target
        part.layers = [layer]
        if let head { part.heads = [head] }
        return interventions(part)
    }

    private func interventions(_ part: AblationTarget) -> [Intervention] {
        part.layers.map { layer in
            let point = HookPoint.block(layer, part.site)
            let source = sources[point]
            return Intervention("\(method.rawValue) ablation", at: point) { value in
                part.replaced(value, by: source ?? .zeros(value.shape))
            }
        }
    }
}

extension HookedTransformer {
    /// An ablation for runs over `tokens`.
    ///
    /// - Parameters:
    ///   - references: the texts that a mean is taken over, or the one text that resampling takes activations from.
    /// - Throws: `ModelError` for a target that the model or the prompt lacks, heads of a site without heads, attention
    ///   maps under a mean, and references that are missing or of another length.
    public func ablation(
        of target: AblationTarget, by method: AblationMethod, over tokens: [Int], references: [[Int]] = []
    ) throws -> Ablation {
        try check(tokens)
        try require(target, tokens)
        let points = target.layers.map { HookPoint.block($0, target.site) }
        return Ablation(target: target, method: method, sources: try sources(points, method, tokens, references))
    }

    private func require(_ target: AblationTarget, _ tokens: [Int]) throws {
        let known = Set(hookPoints)
        for layer in target.layers where !known.contains(.block(layer, target.site)) {
            throw ModelError("\(name) has no hook point \(HookPoint.block(layer, target.site))")
        }
        if let heads = target.heads {
            guard target.site.hasHeads else {
                throw ModelError("\(target.site.shortName) has no heads: ablate z or result to choose some")
            }
            if let bad = heads.first(where: { !(0..<self.heads(at: target.site)).contains($0) }) {
                throw ModelError(
                    "\(name) has \(self.heads(at: target.site)) heads at \(target.site.shortName), no head \(bad)")
            }
        }
        if let bad = target.positions?.first(where: { !tokens.indices.contains($0) }) {
            throw ModelError("position \(bad) is outside the prompt, whose positions are 0 to \(tokens.count - 1)")
        }
    }

    private func sources(
        _ points: [HookPoint], _ method: AblationMethod, _ tokens: [Int], _ references: [[Int]]
    ) throws -> [HookPoint: Tensor] {
        let recording = Recording.points(Set(points))
        switch method {
        case .zero: return [:]
        case .resample:
            guard let reference = references.first, references.count == 1 else {
                throw ModelError("resampling takes activations from one other text, got \(references.count)")
            }
            try check(reference)
            guard reference.count == tokens.count else {
                throw ModelError(
                    "resampling needs a text of as many tokens: the prompt has \(tokens.count), the other text "
                        + "\(reference.count)")
            }
            let cache = run(reference, recording: recording).cache
            return points.reduce(into: [:]) { $0[$1] = cache[$1] }
        case .mean:
            guard !references.isEmpty else { throw ModelError("a mean needs at least one reference text") }
            if let map = points.first(where: { [.attnScores, .pattern].contains($0.site) }) {
                throw ModelError("\(map.site.shortName) has no mean over positions: ablate z instead")
            }
            var sums: [HookPoint: Tensor] = [:]
            for reference in references {
                try check(reference)
                let cache = run(reference, recording: recording).cache
                for point in points {
                    guard let sum = cache[point]?.summed(axis: 0) else { unmet("\(name) shows \(point)") }
                    sums[point] = sums[point].map { $0 + sum } ?? sum
                }
            }
            let count = Float(references.reduce(0) { $0 + $1.count })
            return sums.mapValues { sum in
                let mean = (sum / count).reshaped([1, sum.count])
                return mean.gathered([Int](repeating: 0, count: tokens.count)).reshaped([tokens.count] + sum.shape)
            }
        }
    }
}

extension AblationTarget {
    /// `value` with this part taken from `source`.
    ///
    /// - Shapes: both `[T, D]`, `[T, H, K]`, or for attention maps `[H, T, T]`.
    fileprivate func replaced(_ value: Tensor, by source: Tensor) -> Tensor {
        guard heads != nil || positions != nil else { return source }
        let isMap = [.attnScores, .pattern].contains(site)
        let axis = value.shape.count - (site.hasHeads ? 3 : 2)
        return (positions.map { $0.map(Optional.some) } ?? [nil]).reduce(value) { value, position in
            (heads.map { $0.map(Optional.some) } ?? [nil]).reduce(value) { value, head in
                let (first, second) = isMap ? (head, position) : (position, head)
                return value.replacing(from: source, axis: axis, first: first, second: second)
            }
        }
    }
}
