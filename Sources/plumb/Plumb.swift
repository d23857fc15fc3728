import ArgumentParser
import Foundation
import PlumbRecords

/// The command `plumb`: the only place that joins experiments, models, records and reports.
@main
struct Plumb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plumb",
        abstract: "Run AI-safety experiments, look inside language models, and keep a record of both.",
        discussion: """
            Start with:
              plumb list                         what can be run
              plumb run activation-patching      where in a real language model is the answer computed?
              plumb predict --text "When Mary and John went to the store, John gave a drink to"
              plumb data show digits             what a data set holds, with a few of its pictures
              plumb world show boat-race         a small world whose reward is not what was wanted
              plumb train --text FILE --out DIR  a small language model of your own

            Exit codes: 0 done, 1 a claim failed in verify, 2 wrong usage, 3 bad input, 130 interrupted (143 by SIGTERM, 129 by SIGHUP).
            """,
        version: PlumbVersion.current,
        subcommands: [
            ListCommand.self, ShowCommand.self, RunCommand.self, VerifyCommand.self, ReportCommand.self,
            RunsCommand.self, PredictCommand.self, GenerateCommand.self, TokensCommand.self, ModelCommand.self,
            DataCommand.self, TrainCommand.self, WorldCommand.self, PreferencesCommand.self,
        ])

    /// Runs the command on the pool of tasks while the main thread waits for signals.
    static func main() {
        let signals = Interruption.blockSignals()
        let interruption = Interruption()
        // Detached: a task of the main thread would wait for it for ever.
        let work = Task.detached {
            let code = await Interruption.$current.withValue(interruption) { await runCommand() }
            Foundation.exit(code == Failure.interrupted ? interruption.exitCode : code)
        }
        interruption.onRequest { work.cancel() }
        interruption.wait(for: signals)
    }

    /// Runs what the command line asks for and returns the exit code.
    private static func runCommand() async -> Int32 {
        do {
            try Suggestion.check(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            try Output.flush()
            return 0
        } catch {
            return Failure.report(error)
        }
    }
}
