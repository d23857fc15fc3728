internal import PlumbBasics
public import PlumbTensor

/// An attack that looks for the smallest change, as one of a fixed radius: a sample counts as broken where the change that
/// was found is within it.
public struct WithinRadius: Attack {
    /// The attack that looks for the smallest change.
    public let base: any Attack
    /// The changes that the attack may make.
    public let set: PerturbationSet

    /// - Precondition: both measure changes by one norm, within one pair of bounds.
    public init(_ base: any Attack, _ set: PerturbationSet) {
        require(
            base.set.norm == set.norm && base.set.bounds == set.bounds,
            "\(base.name) measures by \(base.set.norm.rawValue) within \(base.set.bounds), and the set by "
                + "\(set.norm.rawValue) within \(set.bounds)")
        (self.base, self.set) = (base, set)
    }

    /// As the attack's own.
    public var name: String { base.name }
    /// As the attack's own.
    public var leastClasses: Int { base.leastClasses }

    /// The changed samples; larger changes are brought back into the set.
    ///
    /// - Shapes: result as the task's images.
    public func perturb(_ task: AttackTask, _ queries: inout ModelQueries) throws -> Tensor {
        set.project(try base.perturb(task, &queries), around: task.images)
    }

    /// As the attack's own.
    public func judge(_ queries: ModelQueries) -> ModelQueries { base.judge(queries) }
}
