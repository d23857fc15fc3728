public import PlumbRecords

/// Several runs on one page, each with a link to its report.
public enum IndexPage {
    /// A run and where its report is.
    public struct Entry: Sendable, Equatable {
        /// The run.
        public var record: RunRecord
        /// The report's address relative to the index page; `nil` for none.
        public var report: String?

        /// A run with the address of its report.
        public init(record: RunRecord, report: String?) {
            self.record = record
            self.report = report
        }
    }

    /// The page, with the runs in the order given.
    public static func render(_ entries: [Entry], title: String = "Plumbline runs") -> String {
        let verdict = VerdictText.sentence(entries.flatMap(\.record.findings.claims))
        let body = """
            <main>
            <header>
            <p class="eyebrow">Plumbline</p>
            <h1>\(Page.prose(title))</h1>
            <p class="lede">\(entries.count) run\(entries.count == 1 ? "" : "s")\(verdict.isEmpty ? "" : " · \(verdict)")</p>
            </header>
            <ul class="runs">
            \(entries.map(card).joined())</ul>
            </main>

            """
        return Page.render(title: title, body: body)
    }

    private static func card(_ entry: Entry) -> String {
        let record = entry.record
        let title = Page.prose(record.card.title)
        let heading = entry.report.map { "<a href=\"\(Markup.escape(relative($0)))\">\(title)</a>" } ?? title
        let claims = record.findings.claims.map(ClaimMarkup.sign)
        let status = record.status == .finished ? "" : " · \(record.status.rawValue)"
        let text = record.findings.summary.isEmpty ? record.card.question : record.findings.summary
        return """
            <li><p class="eyebrow">\(Page.prose(record.card.direction))</p>
            <h2>\(heading)</h2>
            <p>\(Page.prose(text))</p>
            <p>\(claims.joined(separator: " ")) <span class="meta">\(VerdictText.sentence(record.findings.claims))</span></p>
            <p class="meta">\(record.started.readable) · \(NumberText.duration(record.wallSeconds))\(status) · seed \(record.seed) · \
            <code>\(Markup.escape(VisibleText.line(record.shortID)))</code></p></li>

            """
    }

    /// Keeps an address from being read as one with a scheme, such as `javascript:`.
    private static func relative(_ address: String) -> String {
        address.hasPrefix("/") || address.hasPrefix("./") || address.hasPrefix("../") ? address : "./" + address
    }
}
