internal import CPlumbKernels
public import PlumbTensor

/// Lion: steps of one length in every coordinate, by the sign of a mixture of momentum and gradient (Chen et al. 2023,
/// arXiv:2302.06675).
///
/// `u = sign(β₁ m + (1 - β₁) g)`, `θ -= η (u + λ θ)`, `m = β₂ m + (1 - β₂) g`.
public struct Lion: Optimizer {
    /// `Lion`.
    public static let id = "Lion"
    /// η, the learning rate in every coordinate.
    public var learningRate: Double
    /// β₁, how much the momentum counts in a step beside the gradient, 0..<1.
    public var beta1: Double
    /// β₂, how much of the momentum is kept at each step, 0..<1.
    public var beta2: Double
    /// λ, how strongly parameters are pulled to 0, decoupled from the gradient; 0 for not at all.
    public var weightDecay: Double
    private var steps = 0
    private var moments = Moments()

    /// The paper's settings unless said otherwise, without weight decay.
    public init(
        learningRate: Double = 1e-4, beta1: Double = 0.9, beta2: Double = 0.99, weightDecay: Double = 0
    ) {
        (self.learningRate, self.beta1, self.beta2) = (learningRate, beta1, beta2)
        self.weightDecay = weightDecay
    }

    /// What the next step needs besides the model and its gradient.
    public var state: OptimizerState {
        get { OptimizerState(steps: steps, tensors: moments.named("m")) }
        set { (steps, moments) = (newValue.steps, Moments("m", of: newValue)) }
    }

    /// Moves every parameter one step along the gradient.
    public mutating func update<Model: ParameterTree>(_ model: inout Model, along gradient: Model) {
        steps += 1
        let rule = self
        var moments = Moments()
        swap(&moments, &self.moments)
        forEachPair(of: &model, and: gradient) { pair in
            moments.update(pair) { m in
                plumb_lion(
                    pair.parameter, pair.gradient, m, pair.count, rule.learningRate, rule.beta1, rule.beta2,
                    rule.weightDecay)
            }
        }
        swap(&moments, &self.moments)
    }
}
