// Letters' case and kinds, character by character as Python has them.
extension Renderer {
    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return "" }
        return first.properties.titlecaseMapping + String(text.unicodeScalars.dropFirst()).lowercased()
    }

    /// The method `title`: a letter that follows no letter is capital.
    static func titled(_ text: String) -> String {
        var result = ""
        var follows = false
        for scalar in text.unicodeScalars {
            result += follows ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
            follows = scalar.properties.isCased
        }
        return result
    }

    static func swapped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            result +=
                scalar.properties.isUppercase ? scalar.properties.lowercaseMapping : scalar.properties.uppercaseMapping
        }
        return result
    }

    static func removing(_ part: String, from text: String, isPrefix: Bool) -> String {
        if isPrefix {
            return text.utf8.starts(with: part.utf8) ? String(text.utf8.dropFirst(part.utf8.count)) ?? text : text
        }
        let isThere = text.utf8.reversed().starts(with: part.utf8.reversed())
        return isThere ? String(text.utf8.dropLast(part.utf8.count)) ?? text : text
    }

    /// The methods that ask of what characters a text is.
    static func question(_ name: String, _ text: String) -> Bool {
        let scalars = text.unicodeScalars
        func all(_ isKind: (Unicode.Scalar) -> Bool) -> Bool { !scalars.isEmpty && scalars.allSatisfy(isKind) }
        switch name {
        case "isascii": return scalars.allSatisfy(\.isASCII)
        case "isprintable": return scalars.allSatisfy(\.isPrintable)
        case "isspace": return all(\.isSpace)
        case "isalpha": return all(\.isLetter)
        case "isdecimal": return all { $0.properties.generalCategory == .decimalNumber }
        case "isdigit": return all { [.decimal, .digit].contains($0.properties.numericType) }
        case "isnumeric": return all { $0.properties.numericType != nil }
        case "isalnum": return all { $0.isLetter || $0.properties.numericType != nil }
        case "isidentifier":
            return scalars.first.map { !$0.isDigit && $0.isWord } ?? false && scalars.allSatisfy(\.isWord)
        case "islower":
            return scalars.contains(where: \.properties.isLowercase)
                && !scalars.contains { $0.properties.isUppercase || $0.properties.generalCategory == .titlecaseLetter }
        case "isupper":
            return scalars.contains(where: \.properties.isUppercase)
                && !scalars.contains { $0.properties.isLowercase || $0.properties.generalCategory == .titlecaseLetter }
        default:
            var follows = false
            var hasLetter = false
            for scalar in scalars {
                let isUpper = scalar.properties.isUppercase || scalar.properties.generalCategory == .titlecaseLetter
                if isUpper && follows || scalar.properties.isLowercase && !follows { return false }
                follows = isUpper || scalar.properties.isLowercase
                if follows { hasLetter = true }
            }
            return hasLetter
        }
    }
}

extension Unicode.Scalar {
    var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }
}
