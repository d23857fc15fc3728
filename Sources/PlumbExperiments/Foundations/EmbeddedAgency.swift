internal import PlumbFoundations
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What should an agent do that is a part of the world it reasons about, and that others reason about too?
///
/// Players that prove things of each other, proof search that fools itself, and decisions that were predicted: each small
/// enough to be decided exactly.
public struct EmbeddedAgency: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("How often the predictor, the twin or the correlation is right.", 0.5...1)
        public var accuracy = 0.99
        @Setting("Random systems of each kind that a seed draws.", 1...100_000)
        public var systems = 300
        @Setting("Seeds, each with random systems of its own.", 1...1000)
        public var seeds = 4
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.seeds, tiny.systems) = (2, 40)
        return ["tiny": tiny]
    }()

    public static let card = Card(
        id: "embedded-agency", title: "Agents inside the world", direction: "deconfusion: embedded agency",
        question:
            "What do agents do that reason about each other's and their own source code, and which decision theory "
            + "earns most where decisions are predicted?",
        method:
            "Decide what can be proved by evaluating sentences of provability logic on worlds of which each sees the earlier "
            + "ones, until nothing changes. Let seven players of the prisoner's dilemma meet; let an agent choose between $5 "
            + "and $10 by what it can prove first; play Newcomb's problem with a predictor that proves. Enumerate six "
            + "decision problems for causal, evidential and functional decision theory, which chooses policies.",
        limits:
            "Proofs are unbounded: real programs search for a limited time. Which state a copy of the agent is in, and what "
            + "depends on its decision, is written down by hand, which is the hard part of functional decision theory.",
        references: [
            Reference(
                authors: "Barasz, Christiano, Fallenstein, Herreshoff, LaVictoire, Yudkowsky",
                title: "Robust Cooperation in the Prisoner's Dilemma", year: 2014, arXiv: "1401.5577"),
            Reference(authors: "Demski, Garrabrant", title: "Embedded Agency", year: 2019, arXiv: "1902.09469"),
            Reference(
                authors: "Yudkowsky, Soares", title: "Functional Decision Theory", year: 2017, arXiv: "1710.05060"),
        ], minutes: 0.1)

    private static func whole(_ name: String, _ unit: String = "", isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: unit, per: "run", isHeadline: isHeadline)
    }
    static let cells = whole("matches_as_published", "of 49 matches", isHeadline: true)
    static let circular = Quantity("circular_systems_accepted", unit: "of the systems")
    static let boxed = Quantity("boxed_systems_accepted", unit: "of the systems")
    static let spurious = whole("five_dollars_taken", "of the orders", isHeadline: true)
    static let chicken = whole("five_dollars_taken_with_chicken_rule", "of the orders")
    static let updateless = whole("five_dollars_taken_by_modal_udt", "of the settings")
    static let oneBoxing = whole("one_boxing_modal_udt", "of 16 settings")
    static let unpredicted = whole("one_boxing_modal_udt_unpredicted", "of 16 settings")
    static let causalLosses = whole("problems_lost_by_cdt", "of 6 problems", isHeadline: true)
    static let evidentialLosses = whole("problems_lost_by_edt", "of 6 problems", isHeadline: true)
    static let disagreements = whole("disagreements_at_one_half", "of 6 problems")
    static let threshold = whole("edt_one_boxes_from_accuracy")
    static let causalOneBoxing = whole("cdt_one_boxing", "of the accuracies")

    public let claims = [
        Claim(
            .value, "Every match of seven players ends as published (Barasz et al. 2014, and another program after it)",
            cells, .within(0, of: 49),
            control:
                "Random systems in which a sentence refers to itself outside every box have no fixed point and are "
                + "rejected, while the same with boxes are accepted", circular, .within(0, of: 0), controlRule: .worst
        ).controlAnd(.worst, boxed, .within(0, of: 1)),
        Claim(
            .value,
            "Searching for proofs about its own action, an agent takes $5 in place of $10 in a third of the orders",
            spurious, .within(1e-9, of: 1.0 / 3),
            control: "With the chicken rule it never does, nor does modal updateless decision theory", chicken,
            .within(0, of: 0)
        ).controlAnd(updateless, .within(0, of: 0)),
        Claim(
            .value, "Modal updateless decision theory takes one box from a predictor that proves in few settings only",
            oneBoxing, .within(0, of: 3),
            control: "It takes one in none where the box is full whatever it does", unpredicted, .within(0, of: 0)),
        Claim(
            .value, "Causal and evidential decision theory each earn less than functional in four of six problems",
            causalLosses, .within(0, of: 4),
            control: "With a predictor of accuracy one half all three do the same", disagreements, .within(0, of: 0)
        ).and(evidentialLosses, .within(0, of: 4)),
        Claim(
            .value, "Evidential decision theory takes one box from an accuracy of .5005 on, as the stakes say",
            threshold,
            .within(1e-6, of: 0.5005),
            control: "Causal decision theory takes it at no accuracy from one half to 1", causalOneBoxing,
            .within(0, of: 0)),
    ]

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (count, trials) = (settings.systems, Trials(context, count: settings.seeds))
        let accepted = try await trials.run("random systems") { trial in
            try [false, true].map { boxed in
                var random = trial.key["systems"].generator()
                let systems = (0..<count).map { _ in ModalSystem.circle(boxed: boxed, using: &random) }
                try trial.checkpoint()
                return Double(systems.count { (try? ModalSystem($0)) != nil }) / Double(count)
            }
        }
        let problems = try DecisionProblem.classics(accuracy: settings.accuracy)
        var measured = Measurements(seeds: trials.seeds)
        (measured[Self.circular], measured[Self.boxed]) = (accepted.map { $0[0] }, accepted.map { $0[1] })
        try measureProofs(&measured)
        try measureDecisions(problems, &measured)
        return try Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.cells, Self.spurious, Self.causalLosses, Self.evidentialLosses)
            measured.metrics(Self.circular, Self.boxed, Self.chicken, Self.updateless, Self.oneBoxing)
            measured.metrics(Self.unpredicted, Self.disagreements, Self.threshold, Self.causalOneBoxing)
            try EmbeddedAgencyFigures.matches()
            try EmbeddedAgencyFigures.frames()
            EmbeddedAgencyFigures.shortfalls(problems)
            try EmbeddedAgencyFigures.newcomb()
            "Modal updateless decision theory takes one box where: "
                + (try ModalNewcomb.all.filter { try $0.solved().oneBoxes }.map(\.name)).joined(separator: "; ") + "."
            "Earning is judged by the policy that a theory arrives at, predicted and carried out, averaged over all states."
        }
    }

    private func measureProofs(_ measured: inout Measurements) throws {
        let table = try ModalAgent.table()
        let agreeing = zip(table.joined(), ModalAgent.publishedMoves.joined()).count { $0 == $1 }
        measured.set(Self.cells, Double(agreeing))
        func share(_ agents: [ProofSearch]) throws -> Double {
            Double(try agents.count { try $0.decides().action == 0 }) / Double(agents.count)
        }
        measured.set(Self.spurious, try share(FiveAndTen.orders.map(FiveAndTen.naive)))
        measured.set(Self.chicken, try share(FiveAndTen.orders.map { FiveAndTen.naive($0).playingChicken }))
        let updateless = [[0, 1], [1, 0]].flatMap { order in
            (0..<6).map { FiveAndTen.updateless(order: order, level: $0 / 2, increment: $0 % 2) }
        }
        measured.set(Self.updateless, try share(updateless))
        measured.set(Self.oneBoxing, Double(try ModalNewcomb.all.count { try $0.solved().oneBoxes }))
        measured.set(
            Self.unpredicted, Double(try ModalNewcomb.all.count { try $0.solved(isPredicted: false).oneBoxes }))
    }

    private func measureDecisions(_ problems: [DecisionProblem], _ measured: inout Measurements) throws {
        func lost(_ theory: DecisionTheory) -> Double {
            Double(
                problems.count {
                    $0.value(of: $0.policy(of: theory)) < $0.value(of: $0.policy(of: .functional)) - 1e-9
                })
        }
        measured.set(Self.causalLosses, lost(.causal))
        measured.set(Self.evidentialLosses, lost(.evidential))
        let chance = try DecisionProblem.classics(accuracy: 0.5)
        measured.set(
            Self.disagreements,
            Double(chance.count { problem in Set(DecisionTheory.allCases.map(problem.policy(of:))).count > 1 }))
        measured.set(Self.threshold, try DecisionProblem.oneBoxingThreshold())
        let accuracies = EmbeddedAgencyFigures.accuracies
        let oneBoxing = try accuracies.count {
            try DecisionProblem.newcomb(accuracy: $0).policy(of: .causal) == [0]
        }
        measured.set(Self.causalOneBoxing, Double(oneBoxing) / Double(accuracies.count))
    }

    private func summary(_ measured: Measurements) -> String {
        func whole(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "Of 49 matches \(whole(Self.cells)) between players that prove things of each other end as published; of random "
            + "systems whose sentences refer to themselves outside boxes \(Phrase.percent(measured.mean(Self.circular))) are "
            + "accepted. An agent that searches for proofs about its own action takes $5 in place of $10 in "
            + "\(Phrase.percent(measured.mean(Self.spurious))) of the orders of its search, with the chicken rule in "
            + "\(Phrase.percent(measured.mean(Self.chicken))). With a predictor right in "
            + "\(Phrase.percent(settings.accuracy)) of cases causal decision theory earns less than functional in "
            + "\(whole(Self.causalLosses)) of six problems and evidential in \(whole(Self.evidentialLosses)); with one that "
            + "guesses the three differ in \(whole(Self.disagreements))."
    }
}
