internal import CPlumbKernels
internal import Foundation
public import PlumbTensor

/// Adam: steps along the mean gradient, divided by the root of the mean squared gradient (Kingma, Ba 2014,
/// arXiv:1412.6980); with `isDecoupled`, AdamW, whose weight decay shrinks parameters directly (Loshchilov, Hutter 2017,
/// arXiv:1711.05101).
///
/// `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`, `θ -= η · m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε)`.
public struct Adam: Optimizer {
    /// `Adam`.
    public static let id = "Adam"
    /// η, the learning rate.
    public var learningRate: Double
    /// β₁, how much of the mean gradient is kept at each step, 0..<1.
    public var beta1: Double
    /// β₂, how much of the mean squared gradient is kept at each step, 0..<1.
    public var beta2: Double
    /// ε, added to the root of the mean squared gradient.
    public var epsilon: Double
    /// λ, how strongly parameters are pulled to 0; 0 for not at all.
    public var weightDecay: Double
    /// Whether weight decay shrinks parameters (`θ -= η λ θ`) rather than joins the gradient (`g += λ θ`).
    public var isDecoupled: Bool
    private var steps = 0
    private var first = Moments()
    private var second = Moments()

    /// The paper's settings unless said otherwise, without weight decay.
    public init(
        learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 0, isDecoupled: Bool = false
    ) {
        (self.learningRate, self.beta1, self.beta2, self.epsilon) = (learningRate, beta1, beta2, epsilon)
        (self.weightDecay, self.isDecoupled) = (weightDecay, isDecoupled)
    }

    /// AdamW with PyTorch's defaults.
    public static func decoupled(
        learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        weightDecay: Double = 0.01
    ) -> Adam {
        Adam(
            learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
            isDecoupled: true)
    }

    /// What the next step needs besides the model and its gradient.
    public var state: OptimizerState {
        get { OptimizerState(steps: steps, tensors: first.named("m") + second.named("v")) }
        set { (steps, first, second) = (newValue.steps, Moments("m", of: newValue), Moments("v", of: newValue)) }
    }

    /// Moves every parameter one step along the gradient.
    public mutating func update<Model: ParameterTree>(_ model: inout Model, along gradient: Model) {
        steps += 1
        var step = plumb_adam_step()
        (step.learning_rate, step.beta1, step.beta2, step.epsilon) = (learningRate, beta1, beta2, epsilon)
        (step.weight_decay, step.decoupled) = (weightDecay, isDecoupled ? 1 : 0)
        step.correction1 = 1 - pow(beta1, Double(steps))
        step.correction2 = 1 - pow(beta2, Double(steps))
        var (first, second) = (Moments(), Moments())
        swap(&first, &self.first)
        swap(&second, &self.second)
        forEachPair(of: &model, and: gradient) { pair in
            first.update(pair) { m in
                second.update(pair) { v in plumb_adam(pair.parameter, pair.gradient, m, v, pair.count, &step) }
            }
        }
        swap(&first, &self.first)
        swap(&second, &self.second)
    }
}
