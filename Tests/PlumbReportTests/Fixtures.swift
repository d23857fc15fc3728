import Foundation
import PlumbRecords

/// A made-up run with the shape of a real one: 30 layers, 14 tokens, 9 heads. No number in it was measured.
enum Fixture {
    static let tokens = [
        "When", " Mary", " and", " John", " went", " to", " the", " store", ",", " Mary", " gave", " a", " drink",
        " to",
    ]
    static let ids = [2427, 5099, 284, 2322, 3514, 288, 260, 4249, 28, 5099, 4502, 253, 5968, 288]
    static let clean = 6.1196
    static let corrupted = -5.4853

    /// A repeatable small disturbance between -1 and 1.
    private static func ripple(_ a: Int, _ b: Int, _ seed: Int) -> Double {
        sin(Double(a * 37 + b * 101 + seed * 53)) * cos(Double(a * 11 - b * 7 + seed))
    }

    private static func step(_ layer: Int, at middle: Double, width: Double) -> Double {
        1 / (1 + exp(-(Double(layer) - middle) / width))
    }

    private static func table(
        _ name: String, _ title: String, columns: [String], columnLabel: String, effect: (Int, Int) -> Double
    ) -> Table {
        let values = (0..<30).map { layer in
            columns.indices.map { column in (corrupted + (clean - corrupted) * effect(layer, column)) }
        }
        return Table(
            name, title: title, rowLabel: "layer", columnLabel: columnLabel, rows: (0..<30).map(String.init),
            columns: columns, values: values, unit: "logits")
    }

    static let tables = [
        table("resid_pre", "Residual stream before each block", columns: tokens, columnLabel: "position") {
            layer, token in
            switch token {
            case ..<9: 0
            case 9: 1.005 - 1.03 * step(layer, at: 22.4, width: 0.8)
            case 13: 0.99 * step(layer, at: 22.6, width: 0.7)
            default: 0.03 * ripple(layer, token, 1) * step(layer, at: 14, width: 3)
            }
        },
        table("attn_out", "Attention output", columns: tokens, columnLabel: "position") { layer, token in
            switch token {
            case ..<9: 0
            case 9: 0.03 * ripple(layer, 1, 2)
            case 13: layer > 19 && layer < 27 ? 0.22 + 0.2 * ripple(layer, 3, 5) : 0.02 * ripple(layer, 2, 2)
            default: 0.02 * ripple(layer, token, 3)
            }
        },
        table("mlp_out", "MLP output", columns: tokens, columnLabel: "position") { layer, token in
            switch token {
            case ..<9: 0
            case 9: layer == 0 ? 0.61 : 0.05 * abs(ripple(layer, 1, 7))
            case 13: layer > 22 ? 0.12 * ripple(layer, 5, 2) - 0.04 : 0.01 * ripple(layer, 2, 2)
            default: 0.015 * ripple(layer, token, 9)
            }
        },
        table("z", "Attention head outputs", columns: (0..<9).map(String.init), columnLabel: "head") { layer, head in
            switch (layer, head) {
            case (21, 3): 0.34
            case (23, 7): 0.27
            case (24, 1): 0.18
            case (26, 5): -0.16
            default: 0.02 * ripple(layer, head, 4)
            }
        },
    ]

    private static func heatMap(_ table: Table, _ caption: String) -> Figure {
        let isTokens = table.name != "z"
        return .heatMap(
            HeatMap(
                table: table.name, title: table.title, caption: caption, center: corrupted, domain: .init(-8, 6.3),
                valueLabel: "logit difference",
                references: [ReferenceValue("clean", clean), ReferenceValue("corrupted", corrupted)],
                columnsAreTokens: isTokens, markedColumns: isTokens ? [9] : [],
                markLabel: isTokens ? "the token that differs" : ""))
    }

