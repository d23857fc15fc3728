import ArgumentParser
import Foundation
import PlumbBasics
import PlumbExperiments
public import PlumbRecords

/// The command line of Plumbline, for executables of any package.
///
/// A package with experiments of its own has the whole command, with them in it, by one line in its `main.swift`:
/// ```swift
/// Plumb.main(experiments: [MyQuestion.self])
/// ```
public enum Plumb {
    /// The experiments that the running command knows.
    @TaskLocal static var catalogue = Catalogue.standard

    /// Runs what the command line asks for and ends the process with its exit code.
    ///
    /// The command runs on the pool of tasks while the main thread, which must call this, waits for signals.
    /// - Parameters:
    ///   - experiments: experiments beside those that come with Plumbline; they are listed first. Two experiments with
    ///     the same id are refused with exit code 2.
    ///   - standard: whether the experiments that come with Plumbline can be run too.
    public static func main(experiments: [any Experiment.Type] = [], standard: Bool = true) -> Never {
        Output.keepStandardStreams()
        let signals = Interruption.blockSignals()
        let interruption = Interruption()
        let started = CommandLine.arguments.first.map { URL(fileURLWithPath: $0).lastPathComponent } ?? ""
        let name = started.isEmpty ? CommandName.current : started
        // Detached: a task of the main thread would wait for it for ever.
        let work = Task.detached {
            let code = await Interruption.$current.withValue(interruption) {
                await CommandName.$current.withValue(name) {
                    await run(experiments + (standard ? Catalogue.standard.all : []))
                }
            }
            Foundation.exit(code == Failure.interrupted ? interruption.exitCode : code)
        }
        interruption.onRequest { work.cancel() }
        interruption.wait(for: signals)
    }

    /// Runs the command with `experiments` and returns the exit code.
    private static func run(_ experiments: [any Experiment.Type]) async -> Int32 {
        do {
            return try await $catalogue.withValue(Catalogue(checking: experiments)) {
                try Suggestion.check(Array(CommandLine.arguments.dropFirst()))
                var command = try RootCommand.parseAsRoot()
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
                try Output.flush()
                return 0
            }
        } catch {
            return Failure.report(error)
        }
    }
}
