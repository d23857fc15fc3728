import ArgumentParser
import PlumbBasics
import PlumbExperiments
import PlumbRecords
import PlumbReport

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the experiments.",
        discussion: """
            \(CommandName.current) show ID tells more about one; \(CommandName.current) run ID --help lists its \
            settings.
            """)

    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let cards = try Plumb.catalogue.all.map { try $0.statedCard() }
        if json {
            return try Output.json(.object(["experiments": JSONValue(encoding: cards)]))
        }
        let table = TerminalTable(
            columns: [.init("id"), .init("title"), .init("minutes", .right)],
            rows: cards.map { [$0.id, $0.title, NumberText.value($0.minutes)] })
        print(table.render(.current()))
        let command = CommandName.current
        let hint = "\(command) show ID explains an experiment and its control; \(command) run ID runs it."
        print(TerminalStyle.current().paragraph(hint, indent: ""))
    }
}
