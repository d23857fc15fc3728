internal import Foundation
public import PlumbRecords

extension ChipInspection {
    private var cases: [(name: String, run: Double, months: Double)] {
        runs.flatMap { run in
            months.map { (name: "\(run) FLOP, \(Phrase.number($0)) month\($0 == 1 ? "" : "s")", run: run, months: $0) }
        }
    }

    /// Chips a run needs, those with a snapshot, and how many to inspect for each probability among each number of chips.
    public var table: Table {
        let goals = chips.flatMap { chips in probabilities.map { (chips: chips, probability: $0) } }
        return Table(
            "chips_to_inspect", title: "Chips to inspect", rowLabel: "run", columnLabel: "chips in the country",
            rows: cases.map(\.name),
            columns: ["needed", "with a snapshot"]
                + goals.map { "\(Phrase.percent($0.probability)) of \(Phrase.number(Double($0.chips)))" },
            values: cases.map { item in
                let marked = chipsWithSnapshot(item.run, months: item.months)
                let needed = chipsNeeded(item.run, months: item.months)
                return [Double(needed), Double(marked)]
                    + goals.map { goal in
                        // A run that needs more chips than there are cannot be made.
                        guard needed <= goal.chips else { return .nan }
                        let count = Self.chipsToInspect(
                            marked: marked, of: goal.chips, probability: goal.probability)
                        return count.map(Double.init) ?? .nan
                    }
            }, unit: "chips")
    }

    /// The probability to find a run against the number of chips inspected, among the most chips.
    public var chart: LineChart {
        let all = chips.max() ?? 1
        let counts = (0...60).map { Int(pow(Double(min(all, 100_000)), Double($0) / 60)) }
        return LineChart(
            title: "How many chips to inspect",
            caption:
                "The probability to find a run among \(Phrase.number(Double(all))) chips, against the number inspected.",
            x: Axis("chips inspected", scale: .logarithmic), y: Axis("probability to find the run"),
            series: cases.filter { chipsNeeded($0.run, months: $0.months) <= all }.map { item in
                let marked = chipsWithSnapshot(item.run, months: item.months)
                return LineChart.Series(
                    item.name, x: counts.map(Double.init),
                    y: counts.map { Self.detection(marked: marked, inspected: $0, of: all) })
            }, references: probabilities.map { ReferenceValue(Phrase.percent($0), $0) })
    }
}
