internal import PlumbBasics
public import PlumbTensor

extension Tensor {
    /// The mean cross-entropy of rows of logits against distributions over the classes, `-Σ t log softmax(x)`, in nats.
    ///
    /// - Shapes: self and `distributions` `[B, V]`; result `[]`.
    public func crossEntropy(distributions: Tensor) -> Tensor {
        requireShape(of: distributions, "cross-entropy")
        require(shape.count == 2, "cross-entropy needs rows of logits [B, V], got \(shape)")
        return -(logSoftmax() * distributions).summed(axis: -1).mean()
    }

    /// The loss of a student that may doubt its weak supervisor: cross-entropy against `(1 - c) · weak + c · own`, where
    /// `own` is the student's own prediction, made hard at the threshold that gives it the supervisor's balance of classes
    /// (Burns et al. 2023, *Weak-to-Strong Generalization*, arXiv:2312.09390, equation 1 and appendix A.4; as in the code
    /// beside the paper, for two classes).
    ///
    /// The student is of class 0 where its probability of class 0 is at least the quantile of these probabilities at the
    /// supervisor's mean share of class 1, interpolated linearly. No gradient flows through the student's own labels.
    ///
    /// - Parameters:
    ///   - weak: the supervisor's labels, as probabilities of both classes.
    ///   - coefficient: c, from 0, which is the plain cross-entropy, to 1; see ``ConfidenceSchedule``.
    /// - Shapes: self and `weak` `[B, 2]` with B of 1 or more; result `[]`.
    public func confidenceLoss(weak: Tensor, coefficient: Float) -> Tensor {
        requireShape(of: weak, "the confidence loss")
        require(
            shape.count == 2 && shape[1] == 2 && shape[0] > 0,
            "the confidence loss needs logits of two classes [B, 2], got \(shape)")
        require((0...1).contains(coefficient), "a part of the target must be from 0 to 1, got \(coefficient)")
        let own = detached().hardened(balance: weak.detached().columns(1..<2).mean().item)
        return crossEntropy(distributions: weak.detached() * (1 - coefficient) + own * coefficient)
    }

    /// For rows of two logits, certain labels: class 1 for about a part `balance` of the rows, those of the least
    /// probability of class 0.
    ///
    /// - Shapes: self and result `[B, 2]`.
    private func hardened(balance: Float) -> Tensor {
        let first = softmax().columns(0..<1).elements.map(Double.init)
        let threshold = Statistics.quantile(first.sorted(), Double(min(1, max(0, balance))))
        return Tensor(first.flatMap { $0 >= threshold ? [1, 0] : [0, 1] as [Float] }, shape: shape)
    }
}

/// How much a student counts on itself along its training: `c = a · s` while the part s of the steps that are done is at most
/// the warm-up, then `c = a`. At the end of the warm-up c jumps, as it does in the code beside Burns et al. 2023.
public struct ConfidenceSchedule: Sendable, Equatable {
    /// a, the weight of the student's own labels after the warm-up.
    public var weight: Double
    /// The part of the steps in which the weight rises.
    public var warmup: Double

    /// A schedule; the weight and the warm-up are parts from 0 to 1.
    public init(weight: Double = 0.5, warmup: Double = 0.1) { (self.weight, self.warmup) = (weight, warmup) }

    /// c, after a part of the steps from 0 to 1.
    public func coefficient(at fraction: Double) -> Float { Float(weight * (fraction > warmup ? 1 : fraction)) }
}
