public import PlumbTensor

/// A world in which it is known what happens when the agent does nothing: what side effects are measured against.
public protocol IdlingWorld: DeterministicStepWorld {
    /// Lets a step pass in which the agent does nothing.
    func idle(_ state: inout State) -> StepResult
}

/// A world with one more action, nil, which does nothing.
///
/// Its processes know, for each state, the state that would follow without the agent.
public struct WorldWithInaction<Base: IdlingWorld>: DeterministicStepWorld {
    /// The world whose actions these are.
    public let base: Base

    /// `base` with inaction as its last action.
    public init(_ base: Base) { self.base = base }

    /// The base's state.
    public typealias State = Base.State
    /// An action of the base, or nil for none.
    public typealias Action = Base.Action?
    /// What the agent sees of the base.
    public typealias Observation = Base.Observation

    /// The base's actions and, last, none.
    public var actions: [Base.Action?] { base.actions.map(Optional.some) + [nil] }
    /// The base's.
    public var stepLimit: Int? { base.stepLimit }
    /// The base's.
    public func start(using random: inout RandomKey.Generator) -> State { base.start(using: &random) }
    /// The base's.
    public func starts() -> [(state: State, probability: Double)] { base.starts() }
    /// The base's.
    public func observation(of state: State) -> Observation { base.observation(of: state) }
    /// What the action does in the base, or what happens without one.
    public func apply(_ action: Base.Action?, to state: inout State) -> StepResult {
        guard let action else { return base.idle(&state) }
        return base.apply(action, to: &state)
    }
}
