public import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Can a machine learn what is wanted from demonstrations, by deferring to a human, and from teaching?
///
/// Small problems: inverse reinforcement learning on a grid, the off-switch game, and cooperative inverse reinforcement
/// learning with office supplies and on a grid.
public struct ValueLearning: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Seeds: grids with rewards of their own; the games are played with each.", 3...1000)
        public var seeds = 6
        public var study = InverseReinforcementLearningStudy()
        public var games = AssistanceGames(), teaching = TeachingGrid()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.side, tiny.study.demonstrations, tiny.study.method.iterations) = (3, 5, 64, 40)
        (tiny.games.games, tiny.games.thetaCells) = (2000, 2001)
        (tiny.teaching.thetas, tiny.teaching.walks) = (2, 40)
        (paper.seeds, paper.games.games) = (20, 1_000_000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "value-learning", title: "Learning what is wanted", direction: "alignment: value learning",
        question: "Can a machine learn what is wanted from demonstrations, by deferring to a human, and from teaching?",
        method:
            "Recover the reward of a noisily rational demonstrator on a slippery grid by maximum causal entropy inverse "
            + "reinforcement learning, and act on it; also on its sum with a known reward, for which the learner must assume "
            + "the demonstrator's rationality. Play the off-switch game and compare the gain by waiting with its "
            + "closed form. Find the best pair of policies in the office supplies game by best responses, in closed form "
            + "and by play. On a grid let a human walk once, as is best or as teaches best, infer the reward, and act.",
        limits:
            "Rewards are a table for one small grid with known dynamics, and the demonstrator errs as the method "
            + "assumes, but for its rationality. Both games have one move per player, and all players but the noisy human "
            + "are rational. The demonstrator's rationality of 3 was chosen after trying others.",
        references: [
            Reference(
                authors: "Ziebart, Maas, Bagnell, Dey", title: "Maximum Entropy Inverse Reinforcement Learning",
                year: 2008),
            Reference(
                authors: "Hadfield-Menell, Dragan, Abbeel, Russell", title: "The Off-Switch Game", year: 2016,
                arXiv: "1611.08219"),
            Reference(
                authors: "Hadfield-Menell, Dragan, Abbeel, Russell",
                title: "Cooperative Inverse Reinforcement Learning", year: 2016, arXiv: "1606.03137"),
        ],
        changes:
            "Thresholds of single grids were chosen on other seeds; identities became unit tests. That a teacher's walk "
            + "lowers the robot's loss did not hold; the claim is about the distance of θ since, and its control was moved.",
        minutes: 0.2)

    private static func perCount(_ name: String, _ count: Int, isHeadline: Bool = false) -> Quantity {
        Quantity("\(name)_\(count)_demonstrations", isHeadline: isHeadline)
    }
    static let lossRatio = Quantity("loss_ratio", per: "run")
    static let randomRatio = Quantity("random_loss_ratio", per: "run")
    static let correlationGain = Quantity("correlation_gain")
    private typealias Games = AssistanceResults
    private typealias Study = InverseReinforcementLearningStudy

    public var claims: [Claim] {
        [
            Claim(
                almostAll, "Acting on the reward recovered from \(many) demonstrations loses almost nothing",
                Self.perCount("loss", many), .atMost(0.04),
                control: "Acting on random rewards loses most, and so does "
                    + "acting on those recovered from as many random demonstrations", Study.randomReward, .atLeast(0.6)
            ).controlAnd(Self.perCount("random_loss", many), .atLeast(0.3)).development(missed: 0, of: 90),
            Claim(
                .value, "More demonstrations lose less: the ratio of the mean losses, \(many) to \(few)",
                Self.lossRatio, .atMost(1.0 / 3),
                control: "The same ratio for random demonstrations", Self.randomRatio, .atLeast(2.0 / 3)),
            Claim(
                almostAll,
                "The reward recovered from \(many) demonstrations correlates with the true one, and more than that "
                    + "from \(few)", Self.perCount("correlation", many), .atLeast(0.7),
                control: "From random demonstrations it does not", Self.perCount("random_correlation", many),
                .within(0.4, of: 0)
            ).and(.mean, Self.correlationGain, .above(0)).development(missed: 2, controlMissed: 1, of: 90),
            Study.rationalityClaim(almostAll),
        ] + Games.claims + [TeachingGrid.claim(almostAll)]
    }

    private var counts: [Int] { settings.study.counts }
    private var few: Int { counts.min() ?? 0 }
    private var many: Int { counts.max() ?? 0 }
    // One grid in a quick run of six may miss; in longer runs about one in twelve.
    private var almostAll: SeedRule { .each(allowing: max(1, settings.seeds / 12)) }

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    private struct Outcome: Codable {
        let inverse: Study.Outcome, games: AssistanceGames.Outcome, teaching: TeachingGrid.Outcome
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (settings, trials) = (settings, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("demonstrations and games") { trial in
            let inverse = try settings.study.run(key: trial.key["inverse"], in: trial.session)
            try trial.checkpoint()
            return Outcome(
                inverse: inverse, games: settings.games.played(key: trial.key["games"]),
                teaching: try settings.teaching.run(key: trial.key["teaching"]) { try trial.checkpoint() })
        }
        let (inverse, games) = (outcomes.map(\.inverse), AssistanceResults(settings.games, outcomes.map(\.games)))
        var measured = measured(inverse, games, seeds: trials.seeds)
        TeachingGrid.measure(outcomes.map(\.teaching), &measured)
        func each(_ name: String) -> [Quantity] {
            counts.map { Self.perCount(name, $0, isHeadline: name.hasSuffix("loss") && $0 == many) }
        }
        func curve(_ title: String, _ caption: String, _ label: String, _ name: String) -> LineChart {
            LineChart(
                title: title, caption: caption + " Bands, from 8 grids on, are 95 % intervals of the mean.",
                x: Axis("demonstrations", scale: .logarithmic), y: Axis(label),
                series: [("noisily rational demonstrator", name), ("random demonstrator", "random_\(name)")].map {
                    measured.line($0, over: counts.map(Double.init), each($1))
                }, references: name == "loss" ? [ReferenceValue("threshold", 0.04)] : [])
        }
        return Findings(summary: summary(measured, games), claims: claims, from: measured) {
            for name in ["loss", "correlation", "random_loss", "random_correlation"] { each(name).map(measured.metric) }
            measured.metrics(Self.perCount("visit_gap", many), Study.demonstratorLoss)
            measured.metrics(Study.randomReward, Study.weighed, Study.damage, Study.lessDamage)
            measured.metrics(Games.teachingValue, Games.demonstrationValue, Games.informedValue, Games.teachingGain)
            TeachingGrid.metrics(measured)
            games.incentiveTable
            curve(
                "What acting on the recovered reward loses",
                "0 is the best policy for the true reward, 1 random actions.", "fraction lost", "loss")
            curve(
                "How much the recovered reward resembles the true one",
                "Correlation over cells. It stays below 1: demonstrations say nothing about cells that are not visited.",
                "correlation", "correlation")
            inverse[0].rewards
            games.incentives
            games.supplies
            "The loss of acting on a recovered reward is (V* - V) / (V* - V of random actions) on the true reward, for the "
                + "policy that is best for the recovered one. The demonstrator itself loses "
                + "\(Phrase.number(measured.mean(Study.demonstratorLoss)))."
            "The off-switch game's robot believes the utility to be normal with standard deviation 1."
        }
    }

    private func measured(
        _ inverse: [Study.Outcome], _ games: AssistanceResults, seeds: [UInt64]
    ) -> Measurements {
        var measured = Measurements(seeds: seeds)
        for (index, count) in counts.enumerated() {
            for (name, points) in [
                ("", inverse.map { $0.points[index] }), ("random_", inverse.map { $0.control[index] }),
            ] {
                measured[Self.perCount("\(name)loss", count)] = points.map(\.loss)
                measured[Self.perCount("\(name)correlation", count)] = points.map(\.correlation)
                measured[Self.perCount("\(name)visit_gap", count)] = points.map(\.recovered.visitGap)
            }
        }
        func values(_ name: String, _ count: Int) -> [Double] { measured[Self.perCount(name, count)] }
        for (quantity, name) in [(Self.lossRatio, "loss"), (Self.randomRatio, "random_loss")] {
            measured.set(quantity, Statistics.mean(values(name, many)) / Statistics.mean(values(name, few)))
        }
        measured[Self.correlationGain] = zip(values("correlation", many), values("correlation", few)).map(-)
        Study.measure(inverse, &measured)
        games.measure(&measured)
        return measured
    }

    private func summary(_ measured: Measurements, _ games: AssistanceResults) -> String {
        func mean(_ name: String, _ count: Int) -> Double { measured.mean(Self.perCount(name, count)) }
        return
            "Acting on the reward recovered from \(few == 1 ? "one demonstration" : "\(few) demonstrations") loses "
            + "\(Phrase.percent(mean("loss", few))) of the value between random actions and the best policy. With \(many) "
            + "demonstrations the loss is \(Phrase.percent(mean("loss", many))), and the recovered reward's correlation with "
            + "the true one is \(Phrase.number(mean("correlation", many))); with \(many) random demonstrations the loss is "
            + "\(Phrase.percent(mean("random_loss", many))), by random rewards "
            + "\(Phrase.percent(measured.mean(Study.randomReward))). Added to a known reward it loses "
            + "\(Phrase.percent(measured.mean(Study.weighed))), and a rationality wrong by ten adds "
            + "\(Phrase.percent(measured.mean(Study.damage))). An uncertain robot that expects a utility of 0 gains "
            + "\(Phrase.number(games.rational[0].played)) by waiting for a rational human. A human "
            + "who teaches earns \(Phrase.number(games.search.value)) with the robot, and one who demonstrates "
            + "\(Phrase.number(games.search.demonstration)). \(TeachingGrid.sentence(measured))"
    }
}
