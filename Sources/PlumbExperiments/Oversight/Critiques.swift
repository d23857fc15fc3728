internal import PlumbBasics
internal import PlumbLearning
public import PlumbOversight
public import PlumbRecords

/// Does a critic that points at lines help an overseer, who can check a few lines only, to find flaws in proofs?
public struct Critiques: Experiment {
    typealias Outcome = CritiqueStudy.Outcome
    typealias Critic = CritiqueStudy.Critic

    public struct Settings: ExperimentSettings {
        @Setting("Seeds; critics and generator are trained once with each.", 1...1000) public var seeds = 8
        public var study = CritiqueStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.proofs) = (2, 300)
        (tiny.study.hidden, tiny.study.batch, tiny.study.samples) = (32, 64, 2)
        (paper.seeds, paper.study.proofs) = (16, 10_000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "critiques", title: "Critiques for an overseer with little time",
        direction: "scalable oversight: critiques",
        question:
            "How many more flaws does an overseer who can check two lines of a proof find with a critic that points at "
            + "lines?",
        method:
            "A proof computes the last digit of a running sum in 16 lines. A critic, a perceptron that reads one line, "
            + "learns from proofs in which one line was made wrong, and points at the lines that it suspects most. An "
            + "overseer checks a few lines without error: those pointed at, or random ones; b random ones of L lines "
            + "find a flaw with the probability b / L. A generator that learned addition incompletely writes four proofs of "
            + "each problem. The discriminator chooses the proof that the critic suspects least; with critiques, the "
            + "overseer takes the first proof in which it found no flaw among the lines pointed at.",
        limits:
            "The overseer's check of a line is exact, so that a critique cannot mislead it, and a flaw lies in one "
            + "line. The critic reads lines alone and knows nothing of the whole proof.",
        references: [
            Reference(
                authors: "Saunders, Yeh, Wu, Bills, Ouyang, Ward, Leike",
                title: "Self-critiquing models for assisting human evaluators", year: 2022, arXiv: "2206.05802")
        ],
        changes:
            "The critic of another task was one of multiplication, which found 0.84 times more flaws than chance in "
            + "development; it is still measured, and one of a task with random results took its place, judged by the "
            + "mean over seeds, since it found up to 0.35 more in a single one. The generator learned for 150 steps, "
            + "which left 0.4 % of its proofs right, and critics for 600, which left them without errors; now they "
            + "learn for 220 and 140.", minutes: 0.2)

