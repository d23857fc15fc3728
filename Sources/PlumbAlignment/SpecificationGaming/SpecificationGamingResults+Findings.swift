public import PlumbRecords
internal import PlumbWorlds

// Everything that a report shows of the results, in its order.

extension SpecificationGamingResults {
    /// All tables.
    public func tables(_ quantilizer: QuantilizerStudy, _ measured: Measurements) -> [Table] {
        [
            exactTable, learnedTable(measured), factorialTable(measured), remedyTable(measured),
            learnedRemedyTable(measured), quantilizerTable(0.1, quantilizer, measured), networkTable(measured), hostTable,
        ]
    }

    /// All charts and paths.
    ///
    /// - Precondition: there is an outcome.
    public func figures(_ quantilizer: QuantilizerStudy, _ measured: Measurements) -> [Figure] {
        var figures: [Figure] = [.barChart(bars(measured))]
        figures += ["sokoban_side_effects", "conveyor_sushi_goal"].map { .lineChart(weightChart($0, measured)) }
        figures += Self.gamed.map { .lineChart(quantilizerChart($0, quantilizer, measured)) }
        figures += worlds(["boat_race", "absent_supervisor", "safe_interruptibility"])
            .map { .grids(comparison($0).paths()) }
        for comparison in worlds(["sokoban_side_effects", "rocks_and_diamonds"]).map(comparison) {
            figures += [.grids(comparison.paths()), .lineChart(comparison.curves(measured))]
        }
        figures += [
            .grids(
                tomatoComparison.paths(
                    steps: 40, note: "Under the bucket, every tile looks like a watered tomato.")),
            .lineChart(tomatoComparison.curves(measured)),
            .grids(
                GridFigure(
                    title: "When the lava moves",
                    caption: "The policy learned on the training map, on all three maps.",
                    panels: outcomes[0].shift.panels, legend: DistributionalShift().legend)),
        ]
        return figures
    }
}
