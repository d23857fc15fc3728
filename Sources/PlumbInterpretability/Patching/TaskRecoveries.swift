internal import PlumbLearning
public import PlumbModels
public import PlumbRecords
internal import PlumbTensor

/// Recovery in each of the standard tasks, on pairs that the seed draws.
public struct TaskRecoveries: Sendable {
    private let tasks: [TaskRecovery]
    private let layers: Int
    /// What claims are about; nothing of tasks that cannot be measured, but the reason.
    public let measured: Measurements

    /// Draws and patches `count` pairs of each task.
    ///
    /// - Throws: `ModelError` where a pair cannot be patched; `RunInterrupted`.
    public init(
        _ model: HookedTransformer, count: Int, seed: UInt64, sweep: PatchSweep, reporter: RunReporter
    ) throws {
        let all = PatchingTask.all
        let layers = model.configuration.layers
        let tasks = try all.enumerated().map { index, task in
            defer { reporter.progress("testing the claims", index + 1, of: all.count) }
            return try TaskRecovery(task, model, count: count, key: RandomKey(seed), sweep: sweep) {
                try reporter.checkpoint()
            }
        }
        var measured = Measurements(seeds: [seed])
        for found in tasks {
            for place in Place.all {
                measured[place.quantity(found.task)] = found.profiles.map { place.value($0, layers: layers) }
            }
            measured[Self.elsewhere(found.task)] = found.profiles.map { profile in
                Place.wrong.map { abs($0.value(profile, layers: layers)) }.max() ?? .nan
            }
            for quantity in Place.all.map({ $0.quantity(found.task) }) + [Self.elsewhere(found.task)] {
                if let problem = found.problem { measured.leave(quantity, because: problem) }
            }
        }
        (self.tasks, self.layers, self.measured) = (tasks, layers, measured)
    }

    /// Recovery in a task: where it is, when, and how it is read from a profile.
    private struct Place: Sendable {
        let name: String
        let title: String
        let isLate: Bool
        let values: @Sendable (RecoveryProfile) -> [Double]

        func quantity(_ task: PatchingTask) -> Quantity {
            Quantity(
                "recovery_\(name)_\(task.id)", unit: "of the logit difference", per: "pair",
                isHeadline: name == Place.lastLate.name)
        }

        func value(_ profile: RecoveryProfile, layers: Int) -> Double {
            let range = isLate ? RecoveryProfile.late(of: layers) : RecoveryProfile.early(of: layers)
            let curve = values(profile)
            return curve.isEmpty ? .nan : Statistics.mean(Array(curve[range]))
        }

        static let differingEarly = Place(
            name: "differing_early", title: "differing, early", isLate: false, values: \.differing)
        static let lastLate = Place(name: "last_late", title: "last, late", isLate: true, values: \.last)
        static let betweenEarly = Place(
            name: "between_early", title: "between, early", isLate: false, values: \.between)
        static let lastEarly = Place(name: "last_early", title: "last, early", isLate: false, values: \.last)
        static let differingLate = Place(
            name: "differing_late", title: "differing, late", isLate: true, values: \.differing)
        static let betweenLate = Place(name: "between_late", title: "between, late", isLate: true, values: \.between)
        static let wrong = [betweenEarly, lastEarly, differingLate, betweenLate]
        static let all = [differingEarly, lastLate] + wrong
    }

    /// What is claimed, one claim a task.
    public static let claims = [
        claim(.abba).development(missed: 0, of: 66), claim(.baba).development(missed: 0, of: 66),
        claim(.agreement, moved: 0.5, left: 0.5).development(missed: 0, of: 64),
        claim(.capitals).development(missed: 0, of: 66), claim(.addition).expectedNotMeasurable(),
    ]

    /// - Parameters:
    ///   - moved: what the last token must restore late.
    ///   - left: what the wrong tokens may restore, early or late.
    private static func claim(_ task: PatchingTask, moved: Double = 0.7, left: Double = 0.25) -> Claim {
        Claim(
            .each(allowing: 1),
            "\(task.title.prefix(1).uppercased() + task.title.dropFirst()): the answer is at the differing token in early "
                + "layers and at the last token in late ones", Place.lastLate.quantity(task), .atLeast(moved),
            control: "The last token early, the differing one late, and those between restore little of it",
            elsewhere(task), .atMost(left)
        )
        .and(Place.differingEarly.quantity(task), .atLeast(0.8))
    }

