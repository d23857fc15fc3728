internal import PlumbBasics

/// Text in aligned columns.
public struct TerminalTable: Sendable, Equatable {
    /// Text to the left, numbers to the right.
    public enum Alignment: Sendable { case left, right }

    /// A heading and how its cells sit below it.
    public struct Column: Sendable, Equatable {
        /// The heading.
        public var title: String
        /// How the cells sit.
        public var alignment: Alignment
        /// Whether a text that is too long goes on in the next line, instead of being cut.
        public var wraps: Bool

        /// A column; text unless said otherwise.
        public init(_ title: String, _ alignment: Alignment = .left, wraps: Bool = false) {
            self.title = title
            self.alignment = alignment
            self.wraps = wraps
        }
    }

    /// The columns from left to right.
    public var columns: [Column]
    /// One text a column in each row.
    public var rows: [[String]]

    /// - Precondition: every row has as many cells as there are columns.
    public init(columns: [Column], rows: [[String]]) {
        require(
            rows.allSatisfy { $0.count == columns.count },
            "TerminalTable: rows have \(Set(rows.map(\.count)).sorted()) cells, but there are \(columns.count) columns")
        self.columns = columns
        self.rows = rows
    }

    /// The table as lines, each ending in a line break; cells are wrapped or cut so that no line is wider than the
    /// terminal.
    public func render(_ style: TerminalStyle = .plain) -> String {
        let cells = rows.map { $0.map(VisibleText.line) }
        var widths = columns.indices.map { column in
            max(DisplayWidth.of(columns[column].title), cells.map { DisplayWidth.of($0[column]) }.max() ?? 0)
        }
        let gaps = 2 * max(0, columns.count - 1)
        // The widest column of text gives way first, but for the first column, which names the row; numbers are never cut
        // while text remains to be.
        while widths.reduce(gaps, +) > style.width {
            let text = columns.indices.filter { columns[$0].alignment == .left && widths[$0] > 8 }
            let candidates =
                text.isEmpty
                ? columns.indices.filter { widths[$0] > 4 } : text.count > 1 ? text.filter { $0 > 0 } : text
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        func line(_ texts: [String]) -> String {
            let parts = columns.indices.map { column in
                DisplayWidth.padded(
                    DisplayWidth.truncated(texts[column], to: widths[column]), to: widths[column],
                    right: columns[column].alignment == .right)
            }
            return parts.joined(separator: "  ").trimmingSuffix { $0 == " " }
        }
        var output = style.apply(.bold, line(columns.map(\.title))) + "\n"
        output += style.apply(.dim, widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")) + "\n"
        for row in cells {
            let parts = columns.indices.map { column in
                columns[column].wraps ? DisplayWidth.wrapped(row[column], to: widths[column]) : [row[column]]
            }
            for part in 0..<max(1, parts.map(\.count).max() ?? 1) {
                output += line(parts.map { part < $0.count ? $0[part] : "" }) + "\n"
            }
        }
        return output
    }
}
