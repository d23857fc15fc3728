internal import PlumbBasics
internal import PlumbLearning
public import PlumbRecords
internal import PlumbTensor

extension AIControlStudy {
    /// Safety under Gaussian suspicion, by formula and simulated.
    public func gaussianTable(_ outcomes: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "gaussian", title: "Safety under Gaussian suspicion", rowLabel: "shift of attacks",
            columnLabel: "share audited", rows: shifts.flatMap { ["\($0), formula", "\($0), simulated"] },
            columns: budgets.map(Phrase.percent),
            cells: shifts.enumerated().flatMap { place, shift in
                [
                    budgets.map { [GaussianSuspicion(shift: shift).safety(budget: $0)] },
                    budgets.indices.map { budget in outcomes.map { $0.simulated[place][budget] } },
                ]
            }, unit: "of the attacks")
    }

    /// Safety of every protocol against one attacker.
    public func safetyTable(_ attack: ControlAttack, _ outcomes: [Outcome], _ measured: Measurements) -> Table {
        measured.table(
            "safety_\(attack.rawValue)", title: "Safety against the attacker: \(attack.title)", rowLabel: "protocol",
            columnLabel: "share audited", rows: ControlProtocol.allCases.map(\.title),
            columns: budgets.map(Phrase.percent),
            cells: ControlProtocol.allCases.map { control in
                budgets.indices.map { budget in outcomes.map { $0.safety[control][attack][budget] } }
            }, unit: "of the attacks", band: .range)
    }

    /// Safety against the strongest attacker by the audit budget.
    public func safetyChart(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        LineChart(
            title: "Safety against the strongest attacker", caption: "Mean and range over \(outcomes.count) seeds.",
            x: Axis("share of answers audited", scale: .logarithmic), y: Axis("share of attacks that do no harm"),
            series: ControlProtocol.allCases.map { control in
                measured.line(
                    control.title, over: budgets,
                    curves: outcomes.map { outcome in
                        budgets.indices.map { outcome.worstSafety(control, budget: $0) }
                    }, band: .range)
            })
    }

    /// Safety and usefulness together: a point for each budget, and upfront auditing that leaves tasks to the trusted
    /// model.
    public func frontier(_ outcomes: [Outcome], _ measured: Measurements) -> LineChart {
        let levels = (0...20).map { budget + (1 - budget) * Double($0) / 20 }
        let mixed = levels.map { level in
            Statistics.mean(
                outcomes.map {
                    Self.usefulnessOfUpfrontAuditing(
                        safety: level, budget: budget, trusted: $0.trustedUsefulness, untrusted: $0.untrustedUsefulness)
                })
        }
        let controls: [ControlProtocol] = [.trustedMonitoring, .trustedEditing, .blindEditing, .redaction, .collusion]
        return LineChart(
            title: "Safety and usefulness",
            caption: "Safety is that against the strongest attacker. The points of a protocol are its audit budgets, "
                + "\(Phrase.list(budgets.map(Phrase.percent))). Upfront auditing has the budget "
                + "\(Phrase.percent(budget)), and leaves more and more tasks to the trusted model. Means over "
                + "\(outcomes.count) seeds.",
            x: Axis("safety"), y: Axis("usefulness"),
            series: [LineChart.Series("upfront auditing, tasks left to the trusted model", x: levels, y: mixed)]
                + controls.map { control in
                    LineChart.Series(
                        control.title,
                        x: budgets.indices.map { budget in
                            Statistics.mean(outcomes.map { $0.worstSafety(control, budget: budget) })
                        },
                        y: budgets.indices.map { budget in
                            Statistics.mean(outcomes.map { $0.usefulness[control][budget] })
                        })
                })
    }

    /// What an estimate of its own suspicion is worth to an attacker, by the formula.
    public func selectiveChart() -> LineChart {
        let correlations = (0..<20).map { Double($0) / 20 }
        return LineChart(
            title: "Gaussian suspicion: what an estimate is worth to the attacker",
            caption: "Safety with the budget \(Phrase.percent(budget)) against an attacker that attacks only the "
                + "\(Phrase.percent(attacked)) of tasks whose estimated suspicion is lowest, by the correlation of the "
                + "estimate with the suspicion. Computed by integration.",
            x: Axis("correlation"), y: Axis("safety"),
            series: shifts.map { shift in
                LineChart.Series(
                    "shift \(shift)", x: correlations,
                    y: correlations.map {
                        GaussianSuspicion(shift: shift).safety(budget: budget, attacked: attacked, correlation: $0)
                    })
            })
    }
}
