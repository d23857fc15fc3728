/// The part of a run's context that any thread may hold: it reports and asks whether to stop, and changes nothing.
///
/// Arguments are not evaluated when nobody listens, so that a report costs nothing in a test or a benchmark.
public struct RunReporter: Sendable {
    let observer: (any RunObserver)?
    let interruption: RunInterruption?

    /// A reporter nobody listens to and nobody interrupts.
    public static let silent = RunReporter(observer: nil, interruption: nil)

    /// Whether anybody listens.
    public var isObserved: Bool { observer != nil }

    /// Says how far the part `label` has come; cheap enough for an inner loop of milliseconds.
    /// - Parameters:
    ///   - label: names the part of the run.
    ///   - fraction: from 0 to 1; values outside are moved to the nearer end.
    public func progress(_ label: @autoclosure () -> String, _ fraction: @autoclosure () -> Double) {
        emit(.progress(label: label(), fraction: Self.clamped(fraction())))
    }

    /// Says that `done` of `total` parts are done.
    public func progress(_ label: @autoclosure () -> String, _ done: Int, of total: Int) {
        progress(label(), RunProgress(done, of: total).fraction)
    }

    /// Says that `done` of `total` steps are done, and what is worth watching: `step 380/1000  loss 2.31`.
    /// - Parameters:
    ///   - label: names the part of the run.
    ///   - done: the steps done.
    ///   - total: the steps there are.
    ///   - unit: what a step is called.
    ///   - values: names and numbers of this moment, the most telling first.
    public func progress(
        _ label: @autoclosure () -> String, _ done: Int, of total: Int, unit: @autoclosure () -> String = "step",
        values: @autoclosure () -> [(String, Double)]
    ) {
        guard isObserved else { return }
        let detail = RunProgress(
            done, of: total, unit: unit(), values: values().map { RunProgress.Value($0.0, $0.1) })
        emit(.progress(label: label(), fraction: Self.clamped(detail.fraction), detail: detail))
    }

    /// A number known before the run ends.
    public func metric(_ metric: @autoclosure () -> Metric) { emit(.metric(metric())) }

    /// One more point of a growing curve; the report draws `loss/train` and `loss/validation` as lines of one chart.
    ///
    /// Every point becomes a line of the event log: report every tenth step where steps take microseconds.
    public func point(_ series: @autoclosure () -> String, x: Double, y: @autoclosure () -> Double) {
        emit(.point(series: series(), x: x, y: y()))
    }

    /// A sentence for whoever watches.
    public func note(_ sentence: @autoclosure () -> String) { emit(.note(sentence())) }

    /// Gives a stopped run the chance to end: call it between parts of a computation.
    /// - Throws: `RunInterrupted` when the run was asked to stop or its task was canceled.
    public func checkpoint() throws {
        if isInterrupted { throw RunInterrupted() }
    }

    /// Whether the run was asked to stop.
    public var isInterrupted: Bool { interruption?.isRaised ?? false || Task.isCancelled }

    /// Runs `body`, which writes what the run can go on from: a run that was asked to stop is given the time for it.
    public func saving<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard let interruption else { return try body() }
        return try interruption.saving(body)
    }

    /// A reporter that `observer` listens to, and that asks the same whether to stop.
    public func heard(by observer: (any RunObserver)?) -> RunReporter {
        RunReporter(observer: observer, interruption: interruption)
    }

    /// Sends one event to whoever watches.
    public func emit(_ kind: @autoclosure () -> RunEvent.Kind) {
        guard let observer else { return }
        observer.receive(RunEvent(kind()))
    }

    private static func clamped(_ fraction: Double) -> Double { min(1, max(0, fraction.isNaN ? 0 : fraction)) }
}
