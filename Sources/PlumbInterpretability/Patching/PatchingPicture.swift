internal import PlumbData
internal import PlumbTokenizers
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// What activation patching found, as tables, heat maps and words.
public struct PatchingPicture: Sendable {
    let model: HookedTransformer
    let pairs: [TokenizedPair]
    let outcome: ActivationPatchingStudy.Outcome
    let criterion: PatchingCriterion
    let direction: PatchDirection
    let key: RandomKey

    /// - Parameters:
    ///   - model: the model that was patched.
    ///   - pairs: what was patched, one or more pairs.
    ///   - outcome: the values of every cell.
    ///   - criterion: what patched runs were judged by.
    ///   - direction: which run was patched.
    ///   - key: of the intervals over pairs.
    public init(
        model: HookedTransformer, pairs: [TokenizedPair], outcome: ActivationPatchingStudy.Outcome,
        criterion: PatchingCriterion, direction: PatchDirection, key: RandomKey
    ) {
        (self.model, self.pairs, self.outcome) = (model, pairs, outcome)
        (self.criterion, self.direction, self.key) = (criterion, direction, key)
    }

    private var clean: Double { Statistics.mean(outcome.clean) }
    private var corrupted: Double { Statistics.mean(outcome.corrupted) }
    private var unit: String {
        switch criterion {
        case .logitDifference: "logits"
        case .probability: "probability"
        case .logProbability, .kl, .loss: "nats"
        }
    }

    /// The metric of the two runs without a patch.
    public var baselines: [Metric] {
        [("clean", outcome.clean), ("corrupted", outcome.corrupted)].map { name, values in
            Metric(
                "\(name)_\(criterion.identifier)", Statistics.mean(values), unit: unit, n: values.count,
                values: values.count > 1 ? values : nil)
        }
    }

    /// What the sweep took.
    public var costs: [Metric] {
        [
            Metric("sweep_seconds", outcome.seconds, unit: "s"),
            Metric("cells", Double(outcome.cells), unit: "cells"),
            Metric("computed_cells", Double(outcome.computedCells), unit: "cells"),
        ]
    }

    /// The tokens of the run that is patched; differing ones show both.
    private var columns: [String] {
        guard pairs.count == 1 else { return (0..<pairs[0].alignedCount).map { "\($0)" } }
        return pairs[0].labels(model)
    }

    /// One table a site: the metric of every patched run, means over pairs.
    public var tables: [Table] {
        outcome.sites.map { values in
            let (mean, interval) = (values.mean, values.interval(key: key))
            return Table(
                values.site.shortName, title: "\(criterion.title) after patching \(values.site.shortName)",
                rowLabel: "layer", columnLabel: values.isByHead ? "head" : "position",
                rows: mean.indices.map { "\($0)" },
                columns: values.isByHead ? mean[0].indices.map { "\($0)" } : columns, values: mean, unit: unit,
                lower: interval?.lower, upper: interval?.upper)
        }
    }

    /// One heat map a table.
    public var heatMaps: [Figure] {
        let reach = abs(clean - corrupted)
        let base = direction == .denoising ? corrupted : clean
        let verb =
            direction == .denoising ? "clean activation in the corrupted run" : "corrupted activation in the clean run"
        return outcome.sites.map { values in
            .heatMap(
                HeatMap(
                    table: values.site.shortName, title: values.site.title,
                    caption: values.isByHead
                        ? "Each cell: the \(verb), for one head of one layer at all positions."
                        : "Each cell: the \(verb), at one layer and position.",
                    center: base, domain: reach > 0 ? HeatMap.Domain(base - reach, base + reach) : nil,
                    valueLabel: criterion.title,
                    references: [ReferenceValue("clean", clean), ReferenceValue("corrupted", corrupted)],
                    columnsAreTokens: !values.isByHead && pairs.count == 1,
                    markedColumns: values.isByHead ? [] : Set(pairs.flatMap(\.differing)).sorted(),
                    markLabel: values.isByHead ? "" : "the prompts differ here",
                    normalization: HeatMap.Normalization(zero: corrupted, one: clean)))
        }
    }

    /// The heading above the prompts.
    public var promptTitle: String { pairs.count == 1 ? "The two prompts" : "The first of \(pairs.count) pairs" }

    /// The metric of the first pair's runs without a patch.
    public var promptNotes: (clean: String, corrupted: String) {
        func note(_ value: Double) -> String { "\(criterion.title) \((value * 100).rounded() / 100) \(unit)" }
        return (note(outcome.clean[0]), note(outcome.corrupted[0]))
    }

    /// What the residual stream's profiles show: of one pair by token, of several by the tokens' part.
    public func conclusion(_ profiles: [RecoveryProfile]) -> String {
        if profiles.count == 1 { return profiles[0].conclusion(tokens: columns.map { String($0.trimmingPrefix(" ")) }) }
        let parts: [(String, (RecoveryProfile) -> [Double])] = [
            ("differing token", \.differing), ("last token", \.last),
        ]
        let layers = model.configuration.layers
        let places = parts.compactMap { name, values -> String? in
            let mean = (0..<layers).map { layer in Statistics.mean(profiles.map { values($0)[layer] }) }
            let found = mean.indices.filter { mean[$0] > 0.5 }
            return found.isEmpty ? nil : "at the \(name) in \(RecoveryProfile.ranges(found))"
        }
        return places.isEmpty
            ? "On average over \(profiles.count) pairs no patch of the residual stream restores more than half of the answer."
            : "On average over \(profiles.count) pairs, patching the residual stream restores more than half of the clean "
                + "answer \(places.joined(separator: ", and "))."
    }
}

extension RecoveryProfile {
    /// The profile of a pair, by one sweep over the residual stream entering every block.
    ///
    /// - Throws: `ModelError` where the pair cannot be patched.
    public init(_ model: HookedTransformer, _ pair: TokenizedPair, _ sweep: PatchSweep) throws {
        let layers = model.configuration.layers
        let cells = PatchSweep.cells(.residPre, layers: layers, positions: pair.alignedCount)
        let result = try sweep.run(
            model, clean: pair.clean, corrupted: pair.corrupted,
            metric: .logitDifference(answer: pair.answer, wrong: pair.wrong), cells: cells.flatMap { $0 })
        self.init(pair: pair, result: result, layers: layers)
    }
}
