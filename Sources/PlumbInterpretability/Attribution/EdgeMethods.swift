internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// One pair's edge scores by both methods and by what each of them is compared with.
public struct EdgeMethods: Sendable {
    /// A way to score edges.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// One gradient, at the base run (EAP).
        case plain = "EAP"
        /// The mean gradient along the path to the source run (EAP-IG).
        case integrated = "EAP-IG"
        /// As many gradients along a wrong path of the same length: each position's step has its features in a random
        /// order.
        case elsewhere = "EAP-IG, wrong path"
        /// One gradient, shuffled among readers.
        case plainShuffled = "EAP, shuffled"
        /// The mean gradient, shuffled among readers.
        case integratedShuffled = "EAP-IG, shuffled"
    }

    /// The scores of every edge.
    public let scores: [Method: EdgeScores]
    /// The wall time of the plain scores, in seconds.
    public let seconds: Double
    /// The wall time of the integrated scores, in seconds.
    public let integratedSeconds: Double
    /// The most bytes held by tensors and packed weights while the plain scores were computed.
    public let peakBytes: Int

    /// Scores every edge by every method.
    ///
    /// - Parameters:
    ///   - steps: gradients of the integrated scores.
    ///   - key: shuffles gradients, and the features of the wrong path.
    /// - Throws: `ModelError` for a pair that cannot be patched; whatever `progress` throws.
    public init(
        _ model: HookedTransformer, pair: PatchPair, direction: PatchDirection, steps: Int, key: RandomKey,
        progress: (Double) throws -> Void = { _ in }
    ) throws {
        func timed(_ attribution: EdgeAttribution) throws -> (EdgeScores, Double) {
            let start = ContinuousClock.now
            return (try attribution.run(model, pair: pair), (ContinuousClock.now - start) / .seconds(1))
        }
        var attribution = EdgeAttribution(direction: direction)
        var scores: [Method: EdgeScores] = [:]
        Compute.resetPeakBytes()
        (scores[.plain], seconds) = try timed(attribution)
        peakBytes = Compute.peakBytes
        try progress(0.2)
        attribution.steps = steps
        (scores[.integrated], integratedSeconds) = try timed(attribution)
        try progress(0.4)
        attribution.shuffle = key["shuffle"]
        scores[.integratedShuffled] = try attribution.run(model, pair: pair)
        try progress(0.6)
        attribution.steps = 1
        scores[.plainShuffled] = try attribution.run(model, pair: pair)
        try progress(0.8)
        attribution = EdgeAttribution(direction: direction, steps: steps)
        attribution.turn = key["turn"]
        scores[.elsewhere] = try attribution.run(model, pair: pair)
        self.scores = scores
    }

    /// The scores by one method.
    public subscript(_ method: Method) -> EdgeScores {
        guard let found = scores[method] else { unmet("edges were not scored by \(method.rawValue)") }
        return found
    }
}
