import ArgumentParser
import PlumbBasics

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a script with which a shell completes commands, options and values.",
        discussion: """
            Commands and options are completed, and what they take: experiments with their settings and presets, models, \
            data sets, worlds and runs. To have it in every new shell:

              bash  add to ~/.bashrc:                 eval "$(\(CommandName.current) completion bash)"
              zsh   add to ~/.zshrc, after compinit:  source <(\(CommandName.current) completion zsh)
              fish  add to ~/.config/fish/config.fish:
                    \(CommandName.current) completion fish | source

            The script calls \(CommandName.current), which must be found in PATH or be called by its path.
            """)

    @Argument(help: "The shell.") var shell: ShellScript

    func run() throws { try Output.stream(shell.text(for: CommandName.current)) }
}

/// What the scripts ask at every completion.
struct CandidatesCommand: ParsableCommand {
    static let name = "__complete"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Print what the last word can be completed to.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough, help: "The words behind the command's name, up to the cursor.")
    var words: [String] = []

    func run() throws {
        let completion = Completion(words: words.dropLast(), beginning: words.last ?? "")
        // Nobody reads a sentence while a word is completed.
        guard let candidates = try? completion.candidates() else { return }
        let lines = candidates.map { candidate in
            visible(candidate.text) + (candidate.summary.isEmpty ? "" : "\t" + visible(candidate.summary, limit: 90))
        }
        try Output.stream(lines.map { $0 + "\n" }.joined())
    }
}
