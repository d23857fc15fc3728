import ArgumentParser
import PlumbBasics

/// A shell for which completions can be printed.
enum ShellScript: String, CaseIterable, ExpressibleByArgument {
    case bash, zsh, fish

    /// A script that asks the command itself what the word before the cursor can become.
    ///
    /// The command answers a candidate a line, with a tab before its explanation; the lines `/files` and `/folders` ask
    /// the shell to add the names of files or folders.
    func text(for command: String) -> String {
        let function = "_" + command.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
        let template =
            switch self {
            case .bash: Self.bashTemplate
            case .zsh: Self.zshTemplate
            case .fish: Self.fishTemplate
            }
        return template.replacing("FUNCTION", with: function).replacing("COMMAND", with: ShellWord.quoted(command))
            .replacing("CANDIDATES", with: CandidatesCommand.name)
    }

    private static let bashTemplate = #"""
        # Completions of COMMAND for bash, by: eval "$(COMMAND completion bash)"
        FUNCTION() {
            local line program=${COMP_WORDS[0]/#\~/$HOME}
            COMPREPLY=()
            while IFS= read -r line; do
                case $line in
                    /files)
                        compopt -o filenames 2>/dev/null
                        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$2") ;;
                    /folders)
                        compopt -o filenames 2>/dev/null
                        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$2") ;;
                    *) COMPREPLY+=("${line%%$'\t'*}") ;;
                esac
            done < <("$program" CANDIDATES "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$2" 2>/dev/null)
        }
        complete -F FUNCTION COMMAND

        """#

    private static let zshTemplate = #"""
        #compdef COMMAND
        # Completions of COMMAND for zsh, by: source <(COMMAND completion zsh), after compinit
        FUNCTION() {
            local line program=${words[1]/#\~/$HOME}
            local -a lines described
            lines=("${(@f)$("$program" CANDIDATES "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
            for line in $lines; do
                case $line in
                    /files) compset -P '--*='; _files ;;
                    /folders) compset -P '--*='; _files -/ ;;
                    *$'\t'*) described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
                    *) described+=("${line//:/\\:}") ;;
                esac
            done
            (( $#described )) && _describe -V value described
        }
        if [ "$funcstack[1]" = FUNCTION ]; then FUNCTION "$@"; else compdef FUNCTION COMMAND; fi

        """#

    private static let fishTemplate = #"""
        # Completions of COMMAND for fish, by: COMMAND completion fish | source
        function FUNCTION
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            set -l program $words[1]
            set -e words[1]
            for line in ($program CANDIDATES $words "$current" 2>/dev/null)
                switch $line
                    case /files
                        __fish_complete_path "$current"
                    case /folders
                        __fish_complete_directories "$current"
                    case '*'
                        echo $line
                end
            end
        end
        complete -c COMMAND -f -a '(FUNCTION)'

        """#
}
