internal import PlumbFoundations
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How much safety do teams give up that race for a powerful technology, and does it matter who they are?
public struct RaceToThePrecipice: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Seeds: starts of learning, races played, and firms of their own.", 1...1000)
        public var seeds = 4
        @Setting("Races played with what was learned, for each number.", 100...10_000_000) public var races = 40_000
        @Setting("Steps of learning.", 1...10_000) public var steps = 150
        @Setting("Firms in the market.", 2...1000) public var firms = 20
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.races, tiny.steps, tiny.firms) = (1, 2_000, 100, 8)
        (paper.seeds, paper.races) = (20, 1_000_000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "race-to-the-precipice", title: "Racing to the precipice", direction: "threat models: multipolar failure",
        question:
            "How much safety do teams give up that race for a powerful technology, does knowing more help, and does it "
            + "matter who the teams are?",
        method:
            "Teams draw capabilities and choose safeties; the one with the highest capability less safety wins, and the less "
            + "safe the winner the more likely a disaster. From a random start, let each team move towards its best response "
            + "to the others, knowing nothing, its own capability, or everyone's; play races with what was learned and "
            + "compare with the equilibria in closed form. Then let firms in a market in which caution costs growth "
            + "learn from faster rivals; make one firm fully cautious, or remove the cost of caution for all.",
        limits:
            "One prize, won once; teams alike but for capability, and no way to bargain. Teams start bold where they know "
            + "their own capability, since from careful starts learning is a slow undercutting, and fully safe where all is "
            + "known, where there are less safe equilibria too. The market's firms have no other virtue than growth.",
        references: [
            Reference(
                authors: "Armstrong, Bostrom, Shulman",
                title: "Racing to the Precipice: a Model of Artificial Intelligence Development", year: 2016),
            Reference(
                authors: "Critch",
                title: "What Multipolar Failure Looks Like, and Robust Agent-Agnostic Processes (RAAPs)", year: 2021),
        ],
        changes:
            "The start of learning with private information was chosen after timid starts had not found the equilibrium.",
        minutes: 0.3)

    /// Teams, enmity, range: two small races, two long ones, and one of little enmity.
    private static let races: [(teams: Int, enmity: Double, range: Double)] = [
        (2, 1, 1), (5, 1, 1), (2, 1, 2), (5, 1, 4), (2, 0.5, 0.5),
    ]
    private static func risk(_ race: Int, _ information: SafetyRace.Information) -> Quantity {
        let (teams, enmity, range) = races[race]
        let words = ["\(teams)_teams", "enmity_\(Phrase.number(enmity))", "range_\(Phrase.number(range))"]
        return Quantity((["risk", "\(information)"] + words).joined(separator: "_"), isHeadline: race == 0)
    }
    static let deviation = Quantity("largest_deviation_from_closed_form")
    static let friendly = Quantity("risk_none_without_enmity")
    static let friendlyOwn = Quantity("risk_own_without_enmity")
    static let knowing = Quantity("least_rise_of_risk_by_information")
    static let crossover = Quantity("risk_private_minus_public_small_race")
    static let crossoverLong = Quantity("risk_private_minus_public_long_race")
    static let replaced = Quantity("agent_agnosticism_of_one_firm", unit: "of the caution lost", isHeadline: true)
    static let ruled = Quantity("agent_agnosticism_of_rule", unit: "of the caution lost")

    public let claims = [
        Claim(
            .worst, "Teams that learn end where the closed form says, in five races, whatever they know", deviation,
            .atMost(0.012),
            control: "Without enmity teams that know nothing learn to be safe", friendly, .atMost(0.01)
        ).and(.mean, risk(0, .none), .within(0.015, of: 0.5)).and(.mean, risk(0, .own), .within(0.015, of: 0.6667))
            .and(.mean, risk(0, .all), .within(0.015, of: 0.6667)).and(.mean, risk(1, .none), .within(0.015, of: 0.8))
            .and(.mean, risk(1, .own), .within(0.015, of: 0.8333)).and(
                .mean, risk(1, .all), .within(0.015, of: 0.8333)),
        Claim(
            .worst, "In a small race of little enmity it is safer that all capabilities are known than only one's own",
            crossover, .atLeast(0.08),
            control: "In a long race of five teams it is more dangerous", crossoverLong, .atMost(-0.08)
        ).development(missed: 0, of: 50),
        Claim(
            .worst, "Making any one firm fully cautious changes nothing in the end", replaced, .atMost(0.01),
            control: "A rule that binds all and removes the cost of caution keeps it", ruled, .atLeast(0.99)
        ).development(missed: 0, of: 50),
    ]

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    private struct Outcome: Codable {
        let risks: [[Double]], friendly: [Double], replaced: Double, ruled: Double
        let strategy: RaceLearning.Strategy, curves: [[Double]]
    }
    private static let (duration, ticks) = (30.0, 300)

    public func run(in context: inout RunContext) async throws -> Findings {
        let (settings, trials) = (settings, Trials(context, count: settings.seeds))
        let kinds = SafetyRace.Information.allCases
        let outcomes = try await trials.run("races") { trial in
            func risks(_ teams: Int, _ enmity: Double, _ range: Double, _ key: RandomKey) throws -> [Double] {
                var learning = RaceLearning(try SafetyRace(teams: teams, enmity: enmity, range: range))
                learning.steps = settings.steps
                return try kinds.map { kind in
                    try trial.checkpoint()
                    let strategy = learning.learned(kind, key: key["start"][kind.rawValue])
                    return learning.playedRisk(strategy, kind, races: settings.races, key: key["play"][kind.rawValue])
                }
            }
            let found = try Self.races.enumerated().map { try risks($1.teams, $1.enmity, $1.range, trial.key[$0]) }
            var learning = RaceLearning(try SafetyRace(teams: 2, enmity: 1, range: 1))
            learning.steps = settings.steps
            let market = try market(trial.key["market"])
            return try Outcome(
                risks: found, friendly: risks(2, 0, 1, trial.key["friendly"]), replaced: market.replaced,
                ruled: market.ruled,
                strategy: learning.learned(.own, key: trial.key[0]["start"][SafetyRace.Information.own.rawValue]),
                curves: market.curves)
        }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            for race in Self.races.indices { kinds.map { measured.metric(Self.risk(race, $0)) } }
            measured.metrics(Self.replaced, Self.ruled, Self.deviation, Self.friendly, Self.friendlyOwn, Self.knowing)
            measured.metrics(Self.crossover, Self.crossoverLong)
            measured.table(
                "risks", title: "Probability of a disaster, learned", rowLabel: "race", columnLabel: "information",
                rows: Self.races.map { "\($0.teams) teams, enmity \($0.enmity), range \($0.range)" },
                columns: kinds.map(\.rawValue),
                cells: Self.races.indices.map { race in kinds.map { measured[Self.risk(race, $0)] } })
            RaceFigures.strategies(outcomes.map(\.strategy), measured)
            RaceFigures.risks()
            RaceFigures.market(outcomes.map(\.curves), duration: Self.duration, measured)
            "Knowing nothing is the safest in every race here: what information adds to the risk is at least "
                + "\(Phrase.number(measured.least(Self.knowing)))."
            "Enmity is not the only cause: two teams without any, each of which knows its own capability, end at a risk of "
                + "\(Phrase.number(measured.mean(Self.friendlyOwn))) from a bold start, although full safety would be an "
                + "equilibrium too."
            "The agent-agnosticism index is the share of the caution which the market loses that a change keeps. For one "
                + "firm it is the largest over all firms."
        }
    }

    private func market(_ key: RandomKey) throws -> (replaced: Double, ruled: Double, curves: [[Double]]) {
        let base = try CautionMarket.random(firms: settings.firms, cost: 1, key: key)
        var ruled = base
        ruled.cost = 0
        let changed = base.caution.indices.map { firm in
            var market = base
            market.caution[firm] = 1
            return market
        }
        func index(_ market: CautionMarket) -> Double {
            base.index(of: market, duration: Self.duration, steps: Self.ticks)
        }
        let curves = [base, changed[0], ruled].map { $0.means(duration: Self.duration, steps: Self.ticks) }
        return (Statistics.greatest(changed.map(index)), index(ruled), curves)
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        let kinds = SafetyRace.Information.allCases
        for race in Self.races.indices {
            for (kind, information) in kinds.enumerated() {
                measured[Self.risk(race, information)] = outcomes.map { $0.risks[race][kind] }
            }
        }
        measured[Self.deviation] = outcomes.map { outcome in
            Statistics.greatest(
                zip(Self.races, outcome.risks).flatMap { race, risks in
                    let exact = try? SafetyRace(teams: race.teams, enmity: race.enmity, range: race.range)
                    return zip(kinds, risks).map { abs($1 - (exact?.risk($0) ?? .nan)) }
                })
        }
        (measured[Self.friendly], measured[Self.friendlyOwn]) = (
            outcomes.map { $0.friendly[0] }, outcomes.map { $0.friendly[1] }
        )
        measured[Self.knowing] = outcomes.map { outcome in
            Statistics.least(outcome.risks.map { min($0[1], $0[2]) - $0[0] })
        }
        measured[Self.crossover] = outcomes.map { $0.risks[4][1] - $0.risks[4][2] }
        measured[Self.crossoverLong] = outcomes.map { $0.risks[3][1] - $0.risks[3][2] }
        measured[Self.replaced] = outcomes.map(\.replaced)
        measured[Self.ruled] = outcomes.map(\.ruled)
        return measured
    }

    private func summary(_ measured: Measurements) -> String {
        func risk(_ race: Int, _ kind: SafetyRace.Information) -> String {
            Phrase.number(measured.mean(Self.risk(race, kind)))
        }
        return
            "Two teams that are full enemies learn to run a risk of \(risk(0, .none)) where they know nothing, "
            + "\(risk(0, .own)) where each knows its own capability and \(risk(0, .all)) where all are known; five teams "
            + "\(risk(1, .none)), \(risk(1, .own)) and \(risk(1, .all)). Without enmity, knowing nothing, the risk is "
            + "\(Phrase.number(measured.mean(Self.friendly))). In a market where caution costs growth, making any one of "
            + "\(settings.firms) firms fully cautious keeps \(Phrase.percent(measured.mean(Self.replaced))) of the caution that "
            + "is lost, and a rule that binds all \(Phrase.percent(measured.mean(Self.ruled)))."
    }
}
