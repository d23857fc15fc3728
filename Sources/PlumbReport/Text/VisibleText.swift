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
            default: append(scalar, to: &shown)
            }
        }
        return shown
    }

    /// One line of prose: line breaks and tabs become spaces.
    public static func line(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" { shown += " " } else { append(scalar, to: &shown) }
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
                append(scalar, to: &shown)
            }
        }
        return shown
    }

    private static func append(_ scalar: Unicode.Scalar, to shown: inout String) {
        switch scalar.value {
        case 0..<0x20:
            shown.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}")
        case 0x7F:
            shown += "\u{2421}"
        // Direction overrides and isolates reorder what stands after them; the others are invisible.
        case 0x80..<0xA0, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0x061C, 0xFEFF, 0xE0000...0xE00FF:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            shown += "⟨U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)⟩"
        case 0xFFFE, 0xFFFF:
            shown += "\u{FFFD}"
        default:
            shown.unicodeScalars.append(scalar)
        }
    }

    /// `clean_logit_difference` and `cleanLogitDifference` as words: `Clean logit difference`.
    static func words(_ name: String) -> String {
        let spaced = line(name).replacing("_", with: " ").replacing("-", with: " ")
        guard let first = spaced.first else { return "" }
        return first.uppercased() + spaced.dropFirst()
    }
}
