internal import PlumbInterpretability
public import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// How far can a gradient be trusted? Attribution patching beside the exact thing, cell by cell.
///
/// One backward pass estimates what thousands of patched forward passes measure. The estimate is first order: it is
/// good where the model is nearly linear in the patch and poor where a softmax is saturated. Shuffled gradients must
/// lose the agreement: that is the control.
public struct AttributionPatching: Experiment {
    public struct Settings: Codable, Sendable, Equatable {
        public var model = "smollm2-135m"
        public var clean = IndirectObject.standard.clean
        public var corrupted = IndirectObject.standard.corrupted
        public var answer = IndirectObject.standard.answer
        public var wrong = IndirectObject.standard.wrong
        public var sites = ["resid_pre", "attn_out", "mlp_out", "z", "q", "k"]
        public var direction = PatchDirection.denoising
        public var templates = 6
        public var steps = 5
        public var dropsGradients = true
        public var memory = 2048

        public init() {}
    }

    public static let defaults = Settings()
    public static let help = [
        "model": "A name (smollm2-135m), a .gguf file, a folder with config.json and safetensors, or a hub id.",
        "clean": "The prompt whose answer is right.",
        "corrupted": "The same prompt changed so that another answer is right, of as many tokens.",
        "answer": "The answer to the clean prompt: one token, usually with a space before it.",
        "wrong": "The answer to the corrupted prompt.",
        "sites": "What to patch and attribute; the claims are about attn_out, mlp_out and z, and about q and k.",
        "direction": "denoising: clean into the corrupted run; noising: corrupted into the clean run.",
        "templates": "Further pairs, drawn by the seed; with the standard prompts only.",
        "steps": "Backward passes of edge attribution with integrated gradients.",
        "dropsGradients": "Whether to run AtP*'s GradDrop on the first pair: one backward pass a layer.",
        "memory": "Megabytes that exactly patched runs in flight may take.",
    ]
    public static let ranges: [String: ClosedRange<Double>] = [
        "templates": 0...100_000, "steps": 1...1_000_000, "memory": 1...1_000_000_000,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        tiny.templates = 2
        tiny.dropsGradients = false
        var paper = Settings()
        paper.sites = ["resid_pre", "resid_mid", "attn_out", "mlp_out", "z", "q", "k", "v", "pattern", "post"]
        paper.templates = 30
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "attribution-patching", title: "How far can a gradient stand in for patching?",
        direction: "interpretability: attribution patching",
        question: "How well does one backward pass predict what exact patching of every activation measures?",
        hypothesis: "For the outputs of attention, MLPs and heads the estimates have nearly the order of the exact "
            + "effects; for queries and keys they are worse, and better again when the softmax is computed exactly.",
        control: "With gradients dealt out to other layers, positions and heads of their site, the estimates lose the "
            + "order of the exact effects.",
        method: "Estimate the effect of every patch by (source - base) · gradient, from two forward passes and one "
            + "backward, and measure the same cells exactly. Correlate the ranks, over the cells in which the runs "
            + "differ, in a pair of prompts and in pairs drawn by the seed. Score every edge of the model likewise.",
        limits: "Ranks can agree while sizes do not: see the scatter plots and the worst misses. The exact effect is "
            + "of one patch at a time, in one direction, on one model and one template. Edges are scored by gradients "
            + "only: none is patched exactly here.",
        references: [
            Reference(
                authors: "Nanda", title: "Attribution Patching: Activation Patching At Industrial Scale", year: 2023),
            Reference(
                authors: "Syed, Rager, Conmy",
                title: "Attribution Patching Outperforms Automated Circuit Discovery", year: 2023, arXiv: "2310.10348"),
            Reference(
                authors: "Kramár, Lieberum, Shah, Nanda",
                title: "AtP*: An efficient and scalable method for localizing LLM behaviour to components", year: 2024,
                arXiv: "2403.00745"),
            Reference(
                authors: "Hanna, Pezzelle, Belinkov",
                title: "Have Faith in Faithfulness: Going Beyond Circuit Overlap When Finding Model Mechanisms",
                year: 2024, arXiv: "2403.17806"),
        ],
        minutes: 1)

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func validate() throws {
        try Self.checkRanges(settings)
        _ = try LanguageModel.sites(settings.sites)
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        let sites = try LanguageModel.sites(settings.sites)
        let reporter = context.reporter
        let model = try await LanguageModel.load(settings.model, in: &context)
        let key = RandomKey(context.seed)
        let pairs = try tokenizedPairs(model, key)
        let metricPairs = pairs.map {
            PatchPair(
                clean: $0.clean, corrupted: $0.corrupted,
                metric: .logitDifference(answer: $0.answer, wrong: $0.wrong))
        }
        // Weights are packed for the backward pass at its first use, which is no part of any attribution's time.
        let warm = PatchSweep.cells(.z, layers: model.configuration.layers, positions: 0, heads: 1).flatMap { $0 }
        _ = try AttributionSweep(direction: settings.direction).run(model, pair: metricPairs[0], cells: warm)
        let edges = try EdgeEvidence(model, pair: metricPairs[0], settings: settings) { fraction in
            reporter.progress("scoring edges", fraction)
            try reporter.checkpoint()
        }
        let memory = LanguageModel.bytes(megabytes: settings.memory)
        let study = AttributionStudy(
            sites: sites, sweep: PatchSweep(direction: settings.direction, memoryLimit: memory))
        let outcomes = try metricPairs.enumerated().map { index, pair in
            try study.run(model, pair: pair, key: key["pair"][index]) { fraction in
                reporter.progress("patching", (Double(index) + fraction) / Double(metricPairs.count))
                try reporter.checkpoint()
            }
        }
        let magnitudes =
            try settings.dropsGradients
            ? AttributionSweep(direction: settings.direction, recomputesAttention: true)
                .magnitudesDroppingGradients(
                    model, pair: metricPairs[0],
                    cells: study.cells(model, pair: metricPairs[0]).flatMap { $0.flatMap { $0 } }
                ) { fraction in
                    reporter.progress("dropping gradients", fraction)
                    try reporter.checkpoint()
                } : nil
        return AttributionPatchingFindings(
            settings: settings, model: model, pairs: pairs, outcomes: outcomes, edges: edges, magnitudes: magnitudes,
            singleCellTimeRatio: try singleCellTimeRatio(model, metricPairs[0]), seed: context.seed
        ).findings
    }

