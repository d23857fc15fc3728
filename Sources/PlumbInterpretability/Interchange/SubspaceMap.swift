public import PlumbTensor

/// Where the values of high-level variables are held in an activation, and how a value is taken from another run.
///
/// An interchange intervention gives each variable the value that it has in a run on another input, its source, and
/// leaves the rest of the activation as it is (Geiger, Lu, Icard, Potts 2021, *Causal Abstractions of Neural Networks*,
/// arXiv:2106.02997).
public protocol SubspaceMap: ParameterTree {
    /// D: the width of the activation.
    var width: Int { get }
    /// How many variables have a part of the activation.
    var variables: Int { get }

    /// The activation in which each variable that has a source has that source's value; gradients flow to the map.
    ///
    /// - Parameters:
    ///   - base: the activation that is changed.
    ///   - sources: for each variable, the activation of the run that its value comes from; nil keeps the base's.
    /// - Shapes: `base`, each source and the result `[R, D]`.
    func interchanged(_ base: Tensor, sources: [Tensor?]) -> Tensor

    /// The map as training uses it when a part of its steps, 0...1, is done.
    func annealed(_ progress: Double) -> Self

    /// What is added to the loss in training, one number; nil for nothing.
    var penalty: Tensor? { get }
}

extension SubspaceMap {
    /// The map itself: nothing changes along training.
    public func annealed(_ progress: Double) -> Self { self }
    /// Nothing.
    public var penalty: Tensor? { nil }
}
