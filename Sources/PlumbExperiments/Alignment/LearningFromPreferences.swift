public import PlumbAlignment
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Can an agent learn its reward from answers to the question which of two segments is better?
///
/// A simulated teacher answers by a hidden reward; the controls learn from as many shuffled answers. With `--answers`, a
/// reward is learned from a person's answers instead and tested on those held out.
public struct LearningFromPreferences: Experiment {
    typealias Measure = GridPreferenceStudy.Measure
    typealias Condition = GridPreferenceStudy.Condition
    typealias Curves = PreferenceCurves

    public struct Settings: ExperimentSettings {
        @Setting(
            "A file of answers, as plumb preferences ask writes it, to learn from instead of a simulated teacher's.")
        public var answers: String? = nil
        @Setting("Seeds, each with networks, questions and answers of its own.", 1...1000) public var seeds = 12
        public var study = GridPreferenceStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.comparisons, tiny.study.policySteps) = (2, [16, 64], 2048)
        (tiny.study.rounds, tiny.study.size, tiny.study.candidates) = (2, 6, 4)
        tiny.study.places = [5, 5, 2, 2, 1, 4]
        (tiny.study.learning.hidden, tiny.study.learning.steps) = ([16], 60)
        (paper.seeds, paper.study.comparisons) = (24, [24, 48, 96, 200, 400, 700, 1400])
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "learning-from-preferences", title: "A reward learned from comparisons",
        direction: "alignment: learning from human preferences",
        question:
            "How many answers to the question which of two segments is better does an agent need that never observes its "
            + "reward, and does it matter which questions are asked?",
        method:
            "A simulated teacher compares pairs of segments by a hidden reward of three hills (1, -1.2 and 0.4); it errs "
            + "more often the closer their returns are. An ensemble of small networks learns a reward under which the "
            + "answers are likely. Value iteration plans on the mean of their normalized rewards, or a policy learns from it "
            + "by PPO in the same rounds; half of the next segments follow it. Shuffled answers are the control at each "
            + "number of comparisons. With --answers, learn from a person's answers instead, and predict each fifth of "
            + "them from the others.",
        limits:
            "One small world, in which all seeds learn, and a reward that depends on the cell alone. The simulated teacher "
            + "errs at random, which people do not. The reference gives the hills' heights and not their places, their "
            + "width or where episodes start, so its curve between 48 and 200 comparisons is not reproduced.",
        references: [
            Reference(
                authors: "Christiano, Leike, Brown, Martic, Legg, Amodei",
                title: "Deep Reinforcement Learning from Human Preferences", year: 2017, arXiv: "1706.03741")
        ],
        changes:
            "The hills' heights were first 1, 0.6 and 0.3 in worlds drawn for each seed, where 24 comparisons nearly "
            + "sufficed; heights are now the reference's, and width, places and start were chosen on development seeds "
            + "so that few comparisons do not suffice.",
        minutes: 2)

    public var claims: [Claim] {
        guard settings.answers == nil else { return [AnswerResults.claim] }
        let (active, shuffled) = (study.active(most), study.shuffled(most))
        func plan(
            _ statement: String, _ condition: Condition, _ bar: Double, missed: Int, controlMissed: Int
        ) -> Claim {
            Claim(
                almostAll, statement, quantity(.normalizedReturn, condition), .atLeast(bar),
                control: "The plan learned from \(most) shuffled answers is not",
                quantity(.normalizedReturn, shuffled), .below(bar)
            ).development(missed: missed, controlMissed: controlMissed, of: 80)
        }
        return [
            plan(
                "The plan learned from \(most) comparisons on which the ensemble disagreed is nearly optimal", active,
                0.9,
                missed: 3, controlMissed: 0),
            plan(
                "The plan learned from \(most) random comparisons is good", study.random(most), 0.8, missed: 0,
                controlMissed: 1),
            plan(
                "With \(Phrase.percent(study.noise)) of the answers random, the plan is good", study.noisy(most), 0.8,
                missed: 1, controlMissed: 1),
            Claim(
                .mean, "\(fewest) comparisons are not enough: \(most) return more", Curves.gain, .atLeast(0.4),
                control: "\(most) shuffled answers do not return so much more than \(fewest)", Curves.shuffledGain,
                .below(0.4)),
            Claim(
                almostAll, "The learned reward predicts new answers nearly as often as the hidden reward does",
                quantity(.relativeAgreement, active), .atLeast(0.95),
                control: "The reward learned from as many shuffled answers does not",
                quantity(.relativeAgreement, shuffled), .below(0.95)
            ).development(missed: 0, of: 80),
            Claim(
                .each(allowing: max(1, settings.seeds / 3)),
                "A policy that learns by PPO from the reward while that is learned returns most of what one returns that "
                    + "learns from the hidden reward", Curves.ofHidden, .atLeast(0.6),
                control: "With shuffled answers it does not", Curves.shuffledOfHidden, .below(0.6)
            ).development(missed: 6, controlMissed: 2, of: 80),
            Claim(
                .mean,
                "Over all numbers of comparisons, questions on which the ensemble disagrees and random ones return "
                    + "about as much (difference of the areas under the curves)", Curves.advantage, .within(0.1, of: 0),
                control: "They return more than shuffled answers do, by the same measure", Curves.overShuffled,
                .atLeast(0.3)),
        ]
    }

    let settings: Settings
    private var study: GridPreferenceStudy { settings.study }
    private var counts: [Int] { study.comparisons.sorted() }
    private var most: Int { study.mostComparisons }
    private var fewest: Int { study.comparisons.min() ?? 0 }
    private var almostAll: SeedRule { .each(allowing: max(1, settings.seeds / 6)) }
    private func quantity(_ measure: Measure, _ condition: Condition) -> Quantity { study.quantity(measure, condition) }
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        if let path = settings.answers { return try await learn(from: path, in: &context) }
        let (study, trials) = (study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("learning from answers") { try study.run(key: $0.key, in: $0.session) }
        var measured = Measurements(seeds: trials.seeds)
        study.measure(outcomes, into: &measured)
        let curves = PreferenceCurves(study)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            study.conditions.map { measured.metric(quantity(.normalizedReturn, $0)) }
            [study.active(most), study.shuffled(most)].flatMap { condition in
                [Measure.rankCorrelation, .agreement, .relativeAgreement].map {
                    measured.metric(quantity($0, condition))
                }
            }
            measured.metrics(Curves.advantage, Curves.advantageP, Curves.activeArea, Curves.randomArea)
            measured.metrics(Curves.shuffledArea, Curves.overShuffled, Curves.gain, Curves.shuffledGain)
            measured.metrics(Curves.ofHidden, Curves.shuffledOfHidden)
            measured[Curves.pointsMet].map { Metric(Curves.pointsMet.name, $0, unit: Curves.pointsMet.unit) }
            curves.table(measured)
            curves.chart(.normalizedReturn, measured)
            curves.chart(.agreement, measured)
            study.rewards(outcomes[0], key: RandomKey(trials.seeds[0]))
            "The return is that of the plan or policy by the hidden reward, from the start on: 0 for random steps, 1 for the "
                + "best plan. It is computed exactly, so it varies between seeds only. Each number of comparisons is "
                + "learned from anew, with questions of its own."
            "PPO makes \(study.policySteps) steps in the grid, over all rounds together, in episodes that "
                + "start anywhere, and sees the cell it is in."
            "A plan is made anew in each round. A policy goes on from that of the round before, learned from a reward that "
                + "has changed since; in some seeds it returns much less than the plan."
            "In development the returns met the reference's from 24, 400 and 700 comparisons and were higher at several points "
                + "between: the reference's world, of which only the hills' heights are known, seems harder there."
            "New answers are about segments of random steps, without added noise."
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func mean(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        func returned(_ condition: Condition) -> String { mean(quantity(.normalizedReturn, condition)) }
        return
            "A plan for the reward learned from \(most) comparisons returns \(returned(study.active(most))) on average "
            + "where random steps return 0 and the best plan 1 (\(returned(study.active(fewest))) from \(fewest)); learned "
            + "from \(most) shuffled answers, \(returned(study.shuffled(most))). A policy that learns by PPO from the reward "
            + "while that is learned returns \(returned(study.learned(most))), and \(returned(study.hiddenReward)) where it "
            + "observes the hidden reward. Asking where the ensemble disagrees instead of at random changes the area under "
            + "the curve by \(mean(Curves.advantage)) (paired permutation test, p = \(mean(Curves.advantageP)))."
    }

    /// Learns from a person's answers. Nobody knows the reward behind them, so the claim is about answers held out.
    private func learn(from path: String, in context: inout RunContext) async throws -> Findings {
        let (answers, file, torn) = try PreferenceQuestions(study, seed: context.seed).answersToLearnFrom(path)
        context.record(input: file)
        let (study, trials) = (study, Trials(context, count: settings.seeds))
        // Other answers are another question: a resumed run then begins anew.
        let label = "learning from \(answers.count) answers, \(file.sha256.prefix(8))"
        let results = try AnswerResults(
            study, answers: answers,
            learned: await trials.run(label) { try study.learn(from: answers, key: $0.key, in: $0.session) })
        var measured = Measurements(seeds: trials.seeds)
        results.measure(&measured)
        return Findings(summary: results.summary(measured), claims: claims, from: measured) {
            results.metrics(measured)
            results.table
            results.heatMap
            results.plan
            for note in results.notes + [torn].compactMap({ $0 }) { note }
        }
    }
}
