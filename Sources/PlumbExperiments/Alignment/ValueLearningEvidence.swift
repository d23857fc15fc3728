internal import PlumbAlignment
internal import PlumbTensor

/// What one seed gave: a grid's recovered rewards, and both games played.
struct ValueLearningOutcome: Codable, Sendable {
    /// The expected utilities of acting at which the off-switch game is played; the robot's deviation is 1.
    static let means = [0, 0.25, 0.5, 1, 2]
    /// The temperatures of noisy humans.
    static let temperatures = [0.25, 1, 4]
    /// The expected utilities at which they are met.
    static let noisyMeans = [0.5, 1]

    /// The games with noisy humans, in the order of ``noisy``.
    static let noisyGames = noisyMeans.flatMap { mean in
        temperatures.map { OffSwitchGame(mean: mean, deviation: 1, human: .noisy(temperature: $0)) }
    }

    let inverse: InverseReinforcementLearningStudy.Outcome
    /// With a rational human, one a mean.
    let rational: [OffSwitchGame.Played]
    /// With a robot that is sure of the utility, one a mean.
    let sure: [OffSwitchGame.Played]
    let noisy: [OffSwitchGame.Played]
    /// The best pair and then demonstration by an expert.
    let supplies: SupplyGame.Played

    init(_ inverse: InverseReinforcementLearningStudy.Outcome, games: Int, key: RandomKey) {
        self.inverse = inverse
        rational = Self.means.enumerated().map { index, mean in
            OffSwitchGame(mean: mean, deviation: 1).played(games, key: key["rational"][index])
        }
        sure = Self.means.enumerated().map { index, mean in
            OffSwitchGame(mean: mean, deviation: 0).played(games, key: key["sure"][index])
        }
        noisy = Self.noisyGames.enumerated().map { index, game in game.played(games, key: key["noisy"][index]) }
        let game = SupplyGame()
        supplies = game.played(game.bestPair, game.demonstration, games: games, key: key["supplies"])
    }
}

/// What the claims about value learning are tested on.
struct ValueLearningEvidence {
    /// One a seed.
    let outcomes: [ValueLearningOutcome]
    let game = SupplyGame()
    /// Best responses in turn, without and with a robot that knows θ.
    let search: SupplyGame.Search
    let informed: SupplyGame.Search

    init(outcomes: [ValueLearningOutcome], thetaCells: Int) {
        self.outcomes = outcomes
        search = game.search(cells: thetaCells)
        informed = game.search(cells: thetaCells, robotKnows: true)
    }

    // MARK: Demonstrations

    var counts: [Int] { outcomes.first?.inverse.points.map(\.demonstrations) ?? [] }

    /// Numbers of the demonstrator's or the random demonstrator's recovered rewards: one row a count, one column a seed.
    func values(
        _ points: (InverseReinforcementLearningStudy.Outcome) -> [InverseReinforcementLearningStudy.Point],
        _ value: (InverseReinforcementLearningStudy.Point) -> Double
    ) -> [[Double]] {
        counts.indices.map { index in outcomes.map { value(points($0.inverse)[index]) } }
    }

    var losses: [[Double]] { values(\.points, \.loss) }
    var correlations: [[Double]] { values(\.points, \.correlation) }
    var randomLosses: [[Double]] { values(\.control, \.loss) }
    var randomCorrelations: [[Double]] { values(\.control, \.correlation) }

    /// The mean over seeds at the fewest and at the most demonstrations.
    func ends(_ values: [[Double]]) -> (few: Double, many: Double) {
        (values.first.map(Statistics.mean) ?? .nan, values.last.map(Statistics.mean) ?? .nan)
    }

    // MARK: Games

    /// Played and exact incentives to wait, with the largest distance in standard errors of any seed.
    struct Agreement {
        var exact: Double
        /// The mean over seeds.
        var played: Double
        var standardErrors: Double
    }

    static func agreement(_ game: OffSwitchGame, _ played: [OffSwitchGame.Played]) -> Agreement {
        let exact = game.incentive
        let distances = played.map { abs($0.incentive - exact) / $0.standardError }
        return Agreement(
            exact: exact, played: Statistics.mean(played.map(\.incentive)), standardErrors: worst(distances))
    }

    /// The largest value, NaN where one is none.
    static func worst(_ values: [Double]) -> Double {
        Statistics.greatest(values)
    }

    var rational: [Agreement] {
        ValueLearningOutcome.means.enumerated().map { index, mean in
            Self.agreement(OffSwitchGame(mean: mean, deviation: 1), outcomes.map { $0.rational[index] })
        }
    }

    var noisy: [Agreement] {
        ValueLearningOutcome.noisyGames.enumerated().map { index, game in
            Self.agreement(game, outcomes.map { $0.noisy[index] })
        }
    }

    /// The largest incentive of any seed of a robot that is sure.
    var sure: Double { Self.worst(outcomes.flatMap { $0.sure.map(\.incentive) }) }

    /// The exact rewards of the best pair and of demonstration.
    var best: Double { game.value(of: game.bestPair) }
    var demonstration: Double { game.value(of: game.demonstration) }

    /// How far play is from the exact rewards, in standard errors, at the most.
    var suppliesStandardErrors: Double {
        Self.worst(
            outcomes.flatMap { outcome in
                let played = outcome.supplies
                return [
                    abs(played.first - best) / played.firstError,
                    abs(played.second - demonstration) / played.secondError,
                    abs(played.first - played.second - best + demonstration) / played.differenceError,
                ]
            })
    }
}
