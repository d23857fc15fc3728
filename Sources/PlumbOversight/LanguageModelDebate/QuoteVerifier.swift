/// Marks which quotes of an argument stand in a passage word for word, so that a judge who does not see the passage can rely
/// on them (Khan et al. 2024, *Debating with More Persuasive LLMs Leads to More Truthful Answers*, arXiv:2402.06782).
///
/// A quote is what stands between two quotation marks, or between the last one and the end of the text. It is verified
/// where it occurs in the passage, letter for letter, and begins and ends where words do; only the amount of white space
/// may differ. What an argument itself writes in parentheses is left out, since marks stand in
/// parentheses.
public struct QuoteVerifier: Sendable, Equatable {
    /// What follows a verified quote.
    public static let verified = "(verified)"
    /// What follows another quote.
    public static let notVerified = "(not verified)"

    /// What was quoted, and whether it stands in the passage.
    public struct Quote: Sendable, Codable, Equatable {
        /// The words.
        public let text: String
        /// Whether they stand in the passage.
        public let isVerified: Bool

        /// A quote that was looked up.
        public init(_ text: String, isVerified: Bool) { (self.text, self.isVerified) = (text, isVerified) }
    }

    private let passage: [Character]
    private static let marks: Set<Character> = ["\"", "“", "”", "„", "«", "»"]

    /// A verifier of quotes from one passage.
    public init(passage: String) { self.passage = Self.words(passage) }

    /// Whether words stand in the passage.
    ///
    /// - Complexity: the product of both lengths.
    public func isVerbatim(_ quote: String) -> Bool {
        let words = Self.words(quote)
        guard words.contains(where: Self.isOfWord), words.count <= passage.count else { return false }
        return (0...passage.count - words.count).contains { start in
            let end = start + words.count
            return passage[start..<end].elementsEqual(words)
                && Self.isBoundary(start == 0 ? nil : passage[start - 1], words[0])
                && Self.isBoundary(words[words.count - 1], end == passage.count ? nil : passage[end])
        }
    }

    /// The quotes of an argument, in their order.
    public func quotes(in argument: String) -> [Quote] {
        Self.parts(argument).enumerated().compactMap { index, part in
            index.isMultiple(of: 2) ? nil : Quote(part, isVerified: isVerbatim(part))
        }
    }

    /// The argument with a mark after each of its quotes.
    public func marked(_ argument: String) -> String {
        Self.parts(argument).enumerated().map { index, part in
            if index.isMultiple(of: 2) { return Self.withoutParentheses(part) }
            let isVerified = isVerbatim(part)
            return "\"\(isVerified ? part : Self.withoutParentheses(part))\" "
                + (isVerified ? Self.verified : Self.notVerified)
        }.joined()
    }

    /// Text outside quotes and quotes in turn; text is first.
    private static func parts(_ argument: String) -> [String] {
        var parts = argument.split(omittingEmptySubsequences: false, whereSeparator: marks.contains).map(String.init)
        // A mark at the very end opens no quote.
        if parts.count.isMultiple(of: 2), parts.last?.allSatisfy(\.isWhitespace) == true { parts.removeLast() }
        return parts
    }

    /// Text without what stands in parentheses, and without any that are left.
    private static func withoutParentheses(_ text: String) -> String {
        var (kept, depth) = ("", 0)
        for character in text {
            switch character {
            case "(", "[", "{", "（", "［": depth += 1
            case ")", "]", "}", "）", "］": depth = max(0, depth - 1)
            default: if depth == 0 { kept.append(character) }
            }
        }
        return kept
    }

    /// The characters, with one space for each run of white space and none at the ends.
    private static func words(_ text: String) -> [Character] {
        Array(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    }

    private static func isOfWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }

    /// Whether no word goes on from one character to the next.
    private static func isBoundary(_ before: Character?, _ after: Character?) -> Bool {
        guard let before, let after else { return true }
        return !(isOfWord(before) && isOfWord(after))
    }
}
