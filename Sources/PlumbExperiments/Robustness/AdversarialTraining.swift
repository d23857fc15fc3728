internal import PlumbData
internal import PlumbLearning
public import PlumbRecords
public import PlumbRobustness
internal import PlumbTensor

/// Does training on adversarial examples make a classifier robust against attacks that it was not trained on?
public struct AdversarialTraining: Experiment {
    typealias Outcome = RobustTrainingStudy.Outcome

    public struct Settings: ExperimentSettings {
        @Setting("Seeds; classifiers are trained in every way with each.", 1...1000) public var seeds = 2
        @Setting("Pictures: digits, or fashion (Fashion-MNIST).") public var pictures = "digits"
        @Setting("Pictures to train on; 0 takes all.", 0...60_000) public var training = 0
        @Setting("Pictures to attack; 0 takes all.", 0...10_000) public var attacked = 0
        /// How classifiers are trained.
        public var fit = RobustTraining()
        /// The ways to train, and the attacks.
        public var study = RobustTrainingStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, fashion) = (Settings(), Settings())
        (tiny.seeds, tiny.attacked, tiny.fit.epochs) = (1, 40, 2)
        (tiny.study.radii, tiny.study.steps, tiny.study.queries) = ([0.15], 4, 20)
        (tiny.study.diagnosisQueries, tiny.study.noise) = (20, [0.3])
        (fashion.seeds, fashion.pictures, fashion.attacked, fashion.fit.epochs) = (1, "fashion", 200, 3)
        (fashion.training, fashion.study.radius, fashion.study.radii) = (20_000, 0.06, [0.02, 0.06, 0.1])
        (fashion.study.queries, fashion.study.noise) = (2000, [0.1])
        return ["tiny": tiny, "fashion": fashion]
    }()

    public static let card = Card(
        id: "adversarial-training", title: "Adversarial training", direction: "robustness: adversarial training",
        question:
            "Does training on adversarial examples make a classifier robust against attacks that it was not trained on, and "
            + "what does it cost on pictures as they are?",
        method:
            "Train the same classifier with the same steps on the same batches: on the pictures as they are, with noise, on "
            + "examples of PGD, by TRADES and on examples of a single step. Then attack each by the whole battery, none of "
            + "whose attacks was used in training, and look for signs of masked gradients.",
        limits:
            "Robust means here that no pixel changes by more than the radius trained against; other changes are not covered. "
            + "The battery gives an upper bound. The classifiers are small.",
        references: [
            Reference(
                authors: "Madry, Makelov, Schmidt, Tsipras, Vladu",
                title: "Towards Deep Learning Models Resistant to Adversarial Attacks", year: 2017, arXiv: "1706.06083"),
            Reference(
                authors: "Zhang, Yu, Jiao, Xing, El Ghaoui, Jordan",
                title: "Theoretically Principled Trade-off between Robustness and Accuracy", year: 2019,
                arXiv: "1901.08573"),
            Reference(
                authors: "Wong, Rice, Kolter", title: "Fast is better than free: Revisiting adversarial training",
                year: 2020, arXiv: "2001.03994"),
        ],
        changes:
            "The claim that no flag is raised leaves TRADES out, since a development run raised one there. PGD takes longer "
            + "steps since that run. The four trials that are counted came after it. The radius of the preset fashion was "
            + "chosen on seed 301; there PGD overstates TRADES by 0.015, which its claim misses.", minutes: 2)

    static let plain = Quantity("robust_accuracy_plain", isHeadline: true)
    static let noise = Quantity("robust_accuracy_noise", isHeadline: true)
    static let pgd = Quantity("robust_accuracy_pgd", isHeadline: true), trades = Quantity("robust_accuracy_trades")
    static let fast = Quantity("robust_accuracy_fast"), clean = Quantity("clean_accuracy_pgd")
    static let plainClean = Quantity("clean_accuracy_plain"), lost = Quantity("clean_accuracy_lost_to_pgd")
    static let gain = Quantity("gain_of_pgd"), noiseGain = Quantity("part_of_the_gain_by_noise")
    static let excess = Quantity("pgd_above_the_battery_for_trades")
    static let repeated = Quantity("battery_with_another_key", unit: "difference")
    static let flags = Quantity("flags_but_for_trades"), tradesFlags = Quantity("flags_of_trades")
    static let masked = Quantity("least_flags_of_masked_networks")

    public var claims: [Claim] {
        let robust = settings.pictures == "digits" ? 0.55 : 0.6
        return [
            Claim(
                .worst, "Training on examples of PGD makes a classifier robust against the whole battery", Self.pgd,
                .atLeast(robust), control: "As many steps of plain training do not", Self.plain, .atMost(0.2)
            ).and(Self.fast, .atLeast(robust - 0.05)).and(Self.trades, .atLeast(robust - 0.15)).and(
                Self.lost, .atMost(settings.pictures == "digits" ? 0.03 : 0.12)),
            Claim(
                .worst, "Adversarial training gains more than training with noise, which is a weaker defense", Self.pgd,
                .atLeast(robust), control: "The best of the trainings with noise gains less than two thirds of it",
                Self.noiseGain, .atMost(0.67)),
            Claim(
                .worst, "PGD alone overstates the robustness of TRADES", Self.excess, .atLeast(0.02),
                control: "The battery with another key finds the same", Self.repeated, .within(0.015, of: 0)),
            Claim(
                .worst, "Robustness is no artifact of masked gradients: but for TRADES no classifier raises a flag",
                Self.flags,
                .atMost(0), control: "Each of them does with logits times 100", Self.masked, .atLeast(1)),
        ].map { settings.pictures == "digits" ? $0.development(missed: 0, of: 4) : $0 }
    }

    let settings: Settings
    private let name: ImageBenchmark.Name
    public init(_ settings: Settings) throws {
        self.settings = settings
        guard let name = ImageBenchmark.Name(rawValue: settings.pictures) else {
            throw SettingsError("--pictures is digits or fashion, not \"\(settings.pictures)\"")
        }
        guard !settings.study.noise.isEmpty, Set(settings.study.noise).count == settings.study.noise.count else {
            throw SettingsError("--noise needs different deviations, one or more")
        }
        self.name = name
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let all = name == .digits ? ImageBenchmark.digits(try await context.digits()) : try .fashion()
        let (data, settings) = (all.limited(train: settings.training, test: settings.attacked), settings)
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("training and attacking") { trial in
            try settings.study.run(data, settings.fit, key: trial.key, in: trial.session)
        }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.pgd, Self.plain, Self.noise, Self.trades, Self.fast, Self.clean, Self.plainClean)
            measured.metrics(Self.lost, Self.gain, Self.noiseGain, Self.excess, Self.repeated, Self.flags, Self.masked)
            measured.metrics(Self.tradesFlags)
            curves(outcomes, measured)
            table(outcomes, measured)
            if measured.greatest(Self.tradesFlags) > 0 {
                "After TRADES, ascent on the cross-entropy breaks fewer pictures than random search does, which raises a flag. "
                    + "The battery's other losses find what it misses."
            }
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        func battery(_ name: String) -> (Outcome) -> Double { { $0[name]?.battery ?? .nan } }
        func noise(_ outcome: Outcome) -> Double {
            Statistics.greatest(settings.study.noise.map { battery("noise \($0)")(outcome) })
        }
        func clean(_ outcome: Outcome, _ name: String) -> Double { outcome[name]?.clean ?? .nan }
        func gain(_ outcome: Outcome) -> Double { battery("PGD")(outcome) - battery("plain")(outcome) }
        let values: [(Quantity, (Outcome) -> Double)] = [
            (Self.plain, battery("plain")), (Self.noise, noise), (Self.pgd, battery("PGD")),
            (Self.trades, battery("TRADES")), (Self.fast, battery("fast")), (Self.clean, { clean($0, "PGD") }),
            (Self.plainClean, { clean($0, "plain") }), (Self.lost, { clean($0, "plain") - clean($0, "PGD") }),
            (Self.gain, gain), (Self.noiseGain, { (noise($0) - battery("plain")($0)) / gain($0) }),
            (Self.excess, { ($0["TRADES"]?.single ?? .nan) - battery("TRADES")($0) }),
            (Self.repeated, { $0.repeated - battery("PGD")($0) }),
            (Self.flags, { Double($0.rows.filter { $0.name != "TRADES" }.reduce(0) { $0 + $1.flags.count }) }),
            (Self.tradesFlags, { Double($0["TRADES"]?.flags.count ?? 0) }),
            (Self.masked, { Double($0.rows.map(\.maskedFlags.count).min() ?? 0) }),
        ]
        for (quantity, value) in values { measured[quantity] = outcomes.map(value) }
        return measured
    }

    private func curves(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "Accuracy under PGD by the size of the change",
            caption:
                "Means of \(outcomes.count) seeds, and the range of their values. Adversarial training used changes of at "
                + "most \(settings.study.radius).",
            x: Axis("largest change of a pixel"), y: Axis("accuracy"),
            series: settings.study.methods.indices.map { method in
                measured.line(
                    settings.study.methods[method], over: [0] + settings.study.radii,
                    [outcomes.map { $0.rows[method].clean }]
                        + settings.study.radii.indices.map { radius in outcomes.map { $0.rows[method].pgd[radius] } },
                    band: .range)
            })
    }

    private func table(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "trainings", title: "Accuracies at radius \(settings.study.radius)", rowLabel: "training",
            columnLabel: "", rows: settings.study.methods,
            columns: ["clean", "random noise", "PGD", "battery", "flags"],
            cells: settings.study.methods.indices.map { method in
                [
                    outcomes.map { $0.rows[method].clean }, outcomes.map { $0.rows[method].noise },
                    outcomes.map { $0.rows[method].single }, outcomes.map { $0.rows[method].battery },
                    outcomes.map { Double($0.rows[method].flags.count) },
                ]
            }, band: .range)
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return "Under all attacks with changes of at most \(settings.study.radius), plain training keeps "
            + "\(percent(Self.plain)) of the answers right, training with noise \(percent(Self.noise)), PGD "
            + "\(percent(Self.pgd)), TRADES \(percent(Self.trades)) and fast adversarial training \(percent(Self.fast)). On "
            + "pictures as they are PGD answers \(percent(Self.clean)) correctly, plain training \(percent(Self.plainClean))."
    }
}
