internal import PlumbBasics
public import PlumbTensor

/// The whole table of addition modulo p, the task on which grokking is studied
/// (Power et al. 2022, arXiv:2201.02177; Nanda et al. 2023, arXiv:2301.05217).
///
/// A row is `a b =`: the two numbers, and the token p in the place of the sign of equality.
public struct ModularAddition: Sendable, Hashable {
    /// p.
    public let modulus: Int

    /// - Precondition: `modulus` is above 0.
    public init(modulus: Int) {
        require(modulus > 0, "ModularAddition needs a modulus above 0, got \(modulus)")
        self.modulus = modulus
    }

    /// The number of tokens: the numbers, and the sign of equality.
    public var vocabulary: Int { modulus + 1 }

    /// All p² rows, b running faster than a.
    ///
    /// - Shapes: result `[p², 3]`.
    public var table: TokenBatch {
        let tokens = (0..<modulus).flatMap { a in (0..<modulus).flatMap { b in [a, b, modulus] } }
        return TokenBatch(tokens, rows: modulus * modulus, columns: 3)
    }

    /// The sum of each row of ``table``.
    public var sums: [Int] { (0..<modulus).flatMap { a in (0..<modulus).map { b in (a + b) % modulus } } }

    /// Rows of ``table`` to learn from, ⌊fraction · p²⌋ of them drawn at random, and all others; both in order.
    public func split(train fraction: Double, key: RandomKey) -> (train: [Int], test: [Int]) {
        require((0...1).contains(fraction), "the fraction to learn from is \(fraction), not from 0 to 1")
        let count = modulus * modulus
        let order = Batches(count: count, size: count, key: key).order(epoch: 0)
        let taken = Int(fraction * Double(count))
        return (order[..<taken].sorted(), order[taken...].sorted())
    }
}
