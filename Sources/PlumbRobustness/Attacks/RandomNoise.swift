public import PlumbTensor

/// The control of every attack: a change as large as the set allows, in a direction drawn at random.
public struct RandomNoise: Attack {
    /// For tables.
    public let name = "random noise"
    /// The changes that the attack may make.
    public var set: PerturbationSet

    /// Noise of the set's full radius.
    public init(_ set: PerturbationSet) { self.set = set }

    /// The changed samples.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) -> Tensor {
        set.randomEdges(around: task.images, keys: task.keys("noise"))
    }
}
