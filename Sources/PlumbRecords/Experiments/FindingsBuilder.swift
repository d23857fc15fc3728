/// One part of the findings, in the order in which a reader should meet it.
public enum FindingsPart: Sendable {
    case metric(Metric)
    case table(Table)
    case figure(Figure)
    /// A plain sentence that a reader must know: what was left out, what was assumed.
    case note(String)
}

/// Lists metrics, tables, figures and notes as statements. A string is a note.
@resultBuilder
public enum FindingsBuilder {
    public static func buildExpression(_ metric: Metric) -> [FindingsPart] { [.metric(metric)] }
    public static func buildExpression(_ metrics: [Metric]) -> [FindingsPart] { metrics.map(FindingsPart.metric) }
    public static func buildExpression(_ table: Table) -> [FindingsPart] { [.table(table)] }
    public static func buildExpression(_ tables: [Table]) -> [FindingsPart] { tables.map(FindingsPart.table) }
    public static func buildExpression(_ figure: Figure) -> [FindingsPart] { [.figure(figure)] }
    public static func buildExpression(_ figures: [Figure]) -> [FindingsPart] { figures.map(FindingsPart.figure) }
    public static func buildExpression(_ chart: LineChart) -> [FindingsPart] { [.figure(.lineChart(chart))] }
    public static func buildExpression(_ chart: BarChart) -> [FindingsPart] { [.figure(.barChart(chart))] }
    public static func buildExpression(_ plot: ScatterPlot) -> [FindingsPart] { [.figure(.scatter(plot))] }
    public static func buildExpression(_ map: HeatMap) -> [FindingsPart] { [.figure(.heatMap(map))] }
    public static func buildExpression(_ grids: GridFigure) -> [FindingsPart] { [.figure(.grids(grids))] }
    public static func buildExpression(_ plot: VectorPlot) -> [FindingsPart] { [.figure(.vectors(plot))] }
    public static func buildExpression(_ histogram: Histogram) -> [FindingsPart] { [.figure(.histogram(histogram))] }
    public static func buildExpression(_ prompts: PromptPanel) -> [FindingsPart] { [.figure(.prompts(prompts))] }
    public static func buildExpression(_ note: String) -> [FindingsPart] { [.note(note)] }
    public static func buildExpression(_ parts: [FindingsPart]) -> [FindingsPart] { parts }
    public static func buildBlock(_ parts: [FindingsPart]...) -> [FindingsPart] { parts.flatMap { $0 } }
    public static func buildOptional(_ parts: [FindingsPart]?) -> [FindingsPart] { parts ?? [] }
    public static func buildEither(first: [FindingsPart]) -> [FindingsPart] { first }
    public static func buildEither(second: [FindingsPart]) -> [FindingsPart] { second }
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
        for part in try parts() {
            switch part {
            case .metric(let metric): metrics.append(metric)
            case .table(let table): tables.append(table)
            case .figure(let figure): figures.append(figure)
            case .note(let note): notes.append(note)
            }
        }
    }
}
