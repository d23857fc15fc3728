/// Text made safe for HTML and XML.
enum Markup {
    /// Prose escaped for element content and for attributes in double quotes.
    static func escape(_ text: String) -> String { escapeOnly(VisibleText.prose(text)) }

    /// A token escaped, its white space visible.
    static func token(_ text: String) -> String { escapeOnly(VisibleText.token(text)) }

    private static func escapeOnly(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }

    /// A name fit for an `id` or a file: letters, digits and single hyphens.
    static func identifier(_ text: String) -> String {
        var output = ""
        for character in text.lowercased() {
            if character.isASCII, character.isLetter || character.isNumber {
                output.append(character)
            } else if !output.isEmpty, !output.hasSuffix("-") {
                output.append("-")
            }
        }
        return output.hasSuffix("-") ? String(output.dropLast()) : output
    }
}
