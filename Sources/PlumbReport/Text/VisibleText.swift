internal import PlumbBasics

/// Text made safe to show: nothing in it can move the cursor, turn the writing direction or hide.
public enum VisibleText {
    /// A token with its white space visible: `·Mary`, `⏎`, `⇥`; the empty token is `∅`.
    public static func token(_ text: String) -> String {
        guard !text.isEmpty else { return "∅" }
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case " ": shown += "·"
            case "\n": shown += "⏎"
            case "\t": shown += "⇥"
            default: shown.append(visible: scalar)
            }
        }
        return shown
    }

    /// One line of prose: line breaks and tabs become spaces.
    public static func line(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" { shown += " " } else { shown.append(visible: scalar) }
        }
        return shown
    }

    /// Prose in which line breaks and tabs stay.
    public static func prose(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" {
                shown.unicodeScalars.append(scalar)
            } else {
                shown.append(visible: scalar)
            }
        }
        return shown
    }

    /// Words of names that the field writes in capitals.
    private static let initialisms: Set<Substring> = ["auroc", "bos", "fgsm", "kl", "mcc", "pgd", "ppo"]

    /// `clean_logit_difference` and `cleanLogitDifference` as words: `Clean logit difference`.
    static func words(_ name: String) -> String {
        let spaced = line(name).replacing("_", with: " ").replacing("-", with: " ")
        let known = spaced.split(separator: " ", omittingEmptySubsequences: false)
            .map { initialisms.contains($0) ? $0.uppercased() : String($0) }.joined(separator: " ")
        guard let first = known.first else { return "" }
        return first.uppercased() + known.dropFirst()
    }
}