    static let prompts = PromptPanel(
        title: "Prompts", caption: "Numbers below the tokens are their places in the vocabulary.",
        prompts: [
            .init(
                "clean", tokens: tokens.enumerated().map { $0.offset == 9 ? " John" : $0.element },
                ids: ids.enumerated().map { $0.offset == 9 ? 2322 : $0.element }, marked: [9],
                continuations: [
                    .init(" Mary", logProbability: -0.0802, role: "answer"), .init(" the", logProbability: -3.8356),
                    .init(" his", logProbability: -5.1735),
                ]),
            .init(
                "corrupted", tokens: tokens, ids: ids, marked: [9],
                continuations: [
                    .init(" John", logProbability: -0.11, role: "wrong answer"), .init(" the", logProbability: -3.6),
                ]),
        ])

    static let card: Card = {
        var card = Card(
            id: "activation-patching", title: "Activation patching",
            direction: "Mechanistic interpretability",
            question: "Which activations carry the answer from the name that differs to the end of the sentence?",
            method:
                "Both prompts are run once. Then one activation at a time, taken from the clean run, is put into the corrupted run, "
                + "and the logit difference between the two names is read at the last position.",
            limits: "One pair of prompts shows where this answer is computed, not where every answer of this kind is.",
            references: [
                Reference(
                    authors: "Wang, Variengien, Conmy, Shlegeris, Steinhardt",
                    title: "Interpretability in the Wild: a Circuit for Indirect Object Identification in GPT-2 small",
                    year: 2022,
                    arXiv: "2211.00593"),
                Reference(
                    authors: "Zhang, Nanda", title: "Towards Best Practices of Activation Patching in Language Models",
                    year: 2023,
                    arXiv: "2309.16042"),
            ], minutes: 0.2)
        card.hypothesis =
            "The residual stream at the differing name carries it in early layers, the last position in late ones."
        card.control = "Tokens before the difference cannot carry anything: causality forbids it."
        return card
    }()

    static let findings = Findings(
        summary:
            "Up to layer 21 the answer sits in the residual stream at the repeated name; by layer 24 attention has moved it to the "
            + "last position. Four heads do most of the moving, and patching any token before the difference changes nothing.",
        metrics: [
            Metric("clean_logit_difference", clean, unit: "logits", n: 1),
            Metric("corrupted_logit_difference", corrupted, unit: "logits", n: 1),
            Metric("sweep_seconds", 0.2871, unit: "s"),
            Metric(
                "strongest_effect", 1.0071, unit: "of clean",
                interval: Interval(lower: 0.981, upper: 1.02, method: "percentile bootstrap, 2,000 resamples"), n: 12,
                seeds: [0]),
            Metric("cells", 1530, n: 1530),
        ],
        claims: [
            ClaimResult(
                "Patching the residual stream at the differing token restores the clean answer in the early layers",
                threshold: "at least 90 % of the clean logit difference at layers 0 to 18", observed: 1.0002,
                unit: "of clean",
                holds: true,
                control: ControlResult(
                    "Patching the token before the difference changes nothing", threshold: "at most 1e-5 logits",
                    observed: 0,
                    unit: "logits", holds: true), n: 19),
            ClaimResult(
                "A single head restores more than half of the answer", threshold: "at least 50 %", observed: 0.34,
                unit: "of clean", holds: false,
                control: ControlResult(
                    "The median head restores less than 5 %", observed: 0.0041, unit: "of clean", holds: true), n: 270),
        ], tables: tables,
        figures: [
            .prompts(prompts),
            heatMap(
                tables[0],
                "Each cell is the corrupted run with one clean residual vector put in. Blue restores the clean answer."),
            heatMap(tables[1], "What attention writes at each position. The answer moves in layers 20 to 26."),
            heatMap(tables[2], "What the MLPs write at each position."),
            heatMap(tables[3], "Each attention head's output at all positions."),
            .lineChart(
                LineChart(
                    title: "Where the answer is, layer by layer",
                    caption: "Logit difference after patching the residual stream at one position.",
                    x: Axis("layer"), y: Axis("logit difference", unit: "logits"),
                    series: [
                        .init(
                            "position 9 “ Mary”", x: (0..<30).map(Double.init), y: tables[0].values.map { $0[9] },
                            lower: tables[0].values.map { $0[9] - 0.6 }, upper: tables[0].values.map { $0[9] + 0.5 }),
                        .init("position 13 “ to”", x: (0..<30).map(Double.init), y: tables[0].values.map { $0[13] }),
                    ], references: [ReferenceValue("clean", clean), ReferenceValue("corrupted", corrupted)])),
        ],
        notes: ["Weights were dequantized exactly; arithmetic is float32.", "A fixture: no number here was measured."])

