internal import Foundation
internal import PlumbData
internal import PlumbInterpretability
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Where in a language model is the answer computed? Activations of one run, moved one by one into another.
///
/// Early on, the difference between two prompts lives at the token in which they differ; at some depth attention moves
/// it to the last position, from which the answer is read. Patching shows both, and shows nothing at tokens that carry
/// no difference: that is the control.
public struct ActivationPatching: Experiment {
    /// What a patched run is judged by.
    public enum MetricKind: String, Codable, Sendable, CaseIterable {
        case logitDifference = "logit-difference"
        case probability
        case logProbability = "log-probability"
        case kl
        case loss

        /// What tables call it.
        var title: String {
            switch self {
            case .logitDifference: "logit difference"
            case .probability: "probability of the answer"
            case .logProbability: "log-probability of the answer"
            case .kl: "KL divergence from the unpatched source"
            case .loss: "loss"
            }
        }

        /// What metrics call it, after `clean_` or `corrupted_`.
        var identifier: String {
            switch self {
            case .logitDifference: "logit_difference"
            case .probability: "answer_probability"
            case .logProbability: "answer_log_probability"
            case .kl: "kl_divergence"
            case .loss: "loss"
            }
        }
    }

    public struct Settings: Codable, Sendable, Equatable {
        public var model = "smollm2-135m"
        public var clean = IndirectObject.standard.clean
        public var corrupted = IndirectObject.standard.corrupted
        public var answer = IndirectObject.standard.answer
        public var wrong = IndirectObject.standard.wrong
        public var pairs: String?
        public var sites = ["resid_pre", "attn_out", "mlp_out", "z"]
        public var direction = PatchDirection.denoising
        public var align = PatchAlignment.none
        public var metric = MetricKind.logitDifference
        public var templates = 6
        public var arithmetic = Arithmetic.float32
        public var memory = 2048

        public init() {}
    }

