internal import PlumbBasics
public import PlumbTensor

extension Tensor {
    /// The mean of squared differences.
    ///
    /// - Shapes: self and `target` alike; result `[]`.
    public func meanSquaredError(_ target: Tensor) -> Tensor {
        requireShape(of: target, "the mean squared error")
        return (self - target).squared().mean()
    }

    /// The mean of `d² / 2` where the difference `d` is at most `delta`, and of `delta · (|d| - delta / 2)` beyond (Huber
    /// 1964).
    ///
    /// - Shapes: self and `target` alike; result `[]`.
    public func huberLoss(_ target: Tensor, delta: Float = 1) -> Tensor {
        requireShape(of: target, "Huber's loss")
        require(delta > 0, "Huber's loss needs a delta above 0, got \(delta)")
        let distance = (self - target).absolute()
        let inner = distance.clamped(to: 0...delta)
        return (inner * (distance - inner * 0.5)).mean()
    }

    func requireShape(of other: Tensor, _ operation: String) {
        require(shape == other.shape, "\(operation) needs equal shapes, got \(shape) and \(other.shape)")
    }
}
