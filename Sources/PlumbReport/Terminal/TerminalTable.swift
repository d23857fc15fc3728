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
    /// no line is wider than the terminal and nothing is cut; where words would have to be broken, every row becomes a
    /// paragraph with its cells below each other.
    public func render(_ style: TerminalStyle = .plain) -> String {
        let cells = rows.map { $0.map { DisplayWidth.truncated(VisibleText.line($0), to: Self.longest) } }
        let titles = columns.map { VisibleText.line($0.title) }
        guard fits(cells + [titles], within: style.width) else { return stacked(cells, titles, style) }
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

    private var gaps: Int { 2 * max(0, columns.count - 1) }

    /// The longest word that is kept whole where there is room elsewhere; longer ones are paths and checksums.
    private static let longestWord = 24

    /// The width below which a column would break a word or a number, of words up to `longest`.
    private func least(_ cells: [[String]], longest: Int = .max) -> [Int] {
        columns.indices.map { column in
            cells.map { row in
                columns[column].alignment == .right
                    ? DisplayWidth.of(row[column]) : min(DisplayWidth.longestPart(of: row[column]), longest)
            }.max() ?? 0
        }
    }

    /// Whether the columns stand beside each other with every word and number whole.
    private func fits(_ cells: [[String]], within limit: Int) -> Bool {
        columns.count < 3 || least(cells, longest: Self.longestWord).reduce(gaps, +) <= limit
    }

    /// A paragraph a row: the first cell, and below it the others that are not empty, each behind its title.
    private func stacked(_ cells: [[String]], _ titles: [String], _ style: TerminalStyle) -> String {
        let indent = min(titles.dropFirst().map { DisplayWidth.of($0) }.max() ?? 0, style.width / 2 - 4)
        return cells.map { row in
            let heading = DisplayWidth.wrapped(row[0], to: style.width).map { style.apply(.bold, $0) + "\n" }.joined()
            let others = columns.indices.dropFirst().filter { !row[$0].isEmpty }.map { column in
                let names = DisplayWidth.wrapped(titles[column], to: indent)
                let texts = DisplayWidth.wrapped(row[column], to: style.width - indent - 4)
                return (0..<max(names.count, texts.count)).map { line in
                    let name = DisplayWidth.padded(names[safe: line] ?? "", to: indent)
                    let text = "  " + style.apply(.dim, name) + "  " + (texts[safe: line] ?? "")
                    return text.trimmingSuffix { $0 == " " } + "\n"
                }.joined()
            }
            return heading + others.joined()
        }.joined(separator: "\n")
    }

    /// The width of each column.
    private func widths(_ cells: [[String]], within limit: Int) -> [Int] {
        // Wider than any terminal is as wide as needed here.
        var widths = columns.indices.map { column in
            min(cells.map { DisplayWidth.of($0[column]) }.max() ?? 0, 2 * limit)
        }
        let (whole, short) = (least(cells), least(cells, longest: Self.longestWord))
        // The widest column of text gives way first, but for the first column, which names the row; numbers do last. No
        // word is broken while another column can give way.
        while widths.reduce(gaps, +) > limit {
            let stages = [
                columns.indices.filter { widths[$0] > whole[$0] }, columns.indices.filter { widths[$0] > short[$0] },
                columns.indices.filter { columns[$0].alignment == .left && widths[$0] > 8 },
            ]
            let text = stages.first { !$0.isEmpty } ?? columns.indices.filter { widths[$0] > 4 }
            let later = text.filter { $0 > 0 }
            let candidates = later.contains { widths[$0] > 16 } ? later : text
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }
}
