import Foundation
import PlumbRecords
import Synchronization

/// Hears Ctrl-C (SIGINT) and the requests to end that systems and terminals send (SIGTERM, SIGHUP).
///
/// The first one asks the command to stop; a command that keeps nothing ends at once. One that has not ended after
/// ``grace`` is ended from here, as soon as no file is being saved that it could go on from. A second Ctrl-C ends the
/// process at once.
///
/// Signals are waited for by the main thread, which does nothing else: a handler on the pool that computes would wait
/// until the computation leaves it a thread.
final class Interruption: Sendable {
    /// The one of this process; `nil` where a command runs without one.
    @TaskLocal static var current: Interruption?

    /// How long a command may take to end by itself.
    static let grace = Duration.milliseconds(1_500)
    /// How much longer where it is writing what it can go on from.
    static let savingGrace = Duration.seconds(60)

    /// What is to be looked at by whoever can stop.
    let request = RunInterruption()

    private struct State {
        var signal = SIGINT
        var isAwaited = false
        var closings: [@Sendable () -> Void] = []
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// The exit code that the signal asks for: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP.
    var exitCode: Int32 { 128 + state.withLock(\.signal) }

    /// Promises to look at ``request`` and to end soon once it is raised.
    ///
    /// - Parameter closing: closes what is open, where the command does not end by itself; may be called on any thread.
    func awaited(closing: (@Sendable () -> Void)? = nil) -> RunInterruption {
        state.withLock { state in
            state.isAwaited = true
            if let closing { state.closings.append(closing) }
        }
        return request
    }

    /// Calls `cancel` when the command is asked to stop.
    func onRequest(_ cancel: @escaping @Sendable () -> Void) { state.withLock { $0.cancel = cancel } }

    /// Keeps the signals for ``wait()``. To be called by the main thread before there is any other.
    ///
    /// SIGHUP stays ignored where it is: so `nohup` asks.
    static func blockSignals() -> [Int32] {
        var signals = [SIGINT, SIGTERM]
        var action = sigaction()
        if sigaction(SIGHUP, nil, &action) == 0, !isIgnored(action) { signals.append(SIGHUP) }
        var set = signalSet(signals)
        // An ignored signal would not be kept: a shell starts commands in the background with SIGINT ignored.
        signals.forEach { signal($0, SIG_DFL) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        return signals
    }

    /// Waits for signals, for ever. To be called by the main thread.
    func wait(for signals: [Int32]) -> Never {
        var set = Interruption.signalSet(signals)
        while true {
            var signal: Int32 = 0
            if sigwait(&set, &signal) == 0 { hear(signal) }
        }
    }

    private func hear(_ signal: Int32) {
        if request.isRaised {
            // A closing terminal sends SIGHUP more than once: only Ctrl-C is in a hurry.
            if signal == SIGINT { _exit(128 + signal) }
            return
        }
        let (isAwaited, cancel) = state.withLock { state in
            state.signal = signal
            return (state.isAwaited, state.cancel)
        }
        request.raise()
        guard isAwaited else { end() }
        cancel?()
        Thread.detachNewThread { [self] in
            let start = ContinuousClock.now
            while ContinuousClock.now - start < (request.isSaving ? Self.savingGrace : Self.grace) {
                Thread.sleep(forTimeInterval: 0.02)
            }
            end()
        }
    }

    /// Ends the process although the command goes on.
    private func end() -> Never {
        let (closings, signal) = state.withLock { ($0.closings, $0.signal) }
        if isatty(STDERR_FILENO) == 1 { Output.complain("\n") }
        Failure.say("interrupted")
        closings.forEach { $0() }
        // Not `exit`, which tears down what other threads still compute with.
        _exit(128 + signal)
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        #if canImport(Darwin)
            let handler = action.__sigaction_u.__sa_handler
        #else
            let handler = action.__sigaction_handler.sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func signalSet(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
