internal import PlumbData
internal import PlumbInterpretability
internal import PlumbModels
internal import PlumbRecords
internal import PlumbTensor
internal import PlumbTokenizers

/// Turns what activation patching measured into metrics, claims, tables, figures and sentences.
struct ActivationPatchingFindings {
    let settings: ActivationPatching.Settings
    let model: HookedTransformer
    let prompts: [PromptPair]
    let pairs: [TokenizedPair]
    let outcome: ActivationPatchingStudy.Outcome
    let evidence: [PatchingEvidence]
    let seed: UInt64

    private var layers: Int { model.configuration.layers }
    private var key: RandomKey { RandomKey(seed) }
    private var unit: String {
        switch settings.metric {
        case .logitDifference: "logits"
        case .probability: "probability"
        case .logProbability, .kl, .loss: "nats"
        }
    }

    var findings: Findings {
        var notes: [String] = []
        if model.isQuantized {
            notes.append("\(model.name) is a quantised model: the numbers are those of its stored weights.")
        }
        if settings.arithmetic != .float32 { notes.append("Products were computed in bfloat16, which is not exact.") }
        if evidence.allSatisfy(\.between.isEmpty) {
            notes.append("No token lies between the differing one and the last: a control cannot be measured.")
        }
        if evidence.count == 1 {
            notes.append("The claims rest on one pair; --pairs or the standard prompts test more.")
        }
        return Findings(
            summary: summary, metrics: metrics, claims: claims, tables: tables, figures: figures, notes: notes)
    }

    // MARK: Numbers

    private var metrics: [Metric] {
        let name = settings.metric.identifier
        return [
            metric("clean_\(name)", outcome.clean, unit), metric("corrupted_\(name)", outcome.corrupted, unit),
            Metric("sweep_seconds", outcome.seconds, unit: "s"),
            Metric("cells", Double(outcome.cells), unit: "cells"),
            Metric("computed_cells", Double(outcome.computedCells), unit: "cells"),
        ] + recoveries
    }

    /// What the claims compare with their thresholds: parts of the clean logit difference, with intervals over pairs.
    private var recoveries: [Metric] {
        let early = PatchingEvidence.early(of: layers)
        let late = PatchingEvidence.late(of: layers)
        let parts: [(String, (PatchingEvidence) -> [Double], Range<Int>)] = [
            ("recovery_differing_early", \.differing, early), ("recovery_between_early", \.between, early),
            ("recovery_last_late", \.last, late), ("recovery_last_early", \.last, early),
        ]
        return parts.compactMap { name, values, range in
            let means = evidence.map(values).filter { !$0.isEmpty }.map { PatchingEvidence.mean($0, range) }
            return means.isEmpty ? nil : metric(name, means, "")
        }
    }

    private func metric(_ name: String, _ values: [Double], _ unit: String) -> Metric {
        Metric(
            name, Statistics.mean(values), unit: unit, interval: values.count > 1 ? interval(values, name) : nil,
            n: values.count)
    }

    private func interval(_ values: [Double], _ name: String) -> Interval {
        let bounds = Statistics.bootstrapMean(values, key: key[name])
        return Interval(lower: bounds.lower, upper: bounds.upper, method: "bootstrap over pairs")
    }

    private var claims: [ClaimResult] {
        let early = PatchingEvidence.early(of: layers)
        let late = PatchingEvidence.late(of: layers)
        func mean(_ values: (PatchingEvidence) -> [Double], _ range: Range<Int>) -> Double {
            let series = evidence.map(values).filter { !$0.isEmpty }
            // What cannot be measured is no number, and a claim or control of it does not hold.
            return series.isEmpty ? .nan : Statistics.mean(series.map { PatchingEvidence.mean($0, range) })
        }
        let differing = mean(\.differing, early)
        let between = mean(\.between, early)
        let last = mean(\.last, late)
        let lastEarly = mean(\.last, early)
        return [
            ClaimResult(
                "In layers \(early.lowerBound) to \(early.upperBound - 1) the residual stream at the differing token "
                    + "restores the clean answer", threshold: "at least 0.8 of the logit difference",
                observed: differing,
                holds: differing >= 0.8,
                control: ControlResult(
                    "The same patch at the tokens between it and the last, where the prompts agree",
                    threshold: "at most 0.1 either way", observed: between, holds: abs(between) <= 0.1),
                n: evidence.count, seeds: [seed]),
            ClaimResult(
                "In layers \(late.lowerBound) to \(late.upperBound - 1) the residual stream at the last token restores "
                    + "the clean answer", threshold: "at least 0.8 of the logit difference", observed: last,
                holds: last >= 0.8,
                control: ControlResult(
                    "The same patch at the last token in the early layers", threshold: "at most 0.1 either way",
                    observed: lastEarly, holds: abs(lastEarly) <= 0.1),
                n: evidence.count, seeds: [seed]),
        ]
    }

    // MARK: Tables and figures

    private func text(_ tokens: [Int]) -> [String] {
        tokens.map { model.tokenizer?.string(of: $0) ?? "\($0)" }
    }

    /// The tokens of the run that is patched; differing ones show both.
    private var columns: [String] {
        guard pairs.count == 1 else { return (0..<pairs[0].alignedCount).map { "\($0)" } }
        let clean = text(pairs[0].alignedClean)
        let corrupted = text(pairs[0].alignedCorrupted)
        return zip(clean, corrupted).map { $0 == $1 ? $0 : "\($0)/\($1.trimmingPrefix(" "))" }
    }

    private var baseline: Double {
        Statistics.mean(settings.direction == .denoising ? outcome.corrupted : outcome.clean)
    }

