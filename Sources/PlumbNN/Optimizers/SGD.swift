internal import CPlumbKernels
internal import PlumbBasics
public import PlumbTensor

/// Gradient descent, with momentum where asked (Polyak 1964), or Nesterov's (Sutskever et al. 2013).
///
/// `g += λ θ`, `b = μ b + g` (`b = g` at first), `θ -= η b`, or with Nesterov `θ -= η (g + μ b)`.
public struct SGD: Optimizer {
    /// `SGD`.
    public static let id = "SGD"
    /// η, the learning rate.
    public var learningRate: Double
    /// μ, how much of the last steps is kept, 0..<1; 0 for plain gradient descent.
    public var momentum: Double
    /// Whether momentum is Nesterov's.
    public var isNesterov: Bool
    /// λ, how strongly parameters are pulled to 0, as part of the gradient; 0 for not at all.
    public var weightDecay: Double
    private var steps = 0
    private var buffers = Moments()

    /// Plain gradient descent unless said otherwise.
    ///
    /// - Precondition: Nesterov's form needs a momentum above 0.
    public init(learningRate: Double, momentum: Double = 0, isNesterov: Bool = false, weightDecay: Double = 0) {
        require(!isNesterov || momentum > 0, "Nesterov's momentum needs a momentum above 0")
        (self.learningRate, self.momentum) = (learningRate, momentum)
        (self.isNesterov, self.weightDecay) = (isNesterov, weightDecay)
    }

    /// What the next step needs besides the model and its gradient.
    public var state: OptimizerState {
        get { OptimizerState(steps: steps, tensors: buffers.named("momentum")) }
        set { (steps, buffers) = (newValue.steps, Moments("momentum", of: newValue)) }
    }

    /// Moves every parameter one step along the gradient.
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