    public static let defaults = Settings()
    public static let help = [
        "model": "A name (smollm2-135m), a .gguf file, a folder with config.json and safetensors, or a hub id.",
        "clean": "The prompt whose answer is right.",
        "corrupted": "The same prompt changed so that another answer is right; as many tokens, or see --align.",
        "answer": "The answer to the clean prompt: one token, usually with a space before it.",
        "wrong": "The answer to the corrupted prompt.",
        "pairs": "A JSON-lines file of pairs {clean, corrupted, answer, wrong}: tables are then means over pairs.",
        "sites": "What to patch: resid_pre, resid_mid, resid_post, attn_out, mlp_out, q, k, v, z, pattern, post, …",
        "direction": "denoising: clean into the corrupted run; noising: corrupted into the clean run.",
        "align": "end: compare prompts of different lengths from their last token backwards; none: refuse them.",
        "metric": "What patched runs are judged by; the loss is of the patched prompt's own tokens.",
        "templates": "Further pairs, drawn by the seed, that the claims are tested on; with the standard prompts only.",
        "arithmetic": "float32 is exact on the stored weights; bfloat16 is faster and inexact, and the record says so.",
        "memory": "Megabytes that patched runs in flight may take; less means more walks, and the same numbers.",
    ]
    public static let ranges: [String: ClosedRange<Double>] = ["templates": 0...100_000, "memory": 1...1_000_000_000]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        tiny.sites = ["resid_pre"]
        tiny.templates = 3
        var paper = Settings()
        paper.sites = ["resid_pre", "resid_mid", "attn_out", "mlp_out", "q", "k", "v", "z", "pattern"]
        paper.templates = 50
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "activation-patching", title: "Where is the answer computed?",
        direction: "interpretability: activation patching",
        question: "Which activations of a language model carry the answer to a prompt, and where do they hand it on?",
        hypothesis: "In the first third of the layers the residual stream at the differing token restores the clean "
            + "answer; in the last seventh the residual stream at the last token does.",
        control:
            "At tokens between those two, where the prompts agree, the same patch in the first third of the layers "
            + "restores nothing; nor does it at the last token.",
        method:
            "Run the model on a clean and a corrupted prompt. Replace one activation of one run by the other run's, "
            + "finish the run, and read the logit difference of the two answers; do so for every layer and position.",
        limits: "One patch at a time misses what activations carry only together; a high value shows where the answer "
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
        minutes: 0.2)

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        let sites = try LanguageModel.sites(settings.sites)
        let reporter = context.reporter
        let model = try await LanguageModel.load(settings.model, arithmetic: settings.arithmetic, in: &context)
        let prompts = try promptPairs(in: &context)
        let pairs = try tokenized(prompts, by: model)
        let study = ActivationPatchingStudy(
            sites: sites,
            sweep: PatchSweep(
                direction: settings.direction, memoryLimit: memoryLimit, alignment: settings.align))
        let outcome = try study.run(model, pairs: pairs.map(patchPair)) { fraction in
            reporter.progress("patching", fraction)
            try reporter.checkpoint()
        }
        let evidence = try self.evidence(model, pairs, RandomKey(context.seed), reporter)
        return ActivationPatchingFindings(
            settings: settings, model: model, prompts: prompts, pairs: pairs, outcome: outcome, evidence: evidence,
            seed: context.seed
        ).findings
    }

    private var memoryLimit: Int { LanguageModel.bytes(megabytes: settings.memory) }

    /// The pairs in tokens; a pair of a file is named by its place where it cannot be used.
    private func tokenized(_ prompts: [PromptPair], by model: HookedTransformer) throws -> [TokenizedPair] {
        try prompts.enumerated().map { index, pair in
            do {
                return try pair.tokenized(by: model, alignment: settings.align)
            } catch let error as ModelError {
                guard let file = settings.pairs else { throw error }
                throw ModelError("\(file), pair \(index + 1): \(error)")
            }
        }
    }

    public func validate() throws {
        try Self.checkRanges(settings)
        _ = try LanguageModel.sites(settings.sites)
    }

    private func promptPairs(in context: inout RunContext) throws -> [PromptPair] {
        if let file = settings.pairs {
            let data = try PromptPair.contents(of: URL(fileURLWithPath: file))
            let hash = FileHash.sha256(of: data)
            context.record(input: InputFile(path: file, sha256: hash, bytes: data.count, role: "pairs"))
            return try PromptPair.parse(data, named: file)
        }
        return [
            PromptPair(
                clean: settings.clean, corrupted: settings.corrupted, answer: settings.answer, wrong: settings.wrong)
        ]
    }

    private func patchPair(_ pair: TokenizedPair) -> PatchPair {
        let metric =
            switch settings.metric {
            case .logitDifference: PatchMetric.logitDifference(answer: pair.answer, wrong: pair.wrong)
            case .probability: PatchMetric.probability(of: pair.answer)
            case .logProbability: PatchMetric.logProbability(of: pair.answer)
            case .kl: PatchMetric.klDivergence
            case .loss:
                PatchMetric.loss(tokens: settings.direction == .denoising ? pair.corrupted : pair.clean)
            }
        return PatchPair(clean: pair.clean, corrupted: pair.corrupted, metric: metric)
    }

    /// What the claims are tested on: the residual stream of the pairs, and of pairs drawn from the template.
    private func evidence(
        _ model: HookedTransformer, _ pairs: [TokenizedPair], _ key: RandomKey, _ reporter: RunReporter
    ) throws -> [PatchingEvidence] {
        var tested = pairs
        let isStandard =
            settings.pairs == nil && settings.clean == Self.defaults.clean
            && settings.corrupted == Self.defaults.corrupted
        if isStandard, settings.templates > 0 {
            tested += try IndirectObject.pairs(settings.templates, for: model, key: key).map {
                try $0.tokenized(by: model)
            }
        }
        let sweep = PatchSweep(memoryLimit: memoryLimit, alignment: settings.align)
        return try tested.enumerated().map { index, pair in
            defer { reporter.progress("testing the claims", index + 1, of: tested.count) }
            try reporter.checkpoint()
            let cells = PatchSweep.cells(
                .residPre, layers: model.configuration.layers, positions: pair.alignedCount)
            let result = try sweep.run(
                model, clean: pair.clean, corrupted: pair.corrupted,
                metric: .logitDifference(answer: pair.answer, wrong: pair.wrong), cells: cells.flatMap { $0 })
            return PatchingEvidence(pair: pair, result: result, layers: model.configuration.layers)
        }
    }
}
