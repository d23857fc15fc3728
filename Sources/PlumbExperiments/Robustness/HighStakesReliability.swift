internal import PlumbLearning
public import PlumbRecords
public import PlumbRobustness
internal import PlumbTensor

/// Does training on what attacks find make a classifier reliable where a single failure counts?
///
/// Rounds of attacks and training on a toy classifier of texts, beside as many plain steps.
public struct HighStakesReliability: Experiment {
    typealias Outcome = HighStakesStudy.Outcome
    typealias Measure = HighStakesStudy.Measure

    public struct Settings: ExperimentSettings {
        @Setting("Seeds: each trains a classifier of its own.", 1...1000) public var seeds = 3
        /// The classifier and its rounds.
        public var study = HighStakesStudy()
        /// The attack.
        public var attack = TokenAttack()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.texts, tiny.study.firstSteps, tiny.study.roundSteps) = (1, 500, 40, 20)
        (tiny.study.finds, tiny.study.judged, tiny.study.drawn, tiny.study.rounds) = (6, 4, 500, 2)
        (tiny.attack.attackSteps, tiny.attack.candidates) = (4, 16)
        (paper.seeds, paper.study.judged, paper.study.drawn) = (20, 200, 200_000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "high-stakes-reliability", title: "Training on what attacks find",
        direction: "robustness: adversarial training for high-stakes reliability",
        question: "Does training on texts that attacks find make a classifier reliable where a single failure counts?",
        method:
            "A classifier should refuse texts with one of 32 harmful tokens of 512 among the first four. An attack "
            + "chooses the eight tokens after them, which mean nothing, so that a harmful text passes: by greedy "
            + "coordinate gradients. In each round texts that it finds join the training. Measured each time: how often harmful texts pass "
            + "without an attack, with an exact upper bound; how often attacks succeed and how many texts they "
            + "evaluate, also by a method that training never met; and attacks on embeddings.",
        limits:
            "A toy language in which harm is one token. The embeddings can be attacked before and after: training on "
            + "tokens does not make the classifier robust in the space between them. Attacks with a larger budget find "
            + "more.",
        references: [
            Reference(
                authors: "Ziegler, Nix, Chan, Bauman, Schmidt-Nielsen, Lin, Scherlis, …, Thomas",
                title: "Adversarial Training for High-Stakes Reliability", year: 2022, arXiv: "2205.01663"),
            Reference(
                authors: "Zou, Wang, Carlini, Nasr, Kolter, Fredrikson",
                title: "Universal and Transferable Adversarial Attacks on Aligned Language Models", year: 2023,
                arXiv: "2307.15043"),
        ],
        changes:
            "The first training was too short and the embeddings began too close to each other: as many plain steps lowered "
            + "the success of attacks as much. The first training has 8000 steps now instead of 1500, embeddings begin with "
            + "a standard deviation of 0.85 instead of 0.3, and six rounds of 300 steps replace three of 600. These were "
            + "chosen on development seeds 100 to 102; no claim and no threshold changed.", minutes: 1.5)

    static let before = Quantity("false_negatives_before"), after = Quantity("false_negatives_after", isHeadline: true)
    static let plainAfter = Quantity("false_negatives_after_plain_steps")
    static let bound = Quantity("false_negatives_upper_bound", isHeadline: true)
    static let success = Quantity("attack_success_after", isHeadline: true), start = Quantity("attack_success_before")
    static let plainSuccess = Quantity("attack_success_after_plain_steps")
    static let cost = Quantity("attack_cost_after_over_before", unit: "times", isHeadline: true)
    static let plainCost = Quantity("attack_cost_after_plain_steps_over_before", unit: "times")
    static let held = Quantity("greedy_attack_success_after"),
        plainHeld = Quantity("greedy_attack_success_after_plain_steps")
    static let soft = Quantity("embedding_attack_success_after")
    static let refused = Quantity("harmless_texts_refused_after"),
        refusedBefore = Quantity("harmless_texts_refused_before")

