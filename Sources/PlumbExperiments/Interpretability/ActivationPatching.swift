public import PlumbInterpretability
internal import PlumbLearning
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Where in a language model is the answer computed? Activations of one run replace those of another, one at a time.
///
/// Early on, the difference between two prompts lies at the token in which they differ; at some depth attention moves it
/// to the last position, from which the answer is read. Patching shows both in each of several tasks; the control is that
/// tokens between, the last token early and the differing one late show little.
public struct ActivationPatching: Experiment {
    public struct Settings: ExperimentSettings {
        public var prompts = PatchingPrompts()
        @Setting("A JSON-lines file of pairs {clean, corrupted, answer, wrong}: tables are then means over pairs.")
        public var pairs: String? = nil
        @Setting("What to patch: resid_pre, resid_mid, resid_post, attn_out, mlp_out, q, k, v, z, pattern, post, …")
        public var sites = ["resid_pre", "attn_out", "mlp_out", "z"]
        @Setting("end: compare prompts of different lengths from their last token backwards; none: refuse them.")
        public var align = PatchAlignment.none
        @Setting("What patched runs are judged by; the loss is of the patched prompt's own tokens.")
        public var metric = PatchingCriterion.logitDifference
        @Setting("float32 is exact on the stored weights; bfloat16 is faster and inexact, and the record says so.")
        public var arithmetic = Arithmetic.float32
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.sites, tiny.prompts.templates) = (["resid_pre"], 2)
        paper.sites = ["resid_pre", "resid_mid", "attn_out", "mlp_out", "q", "k", "v", "z", "pattern"]
        paper.prompts.templates = 50
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "activation-patching", title: "Where is the answer computed?",
        direction: "interpretability: activation patching",
        question: "Which activations of a language model carry the answer to a prompt, and where does it move?",
        method:
            "Run the model on a clean and a corrupted prompt. Replace one activation of one run by the other run's, "
            + "finish the run, and read the logit difference of the two answers; do so for every layer and position. The "
            + "claims are tested on pairs that the seed draws for five tasks, of those that the model answers right; early "
            + "is the first third of the layers without layer 0, late the last seventh.",
        limits: "One patch at a time misses what activations carry only together. A high value shows where the answer "
            + "passes, not that it is computed there.",
        references: [
            Reference(
                authors: "Meng, Bau, Andonian, Belinkov", title: "Locating and Editing Factual Associations in GPT",
                year: 2022, arXiv: "2202.05262"),
            Reference(
                authors: "Wang, Variengien, Conmy, Shlegeris, Steinhardt",
                title: "Interpretability in the Wild: a Circuit for Indirect Object Identification in GPT-2 small",
                year: 2022, arXiv: "2211.00593"),
            Reference(
                authors: "Heimersheim, Nanda", title: "How to use and interpret activation patching", year: 2024,
                arXiv: "2404.15255"),
        ],
        changes:
            "Bounds were chosen on 60 pairs of each task: agreement has lower ones (half instead of 0.7 and 0.25), "
            + "because there the answer moves only in the last layers. Addition was seen to be beyond the model (18 of 192 "
            + "pairs); one seed of a verification drew six of which it answered five, so that 16 are judged by now.",
        minutes: 0.4)

    private static func recovery(_ name: String) -> Quantity {
        Quantity("recovery_\(name)", unit: "of the logit difference", per: "pair", isHeadline: true)
    }
    private static let differing = recovery("differing_early"), between = recovery("between_early")
    private static let last = recovery("last_late"), lastEarly = recovery("last_early")

    /// About prompts of one's own.
    private static let pairClaims = [
        Claim(
            .mean,
            "In the first third of the layers the residual stream at the differing token restores the clean answer",
            differing, .atLeast(0.8),
            control: "The same patch at the tokens between it and the last, where the prompts agree, restores nothing",
            between, .within(0.1, of: 0)),
        Claim(
            .mean, "In the last seventh of the layers the residual stream at the last token restores the clean answer",
            last, .atLeast(0.8), control: "The same patch in the first third of the layers restores nothing",
            lastEarly, .within(0.1, of: 0)),
    ]

    /// Tasks are tested with the standard prompts only; others say what they are about themselves.
    private var areTasksTested: Bool {
        settings.pairs == nil && settings.prompts.isStandard && settings.prompts.templates > 0
    }
    public var claims: [Claim] { areTasksTested ? TaskRecoveries.claims : Self.pairClaims }

    let settings: Settings
    private let sites: [Site]
    public init(_ settings: Settings) throws {
        (self.settings, sites) = (settings, try Site.sites(named: settings.sites))
        if settings.pairs == nil { _ = try settings.prompts.pair() }
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (reporter, prompts) = (context.reporter, settings.prompts)
        let model = try await context.load(
            prompts.model, arithmetic: settings.arithmetic, addsBOS: prompts.bos)
        let pairs = try prompts.tokenizedPairs(settings.pairs, model, alignment: settings.align, in: &context)
        let outcome = try ActivationPatchingStudy(
            sites: sites,
            sweep: PatchSweep(
                direction: prompts.direction, memoryLimit: prompts.memoryLimit, alignment: settings.align)
        ).run(model, pairs: pairs.map { settings.metric.pair($0, prompts.direction) }) { fraction in
            reporter.progress("patching", fraction)
            try reporter.checkpoint()
        }
        let sweep = PatchSweep(memoryLimit: prompts.memoryLimit, alignment: settings.align)
        let profiles = try pairs.map { pair in
            try reporter.checkpoint()
            return try RecoveryProfile(model, pair, sweep)
        }
        let picture = PatchingPicture(
            model: model, pairs: pairs, outcome: outcome, criterion: settings.metric, direction: prompts.direction,
            key: RandomKey(context.seed)["intervals"])
        let standings = pairs.map { AnswerStanding(model, $0) }
        let problem = standings.lazy.compactMap(\.problem).first
        let layers = model.configuration.layers
        let tasks =
            try areTasksTested
            ? TaskRecoveries(
                model, count: prompts.templates, seed: context.seed, sweep: sweep, reporter: reporter) : nil
        let measured = tasks?.measured ?? self.measured(profiles, problem, layers: layers, seed: context.seed)
        let conclusion =
            problem.map { "The claims cannot be tested on this pair: \($0)." }
            ?? picture.conclusion(profiles)
        return Findings(
            summary: [tasks?.summary, conclusion].compactMap { $0 }.joined(separator: " "),
            claims: claims, from: measured
        ) {
            picture.baselines
            if let standing = standings.first { standing.metrics }
            picture.costs
            if let tasks {
                tasks.metrics
            } else {
                measured.metrics(Self.differing, Self.between, Self.last, Self.lastEarly)
            }
            picture.tables
            standings[0].panel(pairs[0], model, title: picture.promptTitle, note: picture.promptNotes)
            picture.heatMaps
            if let tasks {
                tasks.parts
            } else {
                RecoveryProfile.chart(profiles, measured, layers: layers)
            }
        }
    }

    private func measured(
        _ profiles: [RecoveryProfile], _ problem: String?, layers: Int, seed: UInt64
    ) -> Measurements {
        let (early, late) = (RecoveryProfile.early(of: layers), RecoveryProfile.late(of: layers))
        var measured = Measurements(seeds: [seed])
        let parts: [(Quantity, (RecoveryProfile) -> [Double], Range<Int>)] = [
            (Self.differing, \.differing, early), (Self.between, \.between, early), (Self.last, \.last, late),
            (Self.lastEarly, \.last, early),
        ]
        for (quantity, values, range) in parts {
            measured[quantity] = profiles.map(values).filter { !$0.isEmpty }.map { Statistics.mean(Array($0[range])) }
            if let problem { measured.leave(quantity, because: problem) }
        }
        if measured[Self.between].isEmpty, problem == nil {
            measured.leave(Self.between, because: "the prompts have no token between the differing one and the last")
        }
        return measured
    }
}
