internal import PlumbBasics

/// A matrix of numbers with named rows and columns.
public struct Table: Sendable, Equatable {
    /// The key in contract output, for example `resid_pre`.
    public var name: String
    /// The heading for people.
    public var title: String
    /// What a row is, for example "layer".
    public var rowLabel: String
    /// What a column is, for example "position".
    public var columnLabel: String
    /// One name a row.
    public private(set) var rows: [String]
    /// One name a column; names may repeat, as tokens do.
    public private(set) var columns: [String]
    /// `values[row][column]`.
    public private(set) var values: [[Double]]
    /// The unit of every value; empty for plain ratios.
    public var unit: String
    /// Lower ends of an interval for each value, shaped as `values`.
    public private(set) var lower: [[Double]]?
    /// Upper ends of an interval for each value, shaped as `values`.
    public private(set) var upper: [[Double]]?
    /// Cells worth a reader's eye, strongest first.
    public var highlights: [Highlight]

    /// A cell worth a reader's eye.
    public struct Highlight: Codable, Sendable, Equatable {
        /// The index of the row.
        public var row: Int
        /// The index of the column.
        public var column: Int
        /// Why, in a few words; may be empty.
        public var note: String

        /// Marks one cell.
        public init(row: Int, column: Int, note: String = "") {
            self.row = row
            self.column = column
            self.note = note
        }
    }

    /// A matrix with its names.
    /// - Precondition: `values`, `lower` and `upper` have one row for each of `rows`, each as long as `columns`.
    public init(
        _ name: String, title: String, rowLabel: String, columnLabel: String, rows: [String],
        columns: [String],
        values: [[Double]], unit: String = "", lower: [[Double]]? = nil, upper: [[Double]]? = nil,
        highlights: [Highlight] = []
    ) {
        for (label, matrix) in [
            ("values", values), ("lower", lower ?? values), ("upper", upper ?? values),
        ] {
            require(
                Self.fits(matrix, rows.count, columns.count),
                "Table \"\(name)\": \(label) are \(matrix.count) rows of \(Set(matrix.map(\.count)).sorted()) columns, "
                    + "but there are \(rows.count) row names and \(columns.count) column names")
        }
        self.name = name
        self.title = title
        self.rowLabel = rowLabel
        self.columnLabel = columnLabel
        self.rows = rows
        self.columns = columns
        self.values = values
        self.unit = unit
        self.lower = lower
        self.upper = upper
        self.highlights = highlights
    }

    /// The `count` cells whose values lie farthest from `baseline`, farthest first; values that are no numbers are left
    /// out, and ties go to the earlier cell.
    public func strongest(_ count: Int, from baseline: Double = 0) -> [(
        row: Int, column: Int, value: Double
    )] {
        var cells: [(row: Int, column: Int, value: Double)] = []
        for (row, line) in values.enumerated() {
            for (column, value) in line.enumerated() where !value.isNaN {
                cells.append((row, column, value))
            }
        }
        cells.sort { first, second in
            let (a, b) = (abs(first.value - baseline), abs(second.value - baseline))
            return a == b ? (first.row, first.column) < (second.row, second.column) : a > b
        }
        return Array(cells.prefix(max(0, count)))
    }

    private static func fits(_ matrix: [[Double]], _ rows: Int, _ columns: Int) -> Bool {
        matrix.count == rows && matrix.allSatisfy { $0.count == columns }
    }
}

extension Table: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, title, rowLabel, columnLabel, rows, columns, values, unit, lower, upper, highlights
    }

    /// Reads a table; highlights outside it are left out.
    /// - Throws: `DecodingError` also when the matrices do not have the shape the names give.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        title = try container.decode(String.self, forKey: .title)
        rowLabel = try container.decode(String.self, forKey: .rowLabel)
        columnLabel = try container.decode(String.self, forKey: .columnLabel)
        rows = try container.decode([String].self, forKey: .rows)
        columns = try container.decode([String].self, forKey: .columns)
        values = try container.decode([[Double]].self, forKey: .values)
        unit = try container.decode(String.self, forKey: .unit)
        lower = try container.decodeIfPresent([[Double]].self, forKey: .lower)
        upper = try container.decodeIfPresent([[Double]].self, forKey: .upper)
        let marked = try container.decodeIfPresent([Highlight].self, forKey: .highlights) ?? []
        let (height, width) = (rows.count, columns.count)
        highlights = marked.filter { (0..<height).contains($0.row) && (0..<width).contains($0.column) }
        for (key, matrix) in [
            (CodingKeys.values, values), (.lower, lower ?? values), (.upper, upper ?? values),
        ]
        where !Self.fits(matrix, rows.count, columns.count) {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container,
                debugDescription:
                    "table \"\(name)\" has \(rows.count) row and \(columns.count) column names, "
                    + "but \(key.rawValue) has another shape")
        }
    }

    /// Writes the table; intervals and highlights only where there are any.
    /// - Throws: `EncodingError` when a member cannot be encoded.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(title, forKey: .title)
        try container.encode(rowLabel, forKey: .rowLabel)
        try container.encode(columnLabel, forKey: .columnLabel)
        try container.encode(rows, forKey: .rows)
        try container.encode(columns, forKey: .columns)
        try container.encode(values, forKey: .values)
        try container.encode(unit, forKey: .unit)
        try container.encodeIfPresent(lower, forKey: .lower)
        try container.encodeIfPresent(upper, forKey: .upper)
        if !highlights.isEmpty { try container.encode(highlights, forKey: .highlights) }
    }
}
