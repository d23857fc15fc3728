import Foundation
import PlumbRecords

/// Small records for tests; every number in them is invented.
enum Fixture {
    static let card: Card = {
        var card = Card(
            id: "fixture-experiment", title: "A fixture", direction: "Testing",
            question: "Does it survive?",
            method: "Write, then read.",
            limits: "None.",
            references: [Reference(authors: "Nobody", title: "Nothing", year: 2000, arXiv: "0000.00000")],
            minutes: 0.1)
        (card.hypothesis, card.control) = ("It does.", "Nothing else does.")
        return card
    }()

    static let host = Host(
        os: "Fixture OS", processor: "Fixture CPU", cores: 2, memoryBytes: 8 << 30, isa: "baseline",
        threads: 2)

    static let table = Table(
        "resid_pre", title: "Residual stream", rowLabel: "layer", columnLabel: "position",
        rows: ["0", "1"],
        columns: ["When", " Mary", " Mary"], values: [[1, 2.5, -3], [0.1, .nan, .infinity]],
        unit: "logits",
        lower: [[0, 0, 0], [0, 0, 0]], upper: [[4, 4, 4], [4, 4, 4]],
        highlights: [.init(row: 0, column: 2, note: "low")])

    static let figures: [Figure] = [
        .heatMap(
            HeatMap(
                table: "resid_pre", title: "Heat", caption: "Cells.", center: -.infinity,
                domain: .init(-1, 1),
                references: [ReferenceValue("clean", 6)], columnsAreTokens: true, markedColumns: [1],
                markLabel: "differs")),
        .lineChart(
            LineChart(
                title: "Line", caption: "", x: Axis("step"),
                y: Axis("loss", unit: "nats", scale: .logarithmic),
                series: [.init("a", x: [0, 1], y: [2, .nan], lower: [1, 1], upper: [3, 3])])),
        .barChart(
            BarChart(
                title: "Bars", caption: "", categories: ["x", "y"], categoryLabel: "head",
                y: Axis("effect"),
                series: [.init("a", values: [1, -1])])),
        .scatter(
            ScatterPlot(
                title: "Points", caption: "", x: Axis("exact"), y: Axis("estimated"),
                groups: [.init("a", x: [1], y: [2], labels: ["L3"])], showsDiagonal: true)),
        .histogram(
            Histogram(
                title: "Counts", caption: "", x: Axis("effect"), countLabel: "heads", edges: [0, 1, 2],
                counts: [3, 4])),
        .prompts(
            PromptPanel(
                title: "Prompts", caption: "",
                prompts: [
                    .init(
                        "clean", tokens: ["When", " Mary"], ids: [1, 2], marked: [1],
                        continuations: [.init(" Mary", logProbability: -0.08)])
                ])),
        .text(TextPanel(title: "Words", text: "Some\n\nwords")),
    ]

    static func record(id: String = "20260101T000000Z-fixture-experiment-abcdef") -> RunRecord {
        RunRecord(
            id: id, card: card, settings: .object(["sites": .array([.string("z")]), "rate": .number(1)]),
            seed: .max, host: host, arithmetic: "float32",
            started: Timestamp(milliseconds: 1_767_225_600_123),
            wallSeconds: 1.25,
            inputs: [InputFile(path: "model.gguf", sha256: "00ff", bytes: 12, role: "weights")],
            findings: Findings(
                summary: "It survives. Nothing else does.",
                metrics: [
                    Metric("clean_logit_difference", 6.1196, unit: "logits", n: 1, seeds: [.max]),
                    Metric(
                        "loss", .nan, interval: Interval(lower: -.infinity, upper: .infinity, method: "none")),
                ],
                claims: [
                    ClaimResult(
                        "It survives", threshold: "at least 1", observed: 2, holds: true,
                        control: ControlResult("Others do not", observed: 3, holds: false), n: 4)
                ], tables: [table], figures: figures, notes: ["A note."]),
            artifacts: [Artifact(name: "a.csv", path: "artifacts/a.csv", kind: "table")],
            commandLine: ["plumb", "run"])
    }

    /// Runs `body` with a fresh folder that is removed afterwards.
    static func withFolder<T>(_ body: (URL) throws -> T) throws -> T {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "plumb-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(url)
    }
}

/// The sentence of the error that `body` throws; empty when it throws none.
func sentence(_ body: () throws -> Any) -> String {
    do {
        _ = try body()
        return ""
    } catch { return "\(error)" }
}
