internal import PlumbBasics
internal import PlumbData
internal import PlumbLearning
public import PlumbRecords
public import PlumbRobustness
internal import PlumbTensor

/// Stickers made over random views of drawn traffic signs, and bars on digits; beside them random ones and ones of one view.
public struct PhysicalAttack: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Seeds: each trains a network of its own and attacks it.", 1...1000) public var seeds = 2
        /// The signs and their network.
        public var signs = SignStudy()
        /// How stickers are made.
        public var attack = StickerAttack()
        /// The bars on digits.
        public var digits = DigitStickerStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.signs.signViews, tiny.signs.signEpochs, tiny.signs.signChannels) = (1, 128, 1, [2, 2, 2])
        (tiny.signs.judgedViews, tiny.signs.randomStickers, tiny.signs.choosesTarget) = (20, 2, false)
        (tiny.attack.attackSteps, tiny.attack.attackViews, tiny.digits.digitSteps, tiny.digits.digitViews) = (
            3, 4, 2, 4
        )
        (paper.seeds, paper.signs.signViews, paper.signs.signEpochs, paper.signs.judgedViews) = (8, 12_000, 10, 1000)
        paper.attack.attackSteps = 400
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "physical-attack", title: "Stickers on a stop sign", direction: "robustness: physical-world attacks",
        question: "Can two stickers make a network take a stop sign for another sign, however it is looked at?",
        method:
            "Draw eight traffic signs in random views: distance, angle, light, tint, blur, noise and background change. "
            + "Train a convolutional network, at times with random stickers on a sign. For each other sign, choose the cells "
            + "of two black and white stickers on the letters of the stop sign by the gradient of the loss over random views; "
            + "keep those that lead random ones most, and judge them in unseen views. On digits, choose two bars for each of 90 pairs.",
        limits:
            "The world is drawn by a program: no camera, no printer and no real sign took part. The network has eight "
            + "classes, and the attacker knows its weights and chooses the target that suits them. The stickers "
            + "cover the letters and over half of the sign: what is left of it is its outline and its color.",
        references: [
            Reference(
                authors: "Eykholt, Evtimov, Fernandes, Li, Rahmati, Xiao, Prakash, Kohno, Song",
                title: "Robust Physical-World Attacks on Deep Learning Models", year: 2017, arXiv: "1707.08945"),
            Reference(
                authors: "Athalye, Engstrom, Ilyas, Kwok", title: "Synthesizing Robust Adversarial Examples",
                year: 2017, arXiv: "1707.07397"),
        ],
        changes:
            "With a fixed target and smaller stickers, random ones reached it too (0.35 and 0.43 of views), or chosen ones "
            + "did not on some development seeds (0.54). Sizes, random stickers in training, the attacker's choice of a "
            + "target and its steps on stickers as they are printed date from then, chosen on seeds 101 to 130. "
            + "Above and below the letters chosen ones reached less than 0.8 on 5 of 14 development networks; they are on the "
            + "letters since. Thresholds are as they were.",
        minutes: 2)

    static let accuracy = Quantity("sign_accuracy"), success = Quantity("sticker_success", isHeadline: true)
    static let random = Quantity("random_sticker_success", isHeadline: true)
    static let none = Quantity("success_without_stickers"), bestRandom = Quantity("random_sticker_success_most")
    static let single = Quantity("one_view_sticker_success", isHeadline: true)
    static let home = Quantity("one_view_sticker_success_in_its_view")
    static let others = Quantity("sticker_success_over_targets")
    static let loss = Quantity("success_lost_without_random_views")
    static let digits = Quantity("digit_bars_success", isHeadline: true),
        digitsRandom = Quantity("digit_random_bars_success")
    static let digitsPlain = Quantity("digit_bars_success_without_changes"),
        digitsNone = Quantity("digit_success_without_bars")
    static let digitsAccuracy = Quantity("digit_accuracy")

    public var claims: [Claim] {
        [
            Claim(
                .worst, "Two stickers turn the stop sign into a chosen sign in views that were not used to make them",
                Self.success, .atLeast(0.8), control: "Random stickers of the same size do not", Self.random,
                .atMost(0.1)
            ).and(Self.accuracy, .atLeast(0.98)).controlAnd(Self.none, .atMost(0.02))
                .development(missed: 0, controlMissed: 1, of: 12),
            Claim(
                .mean, "Stickers made in one view, where they work, work less in others than those made over views",
                Self.loss, .atLeast(0.1), control: "In their own view they work", Self.home, .atLeast(0.95)),
            Claim(
                .worst, "Two bars turn a digit into a chosen other one: the mean over 90 pairs", Self.digits,
                .atLeast(0.9), control: "Random bars do not", Self.digitsRandom, .atMost(0.12)
            ).controlAnd(Self.digitsNone, .atMost(0.02)),
        ]
    }

    struct Outcome: Codable, Sendable {
        var signs: SignStudy.Outcome, digits: DigitStickerStudy.Outcome
    }

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (train, test) = Digits.split(try await context.digits())
        let settings = settings
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("training and attacking") { trial in
            Outcome(
                signs: try settings.signs.run(settings.attack, key: trial.key["signs"], in: trial.session),
                digits: try settings.digits.run(
                    train: train, test: test, training: DistributionShiftStudy(), key: trial.key["digits"],
                    in: trial.session))
        }
        var measured = Measurements(seeds: trials.seeds)
        func put(_ quantity: Quantity, _ value: (Outcome) -> Double) { measured[quantity] = outcomes.map(value) }
        put(Self.accuracy) { $0.signs.accuracy }
        put(Self.success) { $0.signs.success }
        put(Self.random) { $0.signs.random }
        put(Self.bestRandom) { $0.signs.bestRandom }
        put(Self.none) { $0.signs.none }
        put(Self.single) { $0.signs.single }
        put(Self.home) { $0.signs.singleAtHome }
        put(Self.loss) { $0.signs.success - $0.signs.single }
        put(Self.others) { Statistics.mean(Array($0.signs.targets.values).sorted()) }
        put(Self.digits) { $0.digits.success }
        put(Self.digitsRandom) { $0.digits.random }
        put(Self.digitsPlain) { $0.digits.plain }
        put(Self.digitsNone) { $0.digits.none }
        put(Self.digitsAccuracy) { $0.digits.accuracy }
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.success, Self.random, Self.single, Self.digits, Self.accuracy, Self.others)
            measured.metrics(Self.bestRandom, Self.none, Self.home, Self.loss)
            measured.metrics(Self.digitsRandom, Self.digitsPlain, Self.digitsNone, Self.digitsAccuracy)
            pictures(outcomes, key: RandomKey(context.seed))
            distances(outcomes, measured)
            targets(outcomes, measured)
            pairs(outcomes, measured)
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return "A network that reads \(percent(Self.accuracy)) of drawn signs takes the stop sign for "
            + "another in \(percent(Self.success)) of unseen views where two stickers made over views are on it, in "
            + "\(percent(Self.single)) with stickers made in one view, and in \(percent(Self.random)) with random ones. "
            + "Two bars turn \(percent(Self.digits)) of digits into chosen ones, random bars \(percent(Self.digitsRandom))."
    }

    private func pictures(_ outcomes: [Outcome], key: RandomKey) -> [FindingsPart] {
        [
            .figure(
                .images(
                    ImageFigure(
                        title: "The stop sign in six views, without and with stickers",
                        caption:
                            "Unseen views, and what the network of the first seed sees in each; the goal is "
                            + "\(outcomes.first?.signs.target.title ?? "another sign").",
                        panels: outcomes.first?.signs.panels ?? []))),
            .figure(
                .images(
                    ImageFigure(
                        title: "The eight signs", caption: "In random views.",
                        panels: SignStudy.signs(key: key["figure"])))),
        ]
    }

    private func distances(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        func line(_ name: String, _ values: (SignStudy.Outcome) -> [Double]) -> LineChart.Series {
            measured.line(
                name, over: (0..<4).map { part in Statistics.mean(outcomes.map { $0.signs.sizes[part] }) },
                curves: outcomes.map { values($0.signs) })
        }
        return LineChart(
            title: "Success by distance", caption: "Unseen views in four equal parts by the size of the sign.",
            x: Axis("height of the sign", unit: "pixels"), y: Axis("taken for the target"),
            series: [line("made over views", \.near), line("made in one view", \.singleNear)])
    }

    private func targets(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        let signs = TrafficSign.allCases.filter { sign in outcomes.first?.signs.targets[sign.rawValue] != nil }
        return measured.table(
            "targets", title: "Stickers made over views, by the sign they should show", rowLabel: "target",
            columnLabel: "",
            rows: signs.map(\.title), columns: ["success"],
            cells: signs.map { sign in [outcomes.map { $0.signs.targets[sign.rawValue] ?? .nan }] })
    }

    private func pairs(_ outcomes: [Outcome], _ measured: Measurements) -> [FindingsPart] {
        let names = (0..<10).map { "\($0)" }
        let table = measured.table(
            "pairs", title: "Bars on digits", rowLabel: "digit", columnLabel: "target", rows: names, columns: names,
            cells: (0..<10).map { source in (0..<10).map { target in outcomes.map { $0.digits.pairs[source][target] } }
            })
        return [
            .table(table),
            .figure(
                .heatMap(
                    HeatMap(
                        table: "pairs", title: "Bars on digits",
                        caption: "The share of unseen pictures of a digit (row) that are taken for the "
                            + "target (column).", domain: HeatMap.Domain(0, 1), valueLabel: "success"))),
        ]
    }
}