    private var tables: [Table] {
        outcome.sites.map { values in
            let mean = values.mean
            let interval = values.interval(key: key)
            return Table(
                values.site.shortName,
                title: "\(settings.metric.title) after patching "
                    + values.site.shortName, rowLabel: "layer", columnLabel: values.isByHead ? "head" : "position",
                rows: mean.indices.map { "\($0)" },
                columns: values.isByHead ? mean[0].indices.map { "\($0)" } : columns, values: mean, unit: unit,
                lower: interval?.lower, upper: interval?.upper)
        }
    }

    private var figures: [Figure] {
        let reach = abs(Statistics.mean(outcome.clean) - Statistics.mean(outcome.corrupted))
        let verb =
            settings.direction == .denoising
            ? "clean activation in the corrupted run" : "corrupted activation in the clean run"
        let maps = outcome.sites.map { values in
            let name = values.site.shortName
            return Figure.heatMap(
                HeatMap(
                    table: name, title: name,
                    caption: values.isByHead
                        ? "Each cell: the \(verb), for one head of one layer at all positions."
                        : "Each cell: the \(verb), at one layer and position.",
                    center: baseline, domain: reach > 0 ? HeatMap.Domain(baseline - reach, baseline + reach) : nil,
                    valueLabel: settings.metric.title,
                    references: [
                        ReferenceValue("clean", Statistics.mean(outcome.clean)),
                        ReferenceValue("corrupted", Statistics.mean(outcome.corrupted)),
                    ], columnsAreTokens: !values.isByHead && pairs.count == 1,
                    markedColumns: values.isByHead ? [] : Set(pairs.flatMap(\.differing)).sorted(),
                    markLabel: values.isByHead ? "" : "the prompts differ here"))
        }
        return [promptPanel] + maps + [recoveryChart]
    }

    private var promptPanel: Figure {
        let pair = pairs[0]
        func prompt(_ label: String, _ tokens: [Int], _ value: Double) -> PromptPanel.Prompt {
            let next = model.nextTokenLogProbabilities(tokens).elements
            let roles = [(pair.answer, "answer"), (pair.wrong, "wrong answer")]
            let continuations = roles.sorted { next[$0.0] > next[$1.0] }.map { token, role in
                PromptPanel.Continuation(
                    text([token])[0], logProbability: Double(next[token]), role: role)
            }
            return PromptPanel.Prompt(
                label, tokens: text(tokens), ids: tokens,
                marked: pair.differing.map { $0 + tokens.count - pair.alignedCount }, continuations: continuations,
                note: "\(settings.metric.title) \(value.rounded(to: 4)) \(unit)")
        }
        return .prompts(
            PromptPanel(
                title: pairs.count == 1 ? "The two prompts" : "The first of \(pairs.count) pairs",
                caption: "Marked tokens differ. Patching moves activations from one run into the other.",
                prompts: [
                    prompt("clean", pair.clean, outcome.clean[0]),
                    prompt("corrupted", pair.corrupted, outcome.corrupted[0]),
                ]))
    }

    private var recoveryChart: Figure {
        let depth = (0..<layers).map(Double.init)
        func series(_ name: String, _ values: (PatchingEvidence) -> [Double]) -> LineChart.Series? {
            let lines = evidence.map(values).filter { !$0.isEmpty }
            guard !lines.isEmpty else { return nil }
            let columns = (0..<layers).map { layer in lines.map { $0[layer] } }
            let bounds = columns.map { Statistics.bootstrapMean($0, key: key[name]) }
            return LineChart.Series(
                name, x: depth, y: columns.map(Statistics.mean), lower: lines.count > 1 ? bounds.map(\.lower) : nil,
                upper: lines.count > 1 ? bounds.map(\.upper) : nil)
        }
        return .lineChart(
            LineChart(
                title: "The answer moves from the differing token to the last",
                caption: "Part of the clean logit difference restored by patching the residual stream, mean over "
                    + "\(evidence.count) \(evidence.count == 1 ? "pair" : "pairs, with bootstrap intervals").",
                x: Axis("layer"), y: Axis("recovery"),
                series: [
                    series("differing token", \.differing), series("tokens between", \.between),
                    series("last token", \.last),
                ].compactMap { $0 }))
    }

    // MARK: Words

    private var summary: String {
        func mean(_ values: (PatchingEvidence) -> [Double]) -> [Double] {
            let lines = evidence.prefix(pairs.count).map(values).filter { !$0.isEmpty }
            return lines.isEmpty ? [] : (0..<layers).map { layer in Statistics.mean(lines.map { $0[layer] }) }
        }
        let token = pairs.count == 1 ? pairs[0].differing.first.map { text([pairs[0].alignedClean[$0]])[0] } : nil
        let name = token.map { ", \u{201C}\($0.trimmingPrefix(" "))\u{201D}," } ?? ""
        let held = mean(\.differing).lastIndex { $0 >= 0.5 }
        let arrived = mean(\.last).firstIndex { $0 >= 0.5 }
        let first =
            held.map {
                "Up to layer \($0), the residual stream at the token in which the prompts differ\(name) decides the "
                    + "answer: moving it alone restores more than half of the clean logit difference."
            }
            ?? "No layer's residual stream at a differing token restores half of the clean logit difference by itself."
        let second =
            arrived.map { "From layer \($0) on, the last token holds the answer, ready to be read out." }
            ?? "The last token's residual stream never restores half of it either."
        return "\(first) \(second)"
    }
}

extension Double {
    func rounded(to digits: Int) -> Double {
        let scale = (0..<digits).reduce(1.0) { value, _ in value * 10 }
        return (self * scale).rounded() / scale
    }
}
