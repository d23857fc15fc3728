/// One part of the findings, in the order in which a reader should meet it.
public enum FindingsPart: Sendable {
    /// A number.
    case metric(Metric)
    /// A matrix of numbers.
    case table(Table)
    /// A figure.
    case figure(Figure)
    /// A plain sentence that a reader must know: what was left out, what was assumed.
    case note(String)
}

/// Lists metrics, tables, figures and notes as statements. A string is a note.
@resultBuilder
public enum FindingsBuilder {
    /// A metric as a part of the findings.
    public static func buildExpression(_ metric: Metric) -> [FindingsPart] { [.metric(metric)] }
    /// Metrics in their order as a part of the findings.
    public static func buildExpression(_ metrics: [Metric]) -> [FindingsPart] { metrics.map(FindingsPart.metric) }
    /// A table as a part of the findings.
    public static func buildExpression(_ table: Table) -> [FindingsPart] { [.table(table)] }
    /// Tables in their order as a part of the findings.
    public static func buildExpression(_ tables: [Table]) -> [FindingsPart] { tables.map(FindingsPart.table) }
    /// A figure as a part of the findings.
    public static func buildExpression(_ figure: Figure) -> [FindingsPart] { [.figure(figure)] }
    /// Figures in their order as a part of the findings.
    public static func buildExpression(_ figures: [Figure]) -> [FindingsPart] { figures.map(FindingsPart.figure) }
    /// A line chart as a part of the findings.
    public static func buildExpression(_ chart: LineChart) -> [FindingsPart] { [.figure(.lineChart(chart))] }
    /// A bar chart as a part of the findings.
    public static func buildExpression(_ chart: BarChart) -> [FindingsPart] { [.figure(.barChart(chart))] }
    /// A scatter plot as a part of the findings.
    public static func buildExpression(_ plot: ScatterPlot) -> [FindingsPart] { [.figure(.scatter(plot))] }
    /// A heat map as a part of the findings.
    public static func buildExpression(_ map: HeatMap) -> [FindingsPart] { [.figure(.heatMap(map))] }
    /// Grids as a part of the findings.
    public static func buildExpression(_ grids: GridFigure) -> [FindingsPart] { [.figure(.grids(grids))] }
    /// Arrows as a part of the findings.
    public static func buildExpression(_ plot: VectorPlot) -> [FindingsPart] { [.figure(.vectors(plot))] }
    /// Graphs as a part of the findings.
    public static func buildExpression(_ graph: GraphFigure) -> [FindingsPart] { [.figure(.graph(graph))] }
    /// Pictures as a part of the findings.
    public static func buildExpression(_ images: ImageFigure) -> [FindingsPart] { [.figure(.images(images))] }
    /// A histogram as a part of the findings.
    public static func buildExpression(_ histogram: Histogram) -> [FindingsPart] { [.figure(.histogram(histogram))] }
    /// Prompts as a part of the findings.
    public static func buildExpression(_ prompts: PromptPanel) -> [FindingsPart] { [.figure(.prompts(prompts))] }
    /// A note as a part of the findings.
    public static func buildExpression(_ note: String) -> [FindingsPart] { [.note(note)] }
    /// Parts that a function made, in their order.
    public static func buildExpression(_ parts: [FindingsPart]) -> [FindingsPart] { parts }
    /// The parts of all statements, in their order.
    public static func buildBlock(_ parts: [FindingsPart]...) -> [FindingsPart] { parts.flatMap { $0 } }
    /// The parts of an `if` without `else`; none where its condition is false.
    public static func buildOptional(_ parts: [FindingsPart]?) -> [FindingsPart] { parts ?? [] }
    /// The parts of an `if` whose condition is true.
    public static func buildEither(first: [FindingsPart]) -> [FindingsPart] { first }
    /// The parts of an `else`.
    public static func buildEither(second: [FindingsPart]) -> [FindingsPart] { second }
    /// The parts of each turn of a loop.
    public static func buildArray(_ parts: [[FindingsPart]]) -> [FindingsPart] { parts.flatMap { $0 } }
}

extension Findings {
    /// Findings from declared claims, what was measured, and the parts listed.
    ///
    /// - Parameters:
    ///   - summary: what it means, in two sentences that hold for the numbers actually measured.
    ///   - claims: as declared before the run.
    ///   - measured: the numbers that decide them.
    ///   - parts: metrics, tables, figures and notes, in reading order.
    public init(
        summary: String, claims: [Claim], from measured: Measurements,
        @FindingsBuilder _ parts: () throws -> [FindingsPart]
    ) rethrows {
        self.init(summary: summary, claims: measured.results(claims))
        try parts().forEach { append($0) }
    }

    /// Findings without claims: what an instrument shows of one model and one text.
    public init(summary: String, @FindingsBuilder _ parts: () throws -> [FindingsPart]) rethrows {
        self.init(summary: summary)
        try parts().forEach { append($0) }
    }

    private mutating func append(_ part: FindingsPart) {
        switch part {
        case .metric(let metric): metrics.append(metric)
        case .table(let table): tables.append(table)
        case .figure(let figure): figures.append(figure)
        case .note(let note): notes.append(note)
        }
    }
}
