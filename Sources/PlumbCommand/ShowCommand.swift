import ArgumentParser
import PlumbBasics
import PlumbExperiments
import PlumbRecords
import PlumbReport

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Explain an experiment: its question, hypothesis, control, sources and settings."
    )

    @Argument(
        help: ArgumentHelp(
            "The experiment's id; \(CommandName.current) list shows them.", valueName: "experiment"))
    var id: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let experiment = try Plumb.catalogue.experiment(id)
        let card = try experiment.statedCard()
        if json {
            return try Output.json(
                .object([
                    "card": JSONValue(encoding: card), "settings": experiment.settings(),
                    "presets": .array(experiment.presetNames.map(JSONValue.string)),
                ]))
        }
        let sections = [
            ("Question", card.question), ("Method", card.method), ("Hypothesis", card.hypothesis),
            ("Control", card.control), ("Limits", card.limits), ("Changed after results were seen", card.changes),
        ]
        let style = TerminalStyle.current()
        let heading = ["\(card.title) (\(card.id))", card.direction].map { style.paragraph($0, indent: "") }
        print(heading.joined(separator: "\n") + "\n")
        for (title, text) in sections where !text.isEmpty { print("\(title)\n\(style.paragraph(text))\n") }
        print("Sources")
        for source in card.references {
            let link = source.arXiv.map { ", arXiv:\($0)" } ?? ""
            print(style.paragraph("\(source.authors), \(source.title), \(source.year)\(link)"))
        }
        print("\n" + (try SettingsHelp.text(of: experiment)))
    }
}

extension Experiment {
    static var presetNames: [String] { presets.keys.sorted() }
}

/// The settings of an experiment as `--help` shows them.
enum SettingsHelp {
    static func text(of experiment: any Experiment.Type) throws -> String {
        var lines = ["Settings"]
        for field in try experiment.schema().fields {
            lines.append("  --\(field.option) \(field.placeholder)")
            if let help = field.help { lines.append(TerminalStyle.current().paragraph(help, indent: "      ")) }
            lines.append("      default: \(field.defaultText)\(field.rangeText.map { "; \($0)" } ?? "")")
        }
        if !experiment.presetNames.isEmpty {
            lines += ["", "Presets", "  --preset \(experiment.presetNames.joined(separator: "|"))"]
        }
        return lines.joined(separator: "\n")
    }
}

extension SettingsField {
    fileprivate var defaultText: String {
        switch defaultValue {
        case .null: "none"
        case .array(let values): values.map(\.plainText).joined(separator: ",")
        case .string(let text): "\"\(text)\""
        default: defaultValue.plainText
        }
    }
}
