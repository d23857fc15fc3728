internal import PlumbBasics

/// Text in aligned columns.
public struct TerminalTable: Sendable, Equatable {
    /// Where the text of a column begins.
    public enum Alignment: Sendable {
        /// At the left, as text does.
        case left
        /// So that it ends at the right, as numbers do.
        case right
    }

    /// A heading and how its cells sit below it.
    public struct Column: Sendable, Equatable {
        /// The heading.
        public var title: String
        /// How the cells sit.
        public var alignment: Alignment

        /// A column; text unless said otherwise.
        public init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    /// The most columns that one text takes, in several lines: a text from a damaged file may have no end.
    static let longest = 4_000

    /// The columns from left to right.
    public var columns: [Column]
    /// One text a column in each row.
    public var rows: [[String]]

    /// A table of its texts.
    /// - Precondition: every row has as many cells as there are columns.
    public init(columns: [Column], rows: [[String]]) {
        require(
            rows.allSatisfy { $0.count == columns.count },
            "TerminalTable: rows have \(Set(rows.map(\.count)).sorted()) cells, but there are \(columns.count) columns")
        self.columns = columns
        self.rows = rows
    }

    /// The table as lines, each ending in a line break. What is too wide for its column goes on in the next line, so that
    /// no line is wider than the terminal and nothing is cut.
    public func render(_ style: TerminalStyle = .plain) -> String {
        let cells = rows.map { $0.map { DisplayWidth.truncated(VisibleText.line($0), to: Self.longest) } }
        let titles = columns.map { VisibleText.line($0.title) }
        let widths = widths(cells + [titles], within: style.width)
        func lines(_ texts: [String]) -> [String] {
            let parts = columns.indices.map { DisplayWidth.wrapped(texts[$0], to: widths[$0]) }
            return (0..<max(1, parts.map(\.count).max() ?? 1)).map { line in
                columns.indices.map { column in
                    DisplayWidth.padded(
                        parts[column][safe: line] ?? "", to: widths[column], right: columns[column].alignment == .right)
                }.joined(separator: "  ").trimmingSuffix { $0 == " " }
            }
        }
        var output = lines(titles).map { style.apply(.bold, $0) + "\n" }.joined()
        output += style.apply(.dim, widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")) + "\n"
        for row in cells { output += lines(row).map { $0 + "\n" }.joined() }
        return output
    }

    /// The width of each column.
    private func widths(_ cells: [[String]], within limit: Int) -> [Int] {
        // Wider than any terminal is as wide as needed here.
        var widths = columns.indices.map { column in
            min(cells.map { DisplayWidth.of($0[column]) }.max() ?? 0, 2 * limit)
        }
        // What a line cannot be broken in: a word, up to a space or after a hyphen.
        let words = columns.indices.map { column in
            cells.flatMap { $0[column].replacing("-", with: "- ").split(separator: " ") }
                .map { DisplayWidth.of(String($0)) }.max() ?? 0
        }
        let gaps = 2 * max(0, columns.count - 1)
        // The widest column of text gives way first, but for the first column, which names the row; numbers do last. No
        // word is broken while another column can give way.
        while widths.reduce(gaps, +) > limit {
            let wide = columns.indices.filter { columns[$0].alignment == .left && widths[$0] > 8 }
            let whole = wide.filter { widths[$0] > words[$0] }
            let text = whole.isEmpty ? wide : whole
            let candidates =
                text.isEmpty
                ? columns.indices.filter { widths[$0] > 4 }
                : text.count > 1 && text.contains(where: { $0 > 0 && widths[$0] > 16 }) ? text.filter { $0 > 0 } : text
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }
}
