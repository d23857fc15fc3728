internal import Foundation
internal import PlumbGovernance
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

/// What do the threat models say, and does a safety case over them notice when its evidence is not what it was?
public struct ThreatModels: Experiment {
    public struct Settings: ExperimentSettings {
        @Setting("Random safety cases a seed.", 1...10_000)
        public var cases = 40
        @Setting("Goals of a random case.", 2...200)
        public var goals = 15
        @Setting("Seeds, each with cases of its own.", 1...1000)
        public var seeds = 8
        @Setting(
            "The folder of the runs that the safety case rests on: standard, where this run is kept; none; or a path.")
        public var records = "standard"
        public init() {}
    }

    public static let presets: [String: Settings] = {
        var tiny = Settings()
        (tiny.cases, tiny.seeds, tiny.records) = (5, 2, "none")
        return ["tiny": tiny]
    }()

    public static let card = Card(
        id: "threat-models", title: "Threat models and a safety case", direction: "threat models",
        question:
            "How do published accounts of catastrophe from misaligned AI differ, which of their premises can be measured "
            + "here, and does a safety case notice when its evidence fails or changes?",
        method:
            "Place each account of a literature review by its technical cause and its path. Build a safety case in the Goal "
            + "Structuring Notation over their premises; bind each solution to the newest record of an experiment by its "
            + "SHA-256. Then damage one piece of evidence in random cases: edit it, exchange it for another, delete it, cut "
            + "it, or let its claim or its control fail, and see which goals are defeated.",
        limits:
            "The placements are the review's own; only Carlsmith's was checked against its text. A supported goal "
            + "says that the experiments showed what they claim on small models, and no more.",
        references: [
            Reference(authors: "Kenton, Shah et al.", title: "Clarifying AI X-Risk", year: 2022),
            Reference(
                authors: "Carlsmith", title: "Is Power-Seeking AI an Existential Risk?", year: 2022, arXiv: "2206.13353"
            ),
            Reference(
                authors: "Clymer, Gabrieli, Krueger, Larsen",
                title: "Safety Cases: How to Justify the Safety of Advanced AI Systems",
                year: 2024, arXiv: "2403.10462"),
        ], minutes: 0.2)

    private static let located = Quantity("damage_located", unit: "of the damaged cases", per: "seed", isHeadline: true)
    private static let alarms = Quantity("false_alarms", unit: "of the intact cases", per: "seed", isHeadline: true)
    private static let premises = Quantity("premises_with_evidence", unit: "of the premises", per: "run")

    public let claims = [
        Claim(
            .worst,
            "Damage to one piece of evidence defeats that evidence, every goal above it and the top goal, and nothing else",
            located, .within(0, of: 1),
            control: "With nothing damaged, no goal of the same cases is defeated: alarms", alarms, .within(0, of: 0),
            controlRule: .worst)
    ]

    let settings: Settings
    public init(_ settings: Settings) throws {
        try RunContext.checkStore(named: settings.records)
        self.settings = settings
    }

