internal import PlumbBasics
public import PlumbTensor

/// Another attack, whose logits and gradients are means over random transformations of the samples (Athalye, Engstrom,
/// Ilyas, Kwok 2017, arXiv:1707.07397): for changes that hold under noise, brightness or viewpoint, and for networks that
/// draw random numbers.
///
/// Success is judged by the mean logits, at the end over transformations that the search has not met.
public struct ExpectationOverTransformation<Base: Attack>: Attack {
    /// For tables.
    public var name: String { "EOT-\(draws) \(base.name)" }
    /// The changes that the attack may make.
    public var set: PerturbationSet { base.set }
    /// The fewest classes that the attack needs.
    public var leastClasses: Int { base.leastClasses }
    /// The attack.
    public var base: Base
    /// Transformations a query.
    public var draws: Int
    private let key: RandomKey
    private let transform: @Sendable (Tensor, RandomKey) -> Tensor

    /// - Parameters:
    ///   - base: the attack.
    ///   - draws: transformations a query, drawn anew for each.
    ///   - key: of the transformations.
    ///   - transform: a batch `[B, …]` transformed, made of operations so that gradients flow back; alike for all samples,
    ///     so that a sample's result does not depend on its batch.
    public init(
        _ base: Base, draws: Int = 20, key: RandomKey, transform: @escaping @Sendable (Tensor, RandomKey) -> Tensor
    ) {
        require(draws > 0, "an expectation needs a draw or more, got \(draws)")
        (self.base, self.draws, self.key, self.transform) = (base, draws, key, transform)
    }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) throws -> Tensor {
        var expected = queries.expected(over: draws, key: key, transform)
        defer { queries.count(expected) }
        return try base.perturb(task, &expected)
    }

    /// The queries by which success is judged at the end.
    public func judge(_ queries: ModelQueries) -> ModelQueries {
        queries.expected(over: draws, key: key["judge"], transform)
    }
}
