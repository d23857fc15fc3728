public import PlumbRecords

/// A run's record as one self-contained page: it loads nothing, and reads without scripts, in light, dark and print.
public enum HTMLReport {
    /// The page. It depends on the record alone: equal records give equal pages.
    public static func render(_ record: RunRecord) -> String {
        let body =
            header(record) + claims(record.findings) + prompts(record.findings) + figures(record)
            + metrics(record.findings) + notes(record.findings) + background(record) + provenance(record)
            + footer(record)
        return Page.render(
            title: "\(record.card.title) · \(record.shortID)", body: "<main>\n\(body)</main>\n", script: PageScript.text
        )
    }

    // MARK: What was asked and what it means

    private static func header(_ record: RunRecord) -> String {
        let card = record.card
        var output = """
            <header>
            <p class="eyebrow">\(Page.prose(card.direction))</p>
            <h1>\(Page.prose(card.title))</h1>
            <p class="lede">\(Page.prose(card.question))</p>
            <p class="meta">\(record.started.readable) · \(NumberText.duration(record.wallSeconds)) · run \
            <code>\(Markup.escape(VisibleText.line(record.shortID)))</code></p>

            """
        switch record.status {
        case .finished: break
        case .failed: output += "<p class=\"banner\" role=\"alert\">This run failed; what it left is below.</p>\n"
        case .interrupted:
            output += "<p class=\"banner\" role=\"alert\">This run was interrupted before it finished.</p>\n"
        }
        if !record.findings.summary.isEmpty {
            output += "<div class=\"summary\"><p>\(Page.prose(record.findings.summary))</p></div>\n"
        }
        let leading = record.findings.metrics.prefix(4).map { metric in
            let unit = metric.unit.isEmpty ? "" : " <small>\(Markup.escape(VisibleText.line(metric.unit)))</small>"
            let value = NumberText.typographic(NumberText.value(metric.value))
            return "<div><b>\(value)\(unit)</b><span>\(Markup.escape(VisibleText.words(metric.name)))</span></div>\n"
        }
        if !leading.isEmpty { output += "<div class=\"headline\">\n\(leading.joined())</div>\n" }
        return output + "</header>\n"
    }

    // MARK: Claims

    private static func claims(_ findings: Findings) -> String {
        guard !findings.claims.isEmpty else { return "" }
        let passed = findings.claims.filter(\.passes).count
        let items = findings.claims.map { claim in
            var counted = claim.n.map { "n = \($0)" } ?? ""
            if let seeds = claim.seeds, !seeds.isEmpty {
                counted += (counted.isEmpty ? "" : ", ") + "\(seeds.count) seed\(seeds.count == 1 ? "" : "s")"
            }
            return "<div class=\"claim\">\n"
                + line(claim.holds ?? false, "", claim.statement, claim.threshold, claim.observed ?? .nan, claim.unit, counted)
                + line(
                    claim.control.holds ?? false, "Control: ", claim.control.statement, claim.control.threshold,
                    claim.control.observed ?? .nan, claim.control.unit, "") + "</div>\n"
        }
        let title = "Claims: \(passed) of \(findings.claims.count) shown"
        return Page.section(title, items.joined(), id: "claims")
    }

    private static func line(
        _ holds: Bool, _ prefix: String, _ statement: String, _ threshold: String, _ observed: Double, _ unit: String,
        _ counted: String
    ) -> String {
        let why = [threshold.isEmpty ? "" : "Holds if: \(threshold)", counted].filter { !$0.isEmpty }.joined(
            separator: " · ")
        let value = NumberText.typographic(NumberText.value(observed)) + (unit.isEmpty ? "" : " " + unit)
        return """
            <div><span class="verdict \(holds ? "yes" : "no")" role="img" aria-label="\(holds ? "holds" : "does not hold")">\
            \(holds ? "✓" : "✗")</span><div><p>\(prefix)\(Page.prose(statement))</p>\
            \(why.isEmpty ? "" : "<p class=\"why\">\(Page.prose(why))</p>")</div>\
            <span class="seen">\(Markup.escape(VisibleText.line(value)))</span></div>

            """
    }