    /// The time of one exactly patched cell, in that of one attribution of it; the fastest of three of each.
    private func singleCellTimeRatio(_ model: HookedTransformer, _ pair: PatchPair) throws -> Double {
        let cells = [
            PatchCell(.block(model.configuration.layers / 2, .attnOut), position: pair.alignedCount - 1)
        ]
        func fastest(_ body: () throws -> Void) rethrows -> Double {
            var least = Double.infinity
            for _ in 0..<3 {
                let start = ContinuousClock.now
                try body()
                least = min(least, (ContinuousClock.now - start) / .seconds(1))
            }
            return least
        }
        let exact = try fastest {
            _ = try PatchSweep(direction: settings.direction).run(model, pairs: [pair], cells: cells)
        }
        return try exact
            / fastest { _ = try AttributionSweep(direction: settings.direction).run(model, pair: pair, cells: cells) }
    }

    private func tokenizedPairs(_ model: HookedTransformer, _ key: RandomKey) throws -> [TokenizedPair] {
        let first = PromptPair(
            clean: settings.clean, corrupted: settings.corrupted, answer: settings.answer, wrong: settings.wrong)
        let isStandard = settings.clean == Self.defaults.clean && settings.corrupted == Self.defaults.corrupted
        let drawn =
            isStandard && settings.templates > 0
            ? try IndirectObject.pairs(settings.templates, for: model, key: key) : []
        return try ([first] + drawn).map { try $0.tokenized(by: model) }
    }
}

/// Edge attribution of one pair, with what it took.
struct EdgeEvidence: Sendable {
    let plain: EdgeScores
    let integrated: EdgeScores
    let seconds: Double
    let integratedSeconds: Double
    /// The most bytes held by tensors and packed weights during plain edge attribution.
    let peakBytes: Int

    init(
        _ model: HookedTransformer, pair: PatchPair, settings: AttributionPatching.Settings,
        progress: (Double) throws -> Void
    ) throws {
        Compute.resetPeakBytes()
        let start = ContinuousClock.now
        plain = try EdgeAttribution(direction: settings.direction).run(model, pair: pair)
        seconds = (ContinuousClock.now - start) / .seconds(1)
        peakBytes = Compute.peakBytes
        let middle = ContinuousClock.now
        integrated = try EdgeAttribution.integrated(direction: settings.direction, steps: settings.steps)
            .run(model, pair: pair, progress: progress)
        integratedSeconds = (ContinuousClock.now - middle) / .seconds(1)
    }
}
