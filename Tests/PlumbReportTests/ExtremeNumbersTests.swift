import Foundation
import PlumbRecords
import Testing

@testable import PlumbReport

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Edited records hold any numbers whatever; drawing them may look odd, but must not end the process.
@Suite struct ExtremeNumbersTests {
    private static let numbers: [Double] = [
        0, -0.0, 1, -1, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, 1e-300, 1e300, -1e300,
        1e308, -1e308,
        .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .nan, .infinity, -.infinity, 9.2e18, -9.3e18, 1e15, 0.1,
        1 + .ulpOfOne,
    ]

    /// SplitMix64.
    private struct Random {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        mutating func number() -> Double { ExtremeNumbersTests.numbers[below(ExtremeNumbersTests.numbers.count)] }
        mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
        mutating func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in number() } }
        mutating func scale() -> Axis.Scale { below(2) == 0 ? .linear : .logarithmic }
    }

    private static func record(_ random: inout Random) -> RunRecord {
        var record = Fixture.record
        let (rows, columns) = (random.below(4), random.below(4))
        let values = (0..<rows).map { _ in random.numbers(columns) }
        var findings = Findings(
            metrics: [
                Metric(
                    "m", random.number(),
                    interval: Interval(lower: random.number(), upper: random.number(), method: ""),
                    values: random.numbers(random.below(9)))
            ],
            claims: [
                ClaimResult(
                    "c", threshold: "", observed: random.number(), holds: true,
                    control: ControlResult("k", observed: random.below(2) == 0 ? nil : random.number(), holds: nil))
            ],
            tables: [
                Table(
                    "t", title: "", rowLabel: "", columnLabel: "", rows: (0..<rows).map(String.init),
                    columns: (0..<columns).map(String.init), values: values, lower: values, upper: values)
            ])
        let normalization = HeatMap.Normalization(zero: random.number(), one: random.number())
        let domain = HeatMap.Domain(random.number(), random.number())
        var map = HeatMap(table: "t", title: "", caption: "", references: [ReferenceValue("r", random.number())])
        if random.below(2) == 0 { map.normalization = normalization }
        if random.below(2) == 0 { map.domain = domain }
        if random.below(2) == 0 { map.center = random.number() }
        map.markedColumns = [.min, -1, .max]
        let count = random.below(5)
        let line = LineChart(
            title: "", caption: "", x: Axis("x", scale: random.scale()), y: Axis("y", scale: random.scale()),
            series: [
                .init(
                    "a", x: random.numbers(count), y: random.numbers(count), lower: random.numbers(count),
                    upper: random.numbers(count))
            ], references: [ReferenceValue("r", random.number())], markers: [.init("m", x: random.number())])
        let bars = BarChart(
            title: "", caption: "", categories: (0..<count).map(String.init), categoryLabel: "",
            y: Axis("y", scale: random.scale()), series: [.init("a", values: random.numbers(random.below(9)))],
            references: [ReferenceValue("r", random.number())])
        let points = ScatterPlot(
            title: "", caption: "", x: Axis("x", scale: random.scale()), y: Axis("y", scale: random.scale()),
            groups: [.init("a", x: random.numbers(count), y: random.numbers(count))],
            showsDiagonal: random.below(2) == 0)
        let bins = Histogram(
            title: "", caption: "", x: Axis("x", scale: random.scale()), countLabel: "",
            edges: random.numbers(count + 1), counts: random.numbers(count),
            references: [ReferenceValue("r", random.number())])
        let vectors = VectorPlot(
            title: "", caption: "",
            panels: [
                .init(
                    "",
                    vectors: (0..<count).map { _ in
                        .init("v", x: random.number(), y: random.number(), value: random.number())
                    })
            ], valueLabel: "")
        let grids = GridFigure(
            title: "", caption: "",
            panels: [
                .init(
                    "", rows: ["# ", ""],
                    path: [.init(.max, .max), .init(.min, 0), .init(0, 1), .init(0, 0), .init(1, 0)],
                    values: [random.numbers(random.below(4))])
            ], legend: [])
        let names = (0..<count).map(String.init)
        let graph = GraphFigure(
            title: "", caption: "",
            panels: [
                .init(
                    "g", nodes: names.map { .init($0, random.below(2) == 0 ? .box : .diamond, tone: .open) },
                    edges: (0..<random.below(9)).map { _ in
                        .init("\(random.below(6))", "\(random.below(6))", label: "e", .dashed)
                    })
            ], direction: random.below(2) == 0 ? .down : .right)
        let prompts = PromptPanel(
            title: "", caption: "",
            prompts: [
                .init("p", tokens: ["a"], marked: [.max], continuations: [.init("b", logProbability: random.number())])
            ])
        findings.figures = [
            .heatMap(map), .lineChart(line), .barChart(bars), .scatter(points), .histogram(bins), .vectors(vectors),
            .grids(grids), .graph(graph), .prompts(prompts),
        ]
        record.findings = findings
        var curve = Curve("loss/train", x: random.numbers(count), y: random.numbers(count))
        curve.x += random.numbers(random.below(3))
        record.curves = [curve]
        return record
    }

    @Test func drawingAnyNumbersEndsInADrawing() {
        var random = Random(state: 20_261_129)
        for round in 0..<100 {
            let record = Self.record(&random)
            let page = HTMLReport.render(record)
            for drawing in page.components(separatedBy: "<svg ").dropFirst() {
                let file = "<svg " + drawing.components(separatedBy: "</svg>")[0] + "</svg>"
                let parser = XMLParser(data: Data(file.utf8))
                #expect(parser.parse(), "round \(round): \(file.prefix(300))")
                for word in ["\"nan", "\"inf", "\"-inf", "Mnan", "Lnan"] {
                    #expect(!file.contains(word), "round \(round)")
                }
            }
            for width in [20, 80] {
                #expect(!TerminalReport(record).render(TerminalStyle(width: width, color: .trueColor)).isEmpty)
                #expect(!TerminalReport(record).render(TerminalStyle(width: width)).isEmpty)
            }
        }
    }

    @Test func numbersOfAnySizeHaveAText() {
        for value in Self.numbers {
            for digits in [0, 1, 3, 400] { #expect(!NumberText.value(value, digits: digits).isEmpty) }
            for other in Self.numbers {
                #expect(!NumberText.value(value, scale: other).isEmpty)
                #expect((0...4).contains(NumberText.decimals(for: [value, other])))
                for scale in [Axis.Scale.linear, .logarithmic] {
                    let axis = AxisScale([value, other], scale: scale, from: 0, to: 100)
                    #expect(axis.lower < axis.upper)
                    for tick in axis.ticks + axis.minorTicks { #expect(!axis.label(tick).isEmpty) }
                    for number in Self.numbers {
                        if let place = axis.place(number) { #expect((0...100).contains(place)) }
                    }
                }
            }
        }
    }
}
