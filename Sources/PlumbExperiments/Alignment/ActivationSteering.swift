public import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// Does adding a direction to a language model's activations change what it writes, and leave the rest as it was?
///
/// Three concepts, each with a direction from contrasting texts, beside random directions of equal length.
public struct ActivationSteering: Experiment {
    typealias Outcome = SteeringStudy.Outcome
    typealias Direction = SteeringStudy.Direction

    public struct Settings: ExperimentSettings {
        @Setting("A name (smollm2-135m), a .gguf file, a folder with config.json and safetensors, or a hub id.")
        public var model = "smollm2-135m"
        @Setting("Seeds: each draws its pairs of texts, its prompts and its random directions.", 1...1000)
        public var seeds = 2
        public var study = SteeringStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.pairs, tiny.study.doses) = (1, 3, [0.5, 1])
        (tiny.study.developmentPrompts, tiny.study.testPrompts, tiny.study.written) = (2, 2, 4)
        (tiny.study.randomDirections, tiny.study.neutralTexts) = (1, 2)
        paper.seeds = 8
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "activation-steering", title: "Steering a language model by a direction",
        direction: "alignment: shard theory in language models, representation engineering",
        question:
            "Does a direction of its activations steer what a language model writes, and leave other text as probable?",
        method:
            "For each of three concepts (praise, French, refusing questions about cooking) take the mean activations of "
            + "texts that show it less those of texts that show the opposite, at the end of one layer. Add this direction "
            + "at every position, times a dose, while the model continues prompts, and judge what it writes by lists of "
            + "words. The dose is the smallest with half of the largest effect on development prompts, and is judged on "
            + "others, and on neutral text: sentences about plain facts or, for French, numbers and code. Random "
            + "directions have the same length: isotropic ones, and ones with the covariance of the layer's activations. "
            + "Then remove the direction from the residual stream everywhere, where a prompt leads the model to the "
            + "concept.",
        limits:
            "A small model, one layer, short texts, and judges that count words: a text full of praise may be a bad text. "
            + "Refusal is of a harmless category and is shown by its phrases.",
        references: [
            Reference(
                authors: "Turner, Thiergart, Leech, Udell, Vazquez, Mini, MacDiarmid",
                title: "Steering Language Models With Activation Engineering", year: 2023, arXiv: "2308.10248"),
            Reference(
                authors: "Zou, Phan, Chen, Campbell, Guo, Ren, …, Hendrycks",
                title: "Representation Engineering: A Top-Down Approach to AI Transparency", year: 2023,
                arXiv: "2310.01405"),
            Reference(
                authors: "Arditi, Obeso, Syed, Paleka, Panickssery, Gurnee, Nanda",
                title: "Refusal in Language Models Is Mediated by a Single Direction", year: 2024, arXiv: "2406.11717"),
        ],
        changes:
            "Layer, doses and texts were chosen by looking at texts and at seed 101. There a dose that keeps the loss of neutral "
            + "text within 2 % shows neither French nor refusal, so the dose is chosen by its effect, and the loss is a claim of "
            + "its own. Effects were claimed of every seed and of the largest random direction, and removal of every concept, "
            + "to half: now of means, and of French, to 0.7. On seed 102 refusal cost 8.5 % of the loss.", minutes: 6)

    private static func quantity(
        _ concept: SteeringConcept, _ what: String, _ unit: String, _ first: Bool = false
    ) -> Quantity {
        Quantity("\(concept.name.lowercased())_\(what)", unit: unit, isHeadline: first)
    }
    private static func effect(_ c: SteeringConcept) -> Quantity { quantity(c, "effect", "of the score", true) }
    private static func random(_ c: SteeringConcept) -> Quantity { quantity(c, "effect_random", "of the score") }
    private static func rise(_ c: SteeringConcept) -> Quantity { quantity(c, "loss_rise", "of the loss") }
    private static func most(_ c: SteeringConcept) -> Quantity { quantity(c, "loss_rise_largest_dose", "of the loss") }
    private static func p(_ c: SteeringConcept) -> Quantity { Quantity("\(c.name.lowercased())_p", per: "run") }
    private static func left(_ c: SteeringConcept) -> Quantity { quantity(c, "left", "of the score") }
    private static func leftRandom(_ c: SteeringConcept) -> Quantity { quantity(c, "left_random", "of the score") }
    private static func more(_ c: SteeringConcept) -> [Quantity] {
        ["plain", "steered", "dose", "greatest_random", "leading", "ablation_rise", "facts_rise", "length"]
            .map { quantity(c, $0, "") }
    }

    public let claims: [Claim] =
        SteeringConcept.standard.map { concept in
            Claim(
                .mean, "Adding the direction of \(concept.name) makes the model \(concept.aim)", effect(concept),
                .atLeast(0.3), control: "Random directions of equal length do not, on average", random(concept),
                .within(0.15, of: 0)
            ).and(.value, p(concept), .atMost(0.01))
        }
        + SteeringConcept.standard.map { concept in
            Claim(
                .mean, "At the dose at which it does, \(concept.name) leaves neutral text nearly as probable",
                rise(concept), .atMost(0.02), control: "The largest dose does not", most(concept), .above(0.02))
        }
        + [
            Claim(
                .mean, "Without the direction of French the model writes less French where a prompt leads to it",
                left(.french), .atMost(0.7), control: "Without a random direction it writes as much",
                leftRandom(.french), .atLeast(0.85))
        ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check(SteeringConcept.standard)
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, model) = (settings.study, try await context.load(settings.model))
        try study.check(model)
        // One pass through the model uses every core.
        var trials = Trials(context, count: settings.seeds)
        trials.width = 1
        let outcomes = try await trials.run("steering") { trial in
            try SteeringConcept.standard.enumerated().map { index, concept in
                try study.run(model, concept, key: trial.key[concept.name]) { fraction in
                    trial.session.reporter.progress(concept.name, (Double(index) + fraction) / 3)
                    try trial.checkpoint()
                }
            }
        }
        let concepts = SteeringConcept.standard.enumerated().map { index, concept in
            (concept: concept, outcomes: outcomes.map { $0[index] })
        }
        var measured = Measurements(seeds: trials.seeds)
        for (concept, outcomes) in concepts { measure(concept, outcomes, &measured) }
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            for (concept, _) in concepts {
                measured.metrics(Self.effect(concept), Self.random(concept), Self.p(concept), Self.rise(concept))
                measured.metrics(Self.most(concept), Self.left(concept), Self.leftRandom(concept))
                Self.more(concept).map(measured.metric)
            }
            for (concept, outcomes) in concepts { curve(concept, outcomes, measured) }
            rises(concepts.map { ($0.concept.name, $0.outcomes) }, measured)
            for (concept, outcomes) in concepts {
                for sample in outcomes.first?.samples ?? [] {
                    "\(concept.name): after \"\(sample[0])\" the model writes \"\(sample[1])\", and steered "
                        + "\"\(sample[2])\"."
                }
            }
        }
    }

    private func measure(_ concept: SteeringConcept, _ outcomes: [Outcome], _ measured: inout Measurements) {
        measured[Self.effect(concept)] = outcomes.map { $0.effect(.concept) }
        measured[Self.random(concept)] = outcomes.map { Statistics.mean($0.randomEffects) }
        measured[Self.rise(concept)] = outcomes.map { $0.rises[.concept]?[1 + $0.chosen] ?? .nan }
        measured[Self.most(concept)] = outcomes.map { $0.rises[.concept]?.max() ?? .nan }
        let gains = PermutationTest(
            paired: outcomes.flatMap(\.gains), alternative: .greater, key: RandomKey(measured.seeds[0])[concept.name])
        measured.set(Self.p(concept), gains.p)
        let leading = outcomes.map { Statistics.mean($0.leading) }
        measured[Self.left(concept)] = zip(outcomes, leading).map { Statistics.mean($0.ablated) / $1 }
        measured[Self.leftRandom(concept)] = zip(outcomes, leading).map { Statistics.mean($0.ablatedRandom) / $1 }
        let others: [(Outcome) -> Double] = [
            { Statistics.mean($0.plain) }, { Statistics.mean($0.steered[.concept] ?? []) }, \.dose,
            { $0.randomEffects.max() ?? .nan }, { Statistics.mean($0.leading) }, \.ablatedRise, \.factsRise,
            { $0.length / $0.activationLength },
        ]
        for (quantity, value) in zip(Self.more(concept), others) { measured[quantity] = outcomes.map(value) }
    }

    private func summary(_ measured: Measurements) -> String {
        SteeringConcept.standard.map { concept in
            func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
            return "The direction of \(concept.name) raises the score by \(number(Self.effect(concept))), random ones "
                + "by \(number(Self.random(concept))) on average, and the loss of neutral text by "
                + "\(Phrase.percent(measured.mean(Self.rise(concept)))). "
        }.joined()
            + "Where a prompt leads to French, \(Phrase.percent(measured.mean(Self.left(.french)))) of it is left without "
            + "its direction."
    }

    private func curve(_ concept: SteeringConcept, _ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "Dose and response: \(concept.name)",
            caption:
                "The mean score of what the model writes after test prompts, against what the direction is multiplied by. "
                + "Random directions have its length. Mean and range over \(outcomes.count) seeds.",
            x: Axis("dose"), y: Axis("score"),
            series: Direction.allCases.map { direction in
                let curves = outcomes.map { $0.curves[direction] ?? [] }
                return measured.line(direction.rawValue, over: [0] + settings.study.doses, curves: curves, band: .range)
            }, markers: outcomes.prefix(1).map { LineChart.Marker("chosen", x: $0.dose) })
    }

    private func rises(_ concepts: [(name: String, outcomes: [Outcome])], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "What it costs", caption: "How much the cross-entropy of neutral sentences rises, by dose.",
            x: Axis("dose"), y: Axis("rise", unit: "of the cross-entropy"),
            series: concepts.flatMap { name, outcomes in
                [(Direction.concept, name), (.covariance, "\(name), random")].map { direction, label in
                    let curves = outcomes.map { $0.rises[direction] ?? [] }
                    return measured.line(label, over: [0] + settings.study.doses, curves: curves, band: .range)
                }
            }, references: [ReferenceValue("allowed", 0.02)])
    }
}
