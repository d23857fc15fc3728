import ArgumentParser
import PlumbExperiments
import PlumbRecords
import PlumbReport

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the experiments.",
        discussion: "plumb show ID tells more about one; plumb run ID --help lists its settings.")

    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let cards = try Catalogue.standard.all.map { try $0.statedCard() }
        if json {
            return try Output.json(.object(["experiments": JSONValue(encoding: cards)]))
        }
        let table = TerminalTable(
            columns: [.init("id"), .init("title"), .init("minutes", .right)],
            rows: cards.map { [$0.id, $0.title, NumberText.value($0.minutes)] })
        print(table.render(.current()))
        print("plumb show ID says what one asks, and what must not show it; plumb run ID runs it.")
    }
}
