internal import CPlumbKernels
public import PlumbTensor

/// Gradient descent, with momentum where asked (Polyak 1964), or Nesterov's (Sutskever et al. 2013).
///
/// `g += λ θ`, `b = μ b + g` (`b = g` at first), `θ -= η b`, or with Nesterov `θ -= η (g + μ b)`.
public struct SGD: Optimizer {
    public var learningRate: Double
    public var momentum: Double
    public var isNesterov: Bool
    public var weightDecay: Double
    private var steps = 0
    private var buffers = Moments()

    public init(learningRate: Double, momentum: Double = 0, isNesterov: Bool = false, weightDecay: Double = 0) {
        precondition(!isNesterov || momentum > 0, "Nesterov's momentum needs a momentum above 0")
        (self.learningRate, self.momentum) = (learningRate, momentum)
        (self.isNesterov, self.weightDecay) = (isNesterov, weightDecay)
    }

    public var state: OptimizerState {
        get { OptimizerState(steps: steps, tensors: buffers.named("momentum")) }
        set { (steps, buffers) = (newValue.steps, Moments("momentum", of: newValue)) }
    }

    public mutating func update<Model: ParameterTree>(_ model: inout Model, along gradient: Model) {
        steps += 1
        let rule = self
        var buffers = Moments()
        swap(&buffers, &self.buffers)
        forEachPair(of: &model, and: gradient) { pair in
            func step(_ buffer: UnsafeMutablePointer<Float>?) {
                plumb_sgd(
                    pair.parameter, pair.gradient, buffer, pair.count, rule.learningRate, rule.momentum,
                    rule.isNesterov ? 1 : 0, rule.weightDecay, rule.steps == 1 ? 1 : 0)
            }
            if rule.momentum == 0 { step(nil) } else { buffers.update(pair, step) }
        }
        swap(&buffers, &self.buffers)
    }
}
