public import PlumbRecords

/// Tables and figures of modal agents and of decision theories.
public enum EmbeddedAgencyFigures {
    /// The predictor's accuracies that Newcomb's problem is solved at.
    public static let accuracies = (0...50).map { 0.5 + Double($0) / 100 }

    /// Who cooperates with whom.
    ///
    /// - Throws: ``FoundationsError`` where agents do not decide.
    public static func matches() throws -> [FindingsPart] {
        let names = ModalAgent.published.map(\.name)
        let values = try ModalAgent.table().map { $0.map { $0.hasPrefix("C") ? 1.0 : 0 } }
        let table = Table(
            "cooperation", title: "Who cooperates with whom", rowLabel: "player", columnLabel: "opponent", rows: names,
            columns: names, values: values, unit: "1: the player cooperates")
        return [
            .table(table),
            .figure(
                .heatMap(
                    HeatMap(
                        table: "cooperation", title: "Who cooperates with whom",
                        caption: "Dark: the player of the row cooperates with the player of the column. PrudentBot "
                            + "cooperates with FairBot, and not with CooperateBot.",
                        domain: HeatMap.Domain(0, 1), valueLabel: "cooperates"))),
        ]
    }

    /// Sentences in the first worlds.
    ///
    /// - Throws: ``FoundationsError`` where a system of sentences is not solved.
    public static func frames() throws -> [FindingsPart] {
        let p = ModalFormula.variable("p")
        let (fair, prudent, defect) = (ModalAgent.fairBot, ModalAgent.prudentBot, ModalAgent.defectBot)
        let solutions: [(String, ModalSolution)] = [
            ("p ↔ □p:", try ModalSystem([("p", .box(p))]).solved()),
            ("p ↔ ¬□p:", try ModalSystem([("p", .not(.box(p)))]).solved()),
            ("", try fair.plays(prudent).solution), ("", try prudent.plays(defect).solution),
            ("naive, $5 first:", try FiveAndTen.naive([0, 1, 2]).decides().solution),
            ("chicken rule:", try FiveAndTen.naive([0, 1, 2]).playingChicken.decides().solution),
        ]
        let worlds = 5
        let lines = solutions.flatMap { label, solution in
            solution.names.sorted().map { name in
                let shown = name.replacing("action 0", with: "takes $5").replacing("action 1", with: "takes $10")
                // Later worlds are as the last.
                let values = (0..<worlds).map { world in
                    solution.worlds[min(world, solution.worlds.count - 1)][name] == true ? 1.0 : 0
                }
                return (label.isEmpty ? shown : "\(label) \(shown)", values)
            }
        }
        let table = Table(
            "frames", title: "Sentences in the first worlds", rowLabel: "sentence", columnLabel: "world",
            rows: lines.map(\.0), columns: (0..<worlds).map(String.init), values: lines.map(\.1), unit: "1: true")
        return [
            .table(table),
            .figure(
                .heatMap(
                    HeatMap(
                        table: "frames", title: "Sentences in the first worlds",
                        caption:
                            "Each world sees the ones to its left, and □φ is true where φ is true in all of them; dark is "
                            + "true. What stays so to the right is true of the natural numbers. In the last rows the chicken "
                            + "rule makes the agent take $5 in world 0 and $10 in world 1, after which no proof can rest "
                            + "on what it will not do.",
                        domain: HeatMap.Domain(0, 1), valueLabel: "true"))),
        ]
    }

    /// What a theory's policy earns less than functional decision theory's, and whether it takes the first action.
    public static func shortfalls(_ problems: [DecisionProblem]) -> [Table] {
        let theories = DecisionTheory.allCases
        let policies = problems.map { problem in theories.map { problem.policy(of: $0) } }
        return [
            Table(
                "values", title: "What each theory earns", rowLabel: "problem", columnLabel: "theory",
                rows: problems.map(\.name), columns: theories.map(\.rawValue),
                values: zip(problems, policies).map { problem, found in found.map(problem.value(of:)) }),
            Table(
                "choices", title: "Whether each theory takes the action named", rowLabel: "action",
                columnLabel: "theory", rows: problems.map { "\($0.name): \($0.actions[0])" },
                columns: theories.map(\.rawValue), values: policies.map { $0.map { $0[0] == 0 ? 1 : 0 } }),
        ]
    }

    /// What each theory earns in Newcomb's problem at each accuracy.
    ///
    /// - Throws: ``FoundationsError`` for an accuracy that is no probability.
    public static func newcomb() throws -> LineChart {
        let series = try DecisionTheory.allCases.map { theory in
            LineChart.Series(
                theory.rawValue, x: accuracies,
                y: try accuracies.map { accuracy in
                    let problem = try DecisionProblem.newcomb(accuracy: accuracy)
                    return problem.value(of: problem.policy(of: theory)) / 1000
                })
        }
        return LineChart(
            title: "Newcomb's problem",
            caption:
                "EDT and FDT take one box from an accuracy of .5005 on, CDT never: the better the predictor, the more it "
                + "loses.", x: Axis("accuracy of the predictor"), y: Axis("expected utility", unit: "thousands"),
            series: series)
    }
}
