import PlumbRecords

/// A claim in a page: its verdict, what was measured, and the same for its control.
enum ClaimMarkup {
    static func render(_ claim: ClaimResult) -> String {
        let control = claim.control
        return "<div class=\"claim\">\n"
            + line(
                claim.holds, "", claim.statement, claim.threshold, claim.observed,
                VerdictText.measured(claim.observed, claim.unit, beside: control.observed),
                VerdictText.counted(claim), reason: claim.reason)
            + line(
                control.holds, "Control: ", control.statement, control.threshold, control.observed,
                VerdictText.measured(control.observed, control.unit, beside: claim.observed), "", reason: claim.reason)
            + "</div>\n"
    }

    /// The verdict of a claim and its control as one sign.
    static func sign(_ claim: ClaimResult) -> String {
        sign(VerdictText.holds(claim.verdict), title: claim.statement)
    }

    private static func sign(_ holds: Bool?, title: String? = nil) -> String {
        let kind = holds.map { $0 ? "yes" : "no" } ?? "open"
        let hint = title.map { " title=\"\(Markup.escape(VisibleText.line($0)))\"" } ?? ""
        return "<span class=\"verdict \(kind)\" role=\"img\" aria-label=\"\(VerdictText.word(holds))\"\(hint)>"
            + "\(VerdictText.sign(holds))</span>"
    }

    private static func line(
        _ holds: Bool?, _ prefix: String, _ statement: String, _ threshold: String, _ observed: Double?,
        _ measured: String?, _ counted: String, reason: String?
    ) -> String {
        let why = [threshold.isEmpty ? "" : "Holds if: \(threshold)", counted].filter { !$0.isEmpty }.joined(
            separator: " · ")
        let value = NumberText.typographic(measured ?? "not measurable")
        let exact = observed.map { " title=\"\(NumberText.exact($0))\"" } ?? ""
        let cause = holds == nil ? reason.map { "<p class=\"cause\">Not measurable: \(Page.prose($0)).</p>" } ?? "" : ""
        return """
            <div>\(sign(holds))<div><p>\(prefix)\(Page.prose(statement))</p>\(cause)\
            \(why.isEmpty ? "" : "<p class=\"why\">\(Page.prose(why))</p>")</div>\
            <span class="seen"\(exact)>\(Markup.escape(VisibleText.line(value)))</span></div>

            """
    }
}
