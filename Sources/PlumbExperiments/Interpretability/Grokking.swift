public import PlumbInterpretability
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Why does a network generalize long after it has memorized its training set?
public struct Grokking: Experiment {
    public struct Settings: ExperimentSettings {
        public var study = GrokkingStudy()
        @Setting("Training steps of the control, which has no weight decay.", 1...10_000_000)
        public var controlSteps = 2000
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.study.modulus, tiny.study.fraction, tiny.study.learningRate) = (23, 0.7, 0.005)
        (tiny.study.width, tiny.study.hidden, tiny.study.steps, tiny.controlSteps) = (64, 128, 500, 500)
        (tiny.study.evaluateEvery, tiny.study.snapshotEvery) = (20, 100)
        (paper.study.modulus, paper.study.fraction, paper.study.learningRate) = (113, 0.3, 0.001)
        (paper.study.steps, paper.controlSteps) = (14_000, 14_000)
        (paper.study.evaluateEvery, paper.study.snapshotEvery) = (50, 200)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "grokking", title: "Generalization long after memorization",
        direction: "interpretability: training dynamics",
        question: "Why does the test accuracy of a network rise suddenly, long after its training accuracy?",
        method: "Train a one-layer transformer to add modulo p on a part of all pairs, with weight decay and without. "
            + "Write its logits as waves of a + b; the key frequencies are the fewest that explain 95 % of what all "
            + "waves explain. Along training, measure the loss of the key frequencies alone and the loss without them.",
        limits: "One network and one task. The quick run has p = 53, half of the pairs and twice the paper's learning "
            + "rate; --preset paper has p = 113 and 30 %. The key frequencies are those of the final network.",
        references: [
            Reference(
                authors: "Nanda, Chan, Lieberum, Smith, Steinhardt",
                title: "Progress measures for grokking via mechanistic interpretability", year: 2023,
                arXiv: "2301.05217"),
            Reference(
                authors: "Power, Burda, Edwards, Babuschkin, Misra",
                title: "Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets", year: 2022,
                arXiv: "2201.02177"),
        ],
        minutes: 1.5)

    static let delay = Quantity("delay", unit: "times as many steps", isHeadline: true)
    static let controlTest = Quantity("control_test_accuracy"), controlTrain = Quantity("control_train_accuracy")
    static let keys = Quantity("key_frequencies", isHeadline: true)
    static let keyShare = Quantity("key_share_of_logit_variance", isHeadline: true)
    static let controlShare = Quantity("control_share_of_logit_variance")
    static let ratio = Quantity("restricted_loss_ratio", unit: "times the test loss")
    static let restrictedOthers = Quantity("restricted_loss_of_other_frequencies", unit: "nats")
    static let excluded = Quantity("excluded_loss", unit: "nats")
    static let excludedOthers = Quantity("excluded_loss_of_other_frequencies", unit: "nats")

    public let claims = [
        Claim(
            .value, "Test accuracy reaches 99 % long after training accuracy does", delay,
            .atLeast(4),
            control: "Without weight decay, in as many steps, the network memorizes and does not generalize",
            controlTest, .atMost(0.75)
        ).controlAnd(controlTrain, .atLeast(0.99)),
        Claim(
            .value, "A few frequencies of a + b explain most of the variance of the logits", keyShare, .atLeast(0.7),
            control: "As many frequencies of the network without weight decay, its strongest, do not", controlShare,
            .atMost(0.4)
        ).and(keys, .atMost(8)),
        Claim(
            .value, "On the test set the key frequencies alone have no higher loss than the whole network", ratio,
            .atMost(1), control: "As many other frequencies alone have a high loss", restrictedOthers, .atLeast(2)),
        Claim(
            .value, "Without the key frequencies the loss on the training set is high", excluded, .atLeast(2),
            control: "Without as many other frequencies it stays low", excludedOthers, .atMost(0.1)),
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check(controlSteps: settings.controlSteps)
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let found = try settings.study.compare(
            controlSteps: settings.controlSteps, key: RandomKey(context.seed), in: FitSession(context))
        let (measured, final) = (measured(found, seed: context.seed), found.final)
        return Findings(summary: summary(found), claims: claims, from: measured) {
            steps("memorized_at", found.memorized)
            steps("understood_at", found.generalized)
            measured.metrics(Self.delay, Self.keyShare, Self.keys, Self.controlShare)
            steps("cleanup_at", found.outcome.testLossFalls)
            Metric("test_accuracy", final.scores.testAccuracy)
            Metric("test_loss", final.scores.testLoss, unit: "nats")
            Metric("train_loss", final.scores.trainLoss, unit: "nats")
            Metric("restricted_loss", final.restrictedLoss, unit: "nats")
            measured.metrics(Self.ratio, Self.restrictedOthers, Self.excluded, Self.excludedOthers)
            Metric("neurons_of_one_frequency", found.neuronsOfOneFrequency)
            Metric("gini_embedding", final.gini)
            Metric("control_test_accuracy", found.controlScores.testAccuracy)
            Metric("control_train_accuracy", found.controlScores.trainAccuracy)
            Metric("control_test_loss", found.controlScores.testLoss, unit: "nats")
            figures(found)
            "Restricted loss is the loss of the key frequencies alone on the test pairs; excluded loss is the loss "
                + "without them on the training pairs."
            "memorized_at and understood_at are the steps of 99 % training and test accuracy; cleanup_at is the step from "
                + "which the test loss stays below half of its highest value."
            "The threshold of the key frequencies' share, 0.7, was 0.8 until seed 1 was looked at."
        }
    }

    private func steps(_ name: String, _ value: Int?) -> Metric {
        Metric(name, value.map(Double.init) ?? .nan, unit: "steps")
    }

    private func measured(_ found: GrokkingComparison, seed: UInt64) -> Measurements {
        let (scores, steps, keys) = (found.controlScores, settings.study.steps, found.keyFrequencies.count)
        // What the control does not learn in fewer steps says nothing; that it generalizes in fewer does.
        let isControlTelling =
            settings.controlSteps >= steps || !claims[0].controlCriteria[0].bound.admits(scores.testAccuracy)
        let short = "the control was trained for only \(settings.controlSteps) of \(steps) steps"
        let set = found.memorized == nil ? "training" : "test"
        let missing = "the key frequencies are \(keys) of \(found.shares.count), so there are not as many others"
        var measured = Measurements(seeds: [seed])
        measured.set(Self.delay, found.delay, because: "\(set) accuracy did not reach 99 % in \(steps) steps")
        measured.set(Self.controlTest, isControlTelling ? scores.testAccuracy : nil, because: short)
        measured.set(Self.controlTrain, isControlTelling ? scores.trainAccuracy : nil, because: short)
        measured.set(Self.keyShare, found.keyShare)
        measured.set(Self.keys, Double(keys))
        measured.set(Self.controlShare, found.controlShare)
        measured.set(Self.ratio, found.restrictedLossRatio)
        measured.set(Self.restrictedOthers, found.finalOfOthers?.restrictedLoss, because: missing)
        measured.set(Self.excluded, found.final.excludedLoss)
        measured.set(Self.excludedOthers, found.finalOfOthers?.excludedLoss, because: missing)
        return measured
    }

    @FindingsBuilder private func figures(_ found: GrokkingComparison) -> [FindingsPart] {
        let (steps, nats) = (Axis("step", scale: .logarithmic), Axis("loss", unit: "nats", scale: .logarithmic))
        let frequencies = found.shares.indices.map { "\($0 + 1)" }
        let (outcome, norms) = (found.outcome, found.embeddingNorms)
        LineChart(
            title: "Generalization comes late",
            caption: "Accuracy of addition modulo \(settings.study.modulus), trained on \(outcome.train.count) of "
                + "\(outcome.train.count + outcome.test.count) pairs and tested on the others.",
            x: steps, y: Axis("accuracy"),
            series: [
                outcome.curve("training set", .trainAccuracy), outcome.curve("test set", .testAccuracy),
                found.control.curve("test set, no weight decay", .testAccuracy),
            ], markers: found.phases)
        LineChart(
            title: "Loss", caption: "Mean cross-entropy of the correct sum.", x: steps, y: nats,
            series: [
                outcome.trainLoss("training set", every: settings.study.evaluateEvery),
                outcome.curve("test set", .testLoss),
                found.control.curve("test set, no weight decay", .testLoss),
            ], markers: found.phases)
        LineChart(
            title: "Losses with and without the key frequencies",
            caption:
                "Test loss of the whole network and of its key frequencies alone (restricted); training loss of the "
                + "whole network and without the key frequencies (excluded), which rises while the circuit forms.",
            x: steps, y: nats,
            series: [
                found.curve("test set", \.scores.testLoss), found.curve("restricted", \.restrictedLoss),
                found.curve("excluded", \.excludedLoss), found.curve("training set", \.scores.trainLoss),
            ], markers: found.phases)
        BarChart(
            title: "A few frequencies explain the logits",
            caption: "Share of the final logits' variance in waves of a + b, by frequency.", categories: frequencies,
            categoryLabel: "frequency", y: Axis("share of variance"),
            series: [
                BarChart.Series("weight decay \(settings.study.weightDecay)", values: found.shares),
                BarChart.Series("no weight decay", values: found.controlShares),
            ])
        LineChart(
            title: "The embedding becomes sparse in frequencies",
            caption: "Gini coefficient of the norms of the embedding's Fourier components: 0 when all are equal.",
            x: steps, y: Axis("Gini coefficient"), series: [found.curve("embedding", \.gini)], markers: found.phases)
        BarChart(
            title: "Frequencies of the embedding", caption: "Norm of each Fourier component of the final embedding.",
            categories: frequencies, categoryLabel: "frequency", y: Axis("norm"),
            series: [("cosine", 0), ("sine", 1)].map { name, part in
                BarChart.Series(name, values: found.shares.indices.map { norms[2 * $0 + part] })
            })
    }

    private func summary(_ found: GrokkingComparison) -> String {
        let keys = Phrase.list(found.keyFrequencies.sorted().map { "\($0)" })
        let spectrum =
            "In the end waves of frequency \(keys) explain \(Phrase.percent(found.keyShare)) of the variance of "
            + "its logits."
        guard let memorized = found.memorized, let generalized = found.generalized else {
            return "The network did not reach 99 % test accuracy in \(settings.study.steps) steps. \(spectrum)"
        }
        return "The network reaches 99 % training accuracy after \(memorized) steps and 99 % test accuracy after "
            + "\(generalized). \(spectrum)"
    }
}
