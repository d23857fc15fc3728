public import PlumbRecords
public import PlumbTensor

/// The off-switch game and the office supplies game, played and compared with their exact values.
public struct AssistanceGames: SettingGroup {
    @Setting("Rounds of each game, for each number that is checked.", 2...100_000_000)
    public var games = 200_000
    @Setting("Values of θ on which the office supplies game is searched.", 1...10_000_000)
    public var thetaCells = 20_001

    /// The reference settings.
    public init() {}

    /// The expected utilities of acting at which the off-switch game is played; the robot's deviation is 1.
    public static let means = [0, 0.25, 0.5, 1, 2]
    /// The temperatures of noisy humans.
    public static let temperatures = [0.25, 1, 4]
    /// The expected utilities at which noisy humans are met.
    static let noisyMeans = [0.5, 1]

    /// With a rational human, one game for each of ``means``.
    static let rational = means.map { OffSwitchGame(mean: $0, deviation: 1) }
    /// With noisy humans; the last has the highest mean and temperature.
    static let noisy = noisyMeans.flatMap { mean in
        temperatures.map { OffSwitchGame(mean: mean, deviation: 1, human: .noisy(temperature: $0)) }
    }

    /// What one seed gave.
    public struct Outcome: Codable, Sendable, Equatable {
        /// With a rational human, one for each of ``AssistanceGames/means``.
        public let rational: [OffSwitchGame.Played]
        /// With noisy humans.
        public let noisy: [OffSwitchGame.Played]
        /// The best pair of policies, and demonstration by an expert.
        public let supplies: SupplyGame.Played
    }

    /// Plays all games.
    public func played(key: RandomKey) -> Outcome {
        func played(_ games: [OffSwitchGame], _ key: RandomKey) -> [OffSwitchGame.Played] {
            games.enumerated().map { index, game in game.played(self.games, key: key[index]) }
        }
        let game = SupplyGame()
        return Outcome(
            rational: played(Self.rational, key["rational"]), noisy: played(Self.noisy, key["noisy"]),
            supplies: game.played(game.bestPair, game.demonstration, games: games, key: key["supplies"]))
    }
}

/// What was played beside its exact values.
public struct AssistanceResults: Sendable {
    /// One outcome a seed.
    public let outcomes: [AssistanceGames.Outcome]
    /// Alternating best responses with a robot that must infer θ.
    public let search: SupplyGame.Search
    /// Alternating best responses with a robot that cannot make some of both: it has no use for what teaching tells.
    public let limited: SupplyGame.Search
    let game = SupplyGame()

    /// Searches the office supplies game.
    public init(_ games: AssistanceGames, _ outcomes: [AssistanceGames.Outcome]) {
        self.outcomes = outcomes
        search = game.search(cells: games.thetaCells)
        limited = SupplyGame(robot: [SupplyGame.Supplies(90, 0), SupplyGame.Supplies(0, 90)])
            .search(cells: games.thetaCells)
    }

    /// An incentive to wait, exact and played.
    public struct Agreement: Sendable {
        /// In closed form or by integration.
        public let exact: Double
        /// The mean over seeds.
        public let played: Double
        /// The distance between the two in standard errors, one a seed.
        public let standardErrors: [Double]
    }

    private func agreements(
        _ games: [OffSwitchGame], _ played: (AssistanceGames.Outcome) -> [OffSwitchGame.Played]
    ) -> [Agreement] {
        games.enumerated().map { index, game in
            let (exact, found) = (game.incentive, outcomes.map { played($0)[index] })
            return Agreement(
                exact: exact, played: Statistics.mean(found.map(\.incentive)),
                standardErrors: found.map { abs($0.incentive - exact) / $0.standardError })
        }
    }

    /// With a rational human, one for each of ``AssistanceGames/means``.
    public var rational: [Agreement] { agreements(AssistanceGames.rational, \.rational) }
    /// With noisy humans.
    public var noisy: [Agreement] { agreements(AssistanceGames.noisy, \.noisy) }

    /// For each seed, the largest distance of several games, in standard errors.
    public func largestErrors(_ agreements: [Agreement]) -> [Double] {
        outcomes.indices.map { seed in Statistics.greatest(agreements.map { $0.standardErrors[seed] }) }
    }

    /// What the best pair of policies is worth, exactly.
    public var best: Double { game.value(of: game.bestPair) }
    /// What demonstration by an expert is worth, exactly.
    public var demonstration: Double { game.value(of: game.demonstration) }

    /// The larger distance of the two searched values from their closed forms.
    public var searchDeviation: Double {
        Statistics.greatest([abs(search.value - best), abs(search.demonstration - demonstration)])
    }

    /// For each seed, the largest distance of what was played in the office supplies game from its closed form, in standard
    /// errors.
    public var suppliesErrors: [Double] {
        let (best, demonstration) = (best, demonstration)
        return outcomes.map(\.supplies).map { played in
            Statistics.greatest([
                abs(played.first - best) / played.firstError,
                abs(played.second - demonstration) / played.secondError,
                abs(played.first - played.second - best + demonstration) / played.differenceError,
            ])
        }
    }
}
