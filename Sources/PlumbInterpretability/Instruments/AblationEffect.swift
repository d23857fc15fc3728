internal import Foundation
internal import PlumbBasics
public import PlumbModels
internal import PlumbRecords
internal import PlumbTensor

/// What an ablation does to the next token of a prompt.
public struct AblationEffect: Sendable, Equatable {
    /// The logit of the answer, less that of the wrong answer where there is one, without and with the ablation.
    public let before: Double, after: Double
    /// The answer's log-probability in nats, without and with the ablation.
    public let logProbability: (before: Double, after: Double)
    /// The divergence of the next token's distribution, `KL(without ‖ with)` in nats.
    public let divergence: Double
    /// The most probable token, without and with the ablation.
    public let best: (before: Int, after: Int)

    /// Runs a prompt with and without interventions.
    ///
    /// - Throws: `ModelError` for what the model cannot read, and logits that are not numbers.
    public init(
        _ model: HookedTransformer, _ tokens: [Int], answer: Int, wrong: Int? = nil, with interventions: [Intervention]
    ) throws {
        try model.check(tokens)
        try model.check([answer] + (wrong.map { [$0] } ?? []))
        let usual = model.nextTokenLogProbabilities(tokens)
        let changed = model.nextTokenLogProbabilities(tokens, with: interventions)
        try model.requireNumbers(usual)
        try model.requireNumbers(changed)
        let (old, new) = (usual.elements, changed.elements)
        func difference(_ row: [Float]) -> Double { Double(row[answer]) - (wrong.map { Double(row[$0]) } ?? 0) }
        (before, after) = (difference(old), difference(new))
        logProbability = (Double(old[answer]), Double(new[answer]))
        divergence = zip(old, new).reduce(0) { sum, pair in
            sum + exp(Double(pair.0)) * (Double(pair.0) - Double(pair.1))
        }
        best = (usual.argmax(), changed.argmax())
    }

    public static func == (one: AblationEffect, other: AblationEffect) -> Bool {
        one.before == other.before && one.after == other.after && one.logProbability == other.logProbability
            && one.divergence == other.divergence && one.best == other.best
    }
}

extension Ablation {
    /// What ablating each layer of the target by itself, or each head, does to an answer: its log-probability, or with a
    /// wrong answer the difference of logits, with the ablation less without.
    ///
    /// - Parameters:
    ///   - progress: called with the share that is done; may throw to end the sweep.
    /// - Returns: one row a layer and one column a head; one column for sites without heads.
    /// - Throws: `ModelError` for logits that are not numbers, and what `progress` throws.
    public func sweep(
        _ model: HookedTransformer, _ tokens: [Int], answer: Int, wrong: Int? = nil,
        progress: (Double) throws -> Void = { _ in }
    ) throws -> [[Double]] {
        let site = target.site
        let heads: [Int?] = site.hasHeads ? (target.heads ?? Array(0..<model.heads(at: site))) : [nil]
        func value(_ interventions: [Intervention]) throws -> Double {
            let row = model.nextTokenLogProbabilities(tokens, with: interventions)
            try model.requireNumbers(row)
            return Double(row[answer].item) - (wrong.map { Double(row[$0].item) } ?? 0)
        }
        let (usual, count) = (try value([]), Double(target.layers.count * heads.count))
        var done = 0.0
        return try target.layers.map { layer in
            try heads.map { head in
                let change = try value(interventions(layer: layer, head: head)) - usual
                done += 1
                try progress(done / count)
                return change
            }
        }
    }
}
