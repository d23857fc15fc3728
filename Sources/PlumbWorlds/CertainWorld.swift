public import PlumbTensor

/// A finite world without chance: one first state, and one thing that an action leads to.
public protocol CertainWorld: FiniteWorld {
    /// The state in which every episode begins.
    var first: State { get }
    /// Carries out `action`.
    func apply(_ action: Action, to state: inout State) -> StepResult
}

extension CertainWorld {
    @inlinable public func start(using random: inout RandomKey.Generator) -> State { first }

    @inlinable public func step(
        _ state: inout State, _ action: Action, using random: inout RandomKey.Generator
    ) -> StepResult { apply(action, to: &state) }

    public func starts() -> [(state: State, probability: Double)] { [(first, 1)] }

    public func outcomes(of action: Action, in state: State) -> [Outcome<State>] {
        var next = state
        let result = apply(action, to: &next)
        return [Outcome(state: next, result: result)]
    }
}
