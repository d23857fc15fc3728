public import PlumbFoundations
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Can selfish learners find cooperation, and what saves a commons that they do not?
public struct OpponentShaping: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Seeds: orchards with learners of their own.", 1...1000)
        public var seeds = 3
        @Setting("Pairs of learners of the iterated dilemma for each seed and kind.", 1...10_000)
        public var pairs = 20
        @Setting("η, the length of the other's step of learning that a learner reckons with.", 0...100)
        public var lookahead = 3.0
        @Setting("Steps of learning in the iterated dilemma.", 1...100_000)
        public var steps = 200
        public var study = CommonsStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.pairs, tiny.steps) = (1, 3, 60)
        (tiny.study.generations, tiny.study.generationSteps, tiny.study.episodes, tiny.study.width) = (1, 1024, 2, 8)
        (paper.seeds, paper.pairs, paper.study.generations) = (10, 50, 60)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "opponent-shaping", title: "Shaping each other, and sharing a commons",
        direction: "threat models: multipolar failure, coordination",
        question:
            "Do selfish learners come to cooperate where each reckons with the other's learning, and what saves a commons "
            + "where they do not?",
        method:
            "Two learners climb their exact values in the iterated prisoner's dilemma with a memory of one round, naively, or "
            + "reckoning with one step of the other's learning (LOLA). Two players learn by PPO to harvest an orchard that "
            + "bears the more the more hangs, each against a copy of itself of a generation before: for their own apples, "
            + "under a tax on apples taken from a low stock, and as one owner with two workers. Harvests are compared with the "
            + "best that spares a fixed stock until the end is near.",
        limits:
            "LOLA sees the other's policy and values exactly. Nothing is claimed of the orchard: two players bear so much of "
            + "what they take from it that learning often spares it. The orchard has 12 trees and two players that see all of it; "
            + "the tax is set and collected without error or cost, and its stock is that of the best harvest.",
        references: [
            Reference(
                authors: "Foerster, Chen, Al-Shedivat, Whiteson, Abbeel, Mordatch",
                title: "Learning with Opponent-Learning Awareness", year: 2018, arXiv: "1709.04326"),
            Reference(
                authors: "Leibo and others",
                title: "Scalable Evaluation of Multi-Agent Reinforcement Learning with Melting Pot",
                year: 2021, arXiv: "2107.06857"),
        ],
        changes:
            "The naive controls were loosened when a few of 300 pairs cooperated. Two claims about the orchard, that two selfish "
            + "learners overharvest it and that a tax saves it, held in development and failed on fresh seeds (selfish .76 "
            + "to .88 of the optimum, taxed .95 to 1.0, an owner .79 to .88). They were dropped; the numbers are reported.",
        minutes: 2)

    static let naive = Quantity("naive_payoff", unit: "a round")
    static let shaped = Quantity("lola_payoff", unit: "a round", isHeadline: true)
    static let unlooked = Quantity("lola_without_lookahead_payoff", unit: "a round")
    static let reciprocal = Quantity("lola_tit_for_tat", unit: "of the policies", isHeadline: true)
    static let naiveReciprocal = Quantity("naive_tit_for_tat", unit: "of the policies")
    static let selfish = Quantity("selfish_harvest", unit: "of the optimum", isHeadline: true)
    static let taxed = Quantity("taxed_harvest", unit: "of the optimum", isHeadline: true)
    static let owned = Quantity("owner_harvest", unit: "of the optimum")
    static let greedy = Quantity("greedy_harvest", unit: "of the optimum", per: "run")

    public let claims = [
        Claim(
            .mean, "Learners that reckon with each other's learning come near full cooperation (-1)", shaped,
            .within(0.06, of: -1.003),
            control: "Naive learners come near full defection (-2), and so do these for η = 0", naive, .atMost(-1.95)
        ).and(.worst, shaped, .atLeast(-1.2)).controlAnd(.worst, unlooked, .atMost(-1.85)),
        Claim(
            .worst, "Most of them reciprocate, as tit for tat does", reciprocal, .atLeast(0.6),
            control: "No naive learner does", naiveReciprocal, .atMost(0.05)),
    ]

    let settings: Settings
    public init(_ settings: Settings) throws { self.settings = settings }

    private struct Outcome: Codable {
        let naive: [ShapingLearner.Outcome], shaped: [ShapingLearner.Outcome], unlooked: [ShapingLearner.Outcome]
        let selfish: CommonsStudy.Outcome, taxed: CommonsStudy.Outcome, owned: CommonsStudy.Outcome
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (settings, trials) = (settings, Trials(context, count: settings.seeds))
        let (study, game) = (settings.study, try IteratedDilemma())
        let optimum = try study.optimum(key: RandomKey(context.seed)["optimum"])
        let outcomes = try await trials.run("learning") { trial in
            func pairs(_ lookahead: Double, _ name: String) throws -> [ShapingLearner.Outcome] {
                var learner = ShapingLearner(game)
                (learner.lookahead, learner.steps) = (lookahead, settings.steps)
                try trial.checkpoint()
                return (0..<settings.pairs).map { learner.learned(key: trial.key[name][$0]) }
            }
            func commons(_ reward: CommonsHarvest.Reward, _ name: String) throws -> CommonsStudy.Outcome {
                try study.learned(reward, key: trial.key["commons"], label: name, in: trial.session)
            }
            return Outcome(
                naive: try pairs(0, "naive"), shaped: try pairs(settings.lookahead, "shaped"),
                unlooked: try pairs(0, "shaped"), selfish: try commons(.own, "selfish"),
                taxed: try commons(.taxed(rate: study.tax, stock: optimum.spared), "taxed"),
                owned: try commons(.all, "owner"))
        }
        let measured = measured(outcomes, optimum, seeds: trials.seeds)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.shaped, Self.naive, Self.unlooked, Self.reciprocal, Self.naiveReciprocal)
            measured.metrics(Self.selfish, Self.taxed, Self.owned, Self.greedy)
            ShapingFigures.payoffs(outcomes.map(\.naive), outcomes.map(\.shaped), measured)
            ShapingFigures.stock(
                [
                    ("selfish", outcomes.map(\.selfish)), ("taxed", outcomes.map(\.taxed)),
                    ("one owner", outcomes.map(\.owned)),
                ], measured)
            ShapingFigures.harvest(
                [
                    ("selfish", outcomes.map(\.selfish)), ("taxed", outcomes.map(\.taxed)),
                    ("one owner", outcomes.map(\.owned)),
                ], optimum, measured)
            "The optimum is the best of the harvests that spare a fixed stock until the end is near, found by playing them: "
                + "\(Phrase.number(optimum.harvest)) apples an episode, sparing \(optimum.spared). Taxes paid are not counted "
                + "against the harvest."
            "Another program's LOLA gains -1.003, with 92 % tit for tat, over 50 pairs at η = 3 and 200 steps of rate 1."
        }
    }

    private func measured(
        _ outcomes: [Outcome], _ optimum: CommonsStudy.Optimum, seeds: [UInt64]
    ) -> Measurements {
        var measured = Measurements(seeds: seeds)
        func worth(_ learned: [ShapingLearner.Outcome]) -> Double {
            Statistics.mean(learned.map { $0.worth.last ?? .nan })
        }
        func reciprocal(_ learned: [ShapingLearner.Outcome]) -> Double {
            Double(learned.reduce(0) { $0 + $1.reciprocating }) / Double(2 * learned.count)
        }
        measured[Self.naive] = outcomes.map { worth($0.naive) }
        measured[Self.shaped] = outcomes.map { worth($0.shaped) }
        measured[Self.unlooked] = outcomes.map { worth($0.unlooked) }
        measured[Self.reciprocal] = outcomes.map { reciprocal($0.shaped) }
        measured[Self.naiveReciprocal] = outcomes.map { reciprocal($0.naive) }
        measured[Self.selfish] = outcomes.map { $0.selfish.harvest / optimum.harvest }
        measured[Self.taxed] = outcomes.map { $0.taxed.harvest / optimum.harvest }
        measured[Self.owned] = outcomes.map { $0.owned.harvest / optimum.harvest }
        measured.set(Self.greedy, optimum.greedy / optimum.harvest)
        return measured
    }

    private func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        func share(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "In the iterated prisoner's dilemma learners that reckon with each other's learning come to \(number(Self.shaped)) a "
            + "round, where mutual cooperation is -1, and \(share(Self.reciprocal)) of their policies reciprocate; naive "
            + "learners come to \(number(Self.naive)). In a shared orchard selfish learners harvest \(share(Self.selfish)) of "
            + "the optimum, under a tax on apples from a low stock \(share(Self.taxed)), and one owner with two workers "
            + "\(share(Self.owned))."
    }
}
