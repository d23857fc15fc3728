public import PlumbRecords

/// A run's findings as terminal text: the conclusion first, then claims with their controls, prompts, figures, curves and
/// metrics. No line is wider than the terminal, and none is cut.
public struct TerminalReport: Sendable {
    private let findings: Findings
    private let title: String, question: String
    private let curves: [LineChart]

    /// The report of one record.
    public init(_ record: RunRecord) {
        (findings, title, question) = (record.findings, record.card.title, record.card.question)
        curves = CurveCharts.charts(record.curves)
    }

    /// Findings alone, for numbers and figures that come from no recorded run.
    public init(_ findings: Findings, title: String) {
        (self.findings, self.title, question, curves) = (findings, title, "", [])
    }

    /// Everything, in the order in which a reader needs it.
    /// - Parameters:
    ///   - style: the width and the colors of the terminal; by default 80 columns without color.
    ///   - strongest: how many of each heat map's strongest cells to list; 0 for none.
    public func render(_ style: TerminalStyle = .plain, strongest: Int = 5) -> String {
        var parts = [heading(style)]
        if !findings.claims.isEmpty { parts.append(outcome(style) + claims(style)) }
        for figure in findings.figures {
            if let part = draw(figure, style, strongest: strongest) { parts.append(part) }
        }
        for chart in curves { parts.append(TerminalLineChart(chart).render(style)) }
        if !findings.metrics.isEmpty { parts.append(TerminalTable(metrics: findings.metrics).render(style)) }
        let notes = findings.notes.flatMap { note in
            Self.indented(note, by: 2, style).enumerated().map {
                $0.offset == 0 ? "· \($0.element.dropFirst(2))" : $0.element
            }
        }
        if !notes.isEmpty { parts.append(notes.joined(separator: "\n") + "\n") }
        return parts.joined(separator: "\n")
    }

    /// The conclusion and the verdict alone.
    public func brief(_ style: TerminalStyle = .plain) -> String { heading(style) + outcome(style) }

    /// Each claim with its control below it, and a sign before both: ✓ it holds, ✗ it does not, ○ it could not be
    /// measured.
    public func claims(_ style: TerminalStyle = .plain) -> String {
        findings.claims.map { claim in
            let control = claim.control
            var lines = Self.verdict(
                claim.holds, claim.statement, claim.threshold,
                Self.measured(claim.observed, claim.unit, claim.threshold, beside: control.observed), indent: 0, style)
            lines += Self.verdict(
                control.holds, "control: " + control.statement, control.threshold,
                Self.measured(control.observed, control.unit, control.threshold, beside: claim.observed), indent: 2,
                style)
            let development = VerdictText.development(claim)
            if !development.isEmpty { lines += Self.indented(development, by: 2, style) }
            if claim.verdict == .notMeasurable, let reason = claim.reason {
                lines += Self.indented("not measurable: \(reason)", by: 2, style)
            }
            return lines.joined(separator: "\n") + "\n"
        }.joined()
    }

    /// What it means, or what was asked where nothing was found.
    private func heading(_ style: TerminalStyle) -> String {
        let text = findings.summary.isEmpty ? question : findings.summary
        return style.heading(title) + style.lines(text).map { $0 + "\n" }.joined()
    }

    private func outcome(_ style: TerminalStyle) -> String {
        let sentence = VerdictText.sentence(findings.claims)
        return sentence.isEmpty ? "" : style.heading(sentence)
    }

    private func draw(_ figure: Figure, _ style: TerminalStyle, strongest: Int) -> String? {
        switch figure {
        case .heatMap(let map):
            guard let table = findings.table(map.table), let drawing = TerminalHeatMap(map, in: findings) else {
                return nil
            }
            let list = strongest > 0 ? TerminalTable(strongest: strongest, of: map, table: table).render(style) : ""
            return drawing.render(style) + (list.isEmpty ? "" : "\n" + list)
        case .prompts(let panel): return TerminalPrompts(panel).render(style)
        case .grids(let grids): return TerminalGrid(grids).render(style)
        case .graph(let graph): return TerminalGraph(graph).render(style)
        case .images(let images): return TerminalImages(images).render(style)
        case .vectors(let plot): return TerminalVectors(plot).render(style)
        case .barChart(let chart): return TerminalBars(chart).render(style)
        case .lineChart(let chart): return TerminalLineChart(chart).render(style)
        case .scatter, .histogram, .text: return nil
        }
    }

    /// A measurement, without a unit that the threshold beside it names in words.
    private static func measured(
        _ observed: Double?, _ unit: String, _ threshold: String, beside other: Double?
    ) -> String? {
        let isNamed = unit.hasPrefix("of ") && threshold.contains(unit)
        return VerdictText.measured(observed, isNamed ? "" : unit, beside: other)
    }

    private static func verdict(
        _ holds: Bool?, _ statement: String, _ threshold: String, _ measured: String?, indent: Int,
        _ style: TerminalStyle
    ) -> [String] {
        let emphasis: TerminalStyle.Emphasis = holds.map { $0 ? .good : .bad } ?? .accent
        let value = measured ?? "not measurable"
        let text = "\(statement): \(value)" + (threshold.isEmpty ? "" : " (\(threshold))")
        let lines = indented(text, by: indent + 2, style)
        let margin = String(repeating: " ", count: indent)
        let sign = style.apply(emphasis, VerdictText.sign(holds))
        return lines.enumerated().map {
            $0.offset == 0 ? "\(margin)\(sign) \($0.element.dropFirst(indent + 2))" : $0.element
        }
    }

    private static func indented(_ text: String, by indent: Int, _ style: TerminalStyle) -> [String] {
        let margin = String(repeating: " ", count: indent)
        return DisplayWidth.wrapped(VisibleText.line(text), to: max(10, min(100, style.width) - indent))
            .map { margin + $0 }
    }
}

extension TerminalStyle {
    /// A paragraph as lines that are easily read.
    func lines(_ text: String) -> [String] { DisplayWidth.wrapped(VisibleText.line(text), to: min(100, width)) }
}
