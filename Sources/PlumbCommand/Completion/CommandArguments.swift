import ArgumentParser
import Foundation

/// The options and arguments of a command, as the parser describes them.
struct CommandArguments: Decodable {
    /// An option, a flag or a positional argument.
    struct Argument: Decodable {
        enum Kind: String, Decodable {
            case positional, option, flag
        }

        /// A name as it is typed.
        struct Name: Decodable {
            var kind: String
            var name: String
            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        /// The kinds of completion that a declaration may ask for.
        struct Completion: Decodable {
            struct List: Decodable {
                var values: [String]
            }
            struct Files: Decodable {}
            var list: List?
            var file: Files?
            var directory: Files?
        }

        var kind: Kind
        var shouldDisplay: Bool
        var isRepeating: Bool
        var names: [Name]?
        var valueName: String?
        var allValues: [String]?
        var abstract: String?
        var completionKind: Completion?
    }

    private struct Description: Decodable {
        var command: CommandArguments
    }

    private var arguments: [Argument]?

    /// What the command itself takes, its subcommands aside.
    static func of(_ command: any ParsableCommand.Type) throws -> [Argument] {
        // The description of a command with subcommands is long, and these take no more than --help.
        guard command.configuration.subcommands.isEmpty else { return [.help] }
        let description = Data(command._dumpHelp().utf8)
        return try JSONDecoder().decode(Description.self, from: description).command.arguments ?? []
    }
}

extension CommandArguments.Argument {
    fileprivate static let help = Self(
        kind: .flag, shouldDisplay: true, isRepeating: false, names: [.init(kind: "long", name: "help")],
        abstract: "Show help information.")
}
