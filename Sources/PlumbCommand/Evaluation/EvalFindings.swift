import Foundation
import PlumbBasics
import PlumbEvaluations
import PlumbRecords
import PlumbReport
import PlumbTensor

/// What an evaluation found, as a record keeps it.
struct EvalFindings {
    private let results: [EvaluationResults]
    private let controls: ControlOutcome
    private let detect: Double?
    private let seed: UInt64
    private let scorer: String

    init(_ results: [EvaluationResults], _ controls: ControlOutcome, detect: Double?, seed: UInt64) {
        (self.results, self.controls, self.detect, self.seed) = (results, controls, detect, seed)
        scorer = controls.scorer
    }

    func findings() throws -> Findings {
        let comparison =
            results.count == 2
            ? try PairedComparison(
                results[0].scoresBySample(scorer), results[1].scoresBySample(scorer),
                key: RandomKey(seed)["comparison"]) : nil
        return Findings(
            summary: summary(comparison), metrics: metrics(comparison), claims: claims, tables: tables,
            figures: figures, notes: notes(comparison))
    }

    private func interval(_ mean: ClusteredMean) -> Interval {
        let ends = mean.interval()
        return Interval(
            lower: ends.lower, upper: ends.upper, level: 0.95,
            method: "t distribution over \(mean.clusters) \(mean.clusters == 1 ? "cluster" : "clusters")")
    }

    private func summary(_ comparison: PairedComparison?) -> String {
        let first = results[0].mean(scorer)
        let ends = first.interval()
        var text =
            "\(results[0].model) scores \(NumberText.fixed(first.mean, decimals: 3)) (95 % interval "
            + "\(NumberText.fixed(ends.lower, decimals: 3)) to \(NumberText.fixed(ends.upper, decimals: 3))) by "
            + "\(scorer) on \(first.count) answers."
        if let comparison {
            let ends = comparison.interval()
            text +=
                " It differs from the second by \(NumberText.fixed(comparison.difference.mean, decimals: 3)) (95 "
                + "% interval "
                + "\(NumberText.fixed(ends.lower, decimals: 3)) to \(NumberText.fixed(ends.upper, decimals: 3)), "
                + "paired "
                + "permutation test p = \(NumberText.value(comparison.test.p)))."
        }
        return text
    }

    private func metrics(_ comparison: PairedComparison?) -> [Metric] {
        var metrics: [Metric] = []
        for (index, result) in results.enumerated() {
            let suffix = index == 0 ? "" : "_second"
            for scorer in result.task.scorers.map(\.name) {
                let mean = result.mean(scorer)
                metrics.append(
                    Metric(
                        Self.snake(scorer) + suffix, mean.mean, interval: interval(mean), n: mean.count,
                        isHeadline: scorer == self.scorer))
                metrics.append(Metric(Self.snake(scorer) + "_standard_error" + suffix, mean.standardError))
            }
            if let flips = result.flipRate {
                metrics.append(Metric("flip_rate" + suffix, flips.rate, n: flips.of, isHeadline: true))
            }
            if let bias = OptionOrderBias(result) {
                metrics.append(
                    Metric("option_consistency" + suffix, bias.consistency, n: bias.questions, isHeadline: true))
                metrics.append(Metric("option_share_spread" + suffix, bias.spread, n: bias.questions))
            }
            let tokens = result.samples.reduce(0) { $0 + $1.inputTokens + $1.outputTokens }
            metrics.append(Metric("empty_answers" + suffix, Double(result.emptyAnswers), n: result.samples.count))
            metrics.append(Metric("tokens" + suffix, Double(tokens)))
        }
        if let comparison {
            let ends = comparison.interval()
            metrics.append(
                Metric(
                    "difference", comparison.difference.mean,
                    interval: Interval(
                        lower: ends.lower, upper: ends.upper, level: 0.95,
                        method: "paired, t distribution over clusters"),
                    n: comparison.difference.count, isHeadline: true))
            metrics.append(Metric("difference_p", comparison.test.p, n: comparison.difference.count))
            metrics.append(Metric("score_correlation", comparison.correlation))
        }
        if let detect {
            metrics.append(Metric("samples_to_detect", Double(samples(toDetect: detect, comparison)), isHeadline: true))
        }
        return metrics
    }

    /// How many samples show a difference: by the measured differences where two were compared.
    private func samples(toDetect difference: Double, _ comparison: PairedComparison?) -> Int {
        func variance(_ mean: ClusteredMean) -> Double {
            let variance = mean.standardError * mean.standardError * Double(mean.count)
            return variance.isFinite && variance > 0 ? variance : 0.25
        }
        let measured = comparison.map { variance($0.difference) } ?? 2 * variance(results[0].mean(scorer))
        return PowerAnalysis.samples(toDetect: difference, variance: measured)
    }