    /// The most that a patch at a wrong token restores, in absolute value.
    private static func elsewhere(_ task: PatchingTask) -> Quantity {
        Quantity("recovery_elsewhere_\(task.id)", unit: "of the logit difference", per: "pair")
    }

    private static func right(_ task: PatchingTask) -> Quantity {
        Quantity("pairs_right_\(task.id)", unit: "of the pairs", per: "pair")
    }

    /// The share of right pairs and the recoveries of every task.
    public var metrics: [Metric] {
        tasks.flatMap { found in
            [measured.proportion(Self.right(found.task), found.right, of: found.drawn)]
                + (found.problem == nil
                    ? Place.all.map { measured.metric($0.quantity(found.task)) } + [
                        measured.metric(Self.elsewhere(found.task))
                    ]
                    : [])
        }
    }

    /// The first layer from which on the last token restores more than the differing one, on average over the pairs.
    private func handover(_ found: TaskRecovery) -> Int {
        let isAhead = (0..<layers).map { layer in
            Statistics.mean(found.profiles.map { $0.last[layer] - $0.differing[layer] }) > 0
        }
        return (isAhead.lastIndex(of: false) ?? -1) + 1
    }

    /// What was found, in sentences.
    public var summary: String {
        let shown = tasks.filter { $0.problem == nil }
        let unmeasured = tasks.compactMap { found in
            found.problem.map { " Not measurable: \(found.task.title), because \($0)." }
        }
        guard !shown.isEmpty else { return "No task can be measured." + unmeasured.joined() }
        func range(_ places: [Place]) -> String {
            let means = shown.flatMap { found in places.map { measured.mean($0.quantity(found.task)) } }
            return "\(Phrase.percent(Statistics.least(means))) to \(Phrase.percent(Statistics.greatest(means)))"
        }
        func layerRange(_ range: Range<Int>) -> String { RecoveryProfile.ranges(Array(range)) }
        let depths = shown.map { "\(handover($0)) (\($0.task.title))" }
        return
            "In the \(shown.count) of \(tasks.count) tasks that the model can do, patching the residual stream at the "
            + "differing token restores \(range([.differingEarly])) of the clean answer in "
            + "\(layerRange(RecoveryProfile.early(of: layers))), by task, and at the last token "
            + "\(range([.lastLate])) in \(layerRange(RecoveryProfile.late(of: layers))); as controls, the last token early "
            + "and the differing one late restore \(range([.lastEarly, .differingLate])), the tokens between "
            + "\(range([.betweenEarly, .betweenLate])). The last token restores more than the differing one from layer "
            + "\(Phrase.list(depths)) on.\(unmeasured.joined())"
    }

    /// A table, charts, and why tasks are not measurable.
    public var parts: [FindingsPart] {
        let shown = tasks.filter { $0.problem == nil }
        guard !shown.isEmpty else { return [] }
        let table = measured.table(
            "tasks", title: "Recovery by task", rowLabel: "task", columnLabel: "token, layers",
            rows: shown.map(\.task.title), columns: Place.all.map(\.title),
            cells: shown.map { found in Place.all.map { measured[$0.quantity(found.task)] } },
            unit: "of the logit difference")
        let depths = LineChart(
            title: "Tasks move their answer at different depths",
            caption: "Fraction of the logit difference restored at the last token, mean over pairs.",
            x: Axis("layer"), y: Axis("recovery"),
            series: shown.map { found in
                measured.line(
                    found.task.title, over: (0..<layers).map(Double.init), curves: found.profiles.map(\.last))
            })
        let parts: [FindingsPart] = [
            .table(table), .figure(.lineChart(RecoveryProfile.chart(shown[0].profiles, measured, layers: layers))),
            .figure(.lineChart(depths)),
        ]
        return parts
            + tasks.compactMap { found in
                found.problem.map { .note("\(found.task.title) is not measurable: \($0).") }
            }
    }
}
