public import PlumbTensor

/// A finite world in which only the start is drawn: an action leads to one thing.
public protocol DeterministicStepWorld: FiniteWorld {
    /// Carries out `action`.
    func apply(_ action: Action, to state: inout State) -> StepResult
}

/// A finite world without chance: one first state, and one thing that an action leads to.
public protocol DeterministicWorld: DeterministicStepWorld {
    /// The state in which every episode begins.
    var first: State { get }
}

extension DeterministicWorld {
    /// ``first``.
    @inlinable public func start(using random: inout RandomKey.Generator) -> State { first }

    /// ``first``, for certain.
    public func starts() -> [(state: State, probability: Double)] { [(first, 1)] }
}

extension DeterministicStepWorld {
    /// ``apply(_:to:)``: nothing is drawn.
    @inlinable public func step(
        _ state: inout State, _ action: Action, using random: inout RandomKey.Generator
    ) -> StepResult { apply(action, to: &state) }

    /// The one outcome.
    public func outcomes(of action: Action, in state: State) -> [Outcome<State>] {
        var next = state
        let result = apply(action, to: &next)
        return [Outcome(state: next, result: result)]
    }
}
