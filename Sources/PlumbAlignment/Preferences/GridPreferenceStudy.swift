public import PlumbLearning
public import PlumbRecords
public import PlumbTensor
public import PlumbWorlds

/// An agent that learns its reward from comparisons alone.
///
/// The claim: answers to a few hundred questions, which of two short segments is better, are enough to plan nearly as well
/// as with the reward itself, which nobody tells the agent. It should work because a reward that explains the answers
/// orders behaviors as the teacher does. It fails where the answers say nothing (the controls learn from shuffled answers
/// and from random ones), and where segments never show a part of the world that the plan then passes.
///
/// After Christiano et al. 2017, *Deep Reinforcement Learning from Human Preferences* (arXiv:1706.03741), with a grid in
/// place of a simulator. Exact planning shows what the learned reward is worth; beside it a policy learns from that reward by
/// ``PPO`` while the reward is being learned, as in the paper.
public struct GridPreferenceStudy: SettingGroup {
    @Setting("Numbers of comparisons to learn from; each is learned from anew.", 1...100_000)
    public var comparisons = [24, 48, 96, 200, 400, 700]
    @Setting("The fraction of answers that are random, in the noisy run.", 1e-6...0.999999) public var noise = 0.1
    @Setting(
        "The teacher's rationality β: it prefers the first segment with probability σ(β (R1 - R2)).",
        1e-6 ... .infinity)
    public var rationality = 2.0
    @Setting("Rounds in which the questions are asked; the reward is learned further after each.", 1...1000)
    public var rounds = 8
    @Setting("Steps of an episode.", 1...10_000) public var episodeLength = 50
    @Setting("Steps of a segment, which is cut out of an episode.", 1...10_000) public var segmentLength = 10
    @Setting("Pairs from which each question is chosen, where the ensemble chooses.", 1...1000)
    public var candidates = 10
    /// How the reward is learned from the answers.
    public var learning = PreferenceLearner<Int>.Settings()
    @Setting("Rows and columns of the grid.", 2...40) public var size = 10
    @Setting("Heights of the hills of the hidden reward.", -1e6...1e6) public var hills = [1, -1.2, 0.4]
    @Setting("The standard deviation of a hill, in cells.", 0.2...1000) public var hillWidth = 1.5
    @Setting(
        "Row and column of each hill's top, counted from 0, one hill after another; none draws them for each seed.",
        -100...100)
    public var places: [Double] = [8, 8, 4, 4, 2, 7]
    @Setting("Whether every episode starts in the upper left corner; otherwise it starts anywhere.")
    public var startsInCorner = true
    @Setting("The probability that a step goes in a random direction.", 0...0.999999) public var slip = 0.15
    @Setting("The discount of planning, on the hidden reward and on the learned one.", 0.001...0.9999)
    public var discount = 0.95
    @Setting("Steps in the grid from which a policy learns by PPO, over all rounds together.", 1...100_000_000)
    public var policySteps = 131_072

    /// How often the agent takes a random action instead of its policy's, in the half of the segments that follow it.
    public static let exploration = 0.3
    /// Fresh questions on which the learned reward is tested.
    public static let freshQuestions = 1000

    /// A study with the reference settings.
    public init() {
        (learning.members, learning.steps, learning.learningRate, learning.weightDecay) = (3, 150, 0.002, 0)
    }

    /// The cells of the grid, which are numbered row by row.
    public var cells: Int { size * size }
    /// Who answers: a teacher who errs, and more often the nearer the returns of two segments are.
    public var teacher: BoltzmannTeacher { BoltzmannTeacher(rationality: rationality) }

