public import PlumbAlignment
internal import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Does learning from preferences, with a reward model and PPO or by DPO, make a language model write what a labeler likes?
///
/// A small transformer, or a trained model under LoRA. Controls: shuffled comparisons, a large β.
public struct LanguageModelRLHF: Experiment {
    typealias Outcome = RLHFStudy.Outcome
    typealias Run = RLHFStudy.Run

    public struct Settings: ExperimentSettings {
        @Setting("A language model: a name (smollm2-135m), a .gguf file, a folder or a hub id; empty for a small one.")
        public var model = ""
        @Setting("Seeds, each with comparisons and trainings of its own.", 1...1000) public var seeds = 8
        public var study = RLHFStudy()
        @Setting("bfloat16 is faster and less exact.") public var arithmetic = Arithmetic.float32
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper, smol) = (Settings(), Settings(), Settings())
        (tiny.seeds, tiny.study) = (2, .tiny)
        (paper.seeds, paper.study.pairs, paper.study.rounds, paper.study.test) = (16, 1600, 100, 1024)
        (smol.model, smol.seeds, smol.arithmetic, smol.study) = ("smollm2-135m", 1, .bfloat16, .smolLM2)
        return ["tiny": tiny, "paper": paper, "smollm2": smol]
    }()

    public static let card = Card(
        id: "rlhf-language-model", title: "Learning from preferences in full", direction: "alignment: RLHF",
        question:
            "Does learning from preferences, with a reward model and PPO or by DPO, make a language model write what a "
            + "labeler likes?",
        method:
            "A language model continues prompts; a labeler who knows a gold reward, praise less blame, compares two "
            + "continuations of each. A reward model, the language model with LoRA and a linear head, learns from the "
            + "comparisons. PPO optimizes the language model under LoRA by that reward, with a penalty on each token's "
            + "departure from the model before, whose weight is adapted; so do GRPO and RLOO. DPO learns from the "
            + "comparisons themselves. The gold reward of fresh texts, which no training sees, is measured beside the exact "
            + "divergence of each token. The small model's language is a random chain of 24 words; the preset smollm2 takes "
            + "a trained model, sentences that ask for an opinion, and counts words of a list.",
        limits:
            "The labeler is a rule and never errs, the reward is simple, texts are a dozen tokens, and fresh texts continue "
            + "the same prompts. A model that is praised for words of praise need not mean them.",
        references: [
            Reference(
                authors: "Ziegler, Stiennon, Wu, Brown, Radford, Amodei, Christiano, Irving",
                title: "Fine-Tuning Language Models from Human Preferences", year: 2019, arXiv: "1909.08593"),
            Reference(
                authors: "Ouyang, Wu, Jiang et al.",
                title: "Training language models to follow instructions with human feedback", year: 2022,
                arXiv: "2203.02155"),
            Reference(
                authors: "Rafailov, Sharma, Mitchell, Ermon, Manning, Finn",
                title: "Direct Preference Optimization: Your Language Model is Secretly a Reward Model", year: 2023,
                arXiv: "2305.18290"),
        ],
        changes:
            "There were 4 seeds before one of four groups of development seeds missed a control (0.61). DPO's bound for "
            + "comparisons that it did not see was 0.7 before 16 development seeds gave 0.7 on average; it is 0.6. Preset "
            + "smollm2: with a learning rate of 2e-4 and β from 0.2 (before 5e-4, 0.05 and 14 nats) PPO gained 2.95 standard "
            + "deviations at 5.5 nats on seed 101, 0.88 at 2.2 on 102. 200 comparisons ordered 0.7 of fresh ones on 101, the "
            + "400 since 0.89 on 102.",
        minutes: 1)

    private static func gain(_ run: Run) -> Quantity {
        Quantity("gold_gain_\(run.id)", unit: "standard deviations", isHeadline: run == .ppo || run == .shuffled)
    }
    private static func distance(_ run: Run) -> Quantity {
        Quantity("divergence_\(run.id)", unit: "nats a text")
    }
    private static let accuracy = Quantity("reward_accuracy", unit: "of the comparisons", isHeadline: true)
    private static let accuracyShuffled = Quantity("reward_accuracy_shuffled", unit: "of the comparisons")
    private static let dpo = Quantity("dpo_margin_accuracy", unit: "of the comparisons", isHeadline: true)
    private static let dpoHeld = Quantity("dpo_margin_accuracy_held_out", unit: "of the comparisons")
    private static let dpoShuffled = Quantity("dpo_margin_accuracy_held_out_shuffled", unit: "of the comparisons")
    private static let chosen = Quantity("dpo_chosen_log_probability_change", unit: "nats")
    private static let rejected = Quantity("dpo_rejected_log_probability_change", unit: "nats")
    private static let dpoGain = Quantity("gold_gain_dpo", unit: "standard deviations")
    private static let dpoDistance = Quantity("divergence_dpo", unit: "nats a text")
    private static let estimated = Quantity("divergence_ppo_last_round_from_drawn_tokens", unit: "nats a text")
    private static let exact = Quantity("divergence_ppo_last_round", unit: "nats a text")
    private static let ties = Quantity("ties", unit: "of the prompts")

    public let claims = [
        Claim(
            .mean, "The reward model orders fresh comparisons as the labeler does", accuracy, .atLeast(0.8),
            control: "One that learned from shuffled comparisons does not", accuracyShuffled, .within(0.1, of: 0.5)),
        Claim(
            .mean, "PPO by the learned reward raises the gold reward of fresh texts", gain(.ppo), .atLeast(1),
            control: "By a reward of shuffled comparisons it does not", gain(.shuffled), .atMost(0.5)
        ).and(.worst, distance(.ppo), .atMost(10)),
        Claim(
            .mean, "PPO moves away from the model that it began with, in nats a text", distance(.ppo), .atLeast(0.5),
            control: "With a large penalty it stays near it", distance(.held), .atMost(0.2)),
        Claim(
            .mean, "DPO gives a positive margin to the comparisons that it learned from", dpo, .atLeast(0.95),
            control: "From shuffled comparisons its margins say nothing of comparisons that it did not see",
            dpoShuffled,
            .within(0.1, of: 0.5)
        ).and(dpoHeld, .atLeast(0.6)),
    ].map { $0.development(missed: 0, of: 2) }

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, name) = (settings.study, settings.model)
        let model = try await name.isEmpty ? nil : context.load(name, arithmetic: settings.arithmetic)
        let task = try model.map { model in
            let prompts = try SteeringConcept.sentiment.prompts.map { try $0.tokens(model) }
            return try RLHFTask(model, prompts: prompts, lexicon: RLHFTask.sentiment)
        }
        var trials = Trials(context, count: settings.seeds)
        // One pass through a trained model uses every core.
        if task != nil { trials.width = 1 }
        let outcomes = try await trials.run("preferences") { trial in
            try study.run(
                task ?? study.smallTask(key: trial.key, in: trial.session), key: trial.key, in: trial.session)
        }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.accuracy, Self.accuracyShuffled, Self.dpo, Self.dpoHeld, Self.dpoShuffled, Self.ties)
            measured.metrics(Self.chosen, Self.rejected, Self.dpoGain, Self.dpoDistance, Self.exact, Self.estimated)
            study.runs.flatMap { measured.metrics(Self.gain($0), Self.distance($0)) }
            frontier(outcomes)
            rewards(outcomes, measured)
            for sample in outcomes.first?.samples ?? [] where sample.count == 4 {
                "After \"\(sample[0])\" the model writes \"\(sample[1])\", after PPO \"\(sample[2])\", and after DPO "
                    + "\"\(sample[3])\"."
            }
            "Gold rewards are in standard deviations over the texts before. Divergences are sums over a text's tokens of the "
                + "exact divergence of the next token's distributions, on texts of the policy."
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        for run in settings.study.runs {
            measured[Self.gain(run)] = outcomes.map { $0[run]?.gain ?? .nan }
            measured[Self.distance(run)] = outcomes.map { $0[run]?.divergence ?? .nan }
        }
        let others: [(Quantity, (Outcome) -> Double)] = [
            (Self.accuracy, \.accuracy), (Self.accuracyShuffled, \.accuracyShuffled), (Self.dpo, \.dpo.accuracy),
            (Self.dpoHeld, \.dpo.heldOut), (Self.dpoShuffled, \.dpoShuffled.heldOut), (Self.chosen, \.dpo.chosen),
            (Self.rejected, \.dpo.rejected), (Self.dpoGain, \.dpo.gain), (Self.dpoDistance, \.dpo.divergence),
            (Self.ties, \.ties), (Self.exact, { $0[.ppo]?.divergences.last ?? .nan }),
            (Self.estimated, { $0[.ppo]?.estimated.last ?? .nan }),
        ]
        for (quantity, value) in others { measured[quantity] = outcomes.map(value) }
        return measured
    }

    private func frontier(_ outcomes: [Outcome]) -> ScatterPlot {
        ScatterPlot(
            title: "Gold reward against divergence",
            caption: "Each point is the mean of a round's texts; all seeds.",
            x: Axis("divergence from the model before", unit: "nats a text"),
            y: Axis("gold reward", unit: "standard deviations"),
            groups: settings.study.runs.map { run in
                let courses = outcomes.compactMap { $0[run] }
                return .init(run.rawValue, x: courses.flatMap(\.divergences), y: courses.flatMap(\.gold))
            })
    }

    private func rewards(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        let (courses, shuffled) = (outcomes.compactMap { $0[.ppo] }, outcomes.compactMap { $0[.shuffled] })
        let rounds = (courses.first?.gold ?? []).indices.map(Double.init)
        return LineChart(
            title: "Gold and learned reward along PPO",
            caption:
                "Means of a round's texts. Where the learned reward rises on and the gold one does not, they part.",
            x: Axis("round"), y: Axis("reward", unit: "standard deviations"),
            series: [
                measured.line("gold", over: rounds, curves: courses.map(\.gold)),
                measured.line("learned", over: rounds, curves: courses.map(\.proxy)),
                measured.line("gold, shuffled comparisons", over: rounds, curves: shuffled.map(\.gold)),
                measured.line("learned, shuffled comparisons", over: rounds, curves: shuffled.map(\.proxy)),
            ])
    }

    private func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "The reward model orders \(Phrase.percent(measured.mean(Self.accuracy))) of fresh comparisons as the labeler "
            + "does. PPO raises the gold reward by \(number(Self.gain(.ppo))) standard deviations at "
            + "\(number(Self.distance(.ppo))) nats a text; by a reward of shuffled comparisons it changes by "
            + "\(number(Self.gain(.shuffled))). With a large penalty the model stays within "
            + "\(number(Self.distance(.held))) nats. DPO gives a positive margin to "
            + "\(Phrase.percent(measured.mean(Self.dpo))) of its comparisons and raises the gold reward by "
            + "\(number(Self.dpoGain)); the log-probability of chosen answers changes by \(number(Self.chosen)) nats, that "
            + "of rejected ones by \(number(Self.rejected))."
    }
}
