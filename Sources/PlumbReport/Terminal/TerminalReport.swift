public import PlumbRecords

/// A run's findings as terminal text: question, prompts, claims with controls, metrics, heat maps, curves and what it means.
public struct TerminalReport: Sendable {
    private let record: RunRecord

    /// The report of one record.
    public init(_ record: RunRecord) { self.record = record }

    /// Everything, in the order in which a reader needs it.
    /// - Parameters:
    ///   - style: the width and the colours of the terminal; by default 80 columns without colour.
    ///   - strongest: how many of each heat map's strongest cells to list; 0 for none.
    public func render(_ style: TerminalStyle = .plain, strongest: Int = 5) -> String {
        var parts = [heading(style)]
        let findings = record.findings
        for figure in findings.figures {
            switch figure {
            case .heatMap(let map):
                guard let table = findings.table(map.table), let drawing = TerminalHeatMap(map, in: findings) else {
                    continue
                }
                var part = drawing.render(style)
                if strongest > 0 {
                    let list = TerminalTable(
                        strongest: strongest, of: table, from: map.center ?? 0, columnsAreTokens: map.columnsAreTokens)
                    part += "\n" + list.render(style)
                }
                parts.append(part)
            case .prompts(let panel): parts.append(prompts(panel, style))
            case .grids(let grids): parts.append(TerminalGrid(grids).render(style))
            default: continue
            }
        }
        for chart in CurveCharts.charts(record.curves) { parts.append(TerminalLineChart(chart).render(style)) }
        if !findings.metrics.isEmpty { parts.append(TerminalTable(metrics: findings.metrics).render(style)) }
        if !findings.claims.isEmpty { parts.append(claims(style)) }
        let notes = findings.notes.flatMap { paragraph("· " + $0, style) }
        if !notes.isEmpty { parts.append(notes.joined(separator: "\n") + "\n") }
        if !findings.summary.isEmpty { parts.append(paragraph(findings.summary, style).joined(separator: "\n") + "\n") }
        return parts.joined(separator: "\n")
    }

    /// Each claim with its control below it, ✓ or ✗ before both.
    public func claims(_ style: TerminalStyle = .plain) -> String {
        record.findings.claims.map { claim in
            var lines = Self.verdict(
                claim.holds ?? false, claim.statement,
                Self.measured(claim.threshold, claim.observed ?? .nan, claim.unit), indent: 0, style)
            lines += Self.verdict(
                claim.control.holds ?? false, "control: " + claim.control.statement,
                Self.measured(claim.control.threshold, claim.control.observed ?? .nan, claim.control.unit), indent: 2, style)
            return lines.joined(separator: "\n") + "\n"
        }.joined()
    }

    private func heading(_ style: TerminalStyle) -> String {
        let lines = paragraph(record.card.question, style)
        return style.apply(.bold, VisibleText.line(record.card.title)) + "\n" + lines.joined(separator: "\n") + "\n"
    }

    private func prompts(_ panel: PromptPanel, _ style: TerminalStyle) -> String {
        let width = panel.prompts.map { DisplayWidth.of(VisibleText.line($0.label)) }.max() ?? 0
        return panel.prompts.map { prompt in
            let tokens = prompt.tokens.enumerated().map { index, token in
                let shown = VisibleText.line(token)
                guard prompt.marked.contains(index) else { return shown }
                // The mark goes around the word, not around the space that begins the token.
                let space = shown.prefix { $0 == " " }
                let word = String(shown.dropFirst(space.count))
                return space + (style.color == .none ? "[\(word)]" : style.apply(.accent, word))
            }.joined()
            let label = DisplayWidth.padded(VisibleText.line(prompt.label), to: width)
            var lines = style.apply(.dim, label) + "  " + tokens + "\n"
            let next = prompt.continuations.map { next in
                "\(VisibleText.token(next.token)) \(NumberText.fixed(next.logProbability, decimals: 4))"
            }
            let tail = next + (prompt.note.isEmpty ? [] : [VisibleText.line(prompt.note)])
            if !tail.isEmpty {
                let text = DisplayWidth.truncated(
                    "→ " + tail.joined(separator: "  "), to: max(10, style.width - width - 2))
                lines += String(repeating: " ", count: width + 2) + style.apply(.dim, text) + "\n"
            }
            return lines
        }.joined()
    }

    private func paragraph(_ text: String, _ style: TerminalStyle) -> [String] {
        DisplayWidth.wrapped(VisibleText.line(text), to: min(100, style.width))
    }

    private static func measured(_ threshold: String, _ observed: Double, _ unit: String) -> String {
        let value = NumberText.value(observed) + (unit.isEmpty ? "" : " " + unit)
        return threshold.isEmpty ? value : "\(value) (\(threshold))"
    }

    private static func verdict(
        _ holds: Bool, _ statement: String, _ measured: String, indent: Int, _ style: TerminalStyle
    ) -> [String] {
        let mark = holds ? style.apply(.good, "✓") : style.apply(.bad, "✗")
        let margin = String(repeating: " ", count: indent)
        let lines = DisplayWidth.wrapped(
            VisibleText.line(statement + ": " + measured), to: max(20, min(100, style.width) - indent - 2))
        return lines.enumerated().map { $0.offset == 0 ? "\(margin)\(mark) \($0.element)" : "\(margin)  \($0.element)" }
    }
}