    /// Refuses settings that do not fit together or need more memory than a machine has.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard comparisons.count > 1, Set(comparisons).count == comparisons.count,
            comparisons.allSatisfy({ $0 >= rounds })
        else {
            throw SettingsError(
                "--comparisons \(comparisons.map(String.init).joined(separator: ",")): give two or more different "
                    + "numbers, each at least --rounds \(rounds), so that every round asks a question")
        }
        guard hills.contains(where: { $0 != 0 }) else {
            throw SettingsError(
                "--hills \(hills.map { "\($0)" }.joined(separator: ",")): give at least one height other than 0")
        }
        guard places.isEmpty || places.count == 2 * hills.count else {
            throw SettingsError(
                "--places \(places.map { "\($0)" }.joined(separator: ",")): give a row and a column for each of the "
                    + "\(hills.count) --hills, or none")
        }
        guard segmentLength <= episodeLength else {
            throw SettingsError(
                "--episode-length \(episodeLength): it must be at least --segment-length \(segmentLength)")
        }
        let widths = [1] + learning.hidden + [1]
        let weights = zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } * learning.members
        guard weights <= 50_000_000 else {
            throw SettingsError(
                "--hidden \(learning.hidden.map(String.init).joined(separator: ",")) and --members "
                    + "\(learning.members): \(weights) weights are too many; at most 50000000 are accepted")
        }
        try memory(comparisons: mostComparisons, runs: Compute.threads).check()
    }

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
        /// Whether a policy learns from the reward by PPO; otherwise it is planned exactly.
        public var learnsPolicy = false
        /// Whether the hidden reward is known and no questions are asked.
        public var seesReward = false

        /// A condition with `comparisons` questions; the teacher's answers are kept as they are unless said otherwise.
        public init(
            _ comparisons: Int, queries: QuerySelection = .disagreement, noise: Double = 0, isShuffled: Bool = false,
            learnsPolicy: Bool = false, seesReward: Bool = false
        ) {
            (self.comparisons, self.queries, self.noise, self.isShuffled) = (comparisons, queries, noise, isShuffled)
            (self.learnsPolicy, self.seesReward) = (learnsPolicy, seesReward)
        }
    }

    /// What one run of learning gave.
    public struct Outcome: Sendable, Codable {
        /// What was varied in this run.
        public var condition: Condition
        /// The value, by the hidden reward, of the policy for the learned one: 0 for random steps, 1 for the optimum.
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
        /// The likeliest action of the policy in each cell.
        public var plan: [Int]

        /// An outcome from its parts; its return is that of the last round, NaN without rounds.
        public init(
            _ condition: Condition, returns: [Double], rankCorrelation: Double, agreement: Double, ceiling: Double,
            reward: [Double], plan: [Int]
        ) {
            (self.condition, self.returns, normalizedReturn) = (condition, returns, returns.last ?? .nan)
            (self.rankCorrelation, self.agreement, self.ceiling) = (rankCorrelation, agreement, ceiling)
            (self.reward, self.plan) = (reward, plan)
        }
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
        var landscape = GaussianBumps(
            heights: hills, width: hillWidth, rows: size, columns: size, key: key["hills"])
        for hill in hills.indices where places.count == 2 * hills.count {
            (landscape.bumps[hill].row, landscape.bumps[hill].column) = (places[2 * hill], places[2 * hill + 1])
        }
        let grid = SlipperyGrid(
            rows: size, columns: size, slip: slip,
            reward: landscape.values(rows: size, columns: size),
            startCells: startsInCorner ? [0] : nil)
        let process = grid.process
        let optimal = process.optimal(discount: discount, tolerance: 1e-7)
        return Task(
            grid: grid, process: process, plan: optimal.greedy, best: process.startValue(optimal.states),
            chance: process.startValue(process.values(of: process.uniformPolicy, discount: discount, tolerance: 1e-7)))
    }

    /// What the reward networks read of a cell: x, y, x², y², xy, with the grid from -1 to 1.
    public func features(of cell: Int) -> [Float] {
        func centered(_ index: Int) -> Float { 2 * Float(index) / Float(size - 1) - 1 }
        let (x, y) = (centered(cell % size), centered(cell / size))
        return [x, y, x * x, y * y, x * y]
    }
}
