public import PlumbBasics

/// Texts with a label and a group each, from rows of a file.
public struct LabeledTexts: Sendable, Equatable {
    /// The texts.
    public let texts: [String]
    /// Whether each is positive.
    public let labels: [Bool]
    /// The group of each: those of one are not divided between examples that fit a probe and those that judge it.
    public let groups: [String]

    /// Takes columns of rows.
    ///
    /// - Parameters:
    ///   - rows: the members of each row, with the number of its line.
    ///   - text: the column of the texts.
    ///   - label: the column of the labels: true or false, 1 or 0, yes or no, or any words where `positive` is given.
    ///   - positive: the label that counts as positive, all others being negative; nil for labels that say so.
    ///   - group: the column of the groups; by default examples of one text are one group.
    /// - Throws: ``ProbeError`` naming the line and what is wrong with it.
    public init(
        rows: [(line: Int, members: [String: JSONValue])], text: String = "text", label: String = "label",
        positive: String? = nil, group: String? = nil
    ) throws {
        func value(_ column: String, _ row: (line: Int, members: [String: JSONValue])) throws -> JSONValue {
            guard let value = row.members[column], !value.isNull else {
                let known = row.members.keys.sorted().prefix(8).joined(separator: ", ")
                throw ProbeError(
                    "line \(row.line) has no \(visible(column, limit: 40)); it has \(visible(known, limit: 200))")
            }
            return value
        }
        var (texts, labels, groups) = ([String](), [Bool](), [String]())
        for row in rows {
            guard let words = try value(text, row).string, !words.isEmpty else {
                throw ProbeError("line \(row.line): its \(visible(text, limit: 40)) is empty or no text")
            }
            let found = Self.words(try value(label, row))
            if let positive {
                labels.append(found == positive)
            } else if let known = Self.truth(found) {
                labels.append(known)
            } else {
                throw ProbeError(
                    "line \(row.line): its label \"\(visible(found, limit: 40))\" is none of true, false, 1, 0, yes and "
                        + "no: name the label that counts as positive with --positive")
            }
            texts.append(words)
            groups.append(try group.map { Self.words(try value($0, row)) } ?? words)
        }
        guard !texts.isEmpty else { throw ProbeError("there are no examples") }
        if let positive, !labels.contains(true) {
            throw ProbeError("no example has the label \"\(visible(positive, limit: 40))\"")
        }
        (self.texts, self.labels, self.groups) = (texts, labels, groups)
    }

    private static func words(_ value: JSONValue) -> String { value.string ?? value.text(.compact) }

    private static func truth(_ word: String) -> Bool? {
        switch word.lowercased() {
        case "true", "1", "yes", "1.0": true
        case "false", "0", "no", "0.0": false
        default: nil
        }
    }
}
