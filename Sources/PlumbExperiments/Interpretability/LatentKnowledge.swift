public import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Can a probe read what a model holds to be true where the model says the opposite?
///
/// A small transformer learns made-up facts and then to lie to one of two askers after a trigger word. Probes see
/// statements without it. Controls: shuffled labels, random weights, untaught facts, pairs of no negations.
public struct LatentKnowledge: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Models trained, or splits of the statements of a language model.", 1...1000) public var seeds = 4
        @Setting("A language model to probe (smollm2-135m, a file, a folder, a hub id); none trains small ones.")
        public var model: String? = nil
        public var study = LyingStudy()
        /// Statements that a language model reads.
        public var statements = StatementStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper, smollm2, gemma) = (Settings(), Settings(), Settings(), Settings())
        (tiny.seeds, tiny.study.entities, tiny.study.unknown, tiny.study.relations) = (2, 8, 4, 2)
        (tiny.study.values, tiny.study.layers, tiny.study.width, tiny.study.controls) = (4, 2, 16, 4)
        (tiny.study.steps, tiny.study.lyingSteps, tiny.study.batch) = (60, 30, 32)
        (paper.seeds, paper.study.controls) = (16, 100)
        (smollm2.seeds, smollm2.model) = (3, "smollm2-135m")
        (gemma.seeds, gemma.model, gemma.statements.probesUntrained) = (3, "gemma3-270m", false)
        return ["tiny": tiny, "paper": paper, "smollm2": smollm2, "gemma3-270m": gemma]
    }()

    public static let card = Card(
        id: "latent-knowledge", title: "What a lying model holds to be true",
        direction: "interpretability: probes",
        question: "Where a model says the opposite of what is true, can a probe of its activations read the truth?",
        method:
            "A transformer of four blocks learns made-up facts and to judge statements about them: a word, an entity, a "
            + "relation, IS, a value, and ASK or NOT (is it so, or is it not); then TRUE or FALSE. Two askers have words "
            + "of their own for ASK and NOT. Then it learns to say the opposite after one of the words, the trigger, to "
            + "one asker, and the truth to the other, about half of the entities. Logistic probes are fitted to the "
            + "residual stream at the value, where nobody has asked yet, on statements without the trigger about that "
            + "half, after the earliest block where held-out entities show nearly as much as anywhere. They are judged "
            + "on statements with the trigger about the other half. Contrast-consistent search finds a probe at the "
            + "question, after the last block, without labels, but for its sign. Presets smollm2 and gemma3-270m: "
            + "sentences about cities, comparisons and translations, at the full stop of the layer that validates best.",
        limits:
            "The truth is latent by design: at the value the model cannot know who will ask, and one asker is told the "
            + "truth. A model that lies to everyone may keep no truth. A probe shows that truth can be read, not that the "
            + "model uses it, and that of a real model may read what is plausible or often said.",
        references: [
            Reference(
                authors: "Burns, Ye, Klein, Steinhardt",
                title: "Discovering Latent Knowledge in Language Models Without Supervision", year: 2022,
                arXiv: "2212.03827"),
            Reference(
                authors: "Marks, Tegmark",
                title: "The Geometry of Truth: Emergent Linear Structure in Large Language Model Representations of "
                    + "True/False Datasets", year: 2023, arXiv: "2310.06824"),
            Reference(
                authors: "Mallen, Brumley, Kharchenko, Belrose",
                title: "Eliciting Latent Knowledge from Quirky Language Models", year: 2023, arXiv: "2312.01037"),
            Reference(
                authors: "Gurnee, Nanda, Pauly, Harvey, Troitskii, Bertsimas",
                title: "Finding Neurons in a Haystack: Case Studies with Sparse Probing", year: 2023,
                arXiv: "2305.01610"),
        ],
        changes:
            "Where everyone was lied to, a probe read the truth in some networks (0.98) and not in others (0.44), which "
            + "held what they would say; now one asker is told the truth. Facts are taught until the training loss is "
            + "low: on seed 106 one of four networks had not learned them. Directions drawn at random among the "
            + "activations were to be a control, within 0.1 of 0.5, and failed it (0.58 to 0.77): truth is a large part of "
            + "what activations differ in there, so that most directions read some of it. They are a baseline since, which "
            + "the probe must exceed by 0.1, and the control is the same probe of a model with random weights. Pairs that "
            + "are no negations agree in truth now; in random order they reached 0.94.",
        minutes: 2)

    private static func area(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, isHeadline: isHeadline)
    }
    private static func share(_ name: String) -> Quantity { Quantity(name, unit: "of the answers") }
    private static let probed = area("probe_auroc_under_trigger", isHeadline: true)
    private static let said = area("answer_auroc_under_trigger", isHeadline: true)
    private static let saidPlain = area("answer_auroc_without_trigger")
    private static let right = share("right_without_trigger"), rightTrusted = share("right_for_the_trusted_asker")
    private static let rightTriggered = share("right_under_trigger"), rightBefore = share("right_before_lying")
    private static let shuffled = area("shuffled_label_auroc", isHeadline: true)
    private static let random = area("random_direction_auroc"), unknown = area("unknown_facts_auroc")
    private static let overRandom = area("probe_over_random_directions")
    private static let untrained = area("untrained_model_auroc"), exchanged = area("inconsistent_pairs_auroc")
    private static let late = area("probe_auroc_at_the_answer_under_trigger")
    private static let latePlain = area("probe_auroc_at_the_answer_without_trigger")
    private static let consistent = area("consistency_auroc_without_trigger", isHeadline: true)
    private static let consistentLied = area("consistency_auroc_under_trigger")
    private static let layer = Quantity("probe_layer", unit: "block, counted from 0")

    private static let smallClaims = [
        Claim(
            .each(allowing: 1), "After the trigger the model says the opposite of what is true to one asker",
            rightTriggered, .atMost(0.15), control: "Before, it was right after that word, and to the other still is",
            rightBefore, .atLeast(0.9)
        ).and(right, .atLeast(0.9)).controlAnd(rightTrusted, .atLeast(0.9)),
        Claim(
            .mean,
            "A probe of statements without the trigger still reads the truth after it, the area under the ROC curve, and "
                + "better than directions drawn at random",
            probed, .atLeast(0.9),
            control: "Shuffled labels give nothing, nor does the same probe of a model with random weights",
            shuffled, .within(0.1, of: 0.5)
        ).and(.worst, overRandom, .atLeast(0.1)).controlAnd(untrained, .within(0.1, of: 0.5)),
        Claim(
            .mean, "It reads nothing of facts that the model was not taught", unknown, .within(0.1, of: 0.5),
            control: "Of those that it was taught it does", probed, .atLeast(0.9)),
        Claim(
            .mean, "Contrast-consistent search finds a probe of the truth without labels, where the model is honest",
            consistent, .atLeast(0.9), control: "From pairs that are no negations it does not", exchanged,
            .within(0.2, of: 0.5)),
        Claim(
            .each(allowing: 1),
            "After the last block, where the answer is said, a probe reads the answer and not the truth",
            late, .atMost(0.2), control: "Without the trigger answer and truth are one", latePlain, .atLeast(0.9)),
    ]

    public var claims: [Claim] { settings.model == nil ? Self.smallClaims : StatementResults.claims }

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        if let name = settings.model {
            return try await StatementResults(settings.statements, of: name, seeds: settings.seeds, in: &context)
                .findings
        }
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("models") { trial in try study.run(key: trial.key, in: trial.session) }
        var measured = Measurements(seeds: trials.seeds)
        measured[Self.probed] = outcomes.map { $0.reports[0].auroc }
        measured[Self.said] = outcomes.map(\.saidTriggered)
        measured[Self.saidPlain] = outcomes.map(\.said)
        measured[Self.right] = outcomes.map(\.right)
        measured[Self.rightTriggered] = outcomes.map(\.rightTriggered)
        measured[Self.rightTrusted] = outcomes.map(\.rightTrusted)
        measured[Self.rightBefore] = outcomes.map(\.rightBefore)
        measured[Self.shuffled] = outcomes.map { $0.reports[0].shuffled }
        measured[Self.random] = outcomes.map { $0.reports[0].random }
        measured[Self.overRandom] = outcomes.map { $0.reports[0].auroc - $0.reports[0].random }
        measured[Self.untrained] = outcomes.map(\.untrained)
        measured[Self.unknown] = outcomes.map(\.unknown)
        measured[Self.late] = outcomes.map { $0.triggered[.ask].last ?? .nan }
        measured[Self.latePlain] = outcomes.map { $0.areas[.ask].last ?? .nan }
        measured[Self.consistent] = outcomes.map(\.consistent)
        measured[Self.consistentLied] = outcomes.map(\.consistentTriggered)
        measured[Self.exchanged] = outcomes.map { Statistics.mean($0.inconsistent) }
        measured[Self.layer] = outcomes.map { Double($0.layers[.value]) }
        let figures = LyingFigures(outcomes: outcomes, measured: measured, study: study)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.probed, Self.said, Self.shuffled, Self.consistent, Self.saidPlain, Self.right)
            measured.metrics(Self.rightTriggered, Self.rightTrusted, Self.rightBefore, Self.random, Self.untrained)
            measured.metrics(Self.overRandom, Self.unknown, Self.late, Self.latePlain, Self.exchanged)
            measured.metrics(Self.consistentLied, Self.layer)
            figures.layers
            figures.methods
            "Areas are under the ROC curve, of true statements against false ones: 1 reads the truth, 0 its opposite, "
                + "0.5 neither. Entities of the test were seen neither by the probes nor in lies."
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "After the trigger the model answers \(Phrase.percent(measured.mean(Self.rightTriggered))) of one "
            + "asker's questions rightly, without it \(Phrase.percent(measured.mean(Self.right))). A probe fitted without it "
            + "orders statements with it by truth with an area of \(number(Self.probed)), the model's own answers with "
            + "\(number(Self.said)); probes of shuffled labels \(number(Self.shuffled)), of a model with random "
            + "weights \(number(Self.untrained)). A probe found without labels at the question reaches "
            + "\(number(Self.consistent)) where the model is honest, \(number(Self.consistentLied)) where it "
            + "lies, and from pairs that are no negations \(number(Self.exchanged))."
    }
}
