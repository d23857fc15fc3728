public import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// Do methods of circuit discovery find the edges that do a task?
///
/// In a model whose circuit was set by hand the true edges are known; in a language model a circuit of few edges must
/// restore the task on prompts that it was not found on. Random circuits of equal size must not.
public struct CircuitDiscovery: Experiment {
    typealias Outcome = CircuitDiscoveryStudy.Outcome
    typealias Method = CircuitDiscoveryStudy.Method

    public struct Settings: ExperimentSettings {
        @Setting(
            "A language model whose circuits are looked for, as smollm2-135m; left out, models with planted circuits.")
        public var model: String? = nil
        @Setting("Planted models.", 1...1000) public var seeds = 3
        public var study = CircuitDiscoveryStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper, smollm2) = (Settings(), Settings(), Settings())
        (tiny.seeds, tiny.study.heads, tiny.study.copies, tiny.study.pairs) = (1, 5, 1, 6)
        (tiny.study.heldOut, tiny.study.pruningSteps, tiny.study.random, tiny.study.tried) = (6, 20, 10, 8)
        paper.seeds = 10
        (smollm2.model, smollm2.study.pruningSteps) = ("smollm2-135m", 0)
        (smollm2.study.pairs, smollm2.study.heldOut, smollm2.study.random) = (8, 10, 20)
        (smollm2.study.threshold, smollm2.study.share) = (0.001, 0.02)
        return ["tiny": tiny, "paper": paper, "smollm2": smollm2]
    }()

    public static let card = Card(
        id: "circuit-discovery", title: "Finding the edges that do a task",
        direction: "interpretability: circuits",
        question:
            "Do methods of circuit discovery find the edges of a model that do a task, and do these edges alone do it?",
        method:
            "Set a circuit for induction by hand in a transformer whose other heads and neurons have random weights, or "
            + "take a language model and a task. Score every edge by one gradient (EAP), by integrated gradients (EAP-IG), "
            + "by masks that are trained (edge pruning) and by removing edges one after another (ACDC). Run the model with "
            + "every edge outside the circuit carrying the corrupted prompt's activation, on prompts that the circuit was "
            + "not found on. Faithfulness is the part of the metric's difference between the prompts that it restores.",
        limits:
            "The planted circuit is small and its heads are clean, and the places alone score above .5 where nothing is planted; circuits of trained models overlap and have backups. "
            + "Faithfulness is an average over prompts of one template family, and says nothing of how a circuit works. In "
            + "a large graph ACDC begins with the circuit of EAP-IG.",
        references: [
            Reference(
                authors: "Conmy, Mavor-Parker, Lynch, Heimersheim, Garriga-Alonso",
                title: "Towards Automated Circuit Discovery for Mechanistic Interpretability", year: 2023,
                arXiv: "2304.14997"),
            Reference(
                authors: "Syed, Rager, Conmy", title: "Attribution Patching Outperforms Automated Circuit Discovery",
                year: 2023, arXiv: "2310.10348"),
            Reference(
                authors: "Hanna, Pezzelle, Belinkov",
                title: "Have Faith in Faithfulness: Going Beyond Circuit Overlap When Finding Model Mechanisms",
                year: 2024, arXiv: "2403.17806"),
            Reference(
                authors: "Bhaskar, Wettig, Friedman, Chen",
                title: "Finding Transformer Circuits with Edge Pruning", year: 2024, arXiv: "2406.16778"),
        ],
        changes:
            "Preset smollm2 took 3 % of the edges. On seed 101 they restored 0.96 of indirect object and 1.07 of greater-than, "
            + "but those found on permuted prompts 0.48 and 0.65 (bound 0.5). On seed 729724 1 % restored 0.75 and 1.02 (bound "
            + "0.8), those found on permuted prompts 0.43 and 0.02. It takes 2 % since, judged on seed 435411: 0.84 and 1.04, but 0.70 of "
            + "indirect object by the circuit of permuted prompts, so that this control fails.",
        minutes: 1)

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.plan.check()
    }

    private var sample: String { settings.model == nil ? "seed" : "task" }
    private func quantity(_ name: String, unit: String = "of the difference", isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: unit, per: sample, isHeadline: isHeadline)
    }
    private func auroc(_ method: Method) -> Quantity {
        quantity("auroc_\(Self.identifier(method))", unit: "", isHeadline: method == .integrated)
    }
    private func restored(_ method: Method) -> Quantity {
        quantity("faithfulness_\(Self.identifier(method))", isHeadline: method == .integrated)
    }
    private static func identifier(_ method: Method) -> String {
        method.rawValue.lowercased().replacing("-", with: "_").replacing(" ", with: "_")
    }
    private var dealt: Quantity { quantity("auroc_scores_dealt_at_random", unit: "") }
    private var unplanted: Quantity { quantity("auroc_without_the_circuit", unit: "") }
    private var random: Quantity { quantity("faithfulness_random_circuits", isHeadline: true) }
    private var permuted: Quantity { quantity("faithfulness_permuted_prompts", isHeadline: settings.model != nil) }
    private var truth: Quantity { quantity("faithfulness_planted_edges") }
    private var stability: Quantity { quantity("overlap_of_halves", unit: "") }
    private var randomStability: Quantity { quantity("overlap_with_random_scores", unit: "") }
    private var share: Quantity { quantity("edges_share", unit: "of the edges") }
    private var methods: [Method] { Method.allCases.filter { $0 != .masks || settings.study.pruningSteps > 0 } }

    public var claims: [Claim] {
        let percent = Phrase.percent(settings.study.share)
        let restores = Claim(
            .worst, "EAP-IG's circuit of \(percent) of the edges restores the task on held-out prompts",
            restored(.integrated), .atLeast(0.8), control: "Random circuits of as many edges do not", random,
            .atMost(0.2))
        guard settings.model == nil else {
            return [restores.controlAnd(permuted, .atMost(0.5))]
        }
        return [
            Claim(
                .worst, "EAP-IG scores the planted edges above the others", auroc(.integrated), .atLeast(0.95),
                control: "The same scores dealt out to the edges at random do not", dealt, .within(0.25, of: 0.5)
            ).and(auroc(.plain), .atLeast(0.95)).development(missed: 0, of: 9),
            restores.development(missed: 0, of: 9),
        ]
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (outcomes, titles, seeds) = try await outcomes(in: &context)
        let picture = CircuitPicture(outcomes: outcomes, titles: titles)
        var measured = Measurements(seeds: seeds)
        for method in methods {
            measured[auroc(method)] = outcomes.compactMap { outcome in
                outcome.truth.flatMap { outcome[method]?.ranking.auroc(of: $0) }
            }
            measured[restored(method)] = outcomes.map { $0[method]?.quality.sufficiency ?? .nan }
        }
        measured[dealt] = outcomes.compactMap { outcome in outcome.truth.map { outcome.dealt.auroc(of: $0) } }
        measured[unplanted] = outcomes.compactMap { outcome in
            outcome.truth.flatMap { outcome.unplanted?.auroc(of: $0) }
        }
        measured[random] = outcomes.map { Statistics.mean($0[.integrated]?.quality.random ?? []) }
        measured[permuted] = outcomes.map(\.permutedRestored)
        measured[truth] = outcomes.filter { $0.truth != nil }.map(\.truthRestored)
        measured[stability] = outcomes.map(\.stability)
        measured[randomStability] = outcomes.map(\.randomStability)
        measured[share] = outcomes.map { $0[.integrated]?.circuit.share ?? .nan }
        let isPlanted = settings.model == nil
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            if isPlanted { methods.map { measured.metric(auroc($0)) } }
            methods.map { measured.metric(restored($0)) }
            measured.metrics(random, permuted, stability, randomStability, share)
            if isPlanted { measured.metrics(dealt, unplanted, truth) }
            if !isPlanted { picture.times }
            picture.table
            picture.curve
            picture.drawings(isPlanted ? 1 : outcomes.count)
            "A circuit's edges that no path connects to the embeddings and the logits carry nothing and are not counted "
                + "among those that are left of it."
        }
    }

    /// What was found, what each is called, and the seeds.
    private func outcomes(in context: inout RunContext) async throws -> ([Outcome], [String], [UInt64]) {
        let (study, reporter) = (settings.study, context.reporter)
        guard let name = settings.model else {
            let seeds = Trials(context, count: settings.seeds).seeds
            let outcomes = try seeds.enumerated().map { index, seed in
                try study.planted(
                    key: RandomKey(seed),
                    progress: reporter.stage("planted models", part: index, of: seeds.count))
            }
            return (outcomes, seeds.indices.map { "planted model \($0 + 1)" }, seeds)
        }
        let (model, key) = (try await context.load(name), RandomKey(context.seed))
        let tasks = CircuitTask.all
        let outcomes = try tasks.enumerated().map { index, task in
            try study.run(
                task, model, key: key, progress: reporter.stage(task.title, part: index, of: tasks.count))
        }
        return (outcomes, tasks.map(\.title), [context.seed])
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        let restores =
            "EAP-IG's circuit of \(percent(share)) of the edges restores \(percent(restored(.integrated))) of the "
            + "difference between the prompts on held-out pairs, random circuits of as many edges \(percent(random)), and a "
            + "circuit found on permuted prompts \(percent(permuted))."
        guard settings.model == nil else { return restores }
        return
            "The planted edges are above the others with an AUROC of \(Phrase.number(measured.mean(auroc(.integrated)))) "
            + "by EAP-IG and \(Phrase.number(measured.mean(auroc(.plain)))) by EAP; in the model without them the same places "
            + "have \(Phrase.number(measured.mean(unplanted))). \(restores)"
    }
}