    private static let gain = Quantity("more_flaws_found", unit: "of those found unaided", isHeadline: true)
    private static let gainGenerated = Quantity(
        "more_flaws_found_in_generated_proofs", unit: "of those found unaided", isHeadline: true)
    private static func gain(_ critic: Critic, in proofs: String = "") -> Quantity {
        Quantity("more_flaws_found_\(proofs)\(critic.title.replacing(" ", with: "_"))", unit: "of those found unaided")
    }
    private static let otherGenerated = gain(.otherTask, in: "generated_")
    private static func share(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "of the problems", isHeadline: isHeadline)
    }
    private static let unaided = Quantity("unaided_detection_less_formula", unit: "of the flaws")
    private static let generated = share("right_generator"), discriminated = share("right_discriminator")
    private static let critiqued = share("right_critiques"), possible = share("right_best_possible")
    private static let gap = share("generator_discriminator_gap", isHeadline: true)
    private static let gapRandom = share("generator_discriminator_gap_random_critic")
    private static let critiqueGap = share("discriminator_critique_gap", isHeadline: true)
    private static let advantage = share("critiques_less_random_checks")
    private static let advantageOther = share("critiques_of_another_task_less_random_checks")

    public let claims = [
        Claim(
            .worst, "With the critic the overseer finds more planted flaws with the same work", gain,
            .atLeast(0.5), control: "A random critic is no help", gain(.random), .within(0.25, of: 0)
        ).development(missed: 0, of: 24),
        Claim(
            .worst, "The critic helps with the generator's own flaws too", gainGenerated, .atLeast(0.5),
            control: "A critic of another task is little help with them", otherGenerated, .atMost(0.25),
            controlRule: .mean
        ).development(missed: 0, of: 24, controlOf: 3),
        Claim(
            .worst, "The discriminator chooses right proofs more often than the generator writes them", gap,
            .atLeast(0.1), control: "A random choice does not", gapRandom, .within(0.05, of: 0)
        ).development(missed: 0, of: 24),
        Claim(
            .worst,
            "Checking the lines that the critic points at, the overseer takes right proofs more often than by "
                + "checking random lines", advantage, .atLeast(0.1),
            control: "Those that a critic of another task points at are no better than random ones", advantageOther,
            .atMost(0.05)
        ).development(missed: 0, of: 24),
    ]

    let settings: Settings
    private var study: CritiqueStudy { settings.study }
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, trials) = (study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("critics") { try study.run(key: $0.key, in: $0.session) }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.gain, Self.gainGenerated, Self.gain(.otherTask), Self.gain(.random), Self.unaided)
            measured.metrics(Self.gain(.multiplication), Self.generated, Self.discriminated, Self.critiqued)
            measured.metrics(Self.possible, Self.gap, Self.critiqueGap, Self.gapRandom, Self.otherGenerated)
            measured.metrics(Self.advantage, Self.advantageOther)
            found(outcomes, measured)
            table(outcomes, measured)
            choices(outcomes, measured)
            "The curves show the share of problems for which the proof taken is right: the first one written, the one "
                + "suspected least, and the first one that the overseer did not reject. The gap between discriminator "
                + "and critiques is below zero where exact checks of a few lines add to what the critic knows."
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        let place = study.place
        let formula = study.budgets.map { LimitedOverseer.unaided(budget: $0, lines: study.lines) }
        measured[Self.gain] = outcomes.map { $0.gain(.trained, budget: place) }
        measured[Self.gain(.otherTask)] = outcomes.map { $0.gain(.otherTask, budget: place) }
        measured[Self.gain(.multiplication)] = outcomes.map { $0.gain(.multiplication, budget: place) }
        measured[Self.gain(.random)] = outcomes.map { $0.gain(.random, budget: place) }
        measured[Self.gainGenerated] = outcomes.map { $0.gainInGenerated(.trained, budget: place) }
        measured[Self.otherGenerated] = outcomes.map { $0.gainInGenerated(.otherTask, budget: place) }
        measured[Self.unaided] = outcomes.map { zip($0.unaided, formula).map { abs($0 - $1) }.max() ?? .nan }
        measured[Self.generated] = outcomes.map(\.generated)
        measured[Self.discriminated] = outcomes.map { $0.help[.trained].discriminated }
        measured[Self.critiqued] = outcomes.map { $0.help[.trained].critiqued[place] }
        measured[Self.possible] = outcomes.map(\.possible)
        measured[Self.gap] = outcomes.map { $0.help[.trained].discriminated - $0.generated }
        measured[Self.gapRandom] = outcomes.map { $0.help[.random].discriminated - $0.generated }
        measured[Self.critiqueGap] = outcomes.map(\.help[.trained]).map { $0.discriminated - $0.critiqued[place] }
        func advantage(_ critic: Critic) -> [Double] {
            outcomes.map { $0.help[critic].critiqued[place] - $0.help[.random].critiqued[place] }
        }
        measured[Self.advantage] = advantage(.trained)
        measured[Self.advantageOther] = advantage(.otherTask)
        return measured
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "Checking \(study.budget) of \(study.lines) lines, an overseer finds \(percent(Self.gain)) more planted "
            + "flaws with the critic than unaided, and \(percent(Self.gainGenerated)) more of the generator's flawed "
            + "proofs. The generator is right in \(percent(Self.generated)) of problems, the discriminator's choice "
            + "among \(study.samples) proofs in \(percent(Self.discriminated)), the overseer's with critiques in "
            + "\(percent(Self.critiqued)), and some proof in \(percent(Self.possible))."
    }

    private func found(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        let budgets = study.budgets.map(Double.init)
        return LineChart(
            title: "Planted flaws found", caption: "By how many of \(study.lines) lines the overseer checks.",
            x: Axis("lines checked"), y: Axis("share of flaws found"),
            series: Critic.allCases.map { critic in
                measured.line(critic.title, over: budgets, curves: outcomes.map { $0.help[critic].found })
            } + [
                measured.line("unaided", over: budgets, curves: outcomes.map(\.unaided)),
                LineChart.Series(
                    "formula b / L", x: budgets,
                    y: study.budgets.map { LimitedOverseer.unaided(budget: $0, lines: study.lines) }),
            ])
    }

    private func choices(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        let budgets = study.budgets.map(Double.init)
        return LineChart(
            title: "Right proofs taken with critiques",
            caption: "By how many of the lines pointed at the overseer checks in each of \(study.samples) proofs.",
            x: Axis("lines checked"), y: Axis("share of problems"),
            series: Critic.allCases.map { critic in
                measured.line(critic.title, over: budgets, curves: outcomes.map { $0.help[critic].critiqued })
            },
            references: [
                ReferenceValue("generator", measured.mean(Self.generated)),
                ReferenceValue("discriminator", measured.mean(Self.discriminated)),
                ReferenceValue("best possible", measured.mean(Self.possible)),
            ])
    }

    private func table(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "critics", title: "What critics find with \(study.budget) lines checked", rowLabel: "critic",
            columnLabel: "", rows: Critic.allCases.map(\.title),
            columns: ["planted flaws", "generated flaws", "area under ROC of lines", "discriminated", "critiqued"],
            cells: Critic.allCases.map { critic in
                let help = outcomes.map { $0.help[critic] }
                return [
                    help.map { $0.found[study.place] }, help.map { $0.foundInGenerated[study.place] },
                    help.map(\.lineArea), help.map(\.discriminated), help.map { $0.critiqued[study.place] },
                ]
            })
    }
}
