public import PlumbAlignment
internal import PlumbGovernance
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How hard can a learned reward be optimized before the gold reward falls?
///
/// A small language model is optimized by reward models that learned from comparisons, with the best of n and with PPO;
/// the gold reward is a larger reward model. Beside it stands an exact case, in which a linear reward cannot express the
/// cost of extremes. Controls: optimizing the gold reward itself, random labels, no cost of extremes.
public struct RewardModelOveroptimization: Experiment {
    /// What can be varied; the values are those of the quick run.
    public struct Settings: ExperimentSettings {
        @Setting("Seeds, each with language and reward models and exact tasks of its own.", 1...1000)
        public var seeds = 4
        @Setting("Exact tasks per seed: gold reward, comparisons and answers are drawn anew for each.", 1...10_000)
        public var tasks = 48
        /// The exact case.
        public var study = OveroptimizationStudy()
        /// The language model and its reward models.
        public var language = LanguageModelOveroptimizationStudy()
        /// The quick run.
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.tasks, tiny.study.comparisons) = (2, 4, [20, 50])
        (tiny.study.samples, tiny.study.largest, tiny.study.members) = (1024, 256, 3)
        tiny.language = .tiny
        (paper.seeds, paper.tasks, paper.study.comparisons) = (8, 96, [20, 50, 100, 200, 400, 800])
        (paper.study.samples, paper.study.largest) = (262_144, 65_536)
        paper.language = .large
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "reward-model-overoptimization", title: "Too much of a learned reward",
        direction: "alignment: reward hacking",
        question: "How hard can a learned reward be optimized before the gold reward falls?",
        method:
            "Train a character language model on the shipped text; train a larger transformer to score a hidden property "
            + "of its completions, the number of different letters, and freeze it as the gold reward. Smaller reward "
            + "models learn from comparisons that a Bradley–Terry teacher labels by the gold reward. Optimize the "
            + "policy by each with the best of n, estimated without bias, and by PPO with a penalty on the divergence of "
            + "each token. Exact case: normal answers, a linear reward, and a cost of extremes that it cannot express, "
            + "where a peak and a fall follow from the construction.",
        limits:
            "Characters, completions of 16, models of tens of thousands of parameters. The gold reward is a network "
            + "too: far from what it was trained on it is no more right than a proxy, and only stands for what is wanted. "
            + "In the exact case that the gold reward peaks is by construction; it shows where, and what delays it.",
        references: [
            Reference(
                authors: "Gao, Schulman, Hilton", title: "Scaling Laws for Reward Model Overoptimization", year: 2022,
                arXiv: "2210.10760"),
            Reference(
                authors: "Coste, Anwar, Kirk, Krueger",
                title: "Reward Model Ensembles Help Mitigate Overoptimization", year: 2023, arXiv: "2310.02743"),
        ],
        changes:
            "A claim that fits to a shifted distribution return its closed form, an identity, became a unit test. Falls of "
            + "the gold reward are averaged over numbers of comparisons, the peak's gain over seeds, and a claim on the "
            + "proxies' widths was dropped, after development seeds had shown how much single runs vary. "
            + "With eight prompts for the best of n, two of four seeds of a verification missed its bound (0.18 and 0.20 for "
            + "0.25); 32 prompts halve that noise since, and the bound is as it was.",
        minutes: 2, aliases: ["reward-model-overoptimisation"])

    private typealias Results = OveroptimizationResults

    public var claims: [Claim] {
        LanguageModelOveroptimizationResults.claims(settings.language, seeds: settings.seeds) + exactClaims
    }

    private var exactClaims: [Claim] {
        let counts = study.counts
        let order = Claim(
            .value,
            "Exact case: more comparisons make the peak later and higher: the smallest gain from one number of comparisons to "
                + "the next", Results.peakGain, .above(0),
            control: "Chosen by the gold reward itself there is no peak: the smallest rise from one n to the next",
            Results.idealRise, .above(0))
        return counts.map(peakClaim) + (counts.count > 1 ? [order] : []) + [
            Claim(
                .value,
                "Exact case: the learned reward rises from each n to the next, also where the gold reward falls: the steps in "
                    + "which it does so, for the number of comparisons with the fewest", Results.diverging, .atLeast(1),
                control:
                    "Where extremes cost nothing the two never diverge, and shuffled labels gain almost no gold reward",
                Results.costlessDiverging, .atMost(0)
            ).and(.value, Results.rise, .above(0)).controlAnd(.value, Results.shuffledGold, .atMost(0.1)),
            delayClaim("choosing by the worst member of an ensemble", Results.worstDelay),
            delayClaim(
                "choosing by an ensemble's mean less \(Phrase.number(study.deviations)) times its standard deviation",
                Results.cautiousDelay),
        ]
    }

    /// The peak of the reference settings; with other numbers of comparisons it must only not be at an end.
    private func peakClaim(_ m: Int) -> Claim {
        let expected = [20: Bound.within(0, of: 8), 50: .within(0, of: 16), 200: .between(32, 64)][m]
        return Claim(
            .value,
            "Exact case: the gold reward of the best of n by a reward learned from \(m) comparisons peaks and falls",
            Results.bestN(m), expected ?? .between(2, Double(study.sizes.last ?? 1) / 2),
            control:
                "Where extremes cost nothing, with \(m) comparisons it never falls: the smallest rise from one n to "
                + "the next",
            Results.costlessRise(m), .above(0)
        ).and(.value, Results.fall(m), .atLeast(0.2))
    }

    private func delayClaim(_ way: String, _ quantity: Quantity) -> Claim {
        Claim(
            .value,
            "Exact case: \(way) makes the peak later for each number of comparisons: the least lower end of the 95 % intervals",
            quantity, .above(0), control: "The ensemble's mean hardly moves it, in either direction", Results.meanDelay,
            .atMost(0.5))
    }

    let settings: Settings
    private var study: OveroptimizationStudy { settings.study }

    /// The experiment with these settings.
    ///
    /// - Throws: `SettingsError` naming the options that do not fit together.
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
        try settings.language.check()
        guard settings.seeds * settings.tasks >= 3 else {
            throw SettingsError(
                "--seeds \(settings.seeds) --tasks \(settings.tasks): there must be 3 or more tasks in all")
        }
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, tasks, estimator) = (study, settings.tasks, study.estimator)
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("tasks") { trial in
            try (0..<tasks).map { task in
                try trial.checkpoint()
                trial.session.reporter.progress("tasks", task, of: tasks)
                return try study.run(estimator, key: trial.key["task"][task])
            }
        }
        let networks = settings.language
        let language = LanguageModelOveroptimizationResults(
            networks,
            try await trials.run("language models") { trial in
                try networks.run(on: ShippedText.documentation, key: trial.key, in: trial.session)
            })
        let results = Results(study, outcomes.flatMap { $0 }, key: RandomKey(context.seed)["intervals"])
        var measured = Measurements(seeds: trials.seeds)
        language.measure(&measured)
        results.measure(&measured)
        return Findings(
            summary: language.summary(measured) + summary(results, measured), claims: claims, from: measured
        ) {
            language.findings(measured)
            study.counts.flatMap { results.metrics($0, measured) }
            results.fitTable
            results.frontier(measured)
            results.bestOfN(measured)
            for m in study.counts { results.ensembles(m, measured) }
            results.controls(measured)
            results.shifted(measured)
            "Exact case: curves are means over \(results.tasks.count) tasks, and the peak is that of the mean curve. "
                + "Intervals are over tasks."
            "Exact case: the gold reward is a·x - c (|x|² - D) with |a| = 1. Learned rewards are scaled to standard "
                + "deviation 1, which changes no choice. Along a shift the quadratic form holds by algebra."
            "A peak between two n is the top of the parabola through the three highest points; delays are in doublings "
                + "of n."
        }
    }

    private func summary(_ results: Results, _ measured: Measurements) -> String {
        func list(_ value: (Int) -> Double) -> String { Phrase.list(study.counts.map { Phrase.number(value($0)) }) }
        let rises = study.counts.allSatisfy { measured.least(Results.costlessRise($0)) > 0 }
        return
            " In the exact case, whose peak is by construction, answers chosen as the best of n by a reward learned from "
            + "\(list(Double.init)) comparisons have the highest gold reward at n = \(list(results.bestN)); choosing by the "
            + "worst of \(study.members) rewards makes the peak later by \(list { results.delay($0, \.worst).doublings }) "
            + "doublings of n, and without a cost of extremes the gold reward \(rises ? "never falls" : "falls too")."
    }
}
