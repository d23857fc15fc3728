/// One line of progress: `sweep  ███████▌            38 %   ETA 12.4 s`.
public struct ProgressLine: Sendable, Equatable {
    /// What is being done.
    public var label: String
    /// From 0 to 1.
    public var fraction: Double
    /// Time since this part began, in seconds.
    public var elapsed: Double

    /// The line at one moment; fractions outside 0 to 1 are moved to the nearer end.
    public init(label: String, fraction: Double, elapsed: Double) {
        self.label = label
        self.fraction = min(1, max(0, fraction.isNaN ? 0 : fraction))
        self.elapsed = elapsed
    }

    /// The time still needed if the rest goes as fast as what is done; `nil` before anything can be said.
    public var remaining: Double? {
        fraction > 0.001 && elapsed > 0.05 ? elapsed * (1 - fraction) / fraction : nil
    }

    /// The line without a line break, always narrower than the terminal, so that it never wraps.
    public func render(_ style: TerminalStyle) -> String {
        let name = VisibleText.line(label)
        if fraction >= 1 {
            let text = DisplayWidth.truncated(name, to: max(4, style.width - 18))
            return style.apply(.good, "✓") + " " + text + style.apply(.dim, "  " + NumberText.duration(elapsed))
        }
        let time = remaining.map { "ETA " + NumberText.duration($0) } ?? ""
        let percent = DisplayWidth.padded("\(Int(fraction * 100)) %", to: 5, right: true)
        let shown = DisplayWidth.truncated(name, to: max(6, style.width / 3))
        let room = style.width - DisplayWidth.of(shown) - 2 - 7 - 20
        guard room >= 6 else { return DisplayWidth.truncated("\(shown) \(percent) \(time)", to: style.width - 1) }
        let width = min(40, room)
        let eighths = Int((fraction * Double(width * 8)).rounded(.down))
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let filled = DisplayWidth.padded(String(repeating: "█", count: eighths / 8) + partial, to: width)
        return shown + "  " + style.apply(.accent, filled) + "  " + percent + (time.isEmpty ? "" : "  " + time)
    }
}
