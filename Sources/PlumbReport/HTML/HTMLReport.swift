public import PlumbRecords

/// A run's record as one self-contained page: it loads nothing, has no scripts, and reads in light, dark and print.
///
/// ``render(_:)`` makes the page of a run; ``page(_:title:)`` makes one of findings that belong to no run.
public enum HTMLReport {
    /// The page of a run. It depends on the record alone: equal records give equal pages.
    ///
    /// The conclusion comes first, then the verdict and the headline numbers, then claims, prompts, figures, metrics,
    /// method, settings and provenance.
    /// - Complexity: linear in the size of the record.
    public static func render(_ record: RunRecord) -> String {
        let body =
            header(record) + claims(record.findings) + prompts(record.findings) + figures(record)
            + metrics(record.findings) + notes(record.findings) + background(record) + provenance(record)
            + footer(record)
        return Page.render(title: "\(record.card.title) · \(record.shortID)", body: "<main>\n\(body)</main>\n")
    }

    /// A page of findings alone, for numbers and figures that come from no recorded run.
    ///
    /// - Parameters:
    ///   - findings: shown in the order of a run's page.
    ///   - title: the heading, plain text.
    public static func page(_ findings: Findings, title: String) -> String {
        let head = "<header>\n<h1>\(Page.prose(title))</h1>\n\(conclusion(findings))</header>\n"
        let body =
            head + claims(findings) + prompts(findings) + figures(findings, curves: []) + metrics(findings)
            + notes(findings)
        return Page.render(title: title, body: "<main>\n\(body)</main>\n")
    }

    // MARK: What it means and what was asked

    private static func header(_ record: RunRecord) -> String {
        let card = record.card
        var output = """
            <header>
            <p class="eyebrow">\(Page.prose(card.direction))</p>
            <h1>\(Page.prose(card.title))</h1>

            """
        switch record.status {
        case .finished: break
        case .failed: output += "<p class=\"banner\" role=\"alert\">This run failed; what it left is below.</p>\n"
        case .interrupted:
            output += "<p class=\"banner\" role=\"alert\">This run was interrupted before it finished.</p>\n"
        }
        return output + conclusion(record.findings) + """
            <p class="lede">\(Page.prose(card.question))</p>
            <p class="meta">\(record.started.readable) · \(NumberText.duration(record.wallSeconds)) · run \
            <code>\(Markup.escape(VisibleText.line(record.shortID)))</code></p>
            </header>

            """
    }

    /// The conclusion, the verdict and the headline numbers.
    private static func conclusion(_ findings: Findings) -> String {
        var output = ""
        let verdict = VerdictText.sentence(findings.claims)
        if !findings.summary.isEmpty || !verdict.isEmpty {
            let summary = findings.summary.isEmpty ? "" : "<p>\(Page.prose(findings.summary))</p>\n"
            let signs = findings.claims.map(ClaimMarkup.sign).joined(separator: " ")
            let line = verdict.isEmpty ? "" : "<p class=\"outcome\">\(signs) <a href=\"#claims\">\(verdict)</a></p>\n"
            output += "<div class=\"summary\">\(summary)\(line)</div>\n"
        }
        let leading = findings.headline.map { metric in
            let unit = metric.unit.isEmpty ? "" : " <small>\(Markup.escape(VisibleText.line(metric.unit)))</small>"
            let value = NumberText.typographic(NumberText.value(metric.value))
            let spread = metric.spread.isEmpty ? "" : "<em>\(NumberText.typographic(metric.spread))</em>"
            let name = Markup.escape(VisibleText.words(metric.name))
            return
                "<div title=\"\(NumberText.exact(metric.value))\"><b>\(value)\(unit)</b><span>\(name)</span>\(spread)</div>\n"
        }
        return leading.isEmpty ? output : output + "<div class=\"headline\">\n\(leading.joined())</div>\n"
    }

    // MARK: Claims

    private static func claims(_ findings: Findings) -> String {
        guard !findings.claims.isEmpty else { return "" }
        return Page.section("Claims", findings.claims.map(ClaimMarkup.render).joined(), id: "claims")
    }

    // MARK: Prompts and figures

    private static func prompts(_ findings: Findings) -> String {
        findings.figures.compactMap { figure -> String? in
            guard case .prompts(let panel) = figure else { return nil }
            return Page.section(panel.title.isEmpty ? "Prompts" : panel.title, PromptMarkup.render(panel))
        }.joined()
    }

    private static func figures(_ record: RunRecord) -> String {
        figures(record.findings, curves: CurveCharts.charts(record.curves).map(Figure.lineChart))
    }

    private static func figures(_ findings: Findings, curves: [Figure]) -> String {
        let markup = FigureMarkup(findings: findings, colors: ConditionColors(findings.figures + curves))
        var count = 0
        func draw(_ figures: [Figure], _ title: String) -> String {
            var drawn: [String] = []
            for figure in figures {
                // Prose has no drawing, and counts as no figure.
                if let part = markup.render(figure, index: count + 1) {
                    drawn.append(part)
                    if figure.drawing(in: findings, colors: markup.colors) != nil { count += 1 }
                }
            }
            return drawn.isEmpty ? "" : Page.section(title, "<div class=\"figures\">\n\(drawn.joined())</div>\n")
        }
        var output = draw(findings.figures, "Figures") + draw(curves, "Curves")
        let shown = Set(
            findings.figures.compactMap { figure -> String? in
                if case .heatMap(let map) = figure { return map.table }
                return nil
            })
        let rest = findings.tables.filter { !shown.contains($0.name) }
        if !rest.isEmpty { output += Page.section("Tables", rest.map(fold).joined()) }
        return output
    }

    /// A table no figure shows: open when a reader can take it in at a glance.
    private static func fold(_ table: Table) -> String {
        let isSmall = table.rows.count <= 20 && table.columns.count <= 10
        let title = table.unit.isEmpty ? table.title : "\(table.title) (\(table.unit))"
        return "<details\(isSmall ? " open" : "")><summary>\(Page.prose(title))</summary>\n"
            + DataTable.markup(table) + "</details>\n"
    }

    // MARK: Numbers

    private static func metrics(_ findings: Findings) -> String {
        guard !findings.metrics.isEmpty else { return "" }
        let rows = findings.metrics.map { metric in
            let kind = metric.spreadKind.isEmpty ? "" : " <small>\(Page.prose(metric.spreadKind))</small>"
            let seeds = metric.seeds.map { $0.map(String.init).joined(separator: ", ") } ?? ""
            return """
                <tr><th scope="row"><code>\(Markup.escape(VisibleText.line(metric.name)))</code></th>\
                <td class="num" title="\(NumberText.exact(metric.value))">\
                \(NumberText.typographic(NumberText.value(metric.value)))</td>\
                <td>\(Markup.escape(VisibleText.line(metric.unit)))</td>\
                <td>\(NumberText.typographic(metric.spread))\(kind)</td>\
                <td class="num">\(metric.n.map(String.init) ?? "")</td><td>\(seeds)</td></tr>

                """
        }
        return Page.section(
            "Metrics",
            """
            <div class="scroll"><table><thead><tr><th scope="col">Name</th><th scope="col" class="num">Value</th>\
            <th scope="col">Unit</th><th scope="col">Values or 95 % interval</th><th scope="col" class="num">n</th>\
            <th scope="col">Seeds</th></tr></thead>
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
            + "<code>\(Markup.escape(VisibleText.line(record.id)))</code>. Point at a mark to see its value; the links above a figure save it and its data.</footer>\n"
    }
}
