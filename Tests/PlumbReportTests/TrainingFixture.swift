import Foundation
import PlumbRecords

/// A made-up training run with every figure that training needs. No number in it was measured.
enum TrainingFixture {
    private static func wave(_ step: Double, _ seed: Double) -> Double { sin(step * 12.9898 + seed * 78.233) }

    /// Memorizes by step 300, generalizes near step 6,000.
    static let curves: [Curve] = {
        let recorder = CurveRecorder()
        func point(_ name: String, _ x: Double, _ y: Double) {
            recorder.receive(RunEvent(.point(series: name, x: x, y: y)))
        }
        for step in stride(from: 1.0, through: 10_000, by: 1) {
            let train = 4.7 * exp(-step / 120) + 2e-6 * (1 + 0.3 * wave(step, 1))
            point("loss/train", step, step == 5000 ? .nan : train)
            let late = 1 / (1 + exp((step - 6000) / 350))
            if step.truncatingRemainder(dividingBy: 10) == 0 {
                point("loss/test", step, 4.7 + 14 * late * (1 - exp(-step / 400)) - 4.699 * (1 - late))
                point("accuracy/train", step, min(1, 1 - exp(-step / 150)))
                point("accuracy/test", step, max(0, 1 - late - 0.005 + 0.004 * wave(step, 3)))
            }
        }
        point("gradient norm", 0, 0)
        for step in 1...60 { point("gradient norm", Double(step), 3 / Double(step) + 0.2 * abs(wave(Double(step), 5))) }
        return recorder.curves
    }()

    static let grokking = LineChart(
        title: "Three phases of grokking",
        caption: "Loss on training and test pairs. Invented numbers.",
        x: Axis("step"), y: Axis("loss", unit: "nats", scale: .logarithmic),
        series: curves.prefix(2).map { .init($0.line, x: $0.x, y: $0.y) },
        references: [ReferenceValue("chance", 4.73)],
        markers: [
            .init("memorized", x: 320), .init("circuit forms", x: 1400), .init("cleanup begins", x: 5100),
            .init("grokked", x: 7400), .init("end of weight decay", x: 9500),
        ])

    private static func polygon(_ count: Int, _ features: Int, _ title: String) -> VectorPlot.Panel {
        VectorPlot.Panel(
            title,
            vectors: (0..<features).map { feature in
                let angle = 2 * Double.pi * Double(feature) / Double(count) + 0.3
                let length = feature < count ? 0.98 - 0.02 * Double(feature) : 0.004
                return .init(
                    "\(feature)", x: length * cos(angle), y: length * sin(angle), value: pow(0.9, Double(feature)))
            })
    }

    static let geometry = VectorPlot(
        title: "Five features in two dimensions", caption: "Columns of W, colored by importance. Invented numbers.",
        panels: [
            VectorPlot.Panel(
                "sparsity 0",
                vectors: polygon(4, 5, "").vectors.enumerated().map {
                    $0.offset < 2 ? $0.element : .init("\($0.offset)", x: 0, y: 0.001, value: $0.element.value)
                }),
            polygon(4, 5, "sparsity 0.8"), polygon(5, 5, "sparsity 0.9"),
        ], valueLabel: "importance")

    static let bars = BarChart(
        title: "Copying accuracy by model", caption: "Means over 8 seeds with 95 % intervals. Invented numbers.",
        categories: ["one layer", "two layers", "two layers, heads ablated"], categoryLabel: "model",
        y: Axis("accuracy"),
        series: [
            .init("repeated", values: [0.12, 0.93, 0.14], lower: [0.11, 0.90, 0.12], upper: [0.13, 0.95, 0.17]),
            .init("random", values: [0.02, 0.02, 0.021], lower: [0.017, 0.018, 0.016], upper: [0.023, 0.024, 0.026]),
        ])

    static let grids = GridFigure(
        title: "Two ways through a maze", caption: "Where the agent went. Invented paths.",
        panels: [
            .init(
                "rewarded", rows: ["#####", "#A G#", "# L #", "#####"],
                path: [.init(1, 1), .init(1, 2), .init(1, 3), .init(1, 2), .init(2, 2)]),
            .init(
                "wanted", rows: ["#####", "#A G#", "# L #", "#####"], path: [.init(1, 1), .init(1, 2), .init(1, 3)],
                values: [[0, 0, 0, 0, 0], [0, 0.25, 0.5, 1, 0], [0, 0.1, .nan, 0.75, 0], [0, 0, 0, 0, 0]]),
        ],
        legend: [
            .init("#", "", .wall), .init("A", "the agent", .agent), .init("G", "goal", .goal),
            .init("L", "lava", .hazard), .init("B", "not there", .object),
        ], valueLabel: "value")

    static var record: RunRecord {
        var record = Fixture.record
        record.findings.figures = [
            .lineChart(grokking), .vectors(geometry), .barChart(bars), .grids(grids),
            .vectors(
                VectorPlot(
                    title: "One panel", caption: "", panels: [polygon(5, 5, "sparsity 0.9")], valueLabel: "importance")),
            .lineChart(
                LineChart(
                    title: "Speed by width", caption: "", x: Axis("width", scale: .logarithmic),
                    y: Axis("time", unit: "ms", scale: .logarithmic),
                    series: [.init("a", x: [64, 128, 256, 512, 1024], y: [0.8, 1.9, .nan, 14, 31])])),
        ]
        record.findings.tables = []
        record.curves = curves
        return record
    }
}
