import ArgumentParser
import Foundation
import PlumbBasics
import PlumbExperiments
import PlumbRecords

/// What can stand in the place of the last word of a command line.
struct Completion {
    /// The words between the command's name and the word that is completed.
    let words: [String]
    /// The beginning of the word that is completed.
    let beginning: String

    /// An option of a command or of an experiment.
    fileprivate struct Option {
        var names: [String]
        var summary: String
        /// `nil` for a flag.
        var values: CompletionValues?
        var isRepeating = false
    }

    /// What may follow in a command.
    fileprivate struct Choice {
        var options: [Option]
        var positional: [CompletionValues] = []
        /// Whether the last of `positional` may stand any number of times.
        var isRepeating = false
        var commands: [any ParsableCommand.Type] = []
    }

    func candidates() throws -> [Candidate] {
        var command: any ParsableCommand.Type = RootCommand.self
        var rest = words[...]
        while let next = Self.shown(in: command).first(where: { Suggestion.names(of: $0).first == rest.first }) {
            command = next
            rest.removeFirst()
        }
        if rest.first == "help" { return matching(named(Self.shown(in: RootCommand.self))) }
        let choice = command == RunCommand.self ? try run(&rest) : try Choice(of: command)
        return matching(candidates(choice, Array(rest)))
    }

    private static func shown(in command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
    }

    private func candidates(_ choice: Choice, _ words: [String]) -> [Candidate] {
        var pending: Option?
        var (given, positional) = (Set<String>(), 0)
        var store = RunStore.standard
        for word in words {
            // The shell may give "--out=runs" as three words.
            if word == "=", pending != nil { continue }
            let name = String(word.prefix { $0 != "=" })
            if let option = pending {
                if option.names.contains("--out") { store = Self.store(word) }
                pending = nil
            } else if let option = choice.options.first(where: { $0.names.contains(name) }) {
                if !option.isRepeating { given.formUnion(option.names) }
                if name != word, name == "--out" { store = Self.store(String(word.dropFirst(name.count + 1))) }
                pending = option.values == nil || name != word ? nil : option
            } else if !word.hasPrefix("-") {
                positional += 1
            }
        }
        if let values = pending?.values { return values.candidates(beginning, in: store) }
        if beginning.hasPrefix("--"), let equals = beginning.firstIndex(of: "=") {
            let (name, value) = (beginning[..<equals], String(beginning[beginning.index(after: equals)...]))
            let values = choice.options.first { $0.names.contains(String(name)) }?.values
            return (values ?? .free).candidates(value, in: store).map { candidate in
                let isMark = [.files, .folders].contains(candidate)
                return isMark ? candidate : Candidate(text: name + "=" + candidate.text, summary: candidate.summary)
            }
        }
        let options = choice.options.filter { $0.names.allSatisfy { !given.contains($0) } }
            .flatMap { option in option.names.map { Candidate(text: $0, summary: option.summary) } }
        if beginning.hasPrefix("-") { return options }
        if !choice.commands.isEmpty { return positional == 0 ? named(choice.commands) : [] }
        let place = choice.isRepeating ? min(positional, choice.positional.count - 1) : positional
        let isPlace = choice.positional.indices.contains(place)
        let values = isPlace ? choice.positional[place].candidates(beginning, in: store) : []
        return values.isEmpty && beginning.isEmpty ? options.filter { $0.text.hasPrefix("--") } : values
    }

    private func named(_ commands: [any ParsableCommand.Type]) -> [Candidate] {
        commands.map { Candidate(text: Suggestion.names(of: $0).first ?? "", summary: $0.configuration.abstract) }
    }

    private func matching(_ candidates: [Candidate]) -> [Candidate] {
        candidates.filter { [.files, .folders].contains($0) || $0.text.hasPrefix(beginning) }
    }

    private static func store(_ path: String) -> RunStore { RunStore(directory: URL(fileURLWithPath: path)) }

    /// What may follow `run`: an experiment's id, then its settings.
    private func run(_ rest: inout ArraySlice<String>) throws -> Choice {
        guard let id = rest.first, !id.hasPrefix("-") else {
            return Choice(options: [], positional: [.experiments])
        }
        rest.removeFirst()
        guard let experiment = Plumb.catalogue[id] else { return Choice(options: []) }
        let settings = try experiment.schema().fields.map { field in
            let ends = field.defaultText.isEmpty ? "" : " (default: \(field.defaultText))"
            return Option(
                names: ["--" + field.option], summary: (field.help ?? "") + ends, values: CompletionValues(field),
                isRepeating: false)
        }
        let common = RunCommand.commonOptions.map { option in
            let values: CompletionValues? =
                switch option.name {
                case "preset": .words(experiment.presetNames.map { Candidate(text: $0) })
                case "out": .folders
                case "resume": .stopped(experiment.card.id)
                default: option.value.isEmpty ? nil : .free
                }
            return Option(names: ["--" + option.name], summary: option.help, values: values)
        }
        return Choice(options: settings + common + [Option(names: ["--help"], summary: "List the settings.")])
    }
}

extension Completion.Choice {
    fileprivate init(of command: any ParsableCommand.Type) throws {
        let arguments = try CommandArguments.of(command).filter(\.shouldDisplay)
        options = arguments.filter { $0.kind != .positional }.map { argument in
            Completion.Option(
                names: (argument.names ?? []).map(\.text), summary: argument.abstract ?? "",
                values: argument.kind == .flag ? nil : CompletionValues(argument), isRepeating: argument.isRepeating)
        }
        let places = arguments.filter { $0.kind == .positional }
        positional = places.map { CompletionValues($0) }
        isRepeating = places.last?.isRepeating ?? false
        commands = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
    }
}
