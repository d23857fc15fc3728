internal import PlumbBasics
public import PlumbTensor

/// A rectangle of open floor on which steps sometimes slip: the grid of reward-learning studies.
///
/// With probability `slip` the floor chooses, and each of the four directions is equally likely, the chosen one too.
/// Whoever would leave the grid stays where it is. A step pays the reward of the cell it was taken in, r(s). Episodes have
/// no end of their own.
///
/// ```swift
/// let grid = SlipperyGrid(rows: 8, columns: 8, slip: 0.3, reward: rewards, canStay: true)
/// let plan = grid.process.optimal(discount: 0.9)        // states are cells, counted row by row
/// ```
///
/// - Shapes: S = rows · columns cells; A = 4 actions, 5 where staying is one.
public struct SlipperyGrid: FiniteWorld {
    /// What an agent can do.
    public enum Action: Int, CaseIterable, Sendable, Hashable, Codable {
        /// To a neighboring cell, or nowhere.
        case up, down, left, right, stay
    }

    /// The number of rows, 1 or more; cells are numbered row by row from 0.
    public let rows: Int
    /// The number of columns, 1 or more.
    public let columns: Int
    /// The probability that the floor chooses the direction.
    public let slip: Double
    /// What a step pays in each cell, row by row, [S].
    public let reward: [Double]
    /// The last action is ``Action/stay``, where there is one.
    public let actions: [Action]
    /// The cells in which an episode begins, all equally likely.
    public let startCells: [Int]
    /// The steps after which an episode is cut off; nil for episodes without an end.
    public let stepLimit: Int?

    /// A grid from the rewards of its cells, row by row.
    ///
    /// - Parameters:
    ///   - rows: the number of rows, 1 or more.
    ///   - columns: the number of columns, 1 or more.
    ///   - slip: the probability that the floor chooses the direction.
    ///   - reward: what a step pays in each cell, row by row, [S].
    ///   - canStay: whether staying is an action, then the last one.
    ///   - startCells: where episodes begin; anywhere unless said otherwise.
    ///   - stepLimit: steps after which an episode is cut off.
    /// - Precondition: one reward a cell, `slip` in 0...1, and starts inside the grid.
    public init(
        rows: Int, columns: Int, slip: Double, reward: [Double], canStay: Bool = false, startCells: [Int]? = nil,
        stepLimit: Int? = nil
    ) {
        require(
            rows > 0 && columns > 0 && reward.count == rows * columns,
            "a grid of \(rows) rows and \(columns) columns needs as many rewards as cells, got \(reward.count)")
        require(slip >= 0 && slip <= 1, "the probability of slipping must be in 0...1, got \(slip)")
        let startCells = startCells ?? Array(reward.indices)
        require(
            !startCells.isEmpty && startCells.allSatisfy(reward.indices.contains),
            "episodes must begin in cells from 0 to \(reward.count - 1), got \(startCells)")
        (self.rows, self.columns, self.slip, self.reward) = (rows, columns, slip, reward)
        (self.startCells, self.stepLimit) = (startCells, stepLimit)
        actions = canStay ? Action.allCases : Action.allCases.filter { $0 != .stay }
    }

    /// The number of cells, S.
    public var cells: Int { rows * columns }

    /// Where `action` leads from `cell` without a slip.
    @inlinable public func target(of action: Action, from cell: Int) -> Int {
        Move(rawValue: action.rawValue)?.cell(from: cell, rows: rows, columns: columns) ?? cell
    }

    /// One of ``startCells``, each as likely as the others.
    public func start(using random: inout RandomKey.Generator) -> Int {
        startCells[random.index(below: startCells.count)]
    }

    /// Pays for the cell that is left, and moves; with the chance of a slip in any direction.
    public func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
        let result = StepResult(reward: reward[state])
        let slips = slip > 0 && random.uniform() < slip
        state = target(of: slips ? Action.allCases[random.index(below: 4)] : action, from: state)
        return result
    }

    /// Every start cell with one part in their number; a cell that is listed twice appears twice.
    public func starts() -> [(state: Int, probability: Double)] {
        startCells.map { ($0, 1 / Double(startCells.count)) }
    }

    /// The cells that a move and its slips lead to, each once.
    public func outcomes(of action: Action, in state: Int) -> [Outcome<Int>] {
        var chances = [(cell: target(of: action, from: state), probability: 1 - slip)]
        for direction in Move.allCases where slip > 0 {
            let cell = target(of: Action.allCases[direction.rawValue], from: state)
            if let known = chances.firstIndex(where: { $0.cell == cell }) {
                chances[known].probability += slip / 4
            } else {
                chances.append((cell, slip / 4))
            }
        }
        return chances.map {
            Outcome(probability: $0.probability, state: $0.cell, result: StepResult(reward: reward[state]))
        }
    }

    /// The grid as a list of all that can happen; unlike ``ExploredWorld``'s, its states are the cells by number.
    public var process: DecisionProcess {
        var start = [Double](repeating: 0, count: cells)
        for (cell, probability) in starts() { start[cell] += probability }
        return DecisionProcess(states: cells, actions: actions.count, start: start) { state, action in
            outcomes(of: actions[action], in: state).map {
                DecisionProcess.Branch(probability: $0.probability, next: $0.state, reward: $0.result.reward)
            }
        }
    }
}

extension SlipperyGrid: NumericWorld {
    /// A number for each cell, [S].
    public var featureShape: [Int] { [cells] }

    /// 1 for the cell that the agent is in, 0 for the others.
    public func features(of observation: Int) -> [Float] {
        var features = [Float](repeating: 0, count: cells)
        features[observation] = 1
        return features
    }
}
