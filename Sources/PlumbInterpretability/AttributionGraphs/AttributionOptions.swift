/// How much of a graph is computed and kept.
public struct AttributionOptions: Sendable, Equatable {
    /// The most features that get a row, those of the greatest influence on the logits.
    public var featureLimit = 7500
    /// Features get rows until those without one have at most this share of the influence of all features.
    public var restOfInfluence = 0.0
    /// The most edges that are kept into each node, those of the greatest absolute weight.
    public var edgeLimit = 4096
    /// Logits are explained until their tokens have this probability together.
    public var probability = 0.95
    /// The most logits that are explained.
    public var logitLimit = 10
    /// Leading positions whose features and errors are left out, as a beginning-of-sequence token's: what their MLPs
    /// write counts as a bias.
    public var skippedPositions = 0
    /// The most bytes that the gradients of one backward pass may take.
    public var memoryLimit = 128 << 20

    /// All features up to 7,500, logits up to a probability of 0.95 or ten, as in circuit-tracer.
    public init() {}
}
