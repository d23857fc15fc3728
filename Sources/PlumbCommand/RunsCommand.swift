import ArgumentParser
import Foundation
import PlumbBasics
import PlumbRecords
import PlumbReport

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List recorded runs, newest first.")

    @Option(help: "The folder that holds the run folders.", completion: .directory) var out: String = "runs"
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws { try PathOption.check(out, "--out") }

    func run() throws {
        let entries = try RunStore(directory: URL(fileURLWithPath: out)).list()
        if json {
            let runs = try entries.map { entry in
                try entry.record?.contract() ?? Self.summary(of: entry)
            }
            return try Output.json(.object(["runs": .array(runs)]))
        }
        guard !entries.isEmpty else {
            return print(
                "no runs in \(out): \(CommandName.current) run ID makes one, and \(CommandName.current) list shows what can be run"
            )
        }
        // A pipe has no width: what reads it wants a run in a line.
        let hasWidth = isatty(STDOUT_FILENO) == 1 || ProcessInfo.processInfo.environment["COLUMNS"] != nil
        let style = hasWidth ? TerminalStyle.current() : TerminalStyle(width: 240)
        print(TerminalTable(runs: entries, width: style.width).render(style))
    }

    /// What is known of a run without a record.
    private static func summary(of entry: RunEntry) -> JSONValue {
        var members: [String: JSONValue] = ["id": .string(entry.id), "status": .string(entry.status)]
        switch entry.state {
        case .incomplete(_, let reason): members["reason"] = .string(reason)
        case .damaged(let reason):
            members["reason"] = .string(reason)
            return .object(members)
        case .recorded, .running: break
        }
        members["experiment"] = .string(entry.experiment)
        members["started"] = entry.started.map { .string($0.description) }
        return .object(members)
    }
}
