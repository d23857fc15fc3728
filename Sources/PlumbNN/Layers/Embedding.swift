internal import PlumbBasics
public import PlumbTensor

/// A table of vectors looked up by number.
///
/// - Shapes: `weight` `[V, D]`.
public struct Embedding: ParameterTree {
    /// The vectors, one a row, `[V, D]`.
    public var weight: Weight

    /// A table of given vectors.
    public init(weight: Weight) { self.weight = weight }

    /// A new table of `count` vectors.
    ///
    /// - Parameters:
    ///   - count: V, the number of vectors.
    ///   - width: D, the numbers of a vector.
    ///   - initializer: how vectors are drawn; the default, standard normal, is PyTorch's.
    ///   - key: of the vectors.
    public init(
        count: Int, width: Int, initializer: Initializer = .normal(standardDeviation: 1), key: RandomKey
    ) {
        require(count >= 0 && width >= 0, "an embedding cannot hold \(count) vectors of width \(width)")
        weight = Weight(initializer.weight([count, width], key: key["weight"]))
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("weight", &weight) }

    /// The vectors of `tokens`.
    ///
    /// - Shapes: result `[tokens.count, D]`.
    public func callAsFunction(_ tokens: [Int]) -> Tensor { weight.rows(tokens) }

    /// How well each row agrees with each vector of the table, `x · Wᵀ`: logits by tied weights (Press, Wolf 2016,
    /// arXiv:1608.05859).
    ///
    /// - Shapes: `x` `[R, D]`; result `[R, V]`.
    public func logits(_ x: Tensor) -> Tensor { weight.applied(to: x) }
}
