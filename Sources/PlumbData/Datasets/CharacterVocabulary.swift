internal import PlumbBasics
public import PlumbTokenizers

/// A vocabulary of single characters: the Unicode scalars of a text, sorted, each one token.
///
/// ```swift
/// let vocabulary = CharacterVocabulary(of: corpus.text)
/// let ids = try vocabulary.encode("To be")
/// ```
public struct CharacterVocabulary: Sendable, Equatable {
    /// The characters in the order of their ids.
    public let scalars: [Unicode.Scalar]
    private let ids: [Unicode.Scalar: Int]

    /// The vocabulary of all characters that `text` has.
    public init(of text: String) {
        self.init(sorted: Set(text.unicodeScalars).sorted())
    }

    private init(sorted: [Unicode.Scalar]) {
        scalars = sorted
        ids = Dictionary(uniqueKeysWithValues: zip(sorted, sorted.indices))
    }

    /// The number of characters.
    public var count: Int { scalars.count }

    /// The id of each character of `text`.
    ///
    /// - Throws: ``TokenizerError`` naming the first character that the vocabulary lacks.
    public func encode(_ text: String) throws(TokenizerError) -> [Int] {
        var result: [Int] = []
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            guard let id = ids[scalar] else {
                let number = String(scalar.value, radix: 16, uppercase: true)
                let padding = String(repeating: "0", count: max(0, 4 - number.count))
                throw TokenizerError(
                    "the character \(String(scalar).debugDescription) (U+\(padding)\(number)) "
                        + "is not among the \(count) of the text that the vocabulary was made from")
            }
            result.append(id)
        }
        return result
    }

    /// The text of `ids`.
    public func decode(_ ids: some Sequence<Int>) -> String {
        var text = String.UnicodeScalarView()
        for id in ids {
            require(scalars.indices.contains(id), "id \(id) is none of the \(count) of a character vocabulary")
            text.append(scalars[id])
        }
        return String(text)
    }
}

/// Written as one string: the characters in the order of their ids.
extension CharacterVocabulary: Codable {
    /// Reads what the encoder writes: the characters in the order of their numbers, as one string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let scalars = Array(try container.decode(String.self).unicodeScalars)
        guard zip(scalars, scalars.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a character vocabulary's characters are not sorted, each once")
        }
        self.init(sorted: scalars)
    }

    /// Writes the characters in the order of their numbers, as one string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(decode(scalars.indices))
    }
}
