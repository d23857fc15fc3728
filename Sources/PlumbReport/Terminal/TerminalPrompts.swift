import Foundation
import PlumbRecords

/// Prompts as terminal text: tokens with the marked ones in brackets, then what the model expects next.
struct TerminalPrompts {
    private let panel: PromptPanel

    init(_ panel: PromptPanel) { self.panel = panel }

    func render(_ style: TerminalStyle) -> String {
        let longest = panel.prompts.map { DisplayWidth.of(VisibleText.line($0.label)) }.max() ?? 0
        let isAbove = longest > style.width / 3
        let margin = isAbove ? 2 : longest + 2
        return panel.prompts.map { prompt in
            let label = VisibleText.line(prompt.label)
            let lines = DisplayWidth.wrapped(text(prompt), to: style.width - margin)
            var output = isAbove ? style.lines(label).map { style.apply(.dim, $0) + "\n" }.joined() : ""
            for (index, line) in lines.enumerated() {
                let head = DisplayWidth.padded(index == 0 && !isAbove ? label : "", to: margin)
                output += style.apply(.dim, head) + line + "\n"
            }
            for line in DisplayWidth.wrapped(next(prompt), to: style.width - margin) {
                output += String(repeating: " ", count: margin) + style.apply(.dim, line) + "\n"
            }
            return output
        }.joined()
    }

    private func text(_ prompt: PromptPanel.Prompt) -> String {
        let marked = Set(prompt.marked)
        return prompt.tokens.enumerated().map { index, token in
            let shown = VisibleText.line(token)
            guard marked.contains(index) else { return shown }
            // The mark goes around the word, not around the space that begins the token.
            let space = shown.prefix { $0 == " " }
            return space + "[\(shown.dropFirst(space.count))]"
        }.joined()
    }

    private func next(_ prompt: PromptPanel.Prompt) -> String {
        let tokens = prompt.continuations.map { next in
            let role = next.role.isEmpty ? "" : " (\(VisibleText.line(next.role)))"
            let share = next.logProbability.isNaN ? .nan : exp(min(0, next.logProbability)) * 100
            return "\(VisibleText.token(next.token))\(role) \(NumberText.value(share, scale: 1)) %"
        }
        let parts = tokens + (prompt.note.isEmpty ? [] : [VisibleText.line(prompt.note)])
        return parts.isEmpty ? "" : "→ " + parts.joined(separator: " · ")
    }
}
