import ArgumentParser
import Foundation
import PlumbRecords

/// How a command ends when it does not end well.
enum Failure {
    static let claimFailed: Int32 = 1
    static let usage: Int32 = 2
    static let badInput: Int32 = 3
    static let interrupted: Int32 = 130

    /// Says what went wrong, on standard error, and returns the exit code.
    static func report(_ error: any Error) -> Int32 {
        switch error {
        case let code as ExitCode:
            return code.rawValue
        case let unfinished as UnfinishedRun:
            let code = report(unfinished.cause)
            if let advice = unfinished.advice { say(advice) }
            return code
        case is RunInterrupted, is CancellationError:
            say("interrupted")
            return interrupted
        case is SettingsError:
            say("plumb: \(error)")
            return usage
        default:
            break
        }
        if Plumb.exitCode(for: error) == .success {
            print(Plumb.fullMessage(for: error))
            return 0
        }
        if Plumb.exitCode(for: error) == .validationFailure {
            say(Plumb.fullMessage(for: error))
            return usage
        }
        say("plumb: \(error)")
        return badInput
    }

    private static func say(_ text: String) {
        Output.complain(text + "\n")
    }
}
