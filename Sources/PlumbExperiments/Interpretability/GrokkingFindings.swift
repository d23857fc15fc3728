internal import PlumbInterpretability
internal import PlumbLearning
internal import PlumbRecords

/// Turns what was measured about grokking into claims, metrics and figures.
struct GrokkingFindings {
    let settings: Grokking.Settings
    let evidence: GrokkingEvidence
    let seed: UInt64

    var findings: Findings {
        Findings(
            summary: summary, metrics: metrics, claims: claims, tables: [],
            figures: [accuracies, losses, measures, spectrum, gini, embedding], notes: notes)
    }

    private var notes: [String] {
        var notes = [
            "Restricted loss is that of the test pairs, excluded loss that of the training pairs.",
            "Phases are dated by rule: memorised at 99 % train accuracy, cleanup once the test loss stays below half of "
                + "its highest value, understood at 99 % test accuracy.",
        ]
        notes.append("The threshold of the key frequencies' share, 0.7, was 0.8 until seed 1 was looked at.")
        if !isControlWhole {
            notes.append(
                "The control trained for \(settings.controlSteps) of \(settings.steps) steps: what it does not learn in "
                    + "fewer steps says nothing, so it cannot hold.")
        }
        return notes
    }

    /// Whether the control had as long as the network.
    private var isControlWhole: Bool { settings.controlSteps >= settings.steps }

    // MARK: Claims

    private var claims: [ClaimResult] {
        let (final, delay) = (evidence.final, evidence.delay)
        let control = evidence.controlScores
        let keys = evidence.frequencies.count
        let ratio = final.map { $0.restrictedLoss / $0.scores.testLoss } ?? .nan
        let excluded = final?.excludedLoss ?? .nan
        return [
            claim(
                "The network gets 99 % of unseen sums right long after 99 % of those it learns from",
                "at least 4 times as many steps", delay, "times", delay >= 4,
                ControlResult(
                    "Without weight decay it learns its training set and does not get the others right",
                    threshold:
                        "accuracy at most 0.75 on unseen sums, at least 0.99 on the training set, in as many steps",
                    observed: control.testAccuracy,
                    holds: control.testAccuracy <= 0.75 && control.trainAccuracy >= 0.99 && isControlWhole)),
            claim(
                "A few frequencies of a + b explain the logits", "at most 8 hold at least 0.7 of their variance",
                evidence.keyShare, "", evidence.keyShare >= 0.7 && keys <= 8,
                ControlResult(
                    "As many frequencies of the network without weight decay, its strongest", threshold: "at most 0.4",
                    observed: evidence.controlShare, holds: evidence.controlShare <= 0.4)),
            claim(
                "The key frequencies alone do better on unseen sums than the whole network",
                "restricted loss at most the test loss", ratio, "of the test loss", ratio <= 1,
                ControlResult(
                    "As many other frequencies alone do not add", threshold: "loss at least 2 nats",
                    observed: evidence.elsewhere.restrictedLoss, unit: "nats",
                    holds: evidence.elsewhere.restrictedLoss >= 2)),
            claim(
                "Without the key frequencies the network does not even know its training set",
                "excluded loss at least 2 nats", excluded, "nats", excluded >= 2,
                ControlResult(
                    "Without as many other frequencies it does", threshold: "loss at most 0.1 nats",
                    observed: evidence.elsewhere.excludedLoss, unit: "nats",
                    holds: evidence.elsewhere.excludedLoss <= 0.1)),
        ]
    }

    private func claim(
        _ statement: String, _ threshold: String, _ observed: Double, _ unit: String, _ holds: Bool,
        _ control: ControlResult
    ) -> ClaimResult {
        ClaimResult(
            statement, threshold: threshold, observed: observed, unit: unit, holds: holds, control: control, n: 1,
            seeds: [seed])
    }

    // MARK: Numbers

    private var metrics: [Metric] {
        func step(_ name: String, _ value: Int?) -> Metric {
            Metric(name, value.map(Double.init) ?? .nan, unit: "steps")
        }
        let final = evidence.final
        return [
            step("memorized_at", evidence.memorized), step("cleanup_at", evidence.outcome.testLossFalls),
            step("understood_at", evidence.understood), Metric("delay", evidence.delay, unit: "times"),
            Metric("test_accuracy", final?.scores.testAccuracy ?? .nan),
            Metric("test_loss", final?.scores.testLoss ?? .nan, unit: "nats"),
            Metric("train_loss", final?.scores.trainLoss ?? .nan, unit: "nats"),
            Metric("restricted_loss", final?.restrictedLoss ?? .nan, unit: "nats"),
            Metric("excluded_loss", final?.excludedLoss ?? .nan, unit: "nats"),
            Metric("key_frequencies", Double(evidence.frequencies.count)),
            Metric("key_share_of_logit_variance", evidence.keyShare),
            Metric("neurons_of_one_frequency", evidence.pureNeurons),
            Metric("gini_embedding", final?.gini ?? .nan),
            Metric("control_test_accuracy", evidence.controlScores.testAccuracy),
            Metric("control_train_accuracy", evidence.controlScores.trainAccuracy),
            Metric("control_test_loss", evidence.controlScores.testLoss, unit: "nats"),
        ]
    }

