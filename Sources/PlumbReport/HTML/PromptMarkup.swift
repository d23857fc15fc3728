import Foundation
import PlumbRecords

/// Prompts token by token, with what the model expects next.
enum PromptMarkup {
    static func render(_ panel: PromptPanel) -> String {
        let prompts = panel.prompts.map(render).joined()
        return prompts + (panel.caption.isEmpty ? "" : "<p class=\"meta\">\(Page.prose(panel.caption))</p>\n")
    }

    private static func render(_ prompt: PromptPanel.Prompt) -> String {
        let tokens = prompt.tokens.enumerated().map { index, token in
            let number = prompt.ids[safe: index].map { "<small>\($0)</small>" } ?? ""
            let marked = prompt.marked.contains(index) ? " class=\"marked\"" : ""
            return "<li\(marked) title=\"position \(index)\"><bdi>\(chip(token))</bdi>\(number)</li>"
        }
        var next = prompt.continuations.map { next in
            let percent = next.logProbability.isNaN ? .nan : exp(min(0, next.logProbability)) * 100
            let width = NumberText.fixed(min(100, percent.isNaN ? 0 : percent) * 0.06, decimals: 2)
            let role = next.role.isEmpty ? "" : " (\(Markup.escape(next.role)))"
            let logarithm = NumberText.typographic(NumberText.value(next.logProbability))
            return "<li>→ <bdi>\(chip(next.token))</bdi>\(role)<i style=\"width:\(width)rem\"></i>"
                + "\(NumberText.value(percent, scale: 1)) % <span title=\"log-probability\">(\(logarithm))</span></li>"
        }
        if !prompt.note.isEmpty { next.append("<li>\(Page.prose(prompt.note))</li>") }
        let list = next.isEmpty ? "" : "<ul class=\"next\">\(next.joined())</ul>\n"
        return """
            <div class="prompt"><b>\(Page.prose(prompt.label))</b>
            <ol class="tokens">\(tokens.joined())</ol>
            \(list)</div>

            """
    }

    /// A token whose leading spaces are visible but faint.
    private static func chip(_ token: String) -> String {
        let spaces = token.prefix { $0 == " " }.count
        guard spaces > 0, spaces < token.count else { return Markup.token(token) }
        return
            "<span class=\"ws\">\(String(repeating: "·", count: spaces))</span>\(Markup.token(String(token.dropFirst(spaces))))"
    }
}