    private var claims: [ClaimResult] {
        let bounds = ControlOutcome.bounds
        func below(_ bound: Double) -> String { "at most \(NumberText.value(bound))" }
        var claims = [
            ClaimResult(
                "Scripted answers that are right pass the scorer \(scorer)",
                threshold: "at least \(NumberText.value(bounds.good))", observed: Self.number(controls.good),
                holds: controls.good >= bounds.good,
                control: ControlResult(
                    "Scripted answers that are wrong do not", threshold: below(bounds.bad),
                    observed: Self.number(controls.bad), holds: controls.bad <= bounds.bad), n: controls.samples),
            ClaimResult(
                "One answer to every sample does not pass", threshold: below(bounds.constant),
                observed: Self.number(controls.constant),
                holds: controls.samples > 1 ? controls.constant <= bounds.constant : nil,
                control: ControlResult(
                    "An empty answer never passes", threshold: below(bounds.empty),
                    observed: Self.number(controls.empty),
                    holds: controls.empty <= bounds.empty),
                reason: controls.samples > 1 ? nil : "there is one sample", n: controls.samples,
                expected: controls.samples > 1 ? nil : .notMeasurable),
        ]
        for result in results {
            let answers = Set(result.samples.map(\.output.completion)).count
            let canTell = Set(result.samples.map(\.id)).count >= 3
            claims.append(
                ClaimResult(
                    "\(result.model) does not answer every sample alike", threshold: "at least 2 answers",
                    observed: Double(answers), unit: "answers",
                    holds: canTell ? result.constantAnswer == nil : nil,
                    control: ControlResult(
                        "Answers that get no score", threshold: "at most 0",
                        observed: Double(result.unscored(scorer)), holds: result.unscored(scorer) == 0),
                    reason: canTell ? nil : "fewer than three samples were answered", n: result.samples.count,
                    expected: canTell ? nil : .notMeasurable))
        }
        return claims
    }

    private static func number(_ value: Double) -> Double? { value.isFinite ? value : nil }

    private static func snake(_ name: String) -> String {
        name.map { $0.isLetter || $0.isNumber ? String($0).lowercased() : "_" }.joined()
    }

    /// Scores by the kind of the samples, where they have one.
    private var tables: [Table] {
        let result = results[0]
        let samples = Dictionary(result.task.samples.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        for key in ["family", "type", "label", "category"] {
            let groups = Dictionary(grouping: result.samples) { samples[$0.id]?.metadata[key]?.plainText ?? "" }
            guard groups.count > 1, groups.count <= 40, groups[""] == nil else { continue }
            let names = groups.keys.sorted()
            let means = names.map { name in
                ClusteredMean(
                    (groups[name] ?? []).compactMap { sample in
                        sample.scores[scorer]?.value.map { ($0, sample.cluster) }
                    })
            }
            return [
                Table(
                    "by_\(key)", title: "Mean \(scorer) by \(key)", rowLabel: key, columnLabel: "number", rows: names,
                    columns: ["score", "standard error", "answers"],
                    values: means.map { [$0.mean, $0.standardError, Double($0.count)] })
            ]
        }
        return []
    }

    private var figures: [Figure] {
        var figures: [Figure] = []
        if let bias = OptionOrderBias(results[0]) {
            figures.append(
                .barChart(
                    BarChart(
                        title: "Choices by their letter",
                        caption:
                            "How often each letter was taken, and the accuracy where the right choice stood "
                            + "there. Each "
                            + "question was asked with its choices in every rotation.",
                        categories: bias.shares.indices.map(Letters.letter), categoryLabel: "letter", y: Axis("share"),
                        series: [
                            .init("taken", values: bias.shares),
                            .init("accuracy", values: bias.accuracies.map { $0.value.isFinite ? $0.value : 0 }),
                        ])))
        }
        let shown = results[0].samples.prefix(3).map { sample in
            let question = results[0].task.samples.first { $0.id == sample.id }?.question ?? ""
            let score = sample.scores[scorer]?.value.map { NumberText.value($0) } ?? "none"
            return
                "\(sample.id): \(question.suffix(400))\n\nAnswer: \(sample.output.completion.prefix(400))\n\nTarget: "
                + "\(sample.target.joined(separator: " or ")); score \(score)"
        }
        if !shown.isEmpty {
            figures.append(.text(TextPanel(title: "The first answers", text: shown.joined(separator: "\n\n"))))
        }
        return figures
    }

    private func notes(_ comparison: PairedComparison?) -> [String] {
        var notes = controls.problems.map { "The controls of the scorer fail: \($0)." }
        for result in results {
            if let answer = result.constantAnswer {
                notes.append(
                    "\(result.model) gave the same answer to all samples, \(visible(answer, limit: 60)): the "
                        + "score says nothing "
                        + "about the questions.")
            }
            if let limit = result.limit {
                notes.append(
                    "\(result.samples.count) of \(result.planned) samples were asked before the limit of "
                        + "\(limit.rawValue) was "
                        + "reached.")
            }
            let cut = result.samples.count(where: \.isCut)
            if cut > 0 {
                notes.append(
                    "\(cut) of \(result.samples.count) answers of \(result.model) were cut at the most tokens.")
            }
        }
        if let comparison, comparison.unpaired > 0 {
            notes.append("\(comparison.unpaired) samples have a score in one run only and are not compared.")
        }
        if let detect {
            notes.append(
                "A difference of \(NumberText.value(detect)) is found with probability 0.8 at the level 0.05 by "
                    + "\(samples(toDetect: detect, comparison)) samples, "
                    + (comparison == nil
                        ? "where the two runs are independent; paired runs need fewer."
                        : "by the measured differences."))
        }
        return notes
    }
}
