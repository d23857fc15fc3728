internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
public import PlumbTensor
public import PlumbWorlds

/// The direction in a network's activations that says where the cheese lies in one maze: the second hidden layer's
/// activations of the agent's first moment, less those of the same moment without cheese,
/// `v = h(s) - h(s without cheese)` (Mini, Grietzer, Sharma, Meek, MacDiarmid, Turner 2023, *Understanding and Controlling
/// a Maze-Solving Policy Network*, arXiv:2310.08043).
///
/// Added to the activations at every later step, times a coefficient, it changes what the agent is after without a step
/// of training. That it works says that the network keeps its goal in that layer and goes by it; that it fails does not
/// say that it keeps none.
public struct GoalVectors: Sendable {
    /// One vector a maze.
    ///
    /// - Shapes: `[N, F]`.
    public let values: Tensor

    /// Vectors that are given.
    ///
    /// - Shapes: `values` `[N, F]`.
    public init(_ values: Tensor) {
        require(values.shape.count == 2, "goal vectors are [N, F], got \(values.shape)")
        self.values = values
    }

    /// The vectors of a network in mazes.
    public init(of policy: MazePolicy, in states: [MazeState]) {
        let blind = states.map { MazeState($0.maze.withoutGoal, agent: $0.agent) }
        self.init(policy.hidden(MazeState.features(of: states)) - policy.hidden(MazeState.features(of: blind)))
    }

    /// The length of each.
    public var norms: [Double] { (0..<values.shape[0]).map { values[$0].norm() } }

    /// Vectors of the same lengths in directions drawn at random: the control.
    public func random(key: RandomKey) -> GoalVectors {
        let drawn = Tensor.normal(values.shape, key: key)
        let scales = norms.enumerated().map { row, norm in Float(norm / drawn[row].norm()) }
        return GoalVectors(drawn * Tensor(scales, shape: [scales.count, 1]))
    }

    /// The policy with `coefficient · v` added to its second hidden layer at every step, for walks from the mazes of
    /// the vectors.
    public func steering(
        _ policy: MazePolicy, coefficient: Double
    ) -> @Sendable (_ states: [MazeState], _ walks: [Int]) -> Tensor {
        { states, walks in
            let addition = Intervention("goal vector", at: MazePolicy.hiddenPoint) {
                $0 + values.gathered(walks) * Float(coefficient)
            }
            return policy.run(MazeState.features(of: states), with: [addition]).output
        }
    }
}
