internal import PlumbBasics
public import PlumbTensor

/// Leaves out each element with some probability and scales the others up to make good for it (Srivastava et al. 2014).
///
/// Which elements are left out follows from a key: derive it from the step, so that training can be repeated.
public struct Dropout: ParameterTree {
    /// The probability of leaving an element out, at least 0 and below 1.
    public let rate: Double

    /// Dropout that leaves each element out with the probability `rate`.
    ///
    /// - Precondition: `rate` is in 0..<1.
    public init(rate: Double) {
        require(rate >= 0 && rate < 1, "dropout needs a rate in 0 ..< 1, got \(rate)")
        self.rate = rate
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {}

    /// Applies dropout; without a key, when a model is used and not trained, nothing changes.
    public func callAsFunction(_ x: Tensor, key: RandomKey?) -> Tensor {
        guard let key, rate > 0 else { return x }
        var random = key.generator()
        return x * factors(x.shape) { _ in random.uniform() >= rate }
    }

    /// Applies dropout with a given choice of the elements that stay, one for each in row-major order.
    public func callAsFunction(_ x: Tensor, keeping: [Bool]) -> Tensor {
        require(
            keeping.count == x.count, "dropout of \(x.shape) needs as many choices, got \(keeping.count)")
        return x * factors(x.shape) { keeping[$0] }
    }

    private func factors(_ shape: [Int], _ stays: (Int) -> Bool) -> Tensor {
        let factor = Float(1 / (1 - rate))
        return Tensor(shape: shape) { y in
            for i in y.indices { y[i] = stays(i) ? factor : 0 }
        }
    }
}