    public let claims = [
        Claim(
            .worst, "After training on what attacks find few harmful texts pass without an attack", after,
            .atMost(0.001),
            control: "As many plain steps leave more", plainAfter, .atLeast(0.002), controlRule: .mean
        ).and(bound, .atMost(0.002)).development(missed: 0, of: 30, controlOf: 10),
        Claim(
            .worst, "An attack evaluates ten times as many texts until it succeeds, in the median", cost, .atLeast(10),
            control: "As many plain steps leave its success", plainSuccess, .atLeast(0.9), controlRule: .mean
        ).controlAnd(plainCost, .atMost(3)).development(missed: 0, of: 30, controlOf: 10),
        Claim(
            .mean, "It holds for a method of attack that training never met", held, .atMost(0.3),
            control: "As many plain steps leave that one's success", plainHeld, .atLeast(0.8)
        ).development(missed: 0, of: 10),
    ]

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let settings = settings
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("rounds") { trial in
            try settings.study.run(settings.attack, key: trial.key, in: trial.session)
        }
        var measured = Measurements(seeds: trials.seeds)
        func put(_ quantity: Quantity, _ rounds: KeyPath<Outcome, [Measure]>, _ value: (Measure) -> Double) {
            measured[quantity] = outcomes.map { outcome in outcome[keyPath: rounds].last.map(value) ?? .nan }
        }
        func first(_ quantity: Quantity, _ value: (Measure) -> Double) {
            measured[quantity] = outcomes.map { $0.trained.first.map(value) ?? .nan }
        }
        func costs(_ quantity: Quantity, _ rounds: KeyPath<Outcome, [Measure]>) {
            measured[quantity] = outcomes.map { outcome in
                (outcome[keyPath: rounds].last?.cost["gradient"] ?? .nan)
                    / (outcome.trained.first?.cost["gradient"] ?? .nan)
            }
        }
        first(Self.before, \.falseNegatives)
        put(Self.after, \.trained, \.falseNegatives)
        put(Self.plainAfter, \.plain, \.falseNegatives)
        put(Self.bound, \.trained, \.bound)
        first(Self.start) { $0.success["gradient"] ?? .nan }
        put(Self.success, \.trained) { $0.success["gradient"] ?? .nan }
        put(Self.plainSuccess, \.plain) { $0.success["gradient"] ?? .nan }
        put(Self.held, \.trained) { $0.success["greedy"] ?? .nan }
        put(Self.plainHeld, \.plain) { $0.success["greedy"] ?? .nan }
        costs(Self.cost, \.trained)
        costs(Self.plainCost, \.plain)
        put(Self.soft, \.trained, \.embeddings)
        put(Self.refused, \.trained, \.refused)
        first(Self.refusedBefore, \.refused)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.after, Self.bound, Self.success, Self.cost, Self.before, Self.plainAfter, Self.start)
            measured.metrics(Self.plainSuccess, Self.plainCost, Self.held, Self.plainHeld, Self.soft)
            measured.metrics(Self.refused, Self.refusedBefore)
            rounds(outcomes, measured)
            chart("Attacks that succeed", "share of harmful texts", outcomes, measured) {
                $0.success["gradient"] ?? .nan
            }
            chart("Texts an attack evaluates", "median, failures counted as the budget", outcomes, measured) {
                $0.cost["gradient"] ?? .nan
            }
            chart("Harmful texts that pass without an attack", "share", outcomes, measured, \.falseNegatives)
            "Where an attack finds nothing, its cost is counted as its budget of \(settings.attack.budget) texts: "
                + "the true cost is "
                + "higher. The bound is the upper end of a one-sided 95 % interval (Clopper, Pearson) of one "
                + "classifier."
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "Training on what attacks find lowers the share of harmful texts that pass from \(percent(Self.before)) to "
            + "\(percent(Self.after)) (\(percent(Self.plainAfter)) after as many plain steps), and the success of "
            + "attacks from "
            + "\(percent(Self.start)) to \(percent(Self.success)) (\(percent(Self.plainSuccess))). An attack evaluates "
            + "\(Phrase.number(measured.mean(Self.cost))) times as many texts or more. Embeddings chosen freely "
            + "still pass in "
            + "\(percent(Self.soft)) of cases, and \(percent(Self.refused)) of harmless texts are refused, from "
            + "\(percent(Self.refusedBefore))."
    }

    private func rounds(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        let columns: KeyValuePairs<String, (Measure) -> Double> = [
            "harm that passes": \.falseNegatives, "harmless refused": \.refused,
            "gradient attack": { $0.success["gradient"] ?? .nan }, "greedy attack": { $0.success["greedy"] ?? .nan },
            "random suffixes": { $0.success["random"] ?? .nan }, "embeddings": \.embeddings,
            "nearest tokens": \.nearest,
            "median cost": { $0.cost["gradient"] ?? .nan },
        ]
        let counts = 0...settings.study.rounds
        return measured.table(
            "rounds", title: "After each round", rowLabel: "round", columnLabel: "",
            rows: counts.map { "\($0)" } + counts.dropFirst().map { "\($0), plain steps" }, columns: columns.map(\.key),
            cells: counts.map { round in columns.map { column in outcomes.map { column.value($0.trained[round]) } } }
                + counts.dropFirst().map { round in
                    columns.map { column in outcomes.map { column.value($0.plain[round]) } }
                })
    }

    private func chart(
        _ title: String, _ unit: String, _ outcomes: [Outcome], _ measured: Measurements,
        _ value: @escaping (Measure) -> Double
    ) -> LineChart {
        let x = (0...settings.study.rounds).map(Double.init)
        return LineChart(
            title: title, caption: "After each round, the mean over seeds.", x: Axis("round"),
            y: Axis(title.lowercased(), unit: unit),
            series: [
                measured.line("trained on finds", over: x, curves: outcomes.map { $0.trained.map(value) }),
                measured.line("plain steps", over: x, curves: outcomes.map { $0.plain.map(value) }),
            ])
    }
}
