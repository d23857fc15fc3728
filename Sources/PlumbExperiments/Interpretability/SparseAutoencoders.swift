public import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Do sparse autoencoders find the features that activations are made of, and which kind does what it was made for?
///
/// Dictionaries learn from synthetic activations whose features are known; with a language model's name, from its residual
/// stream.
public struct SparseAutoencoders: Experiment {
    private typealias Outcome = SparseAutoencoderStudy.Outcome

    public struct Settings: ExperimentSettings {
        @Setting("Seeds, each with features and dictionaries of its own.", 1...1000) public var seeds = 4
        @Setting(
            "A language model to read (smollm2-135m, a file, a folder, a hub id); none takes synthetic activations.")
        public var model: String? = nil
        /// The synthetic activations.
        public var study = SparseAutoencoderStudy()
        /// The dictionaries of a language model.
        public var stream = LanguageModelSparseStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper, smollm2) = (Settings(), Settings(), Settings())
        (tiny.seeds, tiny.study.features, tiny.study.width, tiny.study.active) = (2, 24, 16, 2)
        (tiny.study.parents, tiny.study.steps, tiny.study.batch, tiny.study.testRows) = (4, 100, 64, 512)
        (paper.seeds, paper.study.steps, paper.study.features, paper.study.width) = (8, 10_000, 512, 256)
        (paper.study.active, paper.study.parents) = (16, 32)
        (smollm2.seeds, smollm2.model) = (1, "smollm2-135m")
        return ["tiny": tiny, "paper": paper, "smollm2": smollm2]
    }()

    public static let card = Card(
        id: "sparse-autoencoders", title: "Features by sparse autoencoders",
        direction: "interpretability: sparse features",
        question: "Do sparse autoencoders find the features of activations, and do the kinds differ as published?",
        method:
            "Synthetic activations are sums of few of many unit vectors, more than there are dimensions, active with "
            + "probabilities that fall with their rank. Dictionaries with an L1 penalty, gated, TopK, BatchTopK and "
            + "JumpReLU learn from one stream of batches, all at one mean number of active features; penalties are "
            + "adjusted until they give it. Decoder directions are matched with the true ones one to one, and the mean "
            + "cosine of the pairs is MCC. In a second world children are active only where their parent is: absorption "
            + "is how much more often the parent's feature is silent where a child is active. With --model the residual "
            + "stream of a language model is read: the share of the loss that setting it to 0 costs which the "
            + "reconstruction saves, and how much of each feature's activity the token alone explains.",
        limits:
            "Synthetic features are linear and their number is known to the dictionary. A high recovered loss does not "
            + "say that the features of a language model are its own.",
        references: [
            Reference(
                authors: "Bricken, Templeton, Batson, Chen, Jermyn, …, Olah",
                title: "Towards Monosemanticity: Decomposing Language Models With Dictionary Learning", year: 2023),
            Reference(
                authors: "Rajamanoharan, Conmy, Smith, Lieberum, Varma, Kramár, Shah, Nanda",
                title: "Improving Dictionary Learning with Gated Sparse Autoencoders", year: 2024, arXiv: "2404.16014"),
            Reference(
                authors: "Gao, Dupré la Tour, Tillman, Goh, Troll, Radford, Sutskever, Leike, Wu",
                title: "Scaling and evaluating sparse autoencoders", year: 2024, arXiv: "2406.04093"),
            Reference(
                authors: "Rajamanoharan, Lieberum, Sonnerat, Conmy, Varma, Kramár, Nanda",
                title: "Jumping Ahead: Improving Reconstruction Fidelity with JumpReLU Sparse Autoencoders", year: 2024,
                arXiv: "2407.14435"),
            Reference(
                authors: "Bussmann, Leask, Nanda", title: "BatchTopK Sparse Autoencoders", year: 2024,
                arXiv: "2412.06410"),
            Reference(
                authors: "Bussmann, Nabeshima, Karvonen, Nanda",
                title: "Learning Multi-Level Features with Matryoshka Sparse Autoencoders", year: 2025,
                arXiv: "2503.17547"),
            Reference(
                authors: "Heap, Lawson, Farnik, Aitchison",
                title: "Sparse Autoencoders Can Interpret Randomly Initialized Transformers", year: 2025,
                arXiv: "2501.17727"),
        ],
        changes:
            "Preset smollm2 was first run whole on seed 101 (0.6 million tokens read three times): 0.993 of the loss is saved "
            + "with 48.7 active features, but a dictionary of permuted activations saves 0.77 (bound 0.5), and with random "
            + "weights the token explains less than half of every feature (bound 10 % of them): both controls fail.",
        minutes: 2)

    private static let cosine = Quantity("mcc", isHeadline: true)
    private static let leastCosine = Quantity("least_mcc_of_counted_kinds"),
        shuffled = Quantity("mcc_shuffled_less_chance")
    private static let gain = Quantity("explained_variance_gain_over_l1", unit: "of the variance", isHeadline: true)
    private static let placebo = Quantity("explained_variance_difference_of_two_l1", unit: "of the variance")
    private static let unequal = Quantity("largest_relative_difference_of_l0")
    private static let gated = Quantity("relative_bias_gated", isHeadline: true)
    private static let shrunk = Quantity("relative_bias_l1"), absorbed = Quantity("absorption_batch_top_k")
    private static let saved = Quantity("absorption_less_with_matryoshka", isHeadline: true)
    private static let unlinked = Quantity("absorption_without_hierarchy")

    private static let syntheticClaims = [
        Claim(
            .each(allowing: 1), "TopK, BatchTopK and JumpReLU find the features: the least of their MCC", leastCosine,
            .atLeast(0.9), control: "Where coordinates are permuted, MCC is that of random directions: the difference",
            shuffled, .within(0.1, of: 0)),
        Claim(
            .each(allowing: 1), "At equal numbers of active features they all explain more of the variance than L1",
            gain, .atLeast(0.1), control: "A second L1 dictionary does not", placebo, .within(0.05, of: 0)
        ).and(unequal, .atMost(0.1)),
        Claim(
            .each(allowing: 1), "Gated dictionaries do not shrink what they reconstruct", gated, .within(0.03, of: 1),
            control: "L1 dictionaries do", shrunk, .atMost(0.95)),
        Claim(
            .each(allowing: 1), "Matryoshka dictionaries absorb less of parents into children than BatchTopK", saved,
            .atLeast(0.2), control: "Without hierarchy BatchTopK absorbs nothing", unlinked, .within(0.1, of: 0)),
    ]

    public var claims: [Claim] { settings.model == nil ? Self.syntheticClaims : LanguageModelSparseResults.claims }

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
        guard settings.stream.corpus.text == nil || settings.model != nil else {
            throw SettingsError("--text is for a language model: name one with --model, such as --model smollm2-135m")
        }
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        if let name = settings.model {
            return try await LanguageModelSparseResults(
                settings.stream, of: name, seeds: settings.seeds, in: &context
            ).findings
        }
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("dictionaries") { try study.run(key: $0.key, in: $0.session) }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.cosine, Self.gain, Self.gated, Self.saved, Self.leastCosine, Self.shuffled)
            measured.metrics(Self.placebo, Self.unequal, Self.shrunk, Self.absorbed, Self.unlinked)
            kinds(outcomes, measured)
            hierarchy(outcomes, measured)
            "L1 dictionaries pay for strength as well as for number, so that they shrink; the others are free of that, or "
                + "learn the strength apart."
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        let counted = 2..<SparseAutoencoderStudy.kinds.count
        measured[Self.cosine] = outcomes.map { $0.kinds[3].meanCosine }
        measured[Self.leastCosine] = outcomes.map { Statistics.least($0.kinds[counted].map(\.meanCosine)) }
        measured[Self.shuffled] = outcomes.map { $0.shuffled - $0.chance }
        measured[Self.gain] = outcomes.map { outcome in
            Statistics.least(outcome.kinds[counted].map(\.explainedVariance)) - outcome.kinds[0].explainedVariance
        }
        measured[Self.placebo] = outcomes.map { $0.placebo.explainedVariance - $0.kinds[0].explainedVariance }
        measured[Self.unequal] = outcomes.map { outcome in
            Statistics.greatest(outcome.kinds.map { abs($0.active / Double(settings.study.active) - 1) })
        }
        measured[Self.gated] = outcomes.map { $0.kinds[1].relativeBias }
        measured[Self.shrunk] = outcomes.map { $0.kinds[0].relativeBias }
        measured[Self.absorbed] = outcomes.map { $0.hierarchical[0].absorption ?? .nan }
        measured[Self.saved] = outcomes.map { outcome in
            (outcome.hierarchical[0].absorption ?? .nan) - (outcome.hierarchical[1].absorption ?? .nan)
        }
        measured[Self.unlinked] = outcomes.map { $0.unlinked.absorption ?? .nan }
        return measured
    }

    private func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return
            "The mean cosine of true features and those of a BatchTopK dictionary is \(number(Self.cosine)). With as many "
            + "active features the worst of TopK, BatchTopK and JumpReLU explains \(number(Self.gain)) more of the variance "
            + "than L1. Reconstructions of L1 are \(number(Self.shrunk)) of the best length, those of gated dictionaries "
            + "\(number(Self.gated)). Absorption is \(number(Self.absorbed)) with BatchTopK and \(number(Self.saved)) less "
            + "with Matryoshka."
    }

    private static let columns = ["MCC", "explained variance", "L0", "relative bias", "F1", "uniqueness", "dead"]

    private func cells(_ found: [FeatureRecovery]) -> [[Double]] {
        [
            found.map(\.meanCosine), found.map(\.explainedVariance), found.map(\.active), found.map(\.relativeBias),
            found.map(\.f1), found.map(\.uniqueness), found.map(\.dead),
        ]
    }

    private func kinds(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "kinds", title: "Dictionaries on independent features", rowLabel: "kind", columnLabel: "",
            rows: SparseAutoencoderStudy.kinds, columns: Self.columns,
            cells: SparseAutoencoderStudy.kinds.indices.map { kind in cells(outcomes.map { $0.kinds[kind] }) },
            band: .range)
    }

    private func hierarchy(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        let found = [
            outcomes.map { $0.hierarchical[0] }, outcomes.map { $0.hierarchical[1] }, outcomes.map(\.unlinked),
        ]
        return measured.table(
            "hierarchy", title: "Dictionaries on hierarchical features", rowLabel: "kind", columnLabel: "",
            rows: ["BatchTopK", "Matryoshka", "BatchTopK without hierarchy"], columns: Self.columns + ["absorption"],
            cells: found.map { cells($0) + [$0.map { $0.absorption ?? .nan }] }, band: .range)
    }
}
