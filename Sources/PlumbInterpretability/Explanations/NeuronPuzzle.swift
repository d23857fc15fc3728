public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbRecords

/// A unit with a known explanation, and false ones that are tempting: a test of explainers, simulators and scores.
///
/// ``standard`` holds puzzles of our own. The 19 of OpenAI's repository `automated-interpretability` are read from
/// their file, `puzzles.json`, by ``read(_:)``.
public struct NeuronPuzzle: Sendable, Equatable {
    /// What the puzzle is called.
    public let name: String
    /// The right explanation.
    public let explanation: String
    /// Texts with the unit's activations.
    public let records: [ActivationRecord]
    /// Wrong explanations that fit some of the texts.
    public let falseExplanations: [String]

    /// A puzzle from its parts.
    public init(
        name: String, explanation: String, records: [ActivationRecord], falseExplanations: [String]
    ) {
        (self.name, self.explanation) = (name, explanation)
        (self.records, self.falseExplanations) = (records, falseExplanations)
    }

    /// A puzzle whose unit is 10 where a rule holds: `texts` are cut into words, numbers and marks.
    public init(
        _ name: String, _ explanation: String, _ rules: TokenRule..., false falseExplanations: [String],
        texts: [String]
    ) {
        let truth = RuleList(rules.map { .init($0, Double(ActivationRecord.highestLevel)) })
        self.init(
            name: name, explanation: explanation,
            records: texts.map { text in
                let tokens = Self.words(of: text)
                return ActivationRecord(tokens: tokens, activations: truth.simulate(tokens))
            }, falseExplanations: falseExplanations)
    }

    /// Cuts a text into words, numbers and single marks, each with the space before it.
    public static func words(of text: String) -> [String] {
        var tokens: [String] = []
        var token = ""
        func kind(_ character: Character) -> Int {
            character.isLetter ? 1 : character.isNumber ? 2 : character.isWhitespace ? 3 : 4
        }
        for character in text {
            let last = token.last.map(kind) ?? 0
            let continues = last == kind(character) ? last < 3 : last == 3 || token.isEmpty
            if !continues {
                tokens.append(token)
                token = ""
            }
            token.append(character)
        }
        return token.isEmpty ? tokens : tokens + [token]
    }
}

extension NeuronPuzzle {
    /// Reads puzzles in the format of OpenAI's `puzzles.json`: an object of puzzles with `name`, `explanation`,
    /// `false_explanations` and `sentences`, whose tokens are texts, or pairs of a text and its activation where that
    /// is not 0.
    ///
    /// - Returns: the puzzles in the order of their names.
    /// - Throws: ``ExplanationError`` naming the puzzle and what is wrong with it.
    public static func read(_ data: Data) throws -> [NeuronPuzzle] {
        let file: JSONValue
        do { file = try JSONValue(parsing: data) } catch {
            throw ExplanationError("the file of puzzles is not JSON: \(error)")
        }
        guard let puzzles = file.object, !puzzles.isEmpty else {
            throw ExplanationError("a file of puzzles is an object with a member for each puzzle; this is \(file.kind)")
        }
        return try puzzles.sorted { $0.key < $1.key }.map { try puzzle($0.key, $0.value) }
    }

    /// Reads a file of puzzles.
    ///
    /// - Returns: the puzzles in the order of their names, and the file as a run notes it.
    /// - Throws: `SettingsError` naming the file and what is wrong with it.
    public static func read(contentsOf path: String) throws -> (puzzles: [NeuronPuzzle], file: InputFile) {
        do {
            let data = try WholeFile.read(URL(fileURLWithPath: path), limit: 64 << 20, kind: .stream)
            let file = InputFile(path: path, sha256: FileHash.sha256(of: data), bytes: data.count, role: "puzzles")
            return (try read(data), file)
        } catch {
            throw SettingsError("--puzzles \(path): \(error)")
        }
    }

    private static func puzzle(_ key: String, _ value: JSONValue) throws -> NeuronPuzzle {
        let name = visible(key, limit: 60)
        guard let explanation = value["explanation"]?.string, let sentences = value["sentences"]?.array,
            !sentences.isEmpty
        else {
            throw ExplanationError("puzzle \(name) needs an explanation and an array of sentences")
        }
        let wrong = value["false_explanations"]?.array ?? []
        return NeuronPuzzle(
            name: value["name"]?.string ?? key, explanation: explanation,
            records: try sentences.enumerated().map { try record($1, "puzzle \(name), sentence \($0 + 1)") },
            falseExplanations: try wrong.map { item in
                guard let text = item.string else {
                    throw ExplanationError("puzzle \(name): a false explanation is not a text but \(item.kind)")
                }
                return text
            })
    }

    private static func record(_ value: JSONValue, _ place: String) throws -> ActivationRecord {
        guard let items = value.array, !items.isEmpty else {
            throw ExplanationError("\(place) is not an array of tokens")
        }
        var (tokens, activations): ([String], [Double]) = ([], [])
        for item in items {
            if let token = item.string {
                tokens.append(token)
                activations.append(0)
            } else if let pair = item.array, pair.count == 2, let token = pair[0].string, let value = pair[1].double,
                value.isFinite
            {
                tokens.append(token)
                activations.append(value)
            } else {
                throw ExplanationError("\(place), token \(tokens.count + 1): give a text, or a text and its activation")
            }
        }
        return ActivationRecord(tokens: tokens, activations: activations)
    }
}
