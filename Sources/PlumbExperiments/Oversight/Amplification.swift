internal import PlumbBasics
internal import PlumbLearning
public import PlumbOversight
public import PlumbRecords
internal import PlumbTensor

/// Can a learner outgrow its overseer, who splits hard questions into easier ones and asks the learner itself?
///
/// Powers of permutations: the overseer knows one step, and how to halve a question.
public struct Amplification: Experiment {
    typealias Outcome = AmplificationStudy.Outcome
    typealias Teaching = AmplificationStudy.Teaching

    public struct Settings: ExperimentSettings {
        @Setting("Seeds, each with permutations and learners of its own.", 1...1000) public var seeds = 2
        public var study = AmplificationStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper) = (Settings(), Settings())
        (tiny.seeds, tiny.study.permutations, tiny.study.width, tiny.study.steps) = (2, 2, 32, 120)
        (tiny.study.batch, tiny.study.questions, tiny.study.comparisonSteps) = (16, 8, 60)
        (paper.seeds, paper.study.permutations, paper.study.steps) = (8, 32, 20_000)
        paper.study.comparisonSteps = 6000
        return ["tiny": tiny, "paper": paper]
    }()

    public static let card = Card(
        id: "amplification", title: "Supervising by amplification", direction: "scalable oversight: amplification",
        question:
            "Can a learner answer questions that its overseer cannot, when it learns from what the overseer makes of "
            + "the learner's own answers?",
        method:
            "Questions (σ, k, x) ask for σᵏ(x), where σ is a cycle of 8 elements whose table is in the prompt and k is "
            + "below 64. The overseer looks up σ(x) and splits larger k into halves, of which it asks the learner, a small "
            + "transformer: y is the answer to (⌊k/2⌋, x), the overseer's answer is that to (⌈k/2⌉, y). The learner learns "
            + "to give the overseer's answer at once. An average of its weights answers the overseer, and k is doubled "
            + "whenever the learner agrees with the overseer. No true answer for k above 1 is used. Beside it learners of "
            + "equal size are taught true answers for all k, facts (k = 1) alone, and the answers of the overseer with the "
            + "help of the finished learner.",
        limits:
            "Few permutations, which the learner can come to know by heart; on others it knows at most what the table "
            + "says, which is measured. Splitting is given and always right, where the paper learns it from examples.",
        references: [
            Reference(
                authors: "Christiano, Shlegeris, Amodei",
                title: "Supervising strong learners by amplifying weak experts",
                year: 2018, arXiv: "1810.08575")
        ],
        changes:
            "In the first trial, on seed 101, larger k were asked as soon as learner and overseer agreed on the largest, "
            + "and k was uniform: every answer fell to chance, k = 1 included, with labels that agreed. Agreement now counts on "
            + "every level of k, half of the questions are spread over levels, and there are 3,000 steps in place of 1,000.",
        minutes: 2)

    private static func share(_ name: String, _ isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "of the answers", isHeadline: isHeadline)
    }
    private static let largest = CaseValues<Teaching, Quantity> { share("accuracy_largest_power_\($0)", $0 != .facts) }
    private static let beyond = CaseValues<Teaching, Quantity> {
        share("accuracy_powers_above_one_\($0)", $0 == .facts)
    }
    private static let overseer = CaseValues<Teaching, Quantity> { share("overseer_accuracy_largest_power_\($0)") }
    private static let unrolled = share("accuracy_largest_power_63_calls")
    private static let newOne = share("new_permutations_accuracy_power_one")
    private static let newBeyond = share("new_permutations_accuracy_powers_above_one")
    private static let raised = Quantity("steps_until_all_powers", unit: "steps")

    public let claims = [
        Claim(
            .worst, "The amplified learner, which saw no answer for k above 1, answers for k = 63",
            largest[.amplification], .atLeast(0.95),
            control:
                "Without recursion, taught k = 1 alone, a learner is right for k above 1 in about one of eight answers",
            beyond[.facts], .within(0.075, of: 0.125)
        ).and(beyond[.amplification], .atLeast(0.95)),
        Claim(
            .worst, "The overseer answers for k = 63 with its help", overseer[.amplification], .atLeast(0.95),
            control: "With the help of the learner of facts, asked the same two questions, it does not",
            overseer[.facts], .atMost(0.4)),
        Claim(
            .worst, "A new learner distilled from overseer and amplified learner answers for k = 63",
            largest[.distillation], .atLeast(0.95), control: "The learner of facts does not", largest[.facts],
            .atMost(0.4)),
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("learners") { trial in try study.run(key: trial.key, in: trial.session) }
        var measured = Measurements(seeds: trials.seeds)
        for teaching in Teaching.allCases {
            let accuracies = outcomes.map { $0.accuracy[teaching] }
            measured[Self.largest[teaching]] = accuracies.map { $0[$0.count - 1] }
            measured[Self.beyond[teaching]] = accuracies.map { Statistics.mean(Array($0.dropFirst())) }
            measured[Self.overseer[teaching]] = outcomes.map { $0.overseer[teaching] }
        }
        measured[Self.unrolled] = outcomes.map(\.unrolled)
        measured[Self.newOne] = outcomes.map { $0.newPermutations[0] }
        measured[Self.newBeyond] = outcomes.map { $0.newPermutations[1] }
        measured[Self.raised] = outcomes.map { $0.raisedAt.count == 5 ? Double($0.raisedAt[4]) : .nan }
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            Teaching.allCases.map { measured.metric(Self.largest[$0]) }
            Teaching.allCases.map { measured.metric(Self.beyond[$0]) }
            Teaching.allCases.map { measured.metric(Self.overseer[$0]) }
            measured.metrics(Self.unrolled, Self.newOne, Self.newBeyond, Self.raised)
            curves(outcomes, measured)
            table(outcomes, measured)
            "σ is one cycle of all elements: an answer that does not depend on k is right for about one k in eight."
        }
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "For k = 63 the amplified learner is right in \(percent(Self.largest[.amplification])) of answers, one taught "
            + "the truth in \(percent(Self.largest[.supervised])), one distilled from the amplified learner in "
            + "\(percent(Self.largest[.distillation])). Taught k = 1 alone, a learner is right in "
            + "\(percent(Self.beyond[.facts])) of answers for larger k, though 63 calls of it, one after another, give "
            + "\(percent(Self.unrolled)). On permutations that it never saw the amplified learner is right in "
            + "\(percent(Self.newOne)) for k = 1 and \(percent(Self.newBeyond)) for larger k."
    }

    private func curves(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "Right answers by k",
            caption:
                "Share of right answers of learners that answer at once. Mean and range over \(settings.seeds) seeds.",
            x: Axis("k"), y: Axis("right answers"),
            series: Teaching.allCases.map { teaching in
                measured.line(
                    teaching.title, over: (1..<PermutationTask.powers).map(Double.init),
                    curves: outcomes.map { $0.accuracy[teaching] }, band: .range)
            }, references: [ReferenceValue("chance", 0.125)])
    }

    private func table(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        let powers = [1, 2, 3, 4, 8, 16, 32, 63]
        return measured.table(
            "accuracy", title: "Right answers by what the learner was taught", rowLabel: "learner", columnLabel: "k",
            rows: Teaching.allCases.map(\.title), columns: powers.map(String.init),
            cells: Teaching.allCases.map { teaching in
                powers.map { k in outcomes.map { $0.accuracy[teaching][k - 1] } }
            }, unit: "of the answers", band: .range)
    }
}
