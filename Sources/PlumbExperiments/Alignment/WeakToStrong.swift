internal import PlumbAlignment
internal import PlumbData
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// Can a strong student learn more from a weak supervisor than the supervisor knows?
///
/// Linear models on pictures of digits, solved exactly, so that the reason for the gain can be checked as an equation:
/// what the student gains is how far it disagrees with its supervisor. A student as weak as the supervisor gains nothing.
public struct WeakToStrong: UndeclaredClaims {
    public struct Settings: ExperimentSettings {
        public var splits = 40
        public var weakLabels = 60
        public var studentLabels = 1000
        public var components = 20
        public var penalty = 0.001
        public var hidden = 64
        public var networkSteps = 100

        public init() {}
    }

    public static func schema() throws -> SettingsSchema { try oldSchema() }
    public var claims: [Claim] { [] }
    static let help = [
        "splits": "Random splits of the pictures into those for the supervisor, for the student and for testing.",
        "weakLabels": "Pictures with true labels that the supervisor learns from.",
        "studentLabels": "Pictures that the supervisor labels for the student.",
        "components": "Principal components of the pictures, found without labels, that the student sees.",
        "penalty": "The penalty on squared weights in each regression; pixels are from 0 to 1.",
        "hidden": "Neurons of the networks that tell odd digits from even ones.",
        "networkSteps": "Training steps of these networks.",
    ]
    static let ranges: [String: ClosedRange<Double>] = [
        "splits": 3...10_000, "weakLabels": 2...100_000, "studentLabels": 65...100_000,
        "components": 1...50, "penalty": 1e-12...1e6, "hidden": 1...4096, "networkSteps": 1...1_000_000,
    ]
    public static let presets: [String: Settings] = {
        var tiny = Settings()
        tiny.splits = 5
        return ["tiny": tiny]
    }()

    public static let card = Card(
        id: "weak-to-strong", title: "A student that is better than its supervisor",
        direction: "alignment: scalable oversight",
        question: "Does a strong student taught by a weak supervisor's labels do better than the supervisor, and why?",
        hypothesis:
            "The student recovers a part of the gap between its supervisor and what true labels would teach it: "
            + "the 95 % interval of the mean lies above 0. In squared error its gain is exactly its misfit, the mean "
            + "squared distance between its answers and the supervisor's.",
        control: "A student that sees what its supervisor sees recovers nothing, at most 0.05 of the gap in either "
            + "direction; shuffled labels teach at most 0.15 accuracy, where chance is 0.1; the equation fails where "
            + "the target is no function that the student can be.",
        method: "The supervisor is a ridge regression on 4 × 4 pixels with 60 labels; the student one on 20 principal "
            + "components of 8 × 8 pixels, with 1,000 pictures labelled by the supervisor's best guess. Both are solved "
            + "exactly, on random splits of 1,797 pictures. For the equation the student learns the supervisor's scores, "
            + "without a penalty, and its target is what it would make of the true labels. Small networks are taught with plain cross-entropy and "
            + "with a loss that lets them doubt the labels.",
        limits:
            "One small data set, whose splits share pictures, so that intervals are of splits and not of data sets. "
            + "The student is strong by what it sees and not by what it learned before, as a large language model is. "
            + "The equation is of squared error and linear students; accuracy has none. Best guesses as labels, and "
            + "0.01 as what its control must miss by, were chosen after looking at results.",
        references: [
            Reference(
                authors: "Burns, Izmailov, Kirchner, Baker, Gao, Aschenbrenner, …, Wu",
                title: "Weak-to-Strong Generalization: Eliciting Strong Capabilities With Weak Supervision", year: 2023,
                arXiv: "2312.09390"),
            Reference(
                authors: "Charikar, Pabbaraju, Shiragur",
                title: "Quantifying the Gain in Weak-to-Strong Generalization", year: 2024, arXiv: "2405.15116"),
        ],
        minutes: 0.2)

    let settings: Settings
    public init(_ settings: Settings) throws {
        self.settings = settings
        try validate()
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        try validate()
        let digits = try await DigitPictures.load(in: &context)
        let (study, network) = (study, network)
        guard digits.count >= study.leastPictures else {
            throw SettingsError(
                "--weak-labels \(settings.weakLabels) and --student-labels \(settings.studentLabels) need "
                    + "\(study.leastPictures) pictures with those for testing, and there are \(digits.count)")
        }
        let trials = Trials(context, count: settings.splits)
        let outcomes = try await trials.run("splits") { trial in
            try trial.checkpoint()
            return try study.run(digits, key: trial.key, network: network, in: trial.session)
        }
        return WeakToStrongFindings(settings: settings, outcomes: outcomes, seeds: OverSeeds(trials.seeds)).findings
    }

    private var study: WeakToStrongStudy {
        var study = WeakToStrongStudy()
        (study.weakLabels, study.studentLabels) = (settings.weakLabels, settings.studentLabels)
        (study.components, study.penalty) = (settings.components, settings.penalty)
        return study
    }

    private var network: WeakToStrongNetwork {
        var network = WeakToStrongNetwork()
        (network.hidden, network.steps) = (settings.hidden, settings.networkSteps)
        return network
    }

    /// Some of the 64 pixels are always black: no more than 50 components vary.
    func validate() throws { try Self.checkRanges(settings) }
}
