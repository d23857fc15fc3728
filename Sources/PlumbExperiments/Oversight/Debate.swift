internal import PlumbData
internal import PlumbLearning
public import PlumbOversight
public import PlumbRecords
internal import PlumbTensor

/// Does a debate lead a judge that sees little to the truth?
///
/// Two debaters show a judge pixels of a picture; best play is computed, and tree search is compared with it.
public struct Debate: Experiment {
    typealias Outcome = DebateStudy.Outcome

    /// The pictures that are debated.
    public enum Pictures: String, Codable, Sendable, CaseIterable {
        /// scikit-learn's digits, 8 × 8.
        case digits
        /// Fashion-MNIST, 28 × 28.
        case fashion
    }

    public struct Settings: ExperimentSettings {
        @Setting("Seeds, each with a judge of its own.", 1...1000) public var seeds = 2
        @Setting("Pictures: digits, or fashion (Fashion-MNIST).") public var pictures = Pictures.digits
        public var study = DebateStudy()
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var (tiny, paper, fashion) = (Settings(), Settings(), Settings())
        (tiny.study.hidden, tiny.study.judgeSteps, tiny.study.batch) = (32, 150, 64)
        (tiny.study.pixels, tiny.study.solved, tiny.study.searched, tiny.study.rollouts) = (3, 12, 2, 30)
        (paper.seeds, paper.study.solved, paper.study.searched) = (8, 300, 40)
        (fashion.seeds, fashion.pictures, fashion.study.pixels) = (1, .fashion, 6)
        (fashion.study.solved, fashion.study.searched) = (0, 96)
        return ["tiny": tiny, "paper": paper, "fashion": fashion]
    }()

    public static let card = Card(
        id: "debate", title: "Debating a picture before a judge who sees four pixels",
        direction: "scalable oversight: debate",
        question:
            "Does a debate between an honest debater and a liar lead a judge to the truth that it would not find alone?",
        method:
            "A judge, a perceptron, learns to tell digits from 4 random pixels that are not 0 (Fashion-MNIST: 6). In "
            + "a debate the honest debater claims the true class and the liar another one; they show as many pixels in turn, "
            + "which cannot lie, and the judge chooses the more probable of the two claims. The liar commits itself to a class before "
            + "the first pixel: it wins if any of the 9 lies wins. With digits the debate is solved exactly, over all sets "
            + "of pixels, and Monte Carlo tree search is compared with that solution; on Fashion-MNIST only the search is "
            + "made. Controls: a liar that need not commit itself, and consultants that show all pixels alone.",
        limits:
            "Pictures and pixels stand for questions and evidence. The judge is fixed, and debaters know it exactly; that "
            + "it was trained on random pixels is why chosen ones can mislead it. Shares of 200 pictures a seed have an error "
            + "of two to four points.",
        references: [
            Reference(
                authors: "Irving, Christiano, Amodei", title: "AI safety via debate", year: 2018, arXiv: "1805.00899"),
            Reference(
                authors: "Kenton, Siegel, Kramár, Brown-Cohen, Albanie, Bulian, …, Shah",
                title: "On scalable oversight with weak LLMs judging strong LLMs", year: 2024, arXiv: "2407.04622"),
        ],
        changes:
            "The judge's accuracy from random pixels was claimed within 0.06 of 0.51; on seeds 101 and 102 it was 0.480 and "
            + "0.469, and the claim became within 0.07 of a half. Preset fashion had 4 pixels and 24 pictures: on seed 101 "
            + "a debate led to the truth in 0.06 more of them than random pixels did (bound 0.1). With 6 pixels and 96 pictures "
            + "it is 0.09 on seed 102: its claim fails.", minutes: 2)

    private static func share(_ name: String, _ isHeadline: Bool = false) -> Quantity {
        Quantity(name, unit: "of the pictures", isHeadline: isHeadline)
    }
    private static let alone = share("judge_accuracy_random_pixels", true)
    private static let honestFirst = share("debate_accuracy_honest_first", true)
    private static let liarFirst = share("debate_accuracy_liar_first", true)
    private static let randomLie = share("debate_accuracy_random_lie")
    private static let freeFirst = share("debate_accuracy_without_precommitment_honest_first")
    private static let freeSecond = share("debate_accuracy_without_precommitment_liar_first", true)
    private static let honestAlone = share("accuracy_honest_consultant")
    private static let liarAlone = share("accuracy_lying_consultant")
    private static let same = Quantity("search_same_winner", unit: "of the debates")
    private static let sameNext = Quantity("search_same_winner_as_next_picture", unit: "of the debates")
    private static let gain = share("search_gain_over_random_pixels")
    private static let searchedFirst = share("search_accuracy_honest_first")
    private static let searchedSecond = share("search_accuracy_liar_first")

    // Counted in development: runs of one judge and 200 pictures.
    private static let digitClaims = [
        Claim(
            .mean, "Debate leads the judge to the truth, whatever lie the liar commits itself to", honestFirst,
            .atLeast(0.85), control: "Without precommitment it does so less often", freeFirst, .atMost(0.7)
        ).and(liarFirst, .atLeast(0.85)).controlAnd(freeSecond, .atMost(0.7)),
        Claim(
            .mean, "The judge alone, from random pixels, finds the truth in about half of the pictures", alone,
            .within(0.07, of: 0.5), control: "A lying consultant alone leads it away from the truth", liarAlone,
            .atMost(0.05)
        ).and(honestAlone, .atLeast(0.95)),
        Claim(
            .mean, "Tree search ends debates with the winner of best play", same, .atLeast(0.98),
            control: "The winners of another picture's debates are not the same", sameNext, .below(0.98)),
    ].map { $0.development(missed: 0, of: 3) }
    private static let searchClaims = [
        Claim(
            .mean,
            "Debate by tree search, whatever the lie, leads the judge to the truth more often than random pixels",
            gain, .atLeast(0.1), control: "A lying consultant alone leads it away from the truth", liarAlone,
            .atMost(0.05))
    ]

