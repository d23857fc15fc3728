import Foundation

extension SettingsField {
    /// Reads the option's value as typed on the command line.
    /// - Throws: `SettingsError` naming the option, what was found and what it expects.
    public func parse(_ text: String) throws -> JSONValue {
        if isOptional, text == "none" { return .null }
        guard let value = kind.parse(text) else {
            var message = "--\(option) expects \(kind.expectation); found \"\(text)\""
            if case .choice(let words) = kind, let match = closestMatch(to: text, in: words) {
                message += ": did you mean \(match)?"
            }
            if isOptional { message += " (or none)" }
            throw SettingsError(message)
        }
        return value
    }
}

extension SettingsField.Kind {
    func parse(_ text: String) -> JSONValue? {
        switch self {
        case .boolean:
            return ["true": .bool(true), "false": .bool(false)][text]
        case .integer(let least, let greatest):
            if let value = Int(text) {
                return value >= least && (value < 0 || UInt64(value) <= greatest) ? .integer(value) : nil
            }
            return UInt64(text).flatMap { $0 <= greatest ? JSONValue($0) : nil }
        case .number:
            guard let value = Double(text), !value.isNaN else { return nil }
            return JSONValue(value)
        case .string:
            return .string(text)
        case .choice(let words):
            return words.contains(text) ? .string(text) : nil
        case .array(let element):
            return element.parseList(text)
        case .json:
            return try? JSONValue(parsing: Data(text.utf8))
        }
    }

    /// Elements separated by commas, or a JSON array where an element itself holds a comma.
    private func parseList(_ text: String) -> JSONValue? {
        if text.isEmpty { return .array([]) }
        if text.hasPrefix("["), let list = try? JSONValue(parsing: Data(text.utf8)),
            let elements = list.array
        {
            let valid = elements.allSatisfy { element in
                switch self {
                case .json: true
                default: parse(SettingsField.text(of: element)) == element
                }
            }
            return valid ? list : nil
        }
        if self == .json { return nil }
        // White space is part of a token (" Mary"), so only values that cannot hold any are trimmed.
        let pieces = text.split(separator: ",", omittingEmptySubsequences: false).map { piece in
            self == .string ? String(piece) : piece.trimmingCharacters(in: .whitespaces)
        }
        let elements = pieces.compactMap(parse)
        return elements.count == pieces.count ? .array(elements) : nil
    }
}
