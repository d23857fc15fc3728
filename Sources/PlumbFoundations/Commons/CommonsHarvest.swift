// Why are commons overharvested? Who spares an apple leaves it to the others. After Janssen, Holme, Lee, Ostrom 2010 and
// DeepMind's Melting Pot, on a grid that several players share.

public import PlumbTensor

/// An orchard with several players, a grid whose edges meet, with a tree at each place. Empty trees bear again the sooner
/// the more apples hang, and never again when none do.
///
/// In each step the players act one after the other in a random order, and then trees bear.
public struct CommonsHarvest: Sendable {
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
        /// Where each player is.
        public var places: [Int]
        /// The number of steps for which each player is still shut out.
        public var shutOut: [Int]
        /// Whether apples are protected in the coming step.
        public var isProtected: Bool
        /// Steps made.
        public var step = 0

        /// How many apples hang.
        public var stock: Int { apples.count { $0 } }
    }

    /// When apples are protected.
    public enum Protection: Sendable, Hashable {
        /// While at most so many hang at the beginning of a step, but not in the `last` steps of an episode.
        case stock(Int, last: Int)
        /// In steps drawn at random with this probability, whatever hangs.
        case random(Double)
    }

    /// What players are rewarded for.
    public enum Rule: Sendable, Hashable {
        /// Each its own apples.
        case own
        /// All apples in equal shares: one owner of the orchard with several workers.
        case owner
        /// Each its own apples, less a tax on those taken while they are protected.
        case taxed(Double, Protection)
        /// Each its own apples; who takes one while they are protected can do nothing for so many steps.
        case shutOut(Int, Protection)
    }

    /// What a step gave.
    public struct Result: Sendable, Equatable {
        /// The reward of each player.
        public var rewards: [Double]
        /// Apples taken by all.
        public var harvest: Int
    }

    /// How many players there are.
    public var players: Int
    /// Rows and columns of trees.
    public var side: Int
    /// Steps of an episode, which ends before where no apple is left.
    public var steps = 150
    /// The chance that an empty tree bears in a step, where all others bear.
    public var growth: Double
    /// What players are rewarded for.
    public var rule: Rule

    /// An orchard.
    public init(players: Int, side: Int, growth: Double, rule: Rule) {
        (self.players, self.side, self.growth, self.rule) = (players, side, growth, rule)
    }

    /// The number of trees.
    public var trees: Int { side * side }
    /// How many numbers a player sees.
    public var featureCount: Int { 2 * trees + 4 }

    /// All trees bear, and the players stand anywhere.
    public func start(using random: inout RandomKey.Generator) -> State {
        State(
            apples: [Bool](repeating: true, count: trees),
            places: (0..<players).map { _ in random.index(below: trees) },
            shutOut: [Int](repeating: 0, count: players), isProtected: isProtected(trees, step: 0, &random))
    }

    /// Whether nothing more can happen.
    public func isOver(_ state: State) -> Bool { state.step >= steps || !state.apples.contains(true) }

    /// Adds what a player sees: apples and other players by their way from its place, the stock, the time, whether apples
    /// are protected, and whether it is shut out.
    public func appendFeatures(of state: State, player: Int, to features: inout [Float]) {
        let (row, column) = (state.places[player] / side, state.places[player] % side)
        for down in 0..<side {
            let start = (row + down) % side * side
            for right in 0..<side { features.append(state.apples[start + (column + right) % side] ? 1 : 0) }
        }
        let first = features.count
        features += repeatElement(0, count: trees)
        for (other, place) in state.places.enumerated() where other != player {
            let (down, right) = (place / side - row + side, place % side - column + side)
            features[first + down % side * side + right % side] += 1
        }
        features.append(Float(state.stock) / Float(trees))
        features.append(Float(state.step) / Float(steps))
        features.append(state.isProtected ? 1 : 0)
        features.append(state.shutOut[player] > 0 ? 1 : 0)
    }

    /// All players act, and trees bear.
    public func step(_ state: inout State, _ actions: [Action], using random: inout RandomKey.Generator) -> Result {
        var rewards = [Double](repeating: 0, count: players)
        var harvest = 0
        for player in (0..<players).shuffled(using: &random) {
            guard state.shutOut[player] == 0 else {
                state.shutOut[player] -= 1
                continue
            }
            guard act(&state, actions[player], player) else { continue }
            harvest += 1
            rewards[player] = 1
            guard state.isProtected else { continue }
            if case .taxed(let tax, _) = rule { rewards[player] -= tax }
            if case .shutOut(let steps, _) = rule { state.shutOut[player] = steps }
        }
        if rule == .owner { rewards = [Double](repeating: Double(harvest) / Double(players), count: players) }
        let chance = growth * Double(state.stock) / Double(trees)
        for tree in state.apples.indices where !state.apples[tree] { state.apples[tree] = random.uniform() < chance }
        state.step += 1
        state.isProtected = isProtected(state.stock, step: state.step, &random)
        return Result(rewards: rewards, harvest: harvest)
    }

    private func isProtected(_ stock: Int, step: Int, _ random: inout RandomKey.Generator) -> Bool {
        switch rule {
        case .own, .owner: false
        case .taxed(_, .stock(let limit, let last)), .shutOut(_, .stock(let limit, let last)):
            stock <= limit && step < steps - last
        case .taxed(_, .random(let chance)), .shutOut(_, .random(let chance)): random.uniform() < chance
        }
    }

    /// Carries out an action, and says whether an apple was taken.
    private func act(_ state: inout State, _ action: Action, _ player: Int) -> Bool {
        let place = state.places[player]
        let (row, column) = (place / side, place % side)
        switch action {
        case .up: state.places[player] = (row + side - 1) % side * side + column
        case .down: state.places[player] = (row + 1) % side * side + column
        case .left: state.places[player] = row * side + (column + side - 1) % side
        case .right: state.places[player] = row * side + (column + 1) % side
        case .stay: break
        case .eat:
            defer { state.apples[place] = false }
            return state.apples[place]
        }
        return false
    }

    /// Eats, or goes to the nearest apple, where more than `spared` hang or at most `last` steps are left; waits otherwise.
    public func harvester(_ state: State, _ player: Int, sparing spared: Int, last: Int) -> Action {
        let place = state.places[player]
        guard state.stock > spared || steps - state.step <= last else { return .stay }
        if state.apples[place] { return .eat }
        /// The shortest way along a ring.
        func way(_ from: Int, _ to: Int) -> Int {
            let ahead = (to - from + side) % side
            return 2 * ahead <= side ? ahead : ahead - side
        }
        var best: (down: Int, right: Int)?
        for tree in 0..<trees where state.apples[tree] {
            let found = (down: way(place / side, tree / side), right: way(place % side, tree % side))
            if let best, abs(best.down) + abs(best.right) <= abs(found.down) + abs(found.right) { continue }
            best = found
        }
        guard let best else { return .stay }
        if best.down != 0 { return best.down > 0 ? .down : .up }
        return best.right > 0 ? .right : .left
    }
}