    public var claims: [Claim] { settings.study.solved > 0 ? Self.digitClaims : Self.searchClaims }

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try settings.study.check()
        guard settings.pictures == .digits || settings.study.solved == 0 else {
            throw SettingsError(
                "--pictures fashion has too many pixels for best play: give --solved 0, or take --preset fashion")
        }
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let (train, test) =
            settings.pictures == .digits
            ? Digits.split(try await context.digits()) : (try FashionMNIST.load(.train), try FashionMNIST.load(.test))
        let (study, trials) = (settings.study, Trials(context, count: settings.seeds))
        let outcomes = try await trials.run("debates") { trial in
            try study.run(train: train, test: test, key: trial.key, in: trial.session)
        }
        let measured = measured(outcomes, seeds: trials.seeds)
        return Findings(summary: summary(measured), claims: claims, from: measured) {
            measured.metrics(
                Self.alone, Self.honestFirst, Self.liarFirst, Self.freeFirst, Self.freeSecond, Self.randomLie,
                Self.honestAlone, Self.liarAlone)
            if study.solved == 0 { measured.metric(Self.gain) }
            if study.solved > 0 && study.searched > 0 {
                measured.metrics(Self.same, Self.sameNext, Self.searchedFirst, Self.searchedSecond)
            }
            measured.barChart(
                title: "Where the judge ends at the truth",
                caption:
                    "Share of pictures in which the judge chooses the truth; random pixels leave it all classes to "
                    + "choose from, the protocols two.",
                y: Axis("right choices"),
                [
                    "random pixels": Self.alone, "debate, honest first": Self.honestFirst,
                    "debate, liar first": Self.liarFirst, "no precommitment, honest first": Self.freeFirst,
                    "no precommitment, liar first": Self.freeSecond, "honest consultant": Self.honestAlone,
                    "lying consultant": Self.liarAlone,
                ])
            "The debate counts as won by the truth only if it wins against each of the 9 lies; with precommitment the liar "
                + "chooses its lie before the first pixel, without it after the last."
        }
    }

    private func measured(_ outcomes: [Outcome], seeds: [UInt64]) -> Measurements {
        var measured = Measurements(seeds: seeds)
        func set(_ quantity: Quantity, _ order: DebateProtocol, _ holds: (ExactDebate.Values) -> Bool) {
            measured[quantity] = outcomes.map {
                Outcome.share(settings.study.solved > 0 ? $0.solved : $0.searched, order, holds)
            }
        }
        set(Self.honestFirst, .honestFirst, \.winsAgainstEveryLie)
        set(Self.liarFirst, .liarFirst, \.winsAgainstEveryLie)
        set(Self.freeFirst, .honestFirst, \.winsWithoutPrecommitment)
        set(Self.freeSecond, .liarFirst, \.winsWithoutPrecommitment)
        set(Self.honestAlone, .honestAlone, \.winsAgainstEveryLie)
        set(Self.liarAlone, .liarAlone, \.winsAgainstEveryLie)
        measured[Self.alone] = outcomes.map(\.alone)
        measured[Self.randomLie] = outcomes.map { outcome in
            let debated = settings.study.solved > 0 ? outcome.solved : outcome.searched
            return Statistics.mean(debated.compactMap { $0[.honestFirst]?.winsAgainstRandomLie })
        }
        measured[Self.gain] = measured.seeds.indices.map {
            (measured[Self.honestFirst][$0] + measured[Self.liarFirst][$0]) / 2 - measured[Self.alone][$0]
        }
        guard settings.study.solved > 0, settings.study.searched > 0 else {
            measured.leave(Self.same, because: "no picture was debated both ways")
            return measured
        }
        measured[Self.same] = outcomes.map(\.sameWinners)
        measured[Self.sameNext] = outcomes.map(\.sameWinnersOfNextPicture)
        measured[Self.searchedFirst] = outcomes.map {
            Outcome.share($0.searched, .honestFirst, \.winsAgainstEveryLie)
        }
        measured[Self.searchedSecond] = outcomes.map { Outcome.share($0.searched, .liarFirst, \.winsAgainstEveryLie) }
        return measured
    }

    private func summary(_ measured: Measurements) -> String {
        func percent(_ quantity: Quantity) -> String { Phrase.percent(measured.mean(quantity)) }
        let how = settings.study.solved > 0 ? "best play" : "tree search"
        return "From \(settings.study.pixels) random pixels the judge finds the class of \(percent(Self.alone)) of the "
            + "pictures. After a debate by \(how) it chooses the truth in \(percent(Self.honestFirst)) where the honest "
            + "debater begins and in \(percent(Self.liarFirst)) where the liar does; without precommitment in "
            + "\(percent(Self.freeFirst)) and \(percent(Self.freeSecond)). A lying consultant leaves it the truth in "
            + "\(percent(Self.liarAlone)), an honest one in \(percent(Self.honestAlone))."
            + (measured[Self.same].isEmpty
                ? "" : " Tree search ends \(percent(Self.same)) of debates with the winner of best play.")
    }
}