    public func run(in context: inout RunContext) async throws -> Findings {
        let settings = settings
        let trials = Trials(context, count: settings.seeds)
        let outcomes = try await trials.run("random cases") { trial in
            var counts: [String: [Double]] = [:]
            var alarms = 0.0
            for index in 0..<settings.cases {
                try trial.checkpoint()
                let key = trial.key["case"][index]
                let intact = try EvidenceTrial.random(goals: settings.goals, key: key)
                if !intact.defeated(by: nil).isEmpty { alarms += 1 }
                for damage in EvidenceDamage.allCases {
                    var random = key[damage.rawValue].generator()
                    let hit = Int(random.next() % UInt64(intact.count))
                    let isBound = damage == .failing || damage == .controlFails
                    let damaged =
                        isBound
                        ? try EvidenceTrial.random(goals: settings.goals, key: key, failing: (damage, hit)) : intact
                    let expected = damaged.argument.above("Sn\(hit + 1)")
                    let isExact = damaged.defeated(by: damage, solution: hit) == expected
                    counts[damage.rawValue, default: []].append(isExact ? 1 : 0)
                }
            }
            return counts.mapValues { $0.reduce(0, +) / Double($0.count) }
                .merging(["false alarms": alarms / Double(settings.cases)]) { $1 }
        }
        let (argument, judged) = try bind(&context)
        var measured = Measurements(seeds: trials.seeds)
        let kinds = EvidenceDamage.allCases.map(\.rawValue)
        measured[Self.located] = outcomes.map { outcome in
            kinds.map { outcome[$0] ?? 0 }.reduce(0, +) / Double(kinds.count)
        }
        measured[Self.alarms] = outcomes.map { $0["false alarms"] ?? 1 }
        let developed = ThreatModel.premises.count { !$0.experiments.isEmpty }
        measured.set(Self.premises, Double(developed) / Double(ThreatModel.premises.count))
        return Findings(summary: summary(measured, judged), claims: claims, from: measured) {
            measured.metrics(Self.located, Self.alarms, Self.premises)
            Self.placements
            argument.figure(
                title: "A safety case over the premises",
                caption:
                    "✓: the newest record holds; ✗: it fails or has changed; dashed: no record yet, or no experiment. "
                    + "Goals are boxes, strategies parallelograms; dashed arrows lead to contexts and assumptions. The same "
                    + "case is in the run's folder as safety-case.yaml, for gsn2x.", judged)
            damageTable(outcomes)
            ThreatModel.reviewed.filter { !$0.disputed.isEmpty }.map { "\($0.work.authors): \($0.disputed)." }
                .joined(separator: " ")
        }
    }

    /// The safety case over the premises, bound to the newest records, and how it stands.
    private func bind(_ context: inout RunContext) throws -> (SafetyCase, [String: SafetyCase.Judgment]) {
        let store = context.store(named: settings.records)
        let argument = try ThreatModel.safetyCase { experiment in
            guard let store, let newest = try context.newestRecord(of: experiment, in: store, role: "evidence") else {
                return nil
            }
            return SafetyCase.Evidence(record: newest.file.path, sha256: newest.sha256)
        }
        let judged = argument.status()
        try context.write(Data(argument.yaml(judged).utf8), artifact: "safety-case.yaml", kind: "safety case")
        return (argument, judged)
    }

    private func summary(_ measured: Measurements, _ judged: [String: SafetyCase.Judgment]) -> String {
        let models = ThreatModel.reviewed
        func count(_ status: SafetyCase.Status) -> Int {
            judged.count { $0.key.hasPrefix("G") && $0.value.status == status }
        }
        return
            "Of \(models.count) reviewed threat models \(models.count { $0.path == .powerSeeking }) end in misaligned "
            + "power-seeking and \(models.count { $0.path == .interaction }) in the interaction of several systems. Of the "
            + "\(judged.keys.count { $0.hasPrefix("G") }) goals of the safety case over their premises "
            + "\(count(.supported)) are supported, \(count(.open)) open and \(count(.defeated)) defeated. In random safety "
            + "cases, damage to one piece of evidence defeats just the goals above it in "
            + "\(Phrase.percent(measured.mean(Self.located))) of cases; intact cases raise an alarm in "
            + "\(Phrase.percent(measured.mean(Self.alarms)))."
    }

    /// How many models have each cause and path.
    private static var placements: Table {
        let causes = [
            "specification gaming and goal misgeneralization", "specification gaming", "goal misgeneralization",
            "unclear",
        ]
        return Table(
            "placements", title: "Threat models by cause and path", rowLabel: "cause", columnLabel: "path",
            rows: causes,
            columns: ThreatModel.Path.allCases.map(\.rawValue),
            values: causes.map { cause in
                ThreatModel.Path.allCases.map { path in
                    Double(ThreatModel.reviewed.count { $0.cause == cause && $0.path == path })
                }
            }, unit: "models")
    }

    private func damageTable(_ outcomes: [[String: Double]]) -> Table {
        Table(
            "damage", title: "Damaged evidence", rowLabel: "damage", columnLabel: "",
            rows: EvidenceDamage.allCases.map(\.rawValue), columns: ["just the goals above are defeated"],
            values: EvidenceDamage.allCases.map { damage in
                [outcomes.map { $0[damage.rawValue] ?? 0 }.reduce(0, +) / Double(max(1, outcomes.count))]
            }, unit: "of the cases")
    }
}
