import Synchronization

/// Hears of everything that happens during a run: an event log, a progress bar, a web page.
///
/// Calls come from any thread, one after another or at once.
public protocol RunObserver: Sendable {
    /// Hears one event; it should return soon, as the run waits for it.
    func receive(_ event: RunEvent)
}

/// Passes every event to several observers, in order.
public struct RunObservers: RunObserver {
    /// Those who hear of every event, in order.
    public let observers: [any RunObserver]

    /// Passes events on to all of `observers`.
    public init(_ observers: [any RunObserver]) { self.observers = observers }

    /// Hands the event to each observer in turn.
    public func receive(_ event: RunEvent) {
        for observer in observers { observer.receive(event) }
    }
}

/// Thrown by `RunContext.checkpoint()` when the run was asked to stop.
public struct RunInterrupted: Error, CustomStringConvertible, Equatable {
    /// The error.
    public init() {}

    /// The word "interrupted".
    public var description: String { "interrupted" }
}

/// A request to stop, raised by whoever started the run; raising it is safe inside a signal handler.
public final class RunInterruption: Sendable {
    private let flag = Atomic<Bool>(false)
    private let saves = Atomic<Int>(0)

    /// No request yet.
    public init() {}

    /// Asks the run to stop at its next checkpoint.
    public func raise() { flag.store(true, ordering: .releasing) }

    /// Whether the run was asked to stop.
    public var isRaised: Bool { flag.load(ordering: .acquiring) }

    /// Runs `body`, which writes what the run can go on from: who ends a run that does not stop waits for it.
    public func saving<Result>(_ body: () throws -> Result) rethrows -> Result {
        saves.add(1, ordering: .acquiringAndReleasing)
        defer { saves.subtract(1, ordering: .acquiringAndReleasing) }
        return try body()
    }

    /// Whether anything is being written that the run can go on from.
    public var isSaving: Bool { saves.load(ordering: .acquiring) > 0 }
}
