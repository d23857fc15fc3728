internal import PlumbBasics
internal import PlumbLearning
public import PlumbOversight
public import PlumbRecords

/// Can a judge that looks at one number decide about the sum of 64, if two debaters bisect the claim?
public struct DebateByBisection: Experiment {
    typealias Lie = BisectionDebate.Lie
    typealias Outcome = BisectionStudy.Outcome

    public struct Settings: ExperimentSettings {
        @Setting("Seeds, each with debates of its own.", 1...1000) public var seeds = 8
        public var study = BisectionStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, long) = (Settings(), Settings())
        (tiny.seeds, tiny.study.debates, tiny.study.exactNumbers, tiny.study.exactGames) = (2, 400, 4, 3)
        long.study.numbers = 1024
        return ["tiny": tiny, "long": long]
    }()

    public static let card = Card(
        id: "debate-by-bisection", title: "Debate about a sum, by bisection", direction: "scalable oversight: debate",
        question: "Can a judge that looks at one number decide about the sum of 64 numbers that it never adds up?",
        method:
            "A proponent claims what 64 hidden digits sum to; half of the claims are true. In each of log₂ 64 = 6 "
            + "rounds it says what the halves of the segment in question sum to, and an opponent chooses a half. The "
            + "judge looks at the one number that is left and accepts the claim if it is as stated. Liars put the "
            + "difference into one half, spread it, or divide it at random; in games of eight numbers all divisions "
            + "are searched for the best liar. Then rounds are left out, the judge misreads numbers, and the opponent "
            + "errs.",
        limits:
            "The claim has a tree of subclaims of known shape, all equally easy to state, and the opponent knows the "
            + "numbers. Arguments that neither debater can examine (the obfuscated arguments problem) do not arise.",
        references: [
            Reference(
                authors: "Irving, Christiano, Amodei", title: "AI safety via debate", year: 2018, arXiv: "1805.00899"),
            Reference(
                authors: "Barnes, Christiano", title: "Debate update: Obfuscated arguments problem", year: 2020),
        ],
        changes:
            "The judge that adds up misread numbers by one, so that errors often canceled and it was right in 0.58 of "
            + "cases; it now reads any other digit.", minutes: 0.1)

    private static let examined = Quantity("accuracy_cross_examined", isHeadline: true)
    private static let unexamined = Quantity("accuracy_without_cross_examination", isHeadline: true)
    private static let exact = Quantity("accuracy_best_play_small_games")
    private static let exactUnexamined = Quantity("false_claims_accepted_without_cross_examination_small_games")
    private static let chanceError = Quantity("difference_from_formula_one_random_look")
    private static let fewRounds = Quantity("difference_from_formula_fewer_rounds")
    private static let fewRoundsSpread = Quantity("accuracy_without_rounds_lie_everywhere")
    private static let misread = Quantity("accuracy_cross_examined_judge_misreads", isHeadline: true)
    private static let misreadError = Quantity("difference_from_one_reading_judge_misreads")
    private static let addingUp = Quantity("accuracy_adding_up_judge_misreads")
    private static let byChance = Quantity("accuracy_one_random_look")
    private static let opponentErrs = Quantity("accuracy_opponent_errs")

    public let claims = [
        Claim(
            .worst,
            "With cross-examination the judge decides correctly whatever the liar does: the least accuracy over liars",
            examined,
            .atLeast(1), control: "Where the proponent shows what it likes the judge is right in half of the cases",
            unexamined, .within(0.001, of: 0.5)),
        Claim(
            .worst, "Exact search in small games: against the best proponent all claims are decided correctly", exact,
            .atLeast(1), control: "Without cross-examination the best proponent has every false claim accepted",
            exactUnexamined, .atLeast(1)),
        Claim(
            .worst,
            "After r rounds a lie in a single number is found as often as the formula (1 + 2^r / n) / 2 says: the "
                + "largest difference", fewRounds, .atMost(0.03),
            control: "A lie in every number is found without any round: accuracy", fewRoundsSpread, .atLeast(0.99)),
        Claim(
            .worst,
            "A judge that misreads numbers at times decides debates correctly as often as it reads one number "
                + "correctly: the difference", misreadError, .atMost(0.03),
            control: "Adding up all numbers with the same errors, it is right little more often than by chance",
            addingUp, .atMost(0.6)),
    ].map { $0.development(missed: 0, of: 24) }

    let settings: Settings
    private var study: BisectionStudy { settings.study }
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (study, trials) = (study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("debates") { trial in try study.run(key: trial.key, in: trial.session) }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(Self.examined, Self.unexamined, Self.misread, Self.addingUp, Self.byChance)
            measured.metrics(Self.exact, Self.exactUnexamined, Self.chanceError, Self.fewRounds)
            measured.metrics(Self.fewRoundsSpread, Self.opponentErrs, Self.misreadError)
            liars(outcomes, measured)
            rounds(outcomes, measured)
            errors(outcomes, measured)
        }
    }

    /// The accuracy after `rounds` rounds where one number is misstated.
    private func formula(_ rounds: Int) -> Double { (1 + Double(1 << rounds) / Double(study.numbers)) / 2 }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        func worst(_ values: CaseValues<Lie, Double>) -> Double { values.all.map(\.value).min() ?? .nan }
        let place = study.errorPlace
        measured[Self.examined] = outcomes.map { worst($0.examined) }
        measured[Self.unexamined] = outcomes.map { $0.unexamined[.single] }
        measured[Self.byChance] = outcomes.map { $0.byChance[.single] }
        measured[Self.exact] = outcomes.map { ($0.exactTrue + 1 - $0.exactFalse) / 2 }
        measured[Self.exactUnexamined] = outcomes.map(\.exactFalseUnexamined)
        measured[Self.chanceError] = outcomes.map(\.exactChanceError)
        measured[Self.fewRounds] = outcomes.map { outcome in
            outcome.byRounds[.single].enumerated().map { abs($1 - formula($0)) }.max() ?? .nan
        }
        measured[Self.fewRoundsSpread] = outcomes.map { $0.everywhere }
        measured[Self.misread] = outcomes.map { $0.byJudgeError[place] }
        measured[Self.misreadError] = measured[Self.misread].map { abs($0 - (1 - study.judgeError)) }
        measured[Self.addingUp] = outcomes.map { $0.addingUp[place] }
        measured[Self.opponentErrs] = outcomes.map { $0.byOpponentError[place] }
        return measured
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        return
            "With cross-examination by bisection, a judge that looks at one of \(study.numbers) numbers decides "
            + "\(percent(Self.examined)) of claims correctly, without cross-examination \(percent(Self.unexamined)). If "
            + "it misreads a number with the probability \(study.judgeError), it is right in \(percent(Self.misread)) "
            + "of debates, and in \(percent(Self.addingUp)) of cases if it adds up all numbers itself."
    }

    private func liars(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "liars", title: "The judge's accuracy by what the liar does", rowLabel: "who chooses halves",
            columnLabel: "the lie", rows: ["opponent", "chance", "proponent"], columns: Lie.allCases.map(\.rawValue),
            cells: [\Outcome.examined, \.byChance, \.unexamined].map { part in
                Lie.allCases.map { lie in outcomes.map { $0[keyPath: part][lie] } }
            })
    }

    private func rounds(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        let rounds = (0...study.fullRounds).map(Double.init)
        return LineChart(
            title: "Rounds of cross-examination",
            caption:
                "Accuracy of a judge that looks at one random number of the segment that is left. Half of the claims "
                + "are true.", x: Axis("rounds"), y: Axis("accuracy"),
            series: Lie.allCases.map { lie in
                measured.line("lie: \(lie.rawValue)", over: rounds, curves: outcomes.map { $0.byRounds[lie] })
            } + [LineChart.Series("formula", x: rounds, y: (0...study.fullRounds).map(formula))])
    }

    private func errors(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "Errors of the judge and of the opponent",
            caption: "Accuracy where the judge misreads numbers or the opponent chooses the wrong half with some "
                + "probability; the lie is in a single number.", x: Axis("probability of an error"),
            y: Axis("accuracy"),
            series: [
                measured.line("debate, judge errs", over: study.errors, curves: outcomes.map(\.byJudgeError)),
                measured.line("judge adds up all numbers", over: study.errors, curves: outcomes.map(\.addingUp)),
                measured.line("debate, opponent errs", over: study.errors, curves: outcomes.map(\.byOpponentError)),
            ])
    }
}
