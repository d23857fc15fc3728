import ArgumentParser
import Foundation
import PlumbBasics
import PlumbRecords

/// What ended without a result but left something to go on from.
protocol Unfinished: Error {
    /// Why it ended.
    var cause: any Error { get }
    /// How to go on; `nil` where beginning anew is as good.
    var advice: String? { get }
}

/// How a command ends when it does not end well.
enum Failure {
    static let claimFailed: Int32 = 1
    static let usage: Int32 = 2
    static let badInput: Int32 = 3
    static let interrupted: Int32 = 130

    /// The most characters of a message: what a file holds may be repeated in one, and files are large.
    static let longest = 4_000

    /// Says what went wrong, on standard error, and returns the exit code.
    static func report(_ error: any Error) -> Int32 {
        switch error {
        case let code as ExitCode:
            return code.rawValue
        case let unfinished as any Unfinished:
            let code = report(unfinished.cause)
            if let advice = unfinished.advice { say(advice) }
            return code
        case is RunInterrupted, is CancellationError:
            say("interrupted")
            return interrupted
        case is SettingsError:
            say("\(error)")
            return usage
        default:
            break
        }
        if RootCommand.exitCode(for: error) == .success {
            do {
                try Output.stream(RootCommand.fullMessage(for: error) + "\n")
                return 0
            } catch { return report(error) }
        }
        if RootCommand.exitCode(for: error) == .validationFailure {
            let message = RootCommand.fullMessage(for: error)
            say(message.hasPrefix("Error: ") ? String(message.dropFirst("Error: ".count)) : message)
            return usage
        }
        say(sentence(of: error))
        return badInput
    }

    /// Writes one sentence on standard error. Everything that goes wrong is said here, so that nothing in a message, which
    /// may repeat what a file holds, acts on the terminal.
    static func say(_ sentence: String) {
        let lines = sentence.split(separator: "\n", omittingEmptySubsequences: false)
        let shown = lines.prefix(100).map { visible(String($0), limit: longest) }
        Output.complain("\(CommandName.current): " + shown.joined(separator: "\n") + "\n")
    }
}
