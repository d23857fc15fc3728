internal import PlumbBasics
public import PlumbTensor

/// An agent looks for cheese in a maze that it sees as a whole: a reward of 1 on the cheese's cell, which ends the
/// episode.
///
/// Every episode has a maze of its own, from a ``MazeGenerator``.
public struct MazeWorld: NumericWorld {
    /// Where the maze, the cheese and the agent's first cell of each episode come from.
    public let generator: MazeGenerator
    /// The steps after which an episode is cut off; never nil.
    public let stepLimit: Int?

    /// Episodes in mazes of `generator`, cut off after `stepLimit` steps.
    public init(_ generator: MazeGenerator, stepLimit: Int = 60) {
        require(stepLimit > 0, "an episode needs at least one step, got a limit of \(stepLimit)")
        self.generator = generator
        self.stepLimit = stepLimit
    }

    /// Moves into a wall or over the edge leave the agent where it is.
    public typealias Action = Move
    /// The agent sees the whole maze.
    public typealias Observation = MazeState

    /// A maze of the generator, with the agent in one of its cells.
    public func start(using random: inout RandomKey.Generator) -> MazeState { generator.state(using: &random) }

    /// 1 on the cheese, which ends the episode, and otherwise 0.
    public func step(_ state: inout MazeState, _ action: Move, using random: inout RandomKey.Generator) -> StepResult {
        state.agent = state.maze.cell(action, of: state.agent)
        let isFound = state.agent == state.maze.goal
        return StepResult(reward: isFound ? 1 : 0, isOver: isFound)
    }

    /// Planes of walls, agent and cheese.
    public var featureShape: [Int] { [3, generator.side, generator.side] }

    /// Three planes of rows and columns, 1 where there is a wall, the agent, the cheese.
    public func features(of observation: MazeState) -> [Float] { MazeState.features(of: [observation]).elements }
}
