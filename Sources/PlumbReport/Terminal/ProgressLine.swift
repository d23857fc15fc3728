public import PlumbRecords

/// One line of progress: `sweep  ███████▌            38 %   ETA 12.4 s`, or with details
/// `training  ███▌        38 %  step 380/1000  loss 2.31  ETA 12.0 s`.
public struct ProgressLine: Sendable, Equatable {
    /// What is being done.
    public var label: String
    /// From 0 to 1.
    public var fraction: Double
    /// Time since this part began, in seconds.
    public var elapsed: Double
    /// What was done already when it began: above 0 for a run that was resumed.
    public var start: Double
    /// The step, and values worth watching.
    public var detail: RunProgress?

    /// The line at one moment; fractions outside 0 to 1 are moved to the nearer end.
    public init(label: String, fraction: Double, elapsed: Double, start: Double = 0, detail: RunProgress? = nil) {
        self.label = label
        self.fraction = Self.clamped(fraction)
        self.elapsed = elapsed
        self.start = Self.clamped(start)
        self.detail = detail
    }

    private static func clamped(_ fraction: Double) -> Double { min(1, max(0, fraction.isNaN ? 0 : fraction)) }

    /// The time still needed if the rest goes as fast as what is done; `nil` before anything can be said.
    public var remaining: Double? {
        fraction - start > 0.001 && elapsed > 0.05 ? elapsed * (1 - fraction) / (fraction - start) : nil
    }

    /// The line without a line break, always narrower than the terminal, so that it never wraps.
    public func render(_ style: TerminalStyle) -> String {
        let name = VisibleText.line(label)
        if fraction >= 1 { return finished(name, style) }
        let time = remaining.map { "ETA " + NumberText.duration($0) } ?? ""
        let percent = DisplayWidth.padded("\(Int(fraction * 100)) %", to: 5, right: true)
        let shown = DisplayWidth.truncated(name, to: max(6, style.width / 3))
        let room = style.width - DisplayWidth.of(shown) - 2 - 7 - 20
        guard room >= 6 else { return DisplayWidth.truncated("\(shown) \(percent) \(time)", to: style.width - 1) }
        // The bar gives way to what is worth watching, down to eight columns; then the last values give way.
        let details = fitting(room - 8)
        let width = min(detail == nil ? 40 : 20, room - DisplayWidth.of(details))
        let eighths = Int((fraction * Double(width * 8)).rounded(.down))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let filled = DisplayWidth.padded(String(repeating: "█", count: eighths / 8) + partial, to: width)
        return shown + "  " + style.apply(.accent, filled) + "  " + percent + details
            + (time.isEmpty ? "" : "  " + time)
    }

    private func finished(_ name: String, _ style: TerminalStyle) -> String {
        let text = DisplayWidth.truncated(name, to: max(4, style.width - 18))
        let room = style.width - 18 - DisplayWidth.of(text)
        return style.apply(.good, "✓") + " " + text
            + style.apply(.dim, "  " + NumberText.duration(elapsed) + fitting(room))
    }

    /// As many of the step and the values as fit into `room` columns, each after two spaces.
    private func fitting(_ room: Int) -> String {
        guard let detail else { return "" }
        let unit = VisibleText.line(detail.unit)
        var shown = ""
        let parts =
            ["\(unit.isEmpty ? "" : unit + " ")\(detail.done)/\(detail.total)"]
            + detail.values.map { "\(VisibleText.line($0.name)) \(NumberText.value($0.value))" }
        for part in parts {
            guard DisplayWidth.of(shown) + 2 + DisplayWidth.of(part) <= room else { break }
            shown += "  " + part
        }
        return shown
    }
}
