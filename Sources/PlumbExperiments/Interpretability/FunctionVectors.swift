public import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// Do a few heads carry what a prompt's worked examples ask for? What they write, added to the stream of a prompt without
/// examples, must make the model do the task.
public struct FunctionVectors: Experiment {
    typealias Vector = FunctionVectorStudy.Vector

    public struct Settings: ExperimentSettings {
        @Setting("A name (smollm2-135m), a .gguf file, a folder with config.json and safetensors, or a hub id.")
        public var model = "smollm2-135m"
        @Setting("Seeds: each draws the words of its prompts and of its test.", 1...1000) public var seeds = 2
        @Setting("Tasks, of a list of seven.", 1...7) public var tasks = 7
        public var study = FunctionVectorStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.tasks, tiny.study.examples, tiny.study.prompts) = (1, 2, 2, 1)
        (tiny.study.ranked, tiny.study.words, tiny.study.draws) = (1, 3, 1)
        (paper.seeds, paper.study.prompts, paper.study.ranked, paper.study.examples) = (8, 50, 25, 10)
        (paper.study.words, paper.study.draws) = (16, 5)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "function-vectors", title: "A task as a vector",
        direction: "interpretability: circuits of in-context learning",
        question:
            "Do a few attention heads carry what a prompt's worked examples ask for, so that what they write makes a "
            + "model do the task without examples?",
        method:
            "For each of seven word tasks take the mean of what each head reads at the last token of prompts with worked "
            + "examples. Rank heads by how much more probable the right answer gets after examples with shuffled labels if "
            + "the head reads that mean instead, to first order in one backward pass, averaged over tasks. What the first "
            + "ten heads write from their means is the task's function vector. Add it after a middle layer at the last "
            + "token of a prompt that only asks, for words that no example had. Compare vectors that the same heads write from "
            + "means over shuffled labels, vectors of ten other heads, and random directions of equal length.",
        limits:
            "One small model and short lists of words. An answer counts by its first token. Indirect effects are estimated "
            + "and not measured. Vectors from shuffled labels still carry what kind of words the answers are, so that they "
            + "make answers more probable without making them right. Vectors of other heads keep their own length.",
        references: [
            Reference(
                authors: "Todd, Li, Sharma, Mueller, Wallace, Bau", title: "Function Vectors in Large Language Models",
                year: 2023, arXiv: "2310.15213"),
            Reference(
                authors: "Hendel, Geva, Globerson", title: "In-Context Learning Creates Task Vectors", year: 2023,
                arXiv: "2310.15916"),
            Reference(
                authors: "Kramár, Lieberum, Shah, Nanda",
                title: "AtP*: An efficient and scalable method for localizing LLM behaviour to components", year: 2024,
                arXiv: "2403.00745"),
        ],
        changes:
            "The layer was chosen among eight from 6 to 20 on seeds 101 and 102: at the published third of the depth there is "
            + "little effect: the heads lie in layers 14 to 29.",
        minutes: 2)

    private static func gain(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity("accuracy_gain\(name)", unit: "of the words", per: "task", isHeadline: isHeadline)
    }
    private static func nats(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity("log_probability_gain\(name)", unit: "nats", per: "task", isHeadline: isHeadline)
    }
    private static let accuracy = gain("", isHeadline: true), shuffled = gain("_shuffled_labels", isHeadline: true)
    private static let heads = gain("_other_heads"), direction = gain("_random_direction")
    private static let probability = nats("", isHeadline: true), probabilityShuffled = nats("_shuffled_labels")
    private static let probabilityHeads = nats("_other_heads"), probabilityDirection = nats("_random_direction")
    private static let accuracyEnd = Quantity("accuracy_gain_lower_end", unit: "of the words", per: "run")
    private static let probabilityEnd = Quantity("log_probability_gain_lower_end", unit: "nats", per: "run")
    private static func right(_ name: String, _ unit: String, isHeadline: Bool = false) -> Quantity {
        Quantity("accuracy_\(name)", unit: unit, per: "task", isHeadline: isHeadline)
    }
    private static let plain = right("without_examples", "of the words")
    private static let inContext = right("with_examples", "of the prompts", isHeadline: true)
    private static let inContextShuffled = right("with_shuffled_examples", "of the prompts")

    public let claims = [
        Claim(
            .mean, "Function vectors make the model answer correctly without examples", accuracy, .atLeast(0.2),
            control: "The same heads' vectors from prompts with shuffled labels do not", shuffled,
            .within(0.1, of: 0)
        ).and(.value, accuracyEnd, .atLeast(0.1)),
        Claim(
            .mean, "They make the right answers more probable", probability, .atLeast(2),
            control: "Vectors of as many other heads and random directions of equal length do not", probabilityHeads,
            .atMost(0.5)
        ).and(.value, probabilityEnd, .atLeast(1)).controlAnd(probabilityDirection, .atMost(0.5)),
    ]

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, tasks) = (settings.study, Array(WordTask.all.prefix(settings.tasks)))
        let model = try await context.load(settings.model)
        try study.check(model, tasks)
        var trials = Trials(context, count: settings.seeds)
        trials.width = 1  // One pass through the model uses every core.
        let outcomes = try await trials.run("reading heads") { trial in
            try study.run(model, tasks, key: trial.key) { fraction in
                trial.session.reporter.progress("reading heads", fraction)
                try trial.checkpoint()
            }
        }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(outcomes, measured), claims: claims, from: measured) {
            measured.metrics(Self.accuracy, Self.shuffled, Self.probability, Self.inContext)
            measured.metrics(Self.heads, Self.direction, Self.probabilityShuffled, Self.probabilityHeads)
            measured.metrics(Self.probabilityDirection, Self.plain, Self.inContextShuffled)
            measured.metrics(Self.accuracyEnd, Self.probabilityEnd)
            table("accuracy", "Accuracy without examples", "of the words", tasks, outcomes, measured) { $0.accuracy }
            table("log_probability", "Log-probability of the answer", "nats", tasks, outcomes, measured) {
                $0.logProbability
            }
            chart(tasks, outcomes, measured)
            Table(
                "indirect_effects", title: "Indirect effect of each head, mean over tasks, first seed",
                rowLabel: "layer", columnLabel: "head", rows: outcomes[0].effects.indices.map { "\($0)" },
                columns: (outcomes[0].effects.first ?? []).indices.map { "\($0)" }, values: outcomes[0].effects)
            HeatMap(
                table: "indirect_effects", title: "Indirect effect of each head",
                caption:
                    "How much more probable the right answer gets after examples with shuffled labels if a head reads "
                    + "its mean over right ones, to first order.", center: 0, valueLabel: "probability")
            for (index, outcome) in outcomes.enumerated() {
                "Seed \(index): the heads, the highest effect first, are \(Phrase.list(outcome.chosen.map(\.description)))."
            }
        }
    }

    private func measured(_ outcomes: [FunctionVectorStudy.Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        let gains: [(Quantity, Quantity, Vector)] = [
            (Self.accuracy, Self.probability, .function), (Self.shuffled, Self.probabilityShuffled, .shuffled),
            (Self.heads, Self.probabilityHeads, .otherHeads), (Self.direction, Self.probabilityDirection, .direction),
        ]
        for (accuracy, probability, vector) in gains {
            measured[accuracy] = outcomes.flatMap { $0.accuracyGains(vector) }
            measured[probability] = outcomes.flatMap { $0.logProbabilityGains(vector) }
        }
        measured[Self.plain] = outcomes.flatMap { $0.scores.map { $0[.none]?.accuracy ?? .nan } }
        measured[Self.inContext] = outcomes.flatMap(\.inContext)
        measured[Self.inContextShuffled] = outcomes.flatMap(\.inContextShuffled)
        measured.setLowerEnd(Self.accuracyEnd, of: Self.accuracy)
        measured.setLowerEnd(Self.probabilityEnd, of: Self.probability)
        return measured
    }

    private func summary(_ outcomes: [FunctionVectorStudy.Outcome], _ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "With \(settings.study.examples) worked examples the model answers \(percent(Self.inContext)) of prompts correctly, "
            + "with none \(percent(Self.plain)) of the words. The vectors of \(settings.study.heads) heads, added after layer "
            + "\(settings.study.layer), raise that by \(percent(Self.accuracy)) of the words; vectors from shuffled labels by "
            + "\(percent(Self.shuffled)), of other heads by \(percent(Self.heads)) and random ones by "
            + "\(percent(Self.direction)). The answers' log-probability rises by \(number(Self.probability)), "
            + "\(number(Self.probabilityShuffled)), \(number(Self.probabilityHeads)) and "
            + "\(number(Self.probabilityDirection)) nats."
    }

    private func values(
        _ outcomes: [FunctionVectorStudy.Outcome], _ task: Int, _ vector: Vector,
        _ value: (FunctionVectorStudy.Score) -> Double
    ) -> [Double] {
        outcomes.map { $0.scores[task][vector].map(value) ?? .nan }
    }

    private func table(
        _ name: String, _ title: String, _ unit: String, _ tasks: [WordTask],
        _ outcomes: [FunctionVectorStudy.Outcome], _ measured: Measurements,
        _ value: (FunctionVectorStudy.Score) -> Double
    ) -> Table {
        measured.table(
            name, title: title, rowLabel: "task", columnLabel: "vector added", rows: tasks.map(\.title),
            columns: Vector.allCases.map(\.title),
            cells: tasks.indices.map { task in Vector.allCases.map { values(outcomes, task, $0, value) } }, unit: unit,
            band: .range)
    }

    private func chart(
        _ tasks: [WordTask], _ outcomes: [FunctionVectorStudy.Outcome], _ measured: Measurements
    ) -> BarChart {
        BarChart(
            title: "Accuracy by the vector added",
            caption: "Accuracy on prompts without examples, by the vector that is added. Bars are means over "
                + "\(outcomes.count) seeds, lines their range.", categories: tasks.map(\.title), categoryLabel: "task",
            y: Axis("accuracy", unit: "of the words"),
            series: Vector.allCases.map { vector in
                measured.bars(
                    vector.title, tasks.indices.map { values(outcomes, $0, vector, \.accuracy) }, band: .range)
            })
    }
}
