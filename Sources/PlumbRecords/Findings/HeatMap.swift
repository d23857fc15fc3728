/// A table shown as coloured cells: rows downwards, columns to the right.
public struct HeatMap: Codable, Sendable, Equatable {
    /// The name of the table among the findings that holds the values.
    public var table: String
    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// The value without effect, drawn in the neutral colour of a diverging scale; `nil` for a sequential scale.
    public var center: Double?
    /// The values at the ends of the colour scale; `nil` takes them from the table.
    public var domain: Domain?
    /// What a colour means, for example "logit difference".
    public var valueLabel: String
    /// Marked on the colour bar.
    public var references: [ReferenceValue]
    /// Whether the columns are tokens of a prompt, whose white space must be visible.
    public var columnsAreTokens: Bool
    /// Columns to mark, for example the tokens in which two prompts differ.
    public var markedColumns: [Int]
    /// What the mark means; empty when nothing is marked.
    public var markLabel: String

    /// The values at the two ends of a colour scale.
    public struct Domain: Codable, Sendable, Equatable {
        /// The value of the first colour.
        public var lower: Double
        /// The value of the last colour.
        public var upper: Double

        /// The colours run from `lower` to `upper`.
        public init(_ lower: Double, _ upper: Double) {
            self.lower = lower
            self.upper = upper
        }
    }

    /// A heat map of the table called `table`.
    public init(
        table: String, title: String, caption: String, center: Double? = nil, domain: Domain? = nil,
        valueLabel: String = "", references: [ReferenceValue] = [], columnsAreTokens: Bool = false,
        markedColumns: [Int] = [], markLabel: String = ""
    ) {
        self.table = table
        self.title = title
        self.caption = caption
        self.center = center
        self.domain = domain
        self.valueLabel = valueLabel
        self.references = references
        self.columnsAreTokens = columnsAreTokens
        self.markedColumns = markedColumns
        self.markLabel = markLabel
    }
}