    static let record = RunRecord(
        id: "20260102T030405Z-activation-patching-fx7k2m", card: card,
        settings: .object([
            "model": .string("smollm2-135m"),
            "sites": .array(["resid_pre", "attn_out", "mlp_out", "z"].map(JSONValue.string)),
            "direction": .string("denoising"), "answer": .string(" Mary"), "wrong": .string(" John"),
            "clean": .string("When Mary and John went to the store, John gave a drink to"),
            "corrupted": .string("When Mary and John went to the store, Mary gave a drink to"),
        ]), seed: 0,
        host: Host(
            os: "Debian GNU/Linux 12 (bookworm)", processor: "Fixture CPU @ 2.70GHz", cores: 2,
            memoryBytes: 8_323_000_000,
            isa: "avx512", threads: 2),
        arithmetic: "float32 on exactly dequantized weights", started: Timestamp(milliseconds: 1_767_323_045_000),
        wallSeconds: 3.21, cpuSeconds: 5.9,
        inputs: [
            InputFile(
                path: "models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf", sha256: String(repeating: "0f", count: 32),
                bytes: 98_000_000, role: "weights")
        ], findings: findings,
        artifacts: [Artifact(name: "resid_pre.csv", path: "artifacts/resid_pre.csv", kind: "table")],
        commandLine: ["plumb", "run", "activation-patching", "--answer", " Mary", "--wrong", " John"])

    /// A long prompt through a deep model, on a scale without a center.
    static var large: RunRecord {
        var record = Fixture.record
        let words = (0..<120).map { tokens[$0 % tokens.count] }
        let values = (0..<48).map { layer in (0..<120).map { abs(ripple(layer, $0, 3)) + Double(layer) / 40 } }
        record.findings.tables = [
            Table(
                "norms", title: "Norms", rowLabel: "layer", columnLabel: "position", rows: (0..<48).map(String.init),
                columns: words, values: values, unit: "", highlights: [.init(row: 40, column: 100)])
        ]
        record.findings.figures = [
            .heatMap(
                HeatMap(
                    table: "norms", title: "Norms of the residual stream", caption: "Invented.", columnsAreTokens: true)
            ),
            .barChart(
                BarChart(
                    title: "Heads", caption: "", categories: (0..<9).map { "L\(20 + $0)H\($0)" }, categoryLabel: "head",
                    y: Axis("effect", unit: "logits"),
                    series: [
                        .init("direct", values: (0..<9).map { 3 * ripple($0, 2, 1) }),
                        .init("total", values: (0..<9).map { 4 * ripple($0, 5, 1) }),
                    ])),
            .histogram(
                Histogram(
                    title: "Effects", caption: "", x: Axis("effect", unit: "logits"), countLabel: "heads",
                    edges: (0...12).map { Double($0) - 6 }, counts: (0..<12).map { Double(($0 * 7) % 11) * 10 },
                    references: [ReferenceValue("none", 0)])),
            .scatter(
                ScatterPlot(
                    title: "Estimate against truth", caption: "", x: Axis("attribution", unit: "logits"),
                    y: Axis("patching", unit: "logits"),
                    groups: [
                        .init(
                            "heads", x: (0..<90).map { ripple($0, 1, 1) },
                            y: (0..<90).map { ripple($0, 1, 1) + 0.2 * ripple($0, 4, 2) }),
                        .init("MLPs", x: (0..<30).map { ripple($0, 2, 2) }, y: (0..<30).map { ripple($0, 2, 2) - 0.1 }),
                    ], showsDiagonal: true)),
            .lineChart(
                LineChart(
                    title: "Loss", caption: "", x: Axis("step"), y: Axis("loss", unit: "nats", scale: .logarithmic),
                    series: (0..<3).map { seed in
                        .init(
                            "seed \(seed)", x: (0..<200).map(Double.init),
                            y: (0..<200).map { 3 * exp(-Double($0) / 40) + 0.01 + 0.003 * abs(ripple($0, seed, 1)) })
                    })),
        ]
        return record
    }

