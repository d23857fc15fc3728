import ArgumentParser
import PlumbBasics
import PlumbRecords

/// The nearest command to a word that names none: the parser itself only says that the word was unexpected.
enum Suggestion {
    /// Refuses words that should name a command and do not.
    ///
    /// - Throws: `SettingsError` with the nearest command's name.
    static func check(_ words: [String], in command: any ParsableCommand.Type = RootCommand.self) throws {
        guard let word = words.first, !word.hasPrefix("-") else { return }
        if word == "help", command == RootCommand.self { return try check(Array(words.dropFirst()), in: command) }
        let subcommands = command.configuration.subcommands
        guard !subcommands.isEmpty else { return }
        if let next = subcommands.first(where: { names(of: $0).contains(word) }) {
            return try check(Array(words.dropFirst()), in: next)
        }
        // What names no command there names a task, which the command's default takes.
        guard command != EvalCommand.self else { return }
        let root = CommandName.current
        let path = command == RootCommand.self ? root : root + " " + (names(of: command).first ?? "")
        let known = subcommands.filter { $0.configuration.shouldDisplay }.flatMap { names(of: $0) }
        let hint = closestMatch(to: word, in: known).map { "did you mean \($0)?" } ?? "\(path) --help lists them"
        throw SettingsError("\(path) has no command \"\(visible(word, limit: 60))\": \(hint)")
    }

    /// The names by which a command is called, the first of which help shows.
    static func names(of command: any ParsableCommand.Type) -> [String] {
        let configuration = command.configuration
        let own = configuration.commandName ?? String(describing: command).lowercased()
        return [own] + configuration.aliases
    }
}