    // MARK: Figures

    private var markers: [LineChart.Marker] {
        [
            ("memorised", evidence.memorized), ("cleanup", evidence.outcome.testLossFalls),
            ("understood", evidence.understood),
        ].compactMap { label, step in step.map { LineChart.Marker(label, x: Double($0)) } }
    }

    private func curve(_ name: String, _ outcome: GrokkingStudy.Outcome, _ measure: GrokkingStudy.Measure)
        -> LineChart.Series
    {
        let entries = outcome.evaluations
        return LineChart.Series(name, x: entries.map { Double($0.step) }, y: entries.map { $0[measure] })
    }

    private var steps: Axis { Axis("step", scale: .logarithmic) }

    private var accuracies: Figure {
        .lineChart(
            LineChart(
                title: "Understanding comes late",
                caption: "Part of the sums that the network gets right, modulo \(settings.modulus), learning from "
                    + "\(evidence.outcome.train.count) of \(settings.modulus * settings.modulus).",
                x: steps, y: Axis("accuracy"),
                series: [
                    curve("training set", evidence.outcome, .trainAccuracy),
                    curve("unseen sums", evidence.outcome, .testAccuracy),
                    curve("unseen sums, no weight decay", evidence.control, .testAccuracy),
                ], markers: markers))
    }

    private var losses: Figure {
        let train = evidence.outcome.losses.enumerated().filter { index, _ in
            // As many points early as late on a logarithmic axis.
            index < 60 || index % settings.evaluateEvery == 0
        }
        return .lineChart(
            LineChart(
                title: "Loss", caption: "Mean cross-entropy of the sums.", x: steps,
                y: Axis("loss", unit: "nats", scale: .logarithmic),
                series: [
                    LineChart.Series(
                        "training set", x: train.map { Double($0.offset + 1) }, y: train.map { Double($0.element) }),
                    curve("unseen sums", evidence.outcome, .testLoss),
                    curve("unseen sums, no weight decay", evidence.control, .testLoss),
                ], markers: markers))
    }

    private func measured(_ name: String, _ value: (GrokkingAnalysis.Progress) -> Double) -> LineChart.Series {
        LineChart.Series(
            name, x: evidence.progress.map { Double($0.step) }, y: evidence.progress.map { value($0.measures) })
    }

    private var measures: Figure {
        .lineChart(
            LineChart(
                title: "Losses with and without the key frequencies",
                caption: "Test loss of the whole network, of its key frequencies alone (restricted), and training loss "
                    + "without them (excluded), which rises while the circuit forms.",
                x: steps, y: Axis("loss", unit: "nats", scale: .logarithmic),
                series: [
                    measured("test", \.scores.testLoss), measured("restricted", \.restrictedLoss),
                    measured("excluded", \.excludedLoss), measured("train", \.scores.trainLoss),
                ], markers: markers))
    }

    private var spectrum: Figure {
        .barChart(
            BarChart(
                title: "Few frequencies explain the logits",
                caption: "Share of the final logits' variance in the waves of a + b of each frequency.",
                categories: evidence.shares.indices.map { "\($0 + 1)" }, categoryLabel: "frequency",
                y: Axis("share of variance"),
                series: [
                    BarChart.Series("weight decay \(settings.weightDecay)", values: evidence.shares),
                    BarChart.Series("no weight decay", values: evidence.controlShares),
                ]))
    }

    private var gini: Figure {
        .lineChart(
            LineChart(
                title: "The embedding becomes sparse in frequencies",
                caption: "Gini coefficient of the lengths of the embedding's Fourier components: 0 when all are equal.",
                x: steps, y: Axis("Gini coefficient"), series: [measured("embedding", \.gini)], markers: markers))
    }

    private var embedding: Figure {
        let norms = evidence.embedding
        return .barChart(
            BarChart(
                title: "Frequencies of the embedding", caption: "Length of each component of the final embedding.",
                categories: evidence.shares.indices.map { "\($0 + 1)" }, categoryLabel: "frequency", y: Axis("length"),
                series: [
                    BarChart.Series("cosine", values: evidence.shares.indices.map { norms[2 * $0] }),
                    BarChart.Series("sine", values: evidence.shares.indices.map { norms[2 * $0 + 1] }),
                ]))
    }

    // MARK: Words

    private var summary: String {
        let keys = evidence.frequencies.sorted().map { "\($0)" }.joined(separator: ", ")
        let percent = Int((100 * evidence.keyShare).rounded())
        let spectrum = "At the end the frequencies \(keys) hold \(percent) % of the variance of its logits."
        guard let memorized = evidence.memorized, let understood = evidence.understood else {
            return "The network did not get 99 % of unseen sums right in \(settings.steps) steps. \(spectrum)"
        }
        return "The network knows its training set after \(memorized) steps and unseen sums after \(understood). "
            + spectrum
    }
}