    /// One of every other figure, and text that tries to break out of the page.
    static let hostileText =
        "</script><script>alert(1)</script><img src=x onerror=\"alert('2')\">&amp;\u{0}\u{1B}[31m\u{202E}live\u{2028}"

    static var hostile: RunRecord {
        let text = hostileText
        var record = Fixture.record
        record.card = Card(
            id: text, title: text, direction: text, question: text, method: text,
            limits: text,
            references: [Reference(authors: text, title: text, year: 1, arXiv: "javascript:\(text)")], minutes: 1)
        (record.card.hypothesis, record.card.control) = (text, text)
        record.settings = .object([text: .string(text)])
        record.host = Host(os: text, processor: text, cores: 1, memoryBytes: 1, isa: text, threads: 1)
        record.arithmetic = text
        record.version = text
        record.inputs = [InputFile(path: text, sha256: text, bytes: 0, role: text)]
        record.artifacts = [Artifact(name: text, path: "javascript:alert(1)", kind: text)]
        record.commandLine = [text]
        record.findings = Findings(
            summary: text,
            metrics: [Metric(text, .nan, unit: text, interval: Interval(lower: 0, upper: .infinity, method: text))],
            claims: [
                ClaimResult(
                    text, threshold: text, observed: .infinity, unit: text, holds: true,
                    control: ControlResult(text, threshold: text, observed: 0, unit: text, holds: false))
            ],
            tables: [
                Table(
                    text, title: text, rowLabel: text, columnLabel: text, rows: [text, ""], columns: [text, "\n", ""],
                    values: [[1, .nan, .infinity], [-.infinity, 0, -1]], unit: text),
                Table(
                    "other", title: text, rowLabel: text, columnLabel: text, rows: [text], columns: [text],
                    values: [[1]]),
            ],
            figures: [
                .heatMap(
                    HeatMap(
                        table: text, title: text, caption: text, center: 0, valueLabel: text,
                        references: [ReferenceValue(text, 0)], columnsAreTokens: true, markedColumns: [0, 99],
                        markLabel: text)),
                .heatMap(HeatMap(table: "missing", title: text, caption: text)),
                .prompts(
                    PromptPanel(
                        title: text, caption: text,
                        prompts: [
                            .init(
                                text, tokens: [text, " \(text)", "", "مرحبا", "\u{202E}"], ids: [1], marked: [0],
                                continuations: [.init(text, logProbability: -.infinity, role: text)], note: text)
                        ])),
                .lineChart(
                    LineChart(
                        title: text, caption: text, x: Axis(text, unit: text), y: Axis(text, scale: .logarithmic),
                        series: [.init(text, x: [1, 2], y: [.nan, 0]), .init(text, x: [0, 1], y: [1, 10])],
                        references: [ReferenceValue(text, 5)])),
                .barChart(
                    BarChart(
                        title: text, caption: text, categories: [text, "b"], categoryLabel: text, y: Axis(text),
                        series: [.init(text, values: [1, -2], lower: [0, -3], upper: [2, -1])],
                        references: [ReferenceValue(text, 1)])),
                .scatter(
                    ScatterPlot(
                        title: text, caption: text, x: Axis(text), y: Axis(text),
                        groups: [.init(text, x: [1, .nan], y: [2, 3], labels: [text, text])], showsDiagonal: true)),
                .histogram(
                    Histogram(
                        title: text, caption: text, x: Axis(text), countLabel: text, edges: [0, 1, 2],
                        counts: [3, .nan],
                        references: [ReferenceValue(text, 1)])),
                .text(TextPanel(title: text, text: "\(text)\n\n\(text)")),
            ], notes: [text])
        return record
    }
}
