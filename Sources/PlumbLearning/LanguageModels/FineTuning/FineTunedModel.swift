public import PlumbModels
public import PlumbTensor

/// A language model on the way from what it was: what computes, what stays, and what is saved.
public protocol FineTunedModel: ParameterTree {
    /// What computes; gradients flow to what is trained.
    var policy: HookedTransformer { get }
    /// The model as it was, which does not learn.
    var reference: HookedTransformer { get }
    /// What is saved.
    var merged: HookedTransformer { get }
}

/// The reference is the model without its pairs: there is no second copy of the weights.
extension LoRA: FineTunedModel {
    /// The adapted model.
    public var policy: HookedTransformer { adapted }
    /// The frozen model.
    public var reference: HookedTransformer { base }
}

/// A model of which every weight is trained, beside the one it was, which shares its memory until the first step.
public struct FullFineTuning: FineTunedModel {
    /// The model that is trained.
    public private(set) var policy: HookedTransformer
    /// The model as it was.
    public let reference: HookedTransformer
    /// The model that is trained.
    public var merged: HookedTransformer { policy }

    /// Training that begins with `model`.
    public init(_ model: HookedTransformer) { (policy, reference) = (model, model) }

    public mutating func visit(_ visitor: inout ParameterVisitor) { policy.visit(&visitor) }
}
