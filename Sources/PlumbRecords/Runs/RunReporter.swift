/// The part of a run's context that any thread may hold: it reports and asks whether to stop, and changes nothing.
public struct RunReporter: Sendable {
    let observer: (any RunObserver)?
    let interruption: RunInterruption?

    /// A reporter nobody listens to and nobody interrupts.
    public static let silent = RunReporter(observer: nil, interruption: nil)

    /// Says how far the part `label` has come; cheap enough for an inner loop of milliseconds.
    /// - Parameter fraction: from 0 to 1; values outside are moved to the nearer end.
    public func progress(_ label: String, _ fraction: Double) {
        emit(.progress(label: label, fraction: min(1, max(0, fraction.isNaN ? 0 : fraction))))
    }

    /// Says that `done` of `total` parts are done.
    public func progress(_ label: String, _ done: Int, of total: Int) {
        progress(label, total <= 0 ? 1 : Double(done) / Double(total))
    }

    /// A number known before the run ends.
    public func metric(_ metric: Metric) { emit(.metric(metric)) }

    /// One more point of a growing curve.
    public func point(_ series: String, x: Double, y: Double) {
        emit(.point(series: series, x: x, y: y))
    }

    /// A sentence for whoever watches.
    public func note(_ sentence: String) { emit(.note(sentence)) }

    /// Gives a stopped run the chance to end: call it between parts of a computation.
    /// - Throws: `RunInterrupted` when the run was asked to stop or its task was cancelled.
    public func checkpoint() throws {
        if isInterrupted { throw RunInterrupted() }
    }

    /// Whether the run was asked to stop.
    public var isInterrupted: Bool { interruption?.isRaised ?? false || Task.isCancelled }

    /// Sends one event to whoever watches.
    public func emit(_ kind: RunEvent.Kind) { observer?.receive(RunEvent(kind)) }
}
