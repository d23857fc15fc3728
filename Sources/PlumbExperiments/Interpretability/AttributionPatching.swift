public import PlumbInterpretability
internal import PlumbLearning
internal import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// How well does attribution patching predict activation patching? Both, cell by cell.
///
/// One backward pass estimates what thousands of patched forward passes measure. The estimate is first order: it is
/// good where the model is nearly linear in the patch and poor where a softmax is saturated. With shuffled gradients the
/// estimates must no longer rank the cells: that is the control.
public struct AttributionPatching: Experiment {
    public struct Settings: ExperimentSettings {
        public var prompts = PatchingPrompts()
        @Setting("What to patch and attribute; the claims are about attn_out, mlp_out and z, and about q and k.")
        public var sites = ["resid_pre", "attn_out", "mlp_out", "z", "q", "k"]
        @Setting("Backward passes of edge attribution with integrated gradients.", 1...1_000_000) public var steps = 5
        @Setting("Edges of the highest scores, and edges drawn at random, that are patched exactly.", 2...100_000)
        public var edges = 200
        @Setting("Whether to run AtP*'s GradDrop on the first pair: one backward pass a layer.")
        public var dropsGradients = true
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.sites, tiny.prompts.templates, tiny.steps, tiny.dropsGradients) = (["z", "k"], 0, 2, false)
        tiny.edges = 8
        paper.sites = ["resid_pre", "resid_mid", "attn_out", "mlp_out", "z", "q", "k", "v", "pattern", "post"]
        paper.prompts.templates = 30
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "attribution-patching", title: "How far can a gradient stand in for patching?",
        direction: "interpretability: attribution patching",
        question: "How well does one backward pass predict what exact patching of every activation measures?",
        method: "Estimate the effect of every patch by (source - base) · gradient, from two forward passes and one "
            + "backward, and measure the same cells exactly. Compute rank correlations over the cells in which the runs "
            + "differ, for a pair of prompts and for pairs drawn by the seed. Score every edge of the model by one gradient (EAP) and "
            + "by integrated gradients (EAP-IG), and patch the highest edges of each and random edges exactly.",
        limits:
            "Ranks can agree while sizes do not: see the scatter plots and the worst estimates. The exact effect is "
            + "of one patch at a time, in one direction, on one model and one template. Of the edges some hundreds are "
            + "patched exactly, most of them chosen by the methods themselves.",
        references: [
            Reference(
                authors: "Nanda", title: "Attribution Patching: Activation Patching At Industrial Scale", year: 2023),
            Reference(
                authors: "Syed, Rager, Conmy", title: "Attribution Patching Outperforms Automated Circuit Discovery",
                year: 2023, arXiv: "2310.10348"),
            Reference(
                authors: "Kramár, Lieberum, Shah, Nanda",
                title: "AtP*: An efficient and scalable method for localizing LLM behaviour to components", year: 2024,
                arXiv: "2403.00745"),
            Reference(
                authors: "Hanna, Pezzelle, Belinkov",
                title: "Have Faith in Faithfulness: Going Beyond Circuit Overlap When Finding Model Mechanisms",
                year: 2024, arXiv: "2403.17806"),
        ],
        changes:
            "Three thresholds about edges were chosen on 25 of the development pairs that are counted beside the claims: "
            + "0.4 for EAP, 0.8 for the ratio of errors and 0.8 for its control.",
        minutes: 2)

    static let outputs = Quantity("spearman_outputs", per: "site")
    static let outputsShuffled = Quantity("spearman_outputs_shuffled", per: "site")
    static let softmaxGain = Quantity("softmax_gain", per: "site")
    static let inputsShuffled = Quantity("spearman_inputs_shuffled", per: "site")
    static let timeRatio = Quantity("time_ratio", unit: "times as fast", isHeadline: true)
    static let timeRatioSingle = Quantity("time_ratio_single_cell", unit: "times as fast")

    public var claims: [Claim] {
        let shuffled =
            "The mean rank correlation with gradients shuffled among the layers, positions and heads of their site"
        let order = Claim(
            .worst,
            "For \(Phrase.list(outputs.map(\.shortName))), attribution ranks the cells nearly as exact patching does: the rank "
                + "correlation of their effects, mean over pairs",
            Self.outputs, .atLeast(0.75), control: shuffled, Self.outputsShuffled, .within(0.25, of: 0))
        let softmax = Claim(
            .worst,
            "For \(Phrase.list(inputs.map(\.shortName))), computing the softmax exactly (AtP*) improves the ranks: the fraction "
                + "by which it narrows the gap between the mean rank correlation and 1",
            Self.softmaxGain, .atLeast(0.4), control: shuffled, Self.inputsShuffled, .within(0.25, of: 0))
        let speed = Claim(
            .value, "Attribution is faster than the exact sweep over the same cells", Self.timeRatio, .atLeast(5),
            control: "For a single cell there is little to gain", Self.timeRatioSingle, .atMost(2))
        return (outputs.isEmpty ? [] : [order]) + (inputs.isEmpty ? [] : [softmax]) + [speed]
            + EdgeResults.claims(edges: settings.edges)
    }

    let settings: Settings
    let sites: [Site]
    private var outputs: [Site] { [.attnOut, .mlpOut, .z].filter(sites.contains) }
    private var inputs: [Site] { [.q, .k].filter(sites.contains) }

    public init(_ settings: Settings) throws {
        (self.settings, sites) = (settings, try Site.sites(named: settings.sites))
        _ = try settings.prompts.pair()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (reporter, prompts, key) = (context.reporter, settings.prompts, RandomKey(context.seed))
        let model = try await context.load(prompts.model, addsBOS: prompts.bos)
        let tokenized = try prompts.tokenizedPairs(model, key: key)
        let pairs = tokenized.map { PatchingCriterion.logitDifference.pair($0, prompts.direction) }
        let study = AttributionStudy(
            sites: sites, sweep: PatchSweep(direction: prompts.direction, memoryLimit: prompts.memoryLimit))
        try study.warmUp(model, pair: pairs[0])
        let edgeStudy = EdgeStudy(
            direction: prompts.direction, steps: settings.steps, count: settings.edges,
            memoryLimit: prompts.memoryLimit)
        let edges = EdgeResults(
            try pairs.enumerated().map { index, pair in
                try edgeStudy.run(
                    model, pair: pair, key: key["edges"][index],
                    progress: reporter.stage("patching edges", part: index, of: pairs.count))
            })
        let outcomes = AttributionOutcomes(
            try pairs.enumerated().map { index, pair in
                try study.run(
                    model, pair: pair, key: key["pair"][index],
                    progress: reporter.stage("patching", part: index, of: pairs.count))
            })
        let magnitudes =
            try settings.dropsGradients
            ? study.magnitudes(model, pair: pairs[0], progress: reporter.stage("dropping gradients")) : nil
        let standing = AnswerStanding(model, tokenized[0])
        var measured = measured(outcomes, edges, problem: standing.problem, seed: context.seed)
        measured.set(Self.timeRatioSingle, try study.singleCellTimeRatio(model, pair: pairs[0]))
        let picture = AttributionPicture(model: model, pairs: tokenized, outcomes: outcomes)
        return Findings(
            summary: summary(outcomes, edges, picture, problem: standing.problem), claims: claims, from: measured
        ) {
            measured.metrics(Self.timeRatio, Self.timeRatioSingle)
            outcomes.findings(measured)
            standing.metrics
            edges.metrics(measured)
            Metric("exact_seconds", Statistics.mean(outcomes.pairs.map(\.exactSeconds)), unit: "s")
            Metric("attribution_seconds", Statistics.mean(outcomes.pairs.map(\.attributionSeconds)), unit: "s")
            Metric("cells", Double(outcomes.pairs.reduce(0) { $0 + $1.cells }), unit: "cells")
            picture.missTable
            edges.agreements
            edges.errorShares
            edges.pairs[0].table(20)
            edges.pairs[0].scatterPlot
            edges.explanation
            if let magnitudes { outcomes.magnitudeTable(magnitudes) }
            picture.tables
            picture.heatMaps
            picture.scatterPlots
            "Correlations are over the cells whose activation differs between the two runs."
            "Shuffled gradients keep some order: at one position they are similar from layer to layer."
            "Times depend on the machine. Weights were packed beforehand; the peak memory includes the model."
            if model.isQuantized { "\(model.name) is quantized: the numbers are those of its stored weights." }
            if pairs.count == 1 { "The claims rest on one pair; the standard prompts test more pairs." }
        }
    }

    private func measured(
        _ outcomes: AttributionOutcomes, _ edges: EdgeResults, problem: String?, seed: UInt64
    ) -> Measurements {
        var measured = Measurements(seeds: [seed])
        edges.measure(&measured)
        measured[Self.outputs] = outputs.map { outcomes.mean($0) { $0.comparison.spearman } }
        measured[Self.outputsShuffled] = outputs.map { outcomes.mean($0) { $0.shuffled.spearman } }
        measured[Self.softmaxGain] = inputs.map(outcomes.softmaxGain)
        measured[Self.inputsShuffled] = inputs.map { outcomes.mean($0) { $0.shuffled.spearman } }
        measured.set(Self.timeRatio, outcomes.timeRatio)
        guard let problem else { return measured }
        let ranks = [Self.outputs, Self.outputsShuffled, Self.softmaxGain, Self.inputsShuffled]
        for quantity in ranks + EdgeResults.claimed {
            measured.leave(quantity, because: problem)
        }
        return measured
    }

    private func summary(
        _ outcomes: AttributionOutcomes, _ edges: EdgeResults, _ picture: AttributionPicture, problem: String?
    ) -> String {
        if let problem { return "The claims about ranks cannot be tested on this pair: \(problem)." }
        guard let (best, worst) = outcomes.extremes else { return "No site was compared." }
        let count = outcomes.pairs.count == 1 ? "On one pair" : "Over \(outcomes.pairs.count) pairs"
        return "\(count), one backward pass ranks the cells best for \(best.site.shortName) (mean rank correlation "
            + "\(Phrase.number(best.spearman))) and worst for \(worst.site.shortName) (\(Phrase.number(worst.spearman))), "
            + "\(Phrase.number(outcomes.timeRatio)) times as fast as exact patching. \(picture.largestMiss) \(edges.finding)"
    }
}
