public import PlumbLearning
public import PlumbNN
public import PlumbTensor
public import PlumbWorlds
internal import PlumbData

/// Trains a ``MazePolicy`` by behavior cloning: it learns to say what somebody does who knows the shortest way to the
/// cheese (Pomerleau 1991, *Efficient Training of Artificial Neural Networks for Autonomous Navigation*).
///
/// Every cell has one or more best moves; they share the target's probability equally.
public struct MazeCloning: Sendable {
    /// Where the training mazes come from.
    public var generator: MazeGenerator
    /// The number of training mazes.
    public var mazes = 12_000
    /// The cells of each maze that are learned from.
    public var statesPerMaze = 12
    /// Training steps.
    public var steps = 10_000
    /// B.
    public var batch = 128
    /// Adam's learning rate.
    public var learningRate = 1e-3
    /// F.
    public var hidden = 256

    /// Training with the reference settings on mazes of `generator`.
    public init(_ generator: MazeGenerator) { self.generator = generator }

    /// What is learned from: states, and the best moves in each.
    public struct Examples: Sendable {
        /// Mazes with an agent in them.
        public private(set) var states: [MazeState] = []
        /// The best moves in each of ``states``, one or more.
        public private(set) var moves: [MoveSet] = []

        mutating func append(_ state: MazeState, _ best: MoveSet) {
            states.append(state)
            moves.append(best)
        }

        /// Some of the examples, as a network reads them.
        ///
        /// - Shapes: `inputs` `[B, 3 · rows · columns]`; `targets` `[B, A]`, rows that sum to 1.
        public func batch(_ rows: [Int]) -> (inputs: Tensor, targets: Tensor) {
            let width = Move.allCases.count
            let targets = Tensor(shape: [rows.count, width]) { target in
                for (index, row) in rows.enumerated() {
                    for move in Move.allCases {
                        let isBest = moves[row].contains(move)
                        target[index * width + move.rawValue] = isBest ? 1 / Float(moves[row].count) : 0
                    }
                }
            }
            return (MazeState.features(of: rows.map { states[$0] }), targets)
        }
    }

    /// Mazes, and cells of each from which the cheese can be reached, drawn without putting back.
    public func examples(key: RandomKey) -> Examples {
        var examples = Examples()
        for index in 0..<mazes {
            var random = key[index].generator()
            let maze = generator.maze(using: &random)
            guard let goal = maze.goal else { continue }
            let distances = maze.distances(to: goal)
            var cells = distances.indices.filter { distances[$0] > 0 }
            for place in 0..<min(statesPerMaze, cells.count) {
                cells.swapAt(place, place + random.index(below: cells.count - place))
                let cell = cells[place]
                examples.append(MazeState(maze, agent: cell), maze.optimalMoves(from: cell, distances: distances))
            }
        }
        return examples
    }

    /// Trains a network; the same key gives the same network, bit for bit.
    ///
    /// - Parameters:
    ///   - key: of the mazes, the batches and the first weights.
    ///   - label: names the run in curves, and its checkpoints.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    ///   - evaluateEvery: steps between calls of `evaluate`.
    ///   - evaluate: numbers to keep along the way, by name.
    /// - Throws: what `Fit` throws.
    public func train(
        key: RandomKey, label: String, in session: FitSession = .silent, evaluateEvery: Int = 0,
        evaluate: (MazePolicy, Int) throws -> [String: Double] = { _, _ in [:] }
    ) throws -> FitResult<MazePolicy, Adam> {
        let examples = examples(key: key["mazes"])
        let inputs = 3 * generator.side * generator.side
        let batches = Batches(count: examples.states.count, size: batch, key: key["batches"], remainder: .keep)
        var fit = Fit(steps: steps)
        fit.evaluateEvery = evaluateEvery
        return try fit.run(
            MazePolicy(inputs: inputs, hidden: hidden, key: key["network"]),
            optimizer: Adam(learningRate: learningRate), label: label, in: session, evaluate: evaluate
        ) { model, step in
            let batch = examples.batch(batches.rows(step: step))
            return model(batch.inputs).crossEntropy(distributions: batch.targets)
        }
    }
}
