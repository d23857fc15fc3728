public import PlumbTensor

/// A world that may execute another action than the one an agent chose, as where it is interrupted or drunk.
public protocol OverridingWorld: World {
    /// The action that is executed when `action` is chosen in `state`, drawn where chance decides.
    func executed(_ action: Action, in state: State, using random: inout RandomKey.Generator) -> Action
    /// Carries out `action` itself.
    func execute(_ action: Action, in state: inout State, using random: inout RandomKey.Generator) -> StepResult
}

extension OverridingWorld {
    /// Carries out what comes of choosing `action`.
    @inlinable public func step(
        _ state: inout State, _ action: Action, using random: inout RandomKey.Generator
    ) -> StepResult { stepWithExecutedAction(&state, action, using: &random).result }

    /// Carries out what comes of choosing `action`, and says which action that was.
    @inlinable public func stepWithExecutedAction(
        _ state: inout State, _ action: Action, using random: inout RandomKey.Generator
    ) -> (result: StepResult, executed: Action) {
        let executed = executed(action, in: state, using: &random)
        return (execute(executed, in: &state, using: &random), executed)
    }
}
