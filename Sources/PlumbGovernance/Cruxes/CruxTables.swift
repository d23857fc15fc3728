public import PlumbRecords

/// What a page about cruxes shows.
public enum CruxTables {
    /// The conclusion of each camp, its bounds, and what the records make of it.
    ///
    /// - Parameters:
    ///   - shifts: by how much each record moves the log odds of `premise`.
    ///   - premise: counted from 0.
    public static func camps(_ camps: [Argument], _ shifts: [Double], _ premise: Int) -> Table {
        let total = shifts.reduce(0, +)
        return Table(
            "camps", title: "What each camp concludes", rowLabel: "camp", columnLabel: "probability",
            rows: CruxPositions.names,
            columns: [
                "product", "lower bound", "upper bound", "premise \(premise + 1) after the records",
                "after the records",
            ],
            values: camps.map { camp in
                let after = Updating().updated(camp, premise, by: total)
                return [
                    camp.conclusion, camp.bounds.lowerBound, camp.bounds.upperBound, after.credences[premise],
                    after.conclusion,
                ]
            })
    }

    /// What each premise does, by Carlsmith's credences, and how it divides him and superforecasters.
    public static func premises(_ camps: [Argument]) -> Table {
        let pair = DoubleCrux(camps[0], camps[1])
        return Table(
            "premises", title: "What each premise does", rowLabel: "premise", columnLabel: "measure",
            rows: CruxPositions.premises,
            columns: CruxPositions.names + ["sensitivity", "value of knowing it", "double-crux weight", "gap left"],
            values: camps[0].credences.indices.map { premise in
                camps.map { $0.credences[premise] } + [
                    camps[0].sensitivity(premise), camps[0].valueOfInformation(premise), pair.weight(premise),
                    pair.gap(agreeingOn: premise),
                ]
            })
    }

    /// The records that were evidence.
    public static func evidence(_ seen: [(Evidence, supports: Bool)], _ updating: Updating) -> Table {
        Table(
            "evidence", title: "What the records say about premise 3, alignment harder", rowLabel: "experiment",
            columnLabel: "measure", rows: seen.map { $0.0.experiment },
            columns: [
                "seeds", "show the effect", "show it in the control", "likelihood ratio", "shift of the log odds",
            ],
            values: seen.map { evidence, supports in
                [
                    Double(evidence.seeds), Double(evidence.shown), Double(evidence.shownInControl),
                    evidence.likelihoodRatio, updating.shift(evidence, supports: supports),
                ]
            })
    }

    /// Carlsmith's conclusion with one credence at a time at the lowest and the highest of all camps.
    public static func tornado(_ camps: [Argument]) -> BarChart {
        func moved(_ end: ([Double]) -> Double?) -> [Double] {
            camps[0].credences.indices.map { premise in
                var argument = camps[0]
                argument.credences[premise] = end(camps.map { $0.credences[premise] }) ?? .nan
                return argument.conclusion - camps[0].conclusion
            }
        }
        return BarChart(
            title: "What moves Carlsmith's conclusion",
            caption: "Each credence at the lowest and the highest of all camps, the "
                + "others as they are.", categories: CruxPositions.premises, categoryLabel: "premise",
            y: Axis("change of the probability"),
            series: [
                BarChart.Series("lowest camp", values: moved { $0.min() }),
                BarChart.Series("highest camp", values: moved { $0.max() }),
            ])
    }
}
