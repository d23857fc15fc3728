// Why are commons overharvested? Who spares an apple leaves it to the other. After Janssen, Holme, Lee, Ostrom 2010 and
// DeepMind's Melting Pot, on a grid that two players share.

public import PlumbTensor
public import PlumbWorlds

/// An orchard of 3 × 4 trees with two players. Empty trees bear again the sooner the more apples hang, and never again when
/// none do.
///
/// One player learns; the other follows a policy that is given. Both act in each step, in a random order, and then trees
/// bear.
public struct CommonsHarvest: NumericWorld {
    /// What a player can do.
    public enum Action: Int, CaseIterable, Sendable, Hashable {
        /// To the tree above.
        case up
        /// To the tree below.
        case down
        /// To the tree to the left.
        case left
        /// To the tree to the right.
        case right
        /// Nothing.
        case stay
        /// Takes the apple of this tree, if there is one.
        case eat
    }

    /// The orchard at a moment.
    public struct State: Sendable, Hashable {
        /// Whether each tree bears an apple.
        public var apples: [Bool]
        /// Where the learner and the other player are.
        public var places: [Int]
        /// Steps made.
        public var step = 0

        /// How many apples hang.
        public var stock: Int { apples.count { $0 } }
    }

    /// What a player is rewarded for.
    public enum Reward: Sendable, Hashable {
        /// Each apple that it eats.
        case own
        /// Each apple that anyone eats: one owner of the orchard with two workers.
        case all
        /// Each apple that it eats, less a tax on those taken where at most `stock` hang.
        case taxed(rate: Double, stock: Int)
    }

    /// A policy: the features that a player sees to its action.
    public typealias Policy = @Sendable ([Float], inout RandomKey.Generator) -> Action

    /// Rows and columns of trees.
    public static let (rows, columns) = (3, 4)
    /// The number of trees.
    public static let trees = rows * columns
    /// Steps of an episode.
    public var steps = 150
    /// The chance that an empty tree bears in a step, where all others bear.
    public var growth = 0.12
    /// What the learner is rewarded for.
    public var reward: Reward
    /// What the other player does.
    public var other: Policy

    /// An orchard.
    public init(reward: Reward, other: @escaping Policy) { (self.reward, self.other) = (reward, other) }

    /// ``steps``.
    public var stepLimit: Int? { steps }
    /// Apples, both players' places, the stock and the time.
    public var featureShape: [Int] { [3 * Self.trees + 2] }

    /// All trees bear, and the players stand in opposite corners.
    public func start(using random: inout RandomKey.Generator) -> State {
        let corners = [0, Self.trees - 1]
        return State(
            apples: [Bool](repeating: true, count: Self.trees),
            places: random.uniform() < 0.5 ? corners : corners.reversed())
    }

    /// What the learner sees.
    public func features(of state: State) -> [Float] { features(of: state, player: 0) }

    /// What a player sees, itself first.
    public func features(of state: State, player: Int) -> [Float] {
        var features = state.apples.map { $0 ? Float(1) : 0 }
        for place in [state.places[player], state.places[1 - player]] {
            features += (0..<Self.trees).map { $0 == place ? 1 : 0 }
        }
        return features + [Float(state.stock) / Float(Self.trees), Float(state.step) / Float(steps)]
    }

    /// Both act, and trees bear. The performance is what both ate.
    public func step(_ state: inout State, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
        let theirs = other(features(of: state, player: 1), &random)
        let order = random.uniform() < 0.5 ? [0, 1] : [1, 0]
        var (eaten, tax) = ([0.0, 0.0], 0.0)
        for player in order {
            let stock = state.stock
            eaten[player] = act(&state, player == 0 ? action : theirs, player) ? 1 : 0
            if case .taxed(let rate, let limit) = reward, player == 0, eaten[0] > 0, stock <= limit { tax = rate }
        }
        let chance = growth * Double(state.stock) / Double(Self.trees)
        for tree in state.apples.indices where !state.apples[tree] { state.apples[tree] = random.uniform() < chance }
        state.step += 1
        let total = eaten[0] + eaten[1]
        return StepResult(reward: reward == .all ? total : eaten[0] - tax, performance: total)
    }

    /// Carries out an action, and says whether an apple was eaten.
    private func act(_ state: inout State, _ action: Action, _ player: Int) -> Bool {
        let (row, column) = (state.places[player] / Self.columns, state.places[player] % Self.columns)
        switch action {
        case .up: state.places[player] = max(0, row - 1) * Self.columns + column
        case .down: state.places[player] = min(Self.rows - 1, row + 1) * Self.columns + column
        case .left: state.places[player] = row * Self.columns + max(0, column - 1)
        case .right: state.places[player] = row * Self.columns + min(Self.columns - 1, column + 1)
        case .stay: break
        case .eat:
            defer { state.apples[state.places[player]] = false }
            return state.apples[state.places[player]]
        }
        return false
    }

    /// Eats, or goes to the nearest apple, where more than `spared` hang or at most `last` steps are left; waits otherwise.
    public func harvester(sparing spared: Int, last: Int) -> Policy {
        let steps = steps
        return { features, _ in
            let apples = features[0..<Self.trees].map { $0 > 0 }
            let place = features[Self.trees..<2 * Self.trees].firstIndex { $0 > 0 }.map { $0 - Self.trees } ?? 0
            let left = Double(steps) * (1 - Double(features[3 * Self.trees + 1]))
            guard apples.count(where: { $0 }) > spared || left <= Double(last) + 0.5 else { return .stay }
            if apples[place] { return .eat }
            func distance(_ tree: Int) -> Int {
                abs(tree / Self.columns - place / Self.columns) + abs(tree % Self.columns - place % Self.columns)
            }
            let nearest = apples.indices.filter { apples[$0] }.min { distance($0) < distance($1) }
            guard let nearest else { return .stay }
            if nearest / Self.columns != place / Self.columns {
                return nearest / Self.columns > place / Self.columns ? .down : .up
            }
            return nearest > place ? .right : .left
        }
    }
}
