public import PlumbLearning
public import PlumbTensor
public import PlumbWorlds

/// An agent that learns its reward from comparisons alone.
///
/// The claim: answers to a few hundred questions, which of two short segments is better, are enough to plan nearly as well
/// as with the reward itself, which nobody tells the agent. It should work because a reward that explains the answers
/// orders behaviors as the teacher does. It fails where the answers say nothing (the control deals them out anew), and
/// where segments never show a part of the world that the plan then passes.
///
/// After Christiano et al. 2017, *Deep Reinforcement Learning from Human Preferences* (arXiv:1706.03741), with a grid in
/// place of a simulator and exact planning in place of policy gradients, so that what is measured is the learned reward.
public struct GridPreferenceStudy: Sendable {
    /// Rows of the grid; cells are numbered row by row.
    public var rows = 10
    /// Columns of the grid.
    public var columns = 10
    /// The probability, 0...1, that the floor chooses the direction of a step.
    public var slip = 0.15
    /// γ of planning, on the hidden reward and on the learned one.
    public var discount = 0.95
    /// The heights of the hills of the hidden reward.
    public var heights = [1, 0.6, 0.3]
    /// Their width, in cells.
    public var width = 1.5
    /// How far their tops are from the outermost cells at least.
    public var margin = 2.0
    /// The rounds in which questions are asked; the reward is learned further after each.
    public var rounds = 8
    /// Steps of an episode, which begins anywhere.
    public var episodeLength = 50
    /// Steps of a segment, which is cut out of an episode.
    public var segmentLength = 10
    /// How often the agent tries another action than its plan's, in the half of the segments that follow the plan.
    public var exploration = 0.3
    /// Pairs looked at for each one that is asked about.
    public var candidates = 10
    /// Who answers: by default somebody who errs, and more often the nearer two segments are.
    public var teacher = BoltzmannTeacher(rationality: 2)
    /// How the reward is learned from the answers.
    public var learning = PreferenceLearner<Int>.Settings()
    /// Fresh questions on which the learned reward is tested.
    public var freshQuestions = 1000

    /// A study with the reference settings.
    public init() {}

    /// What one run of learning varies.
    public struct Condition: Sendable, Hashable, Codable {
        /// The number of questions asked, over all rounds together.
        public var comparisons: Int
        /// How the segments to ask about are chosen.
        public var queries = QuerySelection.disagreement
        /// The part of answers that are random labels.
        public var noise = 0.0
        /// Whether the labels of a round are shuffled among its questions.
        public var isShuffled = false

        /// A condition with `comparisons` questions; the teacher's answers are kept as they are unless said otherwise.
        public init(
            _ comparisons: Int, queries: QuerySelection = .disagreement, noise: Double = 0, isShuffled: Bool = false
        ) {
            (self.comparisons, self.queries, self.noise, self.isShuffled) = (comparisons, queries, noise, isShuffled)
        }
    }

    /// What one run of learning gave.
    public struct Outcome: Sendable, Codable {
        /// What was varied in this run.
        public var condition: Condition
        /// The value of planning on the learned reward: 0 for random steps, 1 for the optimum.
        public var normalizedReturn: Double
        /// The same after each round.
        public var returns: [Double]
        /// How closely the learned order of cells follows the hidden one (Spearman).
        public var rankCorrelation: Double
        /// The part of fresh answers, by a teacher without noise, that the learned reward predicts.
        public var agreement: Double
        /// The part of the same answers that the hidden reward itself predicts: a ceiling.
        public var ceiling: Double
        /// The learned reward of each cell, of mean 0 and about standard deviation 1.
        public var reward: [Double]
        /// The plan's action in each cell.
        public var plan: [Int]
    }

    /// The world of a key, with its exact solution.
    public struct Task: Sendable {
        /// The grid, whose rewards are the hidden ones.
        public let grid: SlipperyGrid
        /// The grid as a list of all that can happen; its states are the cells by number.
        public let process: DecisionProcess
        /// The best actions.
        public let plan: [Int]
        let best: Double
        let chance: Double

        /// Where a value lies between random steps, 0, and the optimum, 1.
        func normalized(_ value: Double) -> Double { (value - chance) / (best - chance) }
    }

    /// The world that all conditions of a key share.
    public func task(key: RandomKey) -> Task {
        let hills = GaussianBumps(
            heights: heights, width: width, margin: margin, rows: rows, columns: columns, key: key["hills"])
        let grid = SlipperyGrid(
            rows: rows, columns: columns, slip: slip, reward: hills.values(rows: rows, columns: columns))
        let process = grid.process
        let optimal = process.optimal(discount: discount, tolerance: 1e-7)
        return Task(
            grid: grid, process: process, plan: optimal.greedy, best: process.startValue(optimal.states),
            chance: process.startValue(process.values(of: process.uniformPolicy, discount: discount, tolerance: 1e-7)))
    }

    /// What the reward networks read of a cell: x, y, x², y², xy, with the grid from -1 to 1.
    public func features(of cell: Int) -> [Float] {
        func centered(_ index: Int, _ count: Int) -> Float { count > 1 ? 2 * Float(index) / Float(count - 1) - 1 : 0 }
        let (x, y) = (centered(cell % columns, columns), centered(cell / columns, rows))
        return [x, y, x * x, y * y, x * y]
    }
}
