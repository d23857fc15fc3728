import ArgumentParser
import Foundation
import PlumbRecords
import PlumbReport

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List recorded runs, newest first.")

    @Option(help: "The folder of run folders.") var out: String = "runs"
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let entries = try RunStore(directory: URL(fileURLWithPath: out)).list()
        if json {
            let runs = try entries.map { entry in
                try entry.record?.contract()
                    ?? .object(["id": .string(entry.id), "state": .string("\(entry.state)")])
            }
            return Output.json(.object(["runs": .array(runs)]))
        }
        guard !entries.isEmpty else {
            return print("no runs in \(out): plumb run ID makes one, and plumb list shows what can be run")
        }
        print(TerminalTable(runs: entries).render(.current()))
    }
}
