import PlumbRecords

/// A table of the findings as an HTML table: rounded numbers, and every digit when one is pointed at.
enum DataTable {
    static func markup(_ table: Table) -> String {
        let head = table.columns.map { "<th scope=\"col\" class=\"num\">\(Page.prose($0))</th>" }
        let scale = table.values.joined().filter(\.isFinite).map(abs).max()
        let rows = table.rows.enumerated().map { index, name in
            let cells = table.values[index].enumerated().map { column, value in
                cell(value, table.lower?[safe: index]?[safe: column], table.upper?[safe: index]?[safe: column], scale)
            }.joined()
            return "<tr><th scope=\"row\">\(Page.prose(name))</th>\(cells)</tr>\n"
        }
        let labels = [table.rowLabel, table.columnLabel].filter { !$0.isEmpty }
        let corner = Markup.escape(VisibleText.line(labels.joined(separator: " \\ ")))
        return frame("<tr><th>\(corner)</th>\(head.joined())</tr>", rows.joined())
    }

    /// The ends of the range are shown where they differ.
    private static func cell(_ value: Double, _ lower: Double?, _ upper: Double?, _ scale: Double?) -> String {
        var text = NumberText.value(value, scale: scale)
        if let lower, let upper, lower != upper { text += " \(NumberText.range(lower, upper))" }
        return "<td class=\"num\" title=\"\(NumberText.exact(value))\">\(NumberText.typographic(text))</td>"
    }

    static func frame(_ head: String, _ rows: String) -> String {
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"data\"><thead>\(head)</thead>\n<tbody>\n\(rows)</tbody></table></div>\n"
    }
}
