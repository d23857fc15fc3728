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

    /// Vectors of the same lengths in directions drawn at random, all directions being equally likely.
    public func random(key: RandomKey) -> GoalVectors {
        GoalVectors(Tensor.normal(values.shape, key: key)).scaled(to: norms)
    }

    /// Vectors of the same lengths, drawn from a normal distribution of mean 0 with the covariance of `activations`: random
    /// directions among those in which the layer varies, which change more than directions that it does not use.
    ///
    /// - Shapes: `activations` `[M, F]`, M above 1; the result `[N, F]`.
    public func random(withCovarianceOf activations: Tensor, key: RandomKey) -> GoalVectors {
        require(
            activations.shape.count == 2 && activations.shape[0] > 1 && activations.shape[1] == values.shape[1],
            "a covariance of activations needs [M, \(values.shape[1])], M above 1, got \(activations.shape)")
        // Sums of the centered rows with independent normal weights have the rows' covariance.
        let centered = activations - activations.mean(axis: 0, keepingAxis: true)
        let weights = Tensor.normal([values.shape[0], activations.shape[0]], key: key)
        return GoalVectors(weights.matmul(centered)).scaled(to: norms)
    }

    /// The same directions with these lengths, one a vector; a vector of length 0 stays so.
    public func scaled(to lengths: [Double]) -> GoalVectors {
        require(
            lengths.count == values.shape[0], "\(values.shape[0]) vectors need as many lengths, got \(lengths.count)")
        let scales = zip(norms, lengths).map { norm, length in norm > 0 ? Float(length / norm) : 0 }
        return GoalVectors(values * Tensor(scales, shape: [scales.count, 1]))
    }

    /// Each maze with the vector of the maze `distance` places on, at the length of its own.
    public func exchanged(by distance: Int) -> GoalVectors {
        let count = values.shape[0]
        let rows = (0..<count).map { (($0 + distance) % count + count) % count }
        return GoalVectors(values.gathered(rows)).scaled(to: norms)
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
