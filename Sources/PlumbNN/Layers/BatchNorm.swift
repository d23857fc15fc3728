internal import PlumbBasics
public import PlumbTensor

/// Normalizes each channel over the batch (Ioffe, Szegedy 2015, arXiv:1502.03167).
///
/// In training, mean and variance are those of the batch, and running averages of them are kept as state: call it on
/// the model that the loss is given as `inout`, and the loop carries the averages to the next step. Otherwise the running
/// averages are used.
///
/// - Shapes: input and result `[…, C]`, channels last; `weight`, `bias`, `running_mean` and `running_var` `[C]`.
public struct BatchNorm: ParameterTree {
    /// What each normalized channel is multiplied by, `[C]`.
    public var weight: Tensor
    /// What is added to each channel then, `[C]`.
    public var bias: Tensor
    /// The average of the batches' means, `[C]`; state, which no gradient reaches.
    public var runningMean: Tensor
    /// The average of the batches' unbiased variances.
    public var runningVariance: Tensor
    /// ε, added to variances, in the square of the input's unit.
    public var epsilon: Float
    /// How much a batch counts for in the running averages.
    public var momentum: Float

    /// A new layer, which at first only normalizes.
    public init(channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.1) {
        let ones = Tensor(repeating: 1, shape: [channels])
        (weight, bias, runningMean, runningVariance) = (ones, .zeros([channels]), .zeros([channels]), ones)
        (self.epsilon, self.momentum) = (epsilon, momentum)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("weight", &weight)
        visitor("bias", &bias)
        visitor.state("running_mean", &runningMean)
        visitor.state("running_var", &runningVariance)
    }

    /// Normalizes by the running averages.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        require(x.shape.last == weight.count, "batch norm of \(weight.count) channels cannot read \(x.shape)")
        let slope = (runningVariance.detached() + epsilon).reciprocalSquareRoot() * weight
        return x * slope + (bias - runningMean.detached() * slope)
    }

    /// Normalizes by the batch's own statistics, and takes them into the running averages, where `isTraining`.
    ///
    /// - Precondition: in training, at least two values in each channel.
    public mutating func callAsFunction(_ x: Tensor, isTraining: Bool) -> Tensor {
        guard isTraining else { return self(x) }
        let (y, mean, variance) = x.batchNormalized(weight: weight, bias: bias, epsilon: epsilon)
        let rows = Float(x.count / max(1, weight.count))
        let unbiased = variance * (rows / (rows - 1))
        runningMean = runningMean.detached() * (1 - momentum) + mean * momentum
        runningVariance = runningVariance.detached() * (1 - momentum) + unbiased * momentum
        return y
    }
}

extension Tensor {
    /// Each channel, the last axis, less its mean and over its standard deviation within the batch, with the mean and
    /// the (biased) variance that were taken, as constants.
    ///
    /// - Shapes: self and `normalized` `[…, C]`; `weight`, `bias`, `mean` and `variance` `[C]`.
    public func batchNormalized(
        weight: Tensor, bias: Tensor, epsilon: Float
    ) -> (normalized: Tensor, mean: Tensor, variance: Tensor) {
        guard let channels = shape.last, weight.shape == [channels], bias.shape == [channels] else {
            unmet("batch norm of \(shape) cannot have weight \(weight.shape) and bias \(bias.shape)")
        }
        let rows = channels == 0 ? 2 : count / channels
        require(rows >= 2, "batch norm in training needs at least two values in each channel, got \(shape)")
        let statistics = ChannelStatistics(detached(), rows, epsilon)
        let result = statistics.normalized * weight.detached() + bias.detached()
        let recorded = result.recorded(from: [self, weight, bias]) { dy, into in
            // A pass that is differentiated again must see how the statistics follow from the input.
            let (normalized, inverse) =
                into.isNested
                ? { ($0.normalized, $0.inverse) }(ChannelStatistics(self, rows, epsilon))
                : (statistics.normalized, statistics.inverse)
            let dbias = dy.summedColumns()
            let dweight = (dy * normalized).summedColumns()
            let share = Float(rows)
            into.add((dy - (normalized * (dweight / share) + dbias / share)) * (inverse * weight), to: trace)
            into.add(dweight, to: weight.trace)
            into.add(dbias, to: bias.trace)
        }
        return (recorded, statistics.mean, statistics.variance)
    }
}

/// What batch norm takes from a batch, made of operations.
private struct ChannelStatistics {
    let mean: Tensor
    let variance: Tensor
    /// `1 / √(variance + ε)`
    let inverse: Tensor
    let normalized: Tensor

    init(_ x: Tensor, _ rows: Int, _ epsilon: Float) {
        mean = x.summedColumns() / Float(rows)
        let centered = x + -mean
        variance = centered.squared().summedColumns() / Float(rows)
        inverse = (variance + epsilon).reciprocalSquareRoot()
        normalized = centered * inverse
    }
}
