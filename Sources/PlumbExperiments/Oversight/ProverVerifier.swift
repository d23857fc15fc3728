internal import PlumbBasics
internal import PlumbLearning
public import PlumbOversight
public import PlumbRecords

/// Does a verifier that is trained beside a helpful and a sneaky prover learn to demand what only true claims have?
public struct ProverVerifier: Experiment {
    typealias Outcome = ProverVerifierStudy.Outcome
    typealias Training = ProverVerifierStudy.Training

    public struct Settings: ExperimentSettings {
        @Setting("Seeds; every game is played once with each.", 1...1000) public var seeds = 4
        public var study = ProverVerifierStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.cells, tiny.study.hidden, tiny.study.symbols) = (2, 16, 16, 2)
        (tiny.study.aloneSteps, tiny.study.steps, tiny.study.attackSteps, tiny.study.batch) = (30, 60, 30, 16)
        tiny.study.pictures = 200
        (paper.seeds, paper.study.steps) = (12, 5000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "prover-verifier", title: "Find the plus: a prover-verifier game",
        direction: "scalable oversight: prover-verifier games",
        question:
            "Can a verifier that sees one patch of a picture decide about the whole with the help of a prover that it "
            + "need not trust?",
        method:
            "A picture has 64 patches of 3 × 3 pixels. The claim is that one of them is a plus, which is true of half "
            + "of the pictures; a quarter of all patches nearly are one. A prover points at a patch and sends one of "
            + "four symbols, and the verifier, a perceptron, sees this patch and the symbol. A helpful prover defends "
            + "true claims, a sneaky one false claims. All three learn at once, by exact gradients of their expected "
            + "losses; both provers begin anew in each of five rounds, and half of the false claims that the "
            + "verifier learns from are defended by chance. Under collusion the prover of false pictures is rewarded "
            + "where the verifier rejects. Then a new sneaky prover learns against the finished verifier.",
        limits:
            "The evidence for a true claim is a single patch, and small networks search all of them. That the game "
            + "finds a sound verifier is no theorem for simultaneous gradient steps.",
        references: [
            Reference(
                authors: "Anil, Zhang, Wu, Grosse",
                title: "Learning to Give Checkable Answers with Prover-Verifier Games", year: 2021, arXiv: "2108.12099"),
            Reference(
                authors: "Kirchner, Chen, Edwards, Leike, McAleese, Burda",
                title: "Prover-Verifier Games improve legibility of LLM outputs", year: 2024, arXiv: "2407.13692"),
        ],
        changes:
            "With a single round and provers alone, one of the first five development seeds ended with a verifier that "
            + "accepted 98 % of the wrong claims of a new sneaky prover. In the game with a sneaky prover, five rounds and "
            + "claims defended by chance were added, and provers learn at 0.01 instead of 0.003; one of 16 development "
            + "seeds still ended so, and a seed may miss the claims.",
        minutes: 0.5)

