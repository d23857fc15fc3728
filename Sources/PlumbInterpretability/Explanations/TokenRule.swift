internal import Foundation

/// A predicate of the tokens of a text that reads as English: what a rule-based explanation is made of.
///
/// ```swift
/// let rule = TokenRule.both(.digits, .insideParentheses)
/// print("tokens that \(rule.clause)")  // tokens that are made of digits and stand inside parentheses
/// ```
public indirect enum TokenRule: Sendable, Hashable {
    /// The token is this word or piece, whatever its case and the space before it.
    case word(String)
    /// The token ends in these letters and has more.
    case suffix(String)
    /// The token begins with these letters and has more.
    case prefix(String)
    /// The token consists of digits.
    case digits
    /// The token begins with a capital letter.
    case capital
    /// The token consists of characters that are neither letters nor digits.
    case punctuation
    /// The token occurred before in the text, whatever its case.
    case repeated
    /// The token is the n-th of the text, counted from 1.
    case place(Int)
    /// The token stands between parentheses.
    case insideParentheses
    /// The token stands between straight or curly double quotation marks.
    case insideQuotes
    /// The token stands right after one that the rule holds for.
    case after(TokenRule)
    /// Both hold.
    case both(TokenRule, TokenRule)
    /// At least one holds.
    case either(TokenRule, TokenRule)
    /// It does not hold.
    case not(TokenRule)

    /// For which tokens of a text the rule holds.
    public func matches(_ tokens: [String]) -> [Bool] {
        switch self {
        case .word(let word):
            let plain = Self.plain(word).lowercased()
            return tokens.map { Self.plain($0).lowercased() == plain }
        case .suffix(let letters):
            return tokens.map {
                let word = Self.plain($0).lowercased()
                return word.count > letters.count && word.hasSuffix(letters)
            }
        case .prefix(let letters):
            return tokens.map {
                let word = Self.plain($0).lowercased()
                return word.count > letters.count && word.hasPrefix(letters)
            }
        case .digits: return tokens.map { Self.all(Self.plain($0)) { ("0"..."9").contains($0) } }
        case .capital: return tokens.map { Self.plain($0).first?.isUppercase ?? false }
        case .punctuation: return tokens.map { Self.all(Self.plain($0)) { !$0.isLetter && !$0.isNumber } }
        case .repeated:
            var seen: Set<String> = []
            return tokens.map { !seen.insert(Self.plain($0).lowercased()).inserted }
        case .place(let place): return tokens.indices.map { $0 == place - 1 }
        case .insideParentheses: return Self.inside(tokens, opening: "(", closing: ")")
        case .insideQuotes: return Self.insideQuotes(tokens)
        case .after(let rule): return tokens.isEmpty ? [] : [false] + rule.matches(tokens).dropLast()
        case .both(let one, let other): return zip(one.matches(tokens), other.matches(tokens)).map { $0 && $1 }
        case .either(let one, let other): return zip(one.matches(tokens), other.matches(tokens)).map { $0 || $1 }
        case .not(let rule): return rule.matches(tokens).map { !$0 }
        }
    }

    /// What completes "tokens that": `end in “ing”`.
    public var clause: String {
        switch self {
        case .word(let word): "are “\(Self.plain(word))”"
        case .suffix(let letters): "end in “\(letters)”"
        case .prefix(let letters): "begin with “\(letters)”"
        case .digits: "are made of digits"
        case .capital: "begin with a capital letter"
        case .punctuation: "are punctuation"
        case .repeated: "occurred before in the text"
        case .place(1): "come first in the text"
        case .place(let place): "are number \(place) in the text"
        case .insideParentheses: "stand inside parentheses"
        case .insideQuotes: "stand inside quotation marks"
        case .after(let rule): "come right after tokens that \(rule.clause)"
        case .both(let one, .not(let other)): "\(one.clause) but are not tokens that \(other.clause)"
        case .both(let one, let other): "\(one.clause) and \(other.clause)"
        case .either(let one, let other): "\(one.clause) or \(other.clause)"
        case .not(let rule): "are not tokens that \(rule.clause)"
        }
    }

    /// A token without the white space around it.
    static func plain(_ token: String) -> String { token.trimmingCharacters(in: .whitespacesAndNewlines) }

    private static func all(_ word: String, _ holds: (Character) -> Bool) -> Bool {
        !word.isEmpty && word.allSatisfy(holds)
    }

    private static func inside(_ tokens: [String], opening: Character, closing: Character) -> [Bool] {
        var depth = 0
        return tokens.map { token in
            let (opens, closes) = (token.count { $0 == opening }, token.count { $0 == closing })
            let before = depth
            depth = max(0, depth + opens - closes)
            return before > 0 && opens == 0 && closes == 0
        }
    }

    private static func insideQuotes(_ tokens: [String]) -> [Bool] {
        var isOpen = false
        return tokens.map { token in
            let marks = token.count { ["\"", "“", "”"].contains($0) }
            defer { if !marks.isMultiple(of: 2) { isOpen.toggle() } }
            return isOpen && marks == 0
        }
    }
}
