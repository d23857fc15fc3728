public import PlumbRecords
import Synchronization

/// Draws a run's progress on a terminal, one line that is overwritten; on anything else it says nothing.
///
/// ```swift
/// let progress = TerminalProgress(style: .current(descriptor: 2), isTerminal: isatty(2) == 1) { text in … }
/// let context = RunContext(seed: 0, observer: RunObservers([folder, progress]))
/// ```
public final class TerminalProgress: RunObserver {
    private struct State {
        var label: String?
        var began = Timestamp(milliseconds: 0)
        var start = 0.0
        var drawn = Timestamp(milliseconds: 0)
        var isLineOpen = false
    }

    private let style: TerminalStyle
    private let isTerminal: Bool
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - style: the width and the colors of the terminal.
    ///   - isTerminal: whether `write` reaches a terminal; nothing is written otherwise.
    ///   - write: puts text on standard error, without adding a line break.
    public init(style: TerminalStyle, isTerminal: Bool, write: @escaping @Sendable (String) -> Void) {
        self.style = style
        self.isTerminal = isTerminal
        self.write = write
    }

    /// Redraws the line when the event calls for it.
    public func receive(_ event: RunEvent) {
        guard isTerminal else { return }
        let text = state.withLock { state -> String in
            switch event.kind {
            case .progress(let label, let fraction, let detail):
                return Self.draw(label, fraction, detail, event.time, style, &state)
            case .note(let sentence): return Self.close(&state) + VisibleText.line(sentence) + "\n"
            case .finished, .failed, .interrupted: return Self.close(&state)
            default: return ""
            }
        }
        if !text.isEmpty { write(text) }
    }

    /// Ends an open line, so that what follows starts on its own.
    public func close() {
        guard isTerminal else { return }
        let text = state.withLock { Self.close(&$0) }
        if !text.isEmpty { write(text) }
    }

    private static func draw(
        _ label: String, _ fraction: Double, _ detail: RunProgress?, _ time: Timestamp, _ style: TerminalStyle,
        _ state: inout State
    ) -> String {
        var text = ""
        if state.label != label {
            text += close(&state)
            state.label = label
            state.began = time
            state.start = fraction
        } else if fraction < 1, time.seconds(since: state.drawn) < 0.1 {
            return ""
        }
        state.drawn = time
        let line = ProgressLine(
            label: label, fraction: fraction, elapsed: time.seconds(since: state.began), start: state.start,
            detail: detail)
        // Back to the line's beginning, and clear what a longer line left behind.
        text += "\r\u{1B}[K" + line.render(style)
        state.isLineOpen = true
        if fraction >= 1 {
            text += "\n"
            state.isLineOpen = false
            state.label = nil
        }
        return text
    }

    private static func close(_ state: inout State) -> String {
        state.label = nil
        guard state.isLineOpen else { return "" }
        state.isLineOpen = false
        return "\n"
    }
}
