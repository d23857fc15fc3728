public import PlumbLearning
public import PlumbNN
public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds
internal import PlumbData

/// Trains a ``MazePolicy`` by behavior cloning: it learns to say what somebody does who knows the shortest way to the
/// cheese (Pomerleau 1991, *Efficient Training of Artificial Neural Networks for Autonomous Navigation*).
///
/// Every cell has one or more best moves; they share the target's probability equally.
public struct MazeCloning: SettingGroup {
    @Setting("Rows and columns of a maze.", 2...11) public var side = 7
    @Setting("The probability of a wall on each cell.", 0...0.4) public var wallDensity = 0.12
    @Setting("Training mazes.", 1...1_000_000) public var mazes = 12_000
    @Setting("Cells of each maze that are used in training.", 1...120) public var statesPerMaze = 12
    @Setting("Training steps.", 1...1_000_000) public var steps = 10_000
    @Setting("Cells in a training step.", 1...65_536) public var batch = 128
    @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.001
    @Setting("Neurons of each of the two hidden layers.", 1...4096) public var hidden = 256

    /// Training with the reference settings, and these sizes.
    public init(side: Int = 7, steps: Int = 10_000) { (self.side, self.steps) = (side, steps) }

    /// Mazes of these settings with the cheese in a region of the upper right.
    ///
    /// - Parameters:
    ///   - region: the region's width in cells; the whole maze by default.
    ///   - goalDistance: how many steps the cheese lies from the corner at least.
    ///   - scattered: the part of mazes whose cheese lies anywhere, whatever the region.
    /// - Throws: `WorldError` where no such maze exists.
    public func generator(region: Int? = nil, goalDistance: Int = 0, scattered: Double = 0) throws -> MazeGenerator {
        try MazeGenerator(
            side: side, wallDensity: wallDensity, region: region ?? side, goalDistance: goalDistance,
            scattered: scattered)
    }

    /// Refuses settings that do not fit together or need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard mazes * statesPerMaze <= 10_000_000 else {
            throw SettingsError("--mazes \(mazes) times --states-per-maze \(statesPerMaze) may be at most 10000000")
        }
        guard batch * hidden <= 1 << 24 else {
            throw SettingsError("--batch \(batch) times --hidden \(hidden) may be at most \(1 << 24)")
        }
    }

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
            var targets = [Float](repeating: 0, count: rows.count * width)
            for (index, row) in rows.enumerated() {
                for move in Move.allCases where moves[row].contains(move) {
                    targets[index * width + move.rawValue] = 1 / Float(moves[row].count)
                }
            }
            return (MazeState.features(of: rows.map { states[$0] }), Tensor(targets, shape: [rows.count, width]))
        }
    }

    /// Mazes of `generator`, and cells of each from which the target can be reached, drawn without replacement.
    ///
    /// - Parameter target: the cell to which the teacher goes; the cheese by default.
    public func examples(
        of generator: MazeGenerator, toward target: (Maze) -> Int? = \.goal, key: RandomKey
    ) -> Examples {
        var examples = Examples()
        for index in 0..<mazes {
            var random = key[index].generator()
            let maze = generator.maze(using: &random)
            guard let target = target(maze) else { continue }
            let distances = maze.distances(to: target)
            var cells = distances.indices.filter { distances[$0] > 0 }
            for place in 0..<min(statesPerMaze, cells.count) {
                cells.swapAt(place, place + random.index(below: cells.count - place))
                let cell = cells[place]
                examples.append(MazeState(maze, agent: cell), maze.optimalMoves(from: cell, distances: distances))
            }
        }
        return examples
    }

    /// Trains a network on mazes of `generator`; the same key gives the same network, bit for bit.
    ///
    /// - Parameters:
    ///   - generator: where the training mazes come from.
    ///   - target: the cell to which the teacher goes; the cheese by default.
    ///   - key: of the mazes, the batches and the first weights.
    ///   - label: names the run in curves, and its checkpoints.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    ///   - evaluateEvery: steps between calls of `evaluate`.
    ///   - evaluate: numbers to keep along the way.
    /// - Throws: what `Fit` throws.
    public func train(
        on generator: MazeGenerator, toward target: (Maze) -> Int? = \.goal, key: RandomKey, label: String,
        in session: FitSession = .silent, evaluateEvery: Int = 0,
        evaluate: (MazePolicy, Int) throws -> Measured = { _, _ in .nothing }
    ) throws -> FitResult<MazePolicy, Adam> {
        let examples = examples(of: generator, toward: target, key: key["mazes"])
        let inputs = 3 * side * side
        let batches = Batches(count: examples.states.count, size: batch, key: key["batches"], remainder: .keep)
        var fit = Fit(steps: steps)
        fit.evaluateEvery = evaluateEvery
        let result = try fit.run(
            MazePolicy(inputs: inputs, hidden: hidden, key: key["network"]),
            optimizer: Adam(learningRate: learningRate), label: label, in: session, evaluate: evaluate
        ) { model, step in
            let batch = examples.batch(batches.rows(step: step))
            return model(batch.inputs).crossEntropy(distributions: batch.targets)
        }
        try session.keep(result.model, as: label)
        return result
    }
}
