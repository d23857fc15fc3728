import ArgumentParser
import Foundation
import PlumbBasics
import PlumbExperiments
import PlumbRecords
import PlumbReport

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run an experiment and keep its record.",
        usage:
            "\(CommandName.current) run ID [--SETTING VALUE ...] [--preset NAME] [--seed N] [--out DIR] [--resume RUN] [--brief | --json]",
        discussion: """
            The experiment's settings are its options: \(CommandName.current) run ID --help lists them with their defaults.

            \(commonHelp())
            """)

    /// What every experiment takes beside its settings; without a value's name it is a flag.
    static let commonOptions: [(name: String, value: String, help: String)] = [
        ("preset", "NAME", "start from a named set of settings"),
        ("seed", "N", "the seed of every random number of the run (default 0)"),
        ("out", "DIR", "where run folders go (default ./runs)"),
        ("resume", "RUN", "go on with a run that was stopped: latest, its folder, or the beginning of its id"),
        ("brief", "", "print the conclusion, the verdict and where the record is"),
        ("json", "", "print one JSON object instead of tables"),
    ]

    /// Settings that name files; other texts may be empty.
    static let fileSettings = ["model", "pairs", "answers"]

    private static func commonHelp(_ style: TerminalStyle = TerminalStyle(width: 200)) -> String {
        commonOptions.map { option in
            let name = "  --\(option.name) \(option.value)".padding(toLength: 18, withPad: " ", startingAt: 0)
            return name + style.paragraph(option.help, indent: String(repeating: " ", count: 18)).dropFirst(18)
        }.joined(separator: "\n")
    }

    @Argument(parsing: .captureForPassthrough, help: "The experiment's id, then its settings.")
    var arguments: [String] = []

    func run() async throws {
        guard let id = arguments.first, id != "--help", id != "-h" else { throw CleanExit.helpRequest(self) }
        guard !id.hasPrefix("-") else {
            let command = CommandName.current
            throw SettingsError("\(id) stands where the experiment's id should: write \(command) run ID \(id)")
        }
        let experiment = try Plumb.catalogue.experiment(id)
        let request = try Request(Array(arguments.dropFirst()), experiment)
        if request.wantsHelp {
            let style = TerminalStyle.current()
            let title = "\(CommandName.current) run \(id): \(experiment.card.question)"
            print(style.paragraph(title, indent: "") + "\n")
            print(try SettingsHelp.text(of: experiment) + "\n")
            print(Self.commonHelp(style))
            return
        }
        let progress = Output.progress()
        let runner = Runner(observer: progress)
        let store = request.out.map { RunStore(directory: URL(fileURLWithPath: $0)) } ?? .standard
        let (record, folder) =
            if let resumed = request.resumed {
                try await runner.resume(experiment, resumed, in: store)
            } else {
                try await runner.run(experiment, settings: request.settings, seed: request.seed, in: store)
            }
        progress.close()
        if request.json {
            try Output.write(record.contractJSON())
        } else {
            let report = TerminalReport(record)
            print(request.brief ? report.brief(.current()) : report.render(.current()))
            print("\nrecord  \(folder.recordFile.path)\nreport  \(folder.reportFile.path)")
            let models = record.artifacts.count { $0.kind == "model" }
            if models > 0 {
                print("\(models == 1 ? "model " : "models")  \(models) in \(folder.artifactFolder.path)")
            }
        }
    }

    /// What the words after the experiment's id ask for.
    private struct Request {
        var settings = JSONValue.null
        var seed: UInt64 = 0
        var out: String?
        var resumed: String?
        var json = false
        var brief = false
        var wantsHelp = false

        init(_ words: [String], _ experiment: any Experiment.Type) throws {
            var rest: [String] = []
            var preset: String?
            var isSeedGiven = false
            var index = 0
            func value(_ word: String) throws -> String {
                if let equals = word.firstIndex(of: "=") { return String(word[word.index(after: equals)...]) }
                index += 1
                guard index < words.count else { throw SettingsError("\(word) needs a value") }
                return words[index]
            }
            func path(_ word: String) throws -> String {
                let path = try value(word)
                try PathOption.check(path, String(word.prefix { $0 != "=" }))
                return path
            }
            while index < words.count {
                let word = words[index]
                let name = word.prefix { $0 != "=" }
                switch name {
                case "--help", "-h": wantsHelp = true
                case "--json":
                    guard name == word else { throw SettingsError("--json takes no value, found \"\(word)\"") }
                    json = true
                case "--brief":
                    guard name == word else { throw SettingsError("--brief takes no value, found \"\(word)\"") }
                    brief = true
                case "--out": out = try path(word)
                case "--resume": resumed = try path(word)
                case "--preset": preset = try value(word)
                case "--seed":
                    isSeedGiven = true
                    let text = try value(word)
                    guard let number = UInt64(text) else {
                        throw SettingsError("--seed expects a whole number of 0 or more, found \"\(text)\"")
                    }
                    seed = number
                default:
                    rest.append(word)
                    // The word after an option is its value, whatever it looks like.
                    if word.hasPrefix("--"), !word.contains("="), index + 1 < words.count,
                        !words[index + 1].hasPrefix("--")
                    {
                        index += 1
                        rest.append(words[index])
                    }
                }
                index += 1
            }
            guard !wantsHelp else { return }
            let others = RunCommand.commonOptions.map(\.name) + ["help"]
            let schema = try experiment.schema()
            let overrides = try schema.parse(rest, otherOptions: others)
            for override in overrides where RunCommand.fileSettings.contains(override.name) {
                try PathOption.check(override.value, "--" + override.name)
            }
            if resumed != nil {
                let option = overrides.first.flatMap { first in schema.fields.first { $0.name == first.name }?.option }
                let extra = option ?? (preset != nil ? "preset" : isSeedGiven ? "seed" : nil)
                if let extra {
                    throw SettingsError("--resume keeps the settings and the seed of the run: leave out --\(extra)")
                }
            }
            settings = try experiment.settings(preset: preset, overrides: overrides)
        }
    }
}
