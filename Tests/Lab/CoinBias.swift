import Plumbline

/// Is a coin biased? A small complete experiment to replace: settings, a claim with its control, a figure.
///
/// Say here in two sentences what is asked and what the control is.
struct CoinBias: Experiment {
    /// Every setting is an option of `lab run coin-bias`; its values here are those of the quick run.
    struct Settings: ExperimentSettings {
        @Setting("The probability of heads of the coin that is tested.", 0...1) var bias = 0.6
        @Setting("How often each coin is thrown in a trial.", 100...100_000_000) var throwsCount = 20_000
        @Setting("Trials, each with a seed of its own.", 1...1000) var seeds = 8
        init() {}
    }

    static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.throwsCount, tiny.seeds) = (5_000, 2)
        return ["tiny": tiny]
    }()

    static let card = Card(
        id: "coin-bias", title: "Coin bias", direction: "foundations: coin throwing",
        question: "Can throwing a coin show that it is biased?",
        method: "Throw both coins equally often with random numbers that derive from the seed; compare the share of "
            + "heads with one half.",
        limits: "A share of heads says nothing about whether throws depend on each other.",
        references: [
            Reference(
                authors: "Hoeffding", title: "Probability Inequalities for Sums of Bounded Random Variables",
                year: 1963)
        ],
        minutes: 0.01)

    static let tested = Quantity("tested_excess", unit: "of the throws")
    static let fair = Quantity("fair_excess", unit: "of the throws")

    /// Declared before the run: the statement, the rule over seeds, the threshold, and the control.
    let claims = [
        Claim(
            .mean, "The tested coin shows more heads than one half", tested, .atLeast(0.05),
            control: "The fair coin, thrown as often, does not", fair, .within(0.02, of: 0))
    ]

    let settings: Settings
    init(_ settings: Settings) { self.settings = settings }

    func run(in context: inout RunContext) async throws -> Findings {
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("throwing") { [settings] trial in
            try [settings.bias, 0.5].enumerated().map { index, probability in
                try Self.excess(of: probability, settings.throwsCount, trial.key[index], trial.session.reporter)
            }
        }
        var measured = Measurements(seeds: trials.seeds)
        measured[Self.tested] = outcomes.map { $0[0] }
        measured[Self.fair] = outcomes.map { $0[1] }
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.tested, Self.fair)
            BarChart(
                title: "Excess of heads",
                caption: "The share of heads less one half: mean and range over \(settings.seeds) seeds.",
                categories: ["tested", "fair"], categoryLabel: "coin", y: Axis("excess", unit: "of the throws"),
                series: [measured.bars("excess", [Self.tested, Self.fair], band: .range)])
        }
    }

    private func summary(_ measured: Measurements) -> String {
        "Thrown \(settings.throwsCount) times, the tested coin shows heads in a share that exceeds one half by "
            + "\(Phrase.number(measured.mean(Self.tested))) on average; the fair coin's exceeds it by "
            + "\(Phrase.number(measured.mean(Self.fair)))."
    }

    /// How much the share of heads exceeds one half.
    private static func excess(
        of probability: Double, _ count: Int, _ key: RandomKey, _ reporter: RunReporter
    ) throws -> Double {
        var generator = key.generator()
        var heads = 0
        for index in 0..<count {
            if generator.uniform() < probability { heads += 1 }
            if index.isMultiple(of: 10_000) { try reporter.checkpoint() }
        }
        return Double(heads) / Double(count) - 0.5
    }
}
