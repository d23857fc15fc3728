internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor
public import PlumbWorlds

/// What several seeds learned from the same answers of a person.
public struct AnswerResults: Sendable {
    /// The mean over seeds of how far each answer agrees with a reward learned without it; 1, 0, or ½ for a tie.
    public static let agreement = Quantity("agreement", per: "answer")
    /// The same where the answers to learn from are shuffled.
    public static let shuffledAgreement = Quantity("agreement_shuffled", per: "answer")
    /// The lower end of the 95 % interval of the mean ``agreement`` over answers.
    public static let lowerEnd = Quantity("agreement_lower_end", per: "run")
    /// The learned reward predicts answers that were held out.
    public static let claim = Claim(
        .value,
        "The learned reward predicts answers that were held out: the lower end of the 95 % interval is above chance",
        lowerEnd, .above(0.5), control: "Learned from shuffled answers it predicts few more than chance does",
        shuffledAgreement, .atMost(0.6), controlRule: .mean)

    /// The questions with their answers.
    public let answers: [Comparison<Int>]
    private let study: GridPreferenceStudy
    private let learned: [GridPreferenceStudy.Learned]

    /// - Parameters:
    ///   - study: the grid that the questions are about.
    ///   - answers: the questions with their answers.
    ///   - learned: what was learned from them, one a seed.
    public init(_ study: GridPreferenceStudy, answers: [Comparison<Int>], learned: [GridPreferenceStudy.Learned]) {
        (self.study, self.answers, self.learned) = (study, answers, learned)
    }

    /// Notes the values of the quantities above.
    public func measure(_ measured: inout Measurements) {
        measured[Self.agreement] = means(\.agreement)
        measured[Self.shuffledAgreement] = means(\.shuffledAgreement)
        // Values that are all equal have no interval: both of its ends would be their mean.
        let lower = measured.interval(Self.agreement.name, measured[Self.agreement], per: Self.agreement.sample)?.lower
        measured.set(Self.lowerEnd, lower ?? Statistics.mean(measured[Self.agreement]))
    }

    /// For each answer that was given, the mean over seeds.
    private func means(_ agreement: (GridPreferenceStudy.Learned) -> [Double?]) -> [Double] {
        let found = learned.map(agreement)
        return answers.indices.compactMap { index in
            let values = found.compactMap { $0[index] }
            return values.isEmpty ? nil : Statistics.mean(values)
        }
    }

    /// The reward of each cell learned from all answers: the mean over seeds, row by row.
    public var reward: [Double] {
        (0..<study.cells).map { cell in Statistics.mean(learned.map { $0.reward[cell] }) }
    }

    /// ``reward`` as a table called `reward`.
    public var table: Table {
        let (reward, size) = (reward, study.size)
        return Table(
            "reward", title: "Learned reward", rowLabel: "row", columnLabel: "column",
            rows: (1...size).map(String.init), columns: (1...size).map(String.init),
            values: (0..<size).map { Array(reward[$0 * size..<($0 + 1) * size]) })
    }

    /// ``table`` as a heat map.
    public var heatMap: HeatMap {
        HeatMap(
            table: "reward", title: "Learned reward",
            caption:
                "The reward of each cell learned from all answers, the mean of \(learned.count) seeds: 0 is the mean "
                + "of the grid and 1 about one standard deviation.", center: 0, valueLabel: "reward")
    }

    /// ``reward`` with the first seed's plan.
    public var plan: GridFigure {
        .rewards(
            title: "The plan for the learned reward",
            caption:
                "The learned reward, and where the best plan for the first seed's leads from the upper left corner "
                + "when no step slips.",
            panels: learned.prefix(1).map { study.floor.panel("learned reward", reward: reward, plan: $0.plan) })
    }

    /// The quantities above, and how many answers there are and how many of them were skipped.
    public func metrics(_ measured: Measurements) -> [Metric] {
        measured.metrics(Self.agreement, Self.shuffledAgreement) + [
            Metric("answers", Double(answers.count)),
            Metric("answers_skipped", Double(answers.count { $0.mu == nil })),
        ]
    }

    /// What was found, in a sentence.
    public func summary(_ measured: Measurements) -> String {
        "From \(answers.count) answers a reward was learned that predicts "
            + "\(Phrase.percent(measured.mean(Self.agreement))) of those held out; learned from shuffled answers it predicts "
            + "\(Phrase.percent(measured.mean(Self.shuffledAgreement)))."
    }

    /// What a reader of these results must know.
    public var notes: [String] {
        [
            "An answer is predicted when the walk that was preferred has the higher learned return; a tie counts as half. "
                + "Each is predicted by a reward learned from the four fifths of the answers that it is not among, with "
                + "\(learned.count) seeds.",
            "The answers came from a file, not from the simulated teacher, and the ensemble did not choose the questions.",
            "The reward by which the questions were answered is unknown, so this says nothing about how good the plan is.",
        ]
    }
}
