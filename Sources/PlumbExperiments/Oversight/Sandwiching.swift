internal import PlumbBasics
internal import PlumbLearning
public import PlumbOversight
public import PlumbRecords

/// Does a non-expert with an unreliable assistant answer better than both, and can models trained one level below
/// evaluate what a human cannot?
public struct Sandwiching: Experiment {
    typealias Outcome = SandwichingStudy.Outcome
    typealias Assistance = SandwichingStudy.Assistance

    public struct Settings: ExperimentSettings {
        @Setting("Seeds; all models are trained once with each.", 1...1000) public var seeds = 8
        public var study = SandwichingStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.questions, tiny.study.hidden) = (2, 500, 32)
        (tiny.study.agentSteps, tiny.study.proposals, tiny.study.modulus) = (150, 128, 3)
        (paper.seeds, paper.study.questions) = (16, 20_000)
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "sandwiching", title: "A non-expert with an unreliable assistant",
        direction: "scalable oversight: sandwiching, recursive reward modeling",
        question:
            "Is an overseer with an unreliable assistant better than both alone, and do models trained one level below "
            + "let a human evaluate answers that are too long to check?",
        method:
            "Overseer and assistant are perceptrons that learned addition of digits for a few steps, from other "
            + "weights, and err in other places. Questions take four sums; the overseer adds the assistant's "
            + "log-probabilities of each result to its own. For recursive reward modeling, a question of depth d is "
            + "the sum of 2^d residues modulo 5. The human checks one sum of two and errs in 5 % of checks. Agents of "
            + "depths 1 and 2 learn from approved answers alone; a question of depth d is evaluated by asking the "
            + "agent of depth d - 1 for both halves. The control gives the assistant's answers to other questions.",
        limits:
            "The assistant is honest about its confidence and does not try to mislead. Questions split into "
            + "halves of the same kind, and the split is given.",
        references: [
            Reference(
                authors: "Bowman, Hyun, Perez et al.",
                title: "Measuring Progress on Scalable Oversight for Large Language Models", year: 2022,
                arXiv: "2211.03540"),
            Reference(
                authors: "Leike, Krueger, Everitt, Martic, Maini, Legg",
                title: "Scalable agent alignment via reward modeling: a research direction", year: 2018,
                arXiv: "1811.07871"),
        ],
        changes: "In the first development seeds overseer and assistant learned for 120 and 140 steps and answered 96 "
            + "% and 100 % of questions correctly, and agents learned for 600 steps, which left evaluation at depth 3 at "
            + "0.77; now they learn for 70, 80 and 1,500.", minutes: 0.3)

    private static func share(_ name: String, isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "of the questions", isHeadline: isHeadline)
    }
    private static let gained = share("gain_over_the_better_of_both", isHeadline: true)
    private static let gainedNoise = share("gain_over_the_overseer_with_noise")
    private static let overseer = share("right_overseer"), assistant = share("right_assistant")
    private static let together = share("right_together", isHeadline: true)
    private static let assisted = Quantity("evaluation_accuracy_greatest_depth", isHeadline: true)
    private static let noise = Quantity("evaluation_accuracy_greatest_depth_noise")
    private static let unassisted = Quantity("evaluation_accuracy_greatest_depth_unassisted", isHeadline: true)
    private static let agent = share("right_last_agent")

    public let claims = [
        Claim(
            .worst, "Overseer and assistant together answer more questions correctly than the better of both alone",
            gained,
            .atLeast(0.05), control: "With noise in place of the assistant the overseer does no better than alone",
            gainedNoise, .atMost(0.02)),
        Claim(
            .worst,
            "At the greatest depth evaluation assisted by agents trained one level below is nearly as good as the "
                + "human's checks", assisted, .atLeast(0.9),
            control: "Assisted by noise it is at chance", noise, .within(0.05, of: 0.5)
        ).controlAnd(unassisted, .within(0.05, of: 0.5)),
    ].map { $0.development(missed: 0, of: 24) }

    let settings: Settings
    public init(_ settings: Settings) { self.settings = settings }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("models") { trial in try study.run(key: trial.key, in: trial.session) }
        var measured = Measurements(seeds: trials.seeds)
        measured[Self.gained] = outcomes.map { $0.answered[.learned] - max($0.answered[.none], $0.assistant) }
        measured[Self.gainedNoise] = outcomes.map { $0.answered[.noise] - $0.answered[.none] }
        measured[Self.overseer] = outcomes.map { $0.answered[.none] }
        measured[Self.assistant] = outcomes.map(\.assistant)
        measured[Self.together] = outcomes.map { $0.answered[.learned] }
        func last(_ assistance: Assistance) -> [Double] { outcomes.map { $0.evaluated[assistance].last ?? .nan } }
        measured[Self.assisted] = last(.learned)
        measured[Self.noise] = last(.noise)
        measured[Self.unassisted] = last(.none)
        measured[Self.agent] = outcomes.map { $0.agents.last ?? .nan }
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.together, Self.gained, Self.overseer, Self.assistant, Self.gainedNoise)
            measured.metrics(Self.assisted, Self.unassisted, Self.noise, Self.agent)
            measured.barChart(
                title: "Questions answered correctly", caption: "By overseer and assistant, alone and together.",
                y: Axis("share of questions"),
                ["overseer": Self.overseer, "assistant": Self.assistant, "together": Self.together])
            chart(outcomes, measured)
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "The overseer answers \(percent(Self.overseer)) of questions correctly, the assistant "
            + "\(percent(Self.assistant)), and both together \(percent(Self.together)). At depth "
            + "\(settings.study.depth) evaluation is right in \(percent(Self.assisted)) of cases with agents trained "
            + "one level below, in \(percent(Self.noise)) with noise and in \(percent(Self.unassisted)) unassisted."
    }

    private func chart(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "Evaluation by depth",
            caption: "Accuracy of approval, where half of the answers are right. The human alone reaches "
                + "\(1 - settings.study.humanError) at depth 1.", x: Axis("depth"), y: Axis("accuracy"),
            series: Assistance.allCases.map { assistance in
                measured.line(
                    assistance.title, over: (1...settings.study.depth).map(Double.init),
                    curves: outcomes.map { $0.evaluated[assistance] })
            }, references: [ReferenceValue("chance", 0.5)])
    }
}