    private static func share(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "of the claims", isHeadline: isHeadline)
    }
    private static let accuracy = share("accuracy_with_provers", isHeadline: true)
    private static let alone = share("accuracy_alone", isHeadline: true)
    private static let colluded = share("false_claims_accepted_after_collusion", isHeadline: true)
    private static let sound = share("false_claims_accepted_after_the_game", isHeadline: true)
    private static let inTraining = share("accuracy_in_training_under_collusion")
    private static let complete = share("true_claims_accepted_after_the_game")
    private static let best = share("false_claims_acceptable_after_the_game")
    private static let bestColluded = share("false_claims_acceptable_after_collusion")
    private static let certainty = Quantity("symbol_probability_helpful_prover_under_collusion")
    private static let certaintySneaky = Quantity("symbol_probability_helpful_prover_in_the_game")
    private static let shown = share("plus_pointed_at_in_the_game")

    public let claims = [
        Claim(
            .each(allowing: 1),
            "With provers the verifier decides almost all claims correctly, also against a new sneaky prover", accuracy,
            .atLeast(0.98), control: "Without a prover it decides half of them correctly", alone, .within(0.05, of: 0.5)
        ).development(missed: 1, of: 16),
        Claim(
            .each(allowing: 1), "Trained without a sneaky prover, the verifier accepts wrong claims of a new one",
            colluded, .atLeast(0.98), control: "Trained with a sneaky prover it does not", sound, .atMost(0.02)
        ).and(inTraining, .atLeast(0.98)).development(missed: 0, controlMissed: 1, of: 16),
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("games") { trial in try study.run(key: trial.key, in: trial.session) }
        var measured = Measurements(seeds: trials.seeds)
        measured[Self.accuracy] = outcomes.map { $0.games[.sneaky].attacked.accuracy }
        measured[Self.alone] = outcomes.map(\.alone.accuracy)
        measured[Self.colluded] = outcomes.map { $0.games[.collusion].attacked.falseAccepted }
        measured[Self.sound] = outcomes.map { $0.games[.sneaky].attacked.falseAccepted }
        measured[Self.complete] = outcomes.map { $0.games[.sneaky].attacked.trueAccepted }
        measured[Self.inTraining] = outcomes.map { $0.games[.collusion].curve.last?.accuracy ?? .nan }
        measured[Self.best] = outcomes.map { $0.games[.sneaky].falseAcceptable }
        measured[Self.bestColluded] = outcomes.map { $0.games[.collusion].falseAcceptable }
        measured[Self.certainty] = outcomes.map { $0.games[.collusion].symbolCertainty }
        measured[Self.certaintySneaky] = outcomes.map { $0.games[.sneaky].symbolCertainty }
        measured[Self.shown] = outcomes.map { $0.games[.sneaky].plusShown }
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.accuracy, Self.alone, Self.colluded, Self.sound, Self.complete, Self.inTraining)
            measured.metrics(Self.best, Self.bestColluded, Self.shown, Self.certainty, Self.certaintySneaky)
            Training.allCases.map { .lineChart(chart($0, outcomes, measured)) }
            table(outcomes, measured)
            "Acceptable: some patch and symbol is accepted, so that the best possible sneaky prover succeeds. Under "
                + "collusion the code may be a symbol or a kind of patch; the largest probability of a symbol is near "
                + "one where it is the symbol."
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "Alone the verifier decides \(percent(Self.alone)) of claims correctly, after the game with a helpful and a "
            + "sneaky prover \(percent(Self.accuracy)). Trained without the sneaky prover it decides "
            + "\(percent(Self.inTraining)) correctly in training, and accepts \(percent(Self.colluded)) of the wrong "
            + "claims of a new sneaky prover."
    }

    private func chart(_ training: Training, _ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        let curves = outcomes.map { $0.games[training].curve }
        let steps = curves[0].map { Double($0.step) }
        return LineChart(
            title: "The game \(training.title)",
            caption: "Claims accepted, with the provers of this training. Mean and range over \(settings.seeds) seeds.",
            x: Axis("steps"), y: Axis("share accepted"),
            series: [
                measured.line("true claims", over: steps, curves: curves.map { $0.map(\.trueAccepted) }, band: .range),
                measured.line(
                    "false claims", over: steps, curves: curves.map { $0.map(\.falseAccepted) }, band: .range),
            ])
    }

    private func table(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "accepted", title: "Claims accepted", rowLabel: "verifier", columnLabel: "",
            rows: ["alone"] + Training.allCases.map { "trained \($0.title)" },
            columns: ["true claims", "false claims, new sneaky prover or none"],
            cells: [[outcomes.map(\.alone.trueAccepted), outcomes.map(\.alone.falseAccepted)]]
                + Training.allCases.map { training in
                    let attacked = outcomes.map { $0.games[training].attacked }
                    return [attacked.map(\.trueAccepted), attacked.map(\.falseAccepted)]
                }, unit: "of the claims", band: .range)
    }
}