    // MARK: Prompts and figures

    private static func prompts(_ findings: Findings) -> String {
        findings.figures.compactMap { figure -> String? in
            guard case .prompts(let panel) = figure else { return nil }
            return Page.section(panel.title.isEmpty ? "Prompts" : panel.title, PromptMarkup.render(panel))
        }.joined()
    }

    private static func figures(_ record: RunRecord) -> String {
        let findings = record.findings
        let markup = FigureMarkup(findings: findings)
        var drawn: [String] = []
        for figure in findings.figures {
            if let part = markup.render(figure, index: drawn.count + 1) { drawn.append(part) }
        }
        var output = drawn.isEmpty ? "" : Page.section("Figures", "<div class=\"figures\">\n\(drawn.joined())</div>\n")
        let curves = CurveCharts.charts(record.curves).enumerated().compactMap { index, chart in
            markup.render(.lineChart(chart), index: drawn.count + 1 + index)
        }
        if !curves.isEmpty { output += Page.section("Curves", "<div class=\"figures\">\n\(curves.joined())</div>\n") }
        let shown = findings.figures.compactMap { figure -> String? in
            if case .heatMap(let map) = figure { return map.table }
            return nil
        }
        let rest = findings.tables.filter { !shown.contains($0.name) }
        if !rest.isEmpty { output += Page.section("Tables", rest.map(fold).joined()) }
        return output
    }

    /// A table no figure shows: open when a reader can take it in at a glance.
    private static func fold(_ table: Table) -> String {
        let isSmall = table.rows.count <= 20 && table.columns.count <= 10
        let title = table.unit.isEmpty ? table.title : "\(table.title) (\(table.unit))"
        return "<details\(isSmall ? " open" : "")><summary>\(Page.prose(title))</summary>\n"
            + DataTable.markup(table, columnsAreTokens: false, isRounded: true) + "</details>\n"
    }

    // MARK: Numbers

    private static func metrics(_ findings: Findings) -> String {
        guard !findings.metrics.isEmpty else { return "" }
        let rows = findings.metrics.map { metric in
            let interval =
                metric.interval.map { interval in
                    let ends = "[\(NumberText.value(interval.lower)), \(NumberText.value(interval.upper))]"
                    let level = NumberText.value(interval.level * 100, digits: 4)
                    return "\(NumberText.typographic(ends)) <small>\(level) %, \(Page.prose(interval.method))</small>"
                } ?? ""
            let seeds = metric.seeds.map { $0.map(String.init).joined(separator: ", ") } ?? ""
            return """
                <tr><th scope="row"><code>\(Markup.escape(VisibleText.line(metric.name)))</code></th>\
                <td class="num">\(NumberText.typographic(NumberText.value(metric.value, digits: 6)))</td>\
                <td>\(Markup.escape(VisibleText.line(metric.unit)))</td><td>\(interval)</td>\
                <td class="num">\(metric.n.map(String.init) ?? "")</td><td>\(seeds)</td></tr>

                """
        }
        return Page.section(
            "Metrics",
            """
            <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col" class="num">Value</th>\
            <th scope="col">Unit</th><th scope="col">Interval</th><th scope="col" class="num">n</th><th scope="col">Seeds</th>\
            </tr></thead>
            <tbody>
            \(rows.joined())</tbody></table></div>

            """)
    }

    private static func notes(_ findings: Findings) -> String {
        guard !findings.notes.isEmpty else { return "" }
        return Page.section(
            "Notes", "<ul>\n" + findings.notes.map { "<li>\(Page.prose($0))</li>\n" }.joined() + "</ul>\n")
    }

    private static func footer(_ record: RunRecord) -> String {
        "<footer>Made by Plumbline \(Markup.escape(record.version)) from the record of run "
            + "<code>\(Markup.escape(VisibleText.line(record.id)))</code>. Point at a cell for its value, or open its data.</footer>\n"
    }
}
