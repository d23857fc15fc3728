public import PlumbGovernance
internal import PlumbLearning
public import PlumbRecords

/// How long does it take from AI that does a fifth of all tasks to AI that does all of them?
///
/// Davidson's Full Takeoff Model in full: training runs automate tasks, automated research makes chips and algorithms
/// better, and an awake world spends more.
public struct Takeoff: Experiment {
    public struct Settings: ExperimentSettings {
        /// The world.
        public var world = TakeoffAssumptions()
        /// The tornado chart.
        public var sensitivity = TakeoffSensitivity()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.world.step, tiny.world.tasks, tiny.world.endYear) = (0.5, 20, 2060)
        (paper.world.step, paper.world.tasks) = (0.05, 200)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "takeoff", title: "Takeoff speeds", direction: "forecasts: takeoff",
        question: "By the Full Takeoff Model, when do machines do a fifth of all tasks, when all, and which assumption "
            + "decides the years between?",
        method:
            "Run an economy of tasks step by step. The largest training run decides which tasks machines can do; labor "
            + "and compute are shared out over tasks in the best way; research makes chips and algorithms better; spending "
            + "grows faster once a few percent of the tasks are automated. Change one assumption at a time, and repeat the "
            + "run without returns to research. Every number is a setting.",
        limits:
            "The assumptions are one person's best guesses of 2023. There is no uncertainty in a run, no bottleneck but "
            + "those of the production functions, no regulation and no war. The tornado chart's ends are a choice.",
        references: [
            Reference(
                authors: "Davidson", title: "What a Compute-Centric Framework Says about Takeoff Speeds", year: 2023)
        ],
        minutes: 0.3)

    private static func years(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "years", per: "run", isHeadline: isHeadline)
    }
    private static func year(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, per: "run", isHeadline: isHeadline)
    }
    static let wakeUp = year("wake_up"), fifth = year("a_fifth_of_tasks", isHeadline: true)
    static let all = year("all_tasks", isHeadline: true)
    static let researchFifth = year("a_fifth_of_research"), researchAll = year("all_of_research")
    static let length = years("length_of_takeoff", isHeadline: true)
    static let stuck = Quantity("automated_without_returns", unit: "of tasks", per: "run")
    /// The reference's other worlds: what changes, the year of full automation and, where it is given, the length.
    static let worlds: [(name: String, gap: Double, requirement: Double, end: Double, length: Double?)] = [
        ("gap 1e2", 1e-2, 1, 2044.2, 2.1), ("gap 1e6", 1e2, 1, 2036.7, 5.4), ("requirement 1e34", 1, 1e-2, 2035.6, nil),
        ("requirement 1e30", 1, 1e-6, 2028.9, nil),
    ]
    static func end(_ name: String) -> Quantity { year("all_tasks_\(name.replacing(" ", with: "_"))") }
    static func span(_ name: String) -> Quantity { years("length_\(name.replacing(" ", with: "_"))") }
    static let byGap = years("longer_by_a_wider_gap"), byRequirement = years("longer_by_a_lower_requirement")

    public var claims: [Claim] {
        let gap = Claim(
            .value, "A gap wider by two decades makes the takeoff longer", Self.byGap, .atLeast(1),
            control: "A training requirement lower by two decades does not, though all comes sooner",
            Self.byRequirement,
            .within(0.6, of: 0))
        guard settings.world == TakeoffAssumptions() else { return [gap] }
        // A step is a tenth of a year, and the reference prints a tenth.
        var known = Claim(
            .value, "Davidson's best guesses give the reference's years", Self.all, .within(0.15, of: 2040.2),
            control: "Without returns to research machines never do a fifth of the tasks", Self.stuck, .below(0.2))
        for (quantity, value) in [
            (Self.wakeUp, 2034.7), (Self.fifth, 2036.4), (Self.researchFifth, 2034.5), (Self.researchAll, 2039.7),
        ] { known = known.and(quantity, .within(0.15, of: value)) }
        for world in Self.worlds {
            known = known.and(Self.end(world.name), .within(0.15, of: world.end))
            if let length = world.length { known = known.and(Self.span(world.name), .within(0.15, of: length)) }
        }
        return [known, gap]
    }

    let settings: Settings
    private let model: TakeoffModel
    public init(_ settings: Settings) throws {
        (self.settings, model) = (settings, try TakeoffModel(settings.world))
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (world, reporter) = (settings.world, context.reporter)
        let full = model.run()
        var paths: [(String, TakeoffPath)] = []
        for other in Self.worlds {
            var changed = world
            (changed.trainingGap, changed.trainingRequirement) = (
                world.trainingGap * other.gap, world.trainingRequirement * other.requirement
            )
            paths.append((other.name, try TakeoffModel(changed).run()))
            try context.checkpoint()
        }
        let still = try TakeoffModel(world.withoutReturns).run()
        let ends = try settings.sensitivity.swings(world, checkpoint: reporter.checkpoint) { $0.year(goods: 1) }
        let lengths = try settings.sensitivity.swings(world, checkpoint: reporter.checkpoint, measure: \.length)
        let measured = measured(full, paths, still, seed: context.seed)
        let path = full.thinned(to: 200)
        return Findings(summary: summary(measured, ends, lengths), claims: claims, from: measured) {
            measured.metrics(
                Self.fifth, Self.all, Self.length, Self.wakeUp, Self.researchFifth, Self.researchAll, Self.stuck)
            Self.worlds.flatMap { measured.metrics(Self.end($0.name), Self.span($0.name)) }
            measured.metrics(Self.byGap, Self.byRequirement)
            automation(path, still.thinned(to: 200), measured)
            LineChart(
                title: "What grows", caption: "Relative to the start.", x: Axis("year"),
                y: Axis("factor", scale: .logarithmic),
                series: [("output", path.output), ("largest training run", path.run), ("algorithms", path.software)].map
                {
                    let values = $1
                    return LineChart.Series($0, x: path.years, y: values.map { $0 / values[0] })
                })
            tornado("What moves the year of full automation", "shift of the year", ends)
            tornado("What moves the length of the takeoff", "change of the length", lengths)
            "Amounts are changed by \(Phrase.number(settings.sensitivity.decades)) decades and rates by a factor of "
                + "\(Phrase.number(settings.sensitivity.factor)) in the tornado charts; an end without a bar is never reached."
        }
    }

    private func measured(
        _ path: TakeoffPath, _ paths: [(String, TakeoffPath)], _ still: TakeoffPath, seed: UInt64
    ) -> Measurements {
        var measured = Measurements(seeds: [seed])
        let never = "it is never so until \(Int(settings.world.endYear))"
        measured.set(Self.wakeUp, path.wakeUp, because: never)
        measured.set(Self.fifth, path.year(goods: 0.2), because: never)
        measured.set(Self.all, path.year(goods: 1), because: never)
        measured.set(Self.researchFifth, path.year(research: 0.2), because: never)
        measured.set(Self.researchAll, path.year(research: 1), because: never)
        measured.set(Self.length, path.length, because: never)
        measured.set(Self.stuck, still.goods.max() ?? .nan)
        for (name, other) in paths {
            measured.set(Self.end(name), other.year(goods: 1), because: never)
            measured.set(Self.span(name), other.length, because: never)
        }
        func longer(_ name: String) -> Double? {
            paths.first { $0.0 == name }?.1.length.flatMap { other in path.length.map { other - $0 } }
        }
        measured.set(Self.byGap, longer("gap 1e6"), because: never)
        measured.set(Self.byRequirement, longer("requirement 1e34"), because: never)
        return measured
    }

    private func automation(_ path: TakeoffPath, _ still: TakeoffPath, _ measured: Measurements) -> LineChart {
        LineChart(
            title: "Tasks that machines do",
            caption: "The share of all tasks, in goods and services and in research, and "
                + "without returns to research.", x: Axis("year"), y: Axis("share of tasks"),
            series: [
                LineChart.Series("goods and services", x: path.years, y: path.goods),
                LineChart.Series("research", x: path.years, y: path.research),
                LineChart.Series("goods without returns", x: still.years, y: still.goods),
            ], markers: path.wakeUp.map { [LineChart.Marker("wake-up", x: $0)] } ?? [])
    }

    private func tornado(_ title: String, _ label: String, _ swings: [Swing]) -> BarChart {
        BarChart(
            title: title, caption: "Each assumption lowered and raised, all others as they are.",
            categories: swings.map(\.assumption), categoryLabel: "assumption", y: Axis(label, unit: "years"),
            series: [
                BarChart.Series("lowered", values: swings.map(\.low)),
                BarChart.Series("raised", values: swings.map(\.high)),
            ])
    }

    private static func text(_ year: Double) -> String { "\((year * 10).rounded() / 10)" }

    private func summary(_ measured: Measurements, _ ends: [Swing], _ lengths: [Swing]) -> String {
        let stuck = Phrase.percent(measured.mean(Self.stuck))
        guard let fifth = measured[Self.fifth].first, let all = measured[Self.all].first else {
            return
                "Machines do not come to do all tasks until \(Int(settings.world.endYear)); without returns to research "
                + "they do \(stuck)."
        }
        return "Machines do a fifth of the tasks in \(Self.text(fifth)) and all in \(Self.text(all)), "
            + "\(Phrase.number(all - fifth)) years later. Without returns to research they never do more than \(stuck). The "
            + "\(ends[0].assumption) moves the year of full automation most, and the \(lengths[0].assumption) the length: a "
            + "gap wider by two decades adds \(Phrase.number(measured.mean(Self.byGap))) years to it, a requirement lower by "
            + "two decades changes it by \(Phrase.number(measured.mean(Self.byRequirement)))."
    }
}
