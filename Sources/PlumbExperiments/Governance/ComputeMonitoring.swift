internal import PlumbData
public import PlumbGovernance
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// How many chips must be inspected to find a large training run, and what does replaying a transcript of training show?
///
/// The arithmetic of sampling chips, checked by simulation; and a real training run here, with transcripts that are true
/// and false, whose segments an inspector trains again.
public struct ComputeMonitoring: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Training runs, each with a true and four false transcripts.", 1...1000) public var seeds = 12
        @Setting("Simulated inspections of each kind.", 10...1_000_000) public var inspections = 2000
        /// Chips.
        public var chipInspection = ChipInspection()
        /// Transcripts.
        public var study = ProofOfLearningStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.inspections, tiny.study.steps, tiny.study.honestRuns) = (2, 100, 100, 5)
        (paper.seeds, paper.inspections, paper.study.honestRuns) = (30, 20_000, 500)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "compute-monitoring", title: "Catching a training run", direction: "governance: compute monitoring",
        question:
            "How many chips must be inspected to find a large training run, and does replaying a transcript tell true "
            + "training from four ways to cheat?",
        method:
            "Compute how many chips a run needs, how many of them hold a snapshot of its weights, and how many must be "
            + "looked at; simulate the inspections. Train a network with a committed order of its data, keep checkpoints, "
            + "and train each segment again from its checkpoint: on the true transcript, on interpolated weights, another "
            + "order, skipped steps and swapped labels. Test whether a segment's rows are memorized more than unused ones.",
        limits: "Logs are taken to be true: a prover who changes firmware, hides chips or trains adversarially is not "
            + "caught here. Replays are exact because one machine repeats its arithmetic to the bit; on other hardware a "
            + "tolerance is needed. The network is small, and its data is digits.",
        references: [
            Reference(
                authors: "Shavit", title: "What does it take to catch a Chinchilla?", year: 2023, arXiv: "2303.11341"),
            Reference(
                authors: "Jia, Yaghini, Choquette-Choo, Dullerud, Thudi, Chandrasekaran, Papernot",
                title: "Proof-of-Learning: Definitions and Practice", year: 2021, arXiv: "2103.05633"),
            Reference(
                authors: "Choi, Shavit, Duvenaud", title: "Tools for Verifying Neural Models' Training Data",
                year: 2023,
                arXiv: "2307.00682"),
        ],
        changes: "One seed in twelve may miss the bound of interpolated weights, after one of 96 had missed it.",
        minutes: 0.4)

    static let fewer = Quantity("chips_to_inspect_90_percent", unit: "chips", per: "run", isHeadline: true)
    static let more = Quantity("chips_to_inspect_99_percent", unit: "chips", per: "run")
    static let found = Quantity("simulated_detection", per: "run", isHeadline: true)
    static let unlogged = Quantity("simulated_detection_without_logs", per: "run")
    static let caught = Quantity("false_segments_caught", unit: "of the segments", isHeadline: true)
    static let least = Quantity("least_error_of_a_false_segment", unit: "of two runs' distance")
    static let honest = Quantity("greatest_error_of_a_true_segment")
    static let permuted = Quantity("error_of_permuted_batches", unit: "of two runs' distance")
    static let spoof = Quantity("error_of_interpolated_weights", unit: "of two runs' distance")
    static let alarms = Quantity("false_alarms", unit: "runs", per: "run")
    static let ratio = Quantity("interpolated_over_rounding", unit: "times")
    static let seen = Quantity("below_median_of_trained_rows"), unseen = Quantity("below_median_of_unused_rows")
    static let gap = Quantity("memorization_gap"), chance = Quantity("gap_of_two_halves_of_unused_rows")

    public var claims: [Claim] {
        var count = Claim(
            .value, "Inspecting the computed number of chips finds a Chinchilla-sized run nine times in ten",
            Self.found,
            .within(0.03, of: 0.9),
            control: "Chips that keep no snapshots give it away never", Self.unlogged, .atMost(0))
        if settings.chipInspection == ChipInspection() {
            // The reference's table: a run spread over three months, among a million chips.
            count = count.and(Self.fewer, .within(0, of: 4074)).and(Self.more, .within(0, of: 8130))
        }
        return [
            count,
            Claim(
                .worst, "Replaying catches every segment of all four false transcripts", Self.caught, .atLeast(1),
                control: "A true transcript replays to the bit, and honest runs raise no alarm", Self.honest, .atMost(0)
            ).and(Self.least, .atLeast(1e-4)).and(
                .each(allowing: max(1, settings.seeds / 12)), Self.ratio, .atLeast(1e5)
            ).controlAnd(
                .value, Self.alarms, .atMost(0)
            ).development(missed: 1, of: 96),
            Claim(
                .mean,
                "Rows of a segment are memorized more: fewer of them than of unused rows rise less than held-out ones",
                Self.gap, .atLeast(0.02), control: "Two halves of the unused rows do not differ", Self.chance,
                .within(0.02, of: 0)
            ).development(missed: 0, of: 8),
        ]
    }

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.chipInspection.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (images, study, reporter) = (try await context.digits(), settings.study, context.reporter)
        func data(_ rows: [Int]) -> TrainingData {
            TrainingData(inputs: images[rows].vectors, labels: rows.map { images.labels[$0] })
        }
        let (held, kept) = (
            data((0..<images.count).filter { $0 % 5 == 0 }), data((0..<images.count).filter { $0 % 5 != 0 })
        )
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("training and replaying") { trial in
            try study.run(kept, held: held, seed: trial.seed, checkpoint: trial.checkpoint)
        }
        let alarms = try study.falseAlarms(
            kept, key: RandomKey(context.seed)["honest"], checkpoint: reporter.checkpoint)
        let measured = try measured(outcomes, alarms, seeds: trials.seeds, RandomKey(context.seed), context.checkpoint)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.fewer, Self.found, Self.caught, Self.more, Self.unlogged, Self.least, Self.honest)
            measured.metrics(
                Self.alarms, Self.spoof, Self.permuted, Self.ratio, Self.seen, Self.unseen, Self.gap, Self.chance)
            settings.chipInspection.table
            settings.chipInspection.chart
            timeline(outcomes)
            measured.barChart(
                title: "Trained rows are memorized",
                caption: "The part of rows whose memorization rises less over a segment "
                    + "than that of the median held-out row; by chance it is half.", y: Axis("below the median"),
                ["rows of the segment": Self.seen, "rows not used yet": Self.unseen])
        }
    }

    private func measured(
        _ outcomes: [ProofOfLearningStudy.Outcome], _ alarms: Int, seeds: [UInt64], _ key: RandomKey,
        _ checkpoint: () throws -> Void
    ) throws -> Measurements {
        var measured = Measurements(seeds: seeds)
        let chips = settings.chipInspection
        let (run, months, all) = (chips.runs[0], chips.months.max() ?? 1, chips.chips.max() ?? 1)
        let marked = chips.chipsWithSnapshot(run, months: months)
        func needed(_ probability: Double) -> Double? {
            ChipInspection.chipsToInspect(marked: marked, of: all, probability: probability).map(Double.init)
        }
        measured.set(Self.fewer, needed(0.9), because: "no number of chips is enough")
        measured.set(Self.more, needed(0.99), because: "no number of chips is enough")
        var silent = chips
        silent.snapshots = 0
        let inspected = Int(needed(0.9) ?? Double(all))
        for (quantity, chips) in [(Self.found, chips), (Self.unlogged, silent)] {
            try checkpoint()
            measured.set(
                quantity,
                chips.simulatedDetection(
                    run, months: months, inspected: inspected, of: all, trials: settings.inspections, key: key))
        }
        let cheats = ProofOfLearningStudy.Cheat.allCases.indices
        measured[Self.caught] = outcomes.map { outcome in cheats.map(outcome.caught).min() ?? .nan }
        measured[Self.least] = outcomes.map { outcome in cheats.map(outcome.least).min() ?? .nan }
        measured[Self.honest] = outcomes.map { $0.honest.max() ?? .nan }
        measured[Self.permuted] = outcomes.map { Statistics.mean($0.permuted) / $0.reference }
        measured[Self.spoof] = outcomes.map { Statistics.mean($0.cheats[0]) / $0.reference }
        measured.set(Self.alarms, Double(alarms))
        measured[Self.ratio] = outcomes.map(\.interpolatedOverRounding)
        measured[Self.seen] = outcomes.map(\.seen)
        measured[Self.unseen] = outcomes.map { Statistics.mean($0.unseen) }
        measured[Self.gap] = outcomes.map { Statistics.mean($0.unseen) - $0.seen }
        measured[Self.chance] = outcomes.map { $0.unseen[0] - $0.unseen[1] }
        return measured
    }

    private func timeline(_ outcomes: [ProofOfLearningStudy.Outcome]) -> LineChart {
        let (first, floor) = (outcomes[0], 1e-9)
        let places = first.honest.indices.map { Double($0 + 1) }
        func line(_ name: String, _ errors: [Double]) -> LineChart.Series {
            LineChart.Series(name, x: places, y: errors.map { max($0 / first.reference, floor) })
        }
        return LineChart(
            title: "Which segments of a transcript are caught",
            caption: "The distance between claimed and replayed weights, "
                + "in units of the distance between two runs, of the first seed. The lowest line, at one in 10^9, stands "
                + "for none at all: those segments replay to the bit.",
            x: Axis("segment"), y: Axis("replay error", scale: .logarithmic),
            series: [line("true transcript", first.honest)]
                + zip(ProofOfLearningStudy.Cheat.allCases, first.cheats).map { line($0.rawValue, $1) })
    }

    private func summary(_ measured: Measurements) -> String {
        func number(_ quantity: Quantity) -> String { Phrase.number(measured.mean(quantity)) }
        return "To find a run of \(settings.chipInspection.runs[0]) FLOP with a probability of 90 %, "
            + "\(number(Self.fewer)) chips must be inspected; simulated inspections find it in "
            + "\(Phrase.percent(measured.mean(Self.found))) of cases, and in \(Phrase.percent(measured.mean(Self.unlogged))) where "
            + "chips keep no logs. Replaying catches at least \(Phrase.percent(measured.least(Self.caught))) of the false "
            + "segments of each of four false transcripts; true ones replay to the bit, with \(number(Self.alarms)) alarms in "
            + "\(settings.study.honestRuns) honest runs. Of a segment's rows \(Phrase.percent(measured.mean(Self.seen))) are "
            + "memorized less than the median held-out row, of unused rows \(Phrase.percent(measured.mean(Self.unseen)))."
    }
}
