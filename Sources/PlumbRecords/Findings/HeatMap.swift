/// A table shown as colored cells: rows downwards, columns to the right.
public struct HeatMap: Codable, Sendable, Equatable {
    /// The name of the table among the findings that holds the values.
    public var table: String
    /// The heading.
    public var title: String
    /// What the reader sees and how to read it.
    public var caption: String
    /// The value without effect, drawn in the neutral color of a diverging scale; `nil` for a sequential scale.
    public var center: Double?
    /// The values at the ends of the color scale; `nil` takes them from the table.
    public var domain: Domain?
    /// What a color means, for example "logit difference".
    public var valueLabel: String
    /// Marked on the color bar.
    public var references: [ReferenceValue]
    /// Whether the columns are tokens of a prompt, whose white space must be visible.
    public var columnsAreTokens: Bool
    /// Columns to mark, for example the tokens in which two prompts differ.
    public var markedColumns: [Int]
    /// What the mark means; empty when nothing is marked.
    public var markLabel: String

    /// The values that are drawn as 0 and as 1; `nil` draws the table's own values.
    ///
    /// The picture, its color bar and its legend then show the normalized value, for example the recovery of
    /// Zhang and Nanda 2023 (arXiv:2309.16042). The table, the files made from it and what is shown when a cell is
    /// pointed at keep the raw values; `center`, `domain` and `references` stay in the unit of the table.
    public var normalization: Normalization?

    /// `cellTexts[row][column]`: what is written in each cell in place of its number, such as a token; empty for none.
    public var cellTexts: [[String]]

    /// Two values of a table that a picture shows as 0 and 1.
    public struct Normalization: Codable, Sendable, Equatable {
        /// The value shown as 0, for example the corrupted run's logit difference.
        public var zero: Double
        /// The value shown as 1, for example the clean run's logit difference.
        public var one: Double
        /// What the normalized value is called, for example "recovery".
        public var label: String

        /// `zero` is shown as 0 and `one` as 1; values beyond them lie below 0 and above 1.
        public init(zero: Double, one: Double, label: String = "recovery") {
            self.zero = zero
            self.one = one
            self.label = label
        }

        /// Whether the two values are finite and differ; where they are not, the raw values are drawn.
        public var isUsable: Bool { zero.isFinite && one.isFinite && (one / 2 - zero / 2) != 0 }

        /// `(value - zero) / (one - zero)`.
        public func normalized(_ value: Double) -> Double {
            // Halves, because the difference of two large numbers may have no place.
            (value / 2 - zero / 2) / (one / 2 - zero / 2)
        }
    }

    /// The values at the two ends of a color scale.
    public struct Domain: Codable, Sendable, Equatable {
        /// The value of the first color.
        public var lower: Double
        /// The value of the last color.
        public var upper: Double

        /// The colors run from `lower` to `upper`.
        public init(_ lower: Double, _ upper: Double) {
            self.lower = lower
            self.upper = upper
        }
    }

    /// A heat map of the table called `table`.
    public init(
        table: String, title: String, caption: String, center: Double? = nil, domain: Domain? = nil,
        valueLabel: String = "", references: [ReferenceValue] = [], columnsAreTokens: Bool = false,
        markedColumns: [Int] = [], markLabel: String = "", normalization: Normalization? = nil,
        cellTexts: [[String]] = []
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
        self.normalization = normalization
        self.cellTexts = cellTexts
    }
}

// A heat map without texts is written, and read, as heat maps were before there were any.
extension KeyedEncodingContainer {
    mutating func encode(_ texts: [[String]], forKey key: Key) throws {
        if !texts.isEmpty { try encodeIfPresent(Optional(texts), forKey: key) }
    }
}

extension KeyedDecodingContainer {
    func decode(_: [[String]].Type, forKey key: Key) throws -> [[String]] {
        try decodeIfPresent([[String]].self, forKey: key) ?? []
    }
}
