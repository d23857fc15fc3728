@preconcurrency import Dispatch
import Foundation
import PlumbRecords

/// Turns Ctrl-C into a request to stop; a second Ctrl-C ends the process at once.
final class Interruption: Sendable {
    let request = RunInterruption()
    private let source: any DispatchSourceSignal

    init() {
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [request] in
            if request.isRaised { exit(Failure.interrupted) }
            request.raise()
        }
        source.resume()
        self.source = source
    }

    deinit { source.cancel() }
}
