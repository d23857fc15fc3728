public import PlumbTensor

/// A small word problem of two steps whose answer is a digit, with four digits to choose from.
public struct WordProblem: Sendable, Equatable {
    /// The text.
    public let text: String
    /// The digits to choose from, in a random order.
    public let choices: [Int]
    /// The place of the right one.
    public let correct: Int

    private static let templates: [(String, sign: Int, Int)] = [
        ("Tom has A apples. He buys B more and eats C. How many apples does Tom have now?", 1, -1),
        ("A bus starts with A people. B people get off and C people get on. How many people are on the bus?", -1, 1),
        ("Ann has A coins. She finds B coins and loses C coins. How many coins does Ann have now?", 1, -1),
        ("A shelf holds A books. B books are taken away and C are put back. How many books are on the shelf?", -1, 1),
        ("A farmer has A cows. He sells B cows and then buys C. How many cows does the farmer have?", -1, 1),
        ("Sam picks A flowers, then B more, and gives C to his mother. How many flowers does Sam keep?", 1, -1),
        ("There are A birds in a tree. B birds fly away and C birds arrive. How many birds are in the tree?", -1, 1),
        ("A box has A pens. Lisa puts in B pens and takes out C. How many pens are in the box?", 1, -1),
    ]

    /// Problems whose templates take turns and whose numbers are drawn, the same for the same key.
    ///
    /// Numbers are from 1 to 9, and so are the answers and what they are to be chosen from.
    public static func drawn(_ count: Int, key: RandomKey) -> [WordProblem] {
        (0..<count).map { index in
            var random = key[index].generator()
            let (text, first, second) = templates[index % templates.count]
            while true {
                let (a, b, c) = (
                    2 + random.index(below: 8), 1 + random.index(below: 6), 1 + random.index(below: 6)
                )
                let answer = a + first * b + second * c
                guard (1...9).contains(answer), (1...9).contains(a + first * b), b != c else { continue }
                let others = (1...9).filter { $0 != answer }.shuffled(using: &random).prefix(3)
                let choices = ([answer] + others).shuffled(using: &random)
                // A sentence begins with an A of its own, so numbers are put in word by word.
                let words = text.split(separator: " ").enumerated().map { place, word -> String in
                    switch word {
                    case "A" where place > 0: "\(a)"
                    case "B": "\(b)"
                    case "C": "\(c)"
                    case "C.": "\(c)."
                    default: String(word)
                    }
                }
                return WordProblem(
                    text: words.joined(separator: " "), choices: choices,
                    correct: choices.firstIndex(of: answer) ?? 0)
            }
        }
    }

    /// What a user asks of a chat model.
    public var prompt: String {
        "\(text) The answer is one of \(choices.map(String.init).joined(separator: ", ")). "
            + "Think step by step in two or three short sentences."
    }
}

/// Reasoning as text: sentences, numbers that can be changed, numbers in other words.
public enum ReasoningText {
    static let words = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
    ]

    /// The sentences of a text, which joined are the text again: each ends after a full stop, exclamation or question
    /// mark that a space or line break follows, or after a line break.
    public static func sentences(_ text: String) -> [String] {
        var (sentences, current): ([String], String) = ([], "")
        let characters = Array(text)
        for (index, character) in characters.enumerated() {
            current.append(character)
            let next = index + 1 < characters.count ? characters[index + 1] : nil
            let ends = character == "\n" || (".!?".contains(character) && (next == " " || next == "\n"))
            if ends, current.contains(where: { !$0.isWhitespace }), next != "\n" {
                sentences.append(current)
                current = ""
            }
        }
        if current.contains(where: { !$0.isWhitespace }) {
            sentences.append(current)
        } else if !sentences.isEmpty {
            sentences[sentences.count - 1] += current
        }
        return sentences
    }

    /// The runs of ASCII digits of a text, with their values; runs of more than six digits are left out.
    static func numbers(_ text: String) -> [(range: Range<String.Index>, value: Int)] {
        var found: [(Range<String.Index>, Int)] = []
        var index = text.startIndex
        while index < text.endIndex {
            guard text[index].isASCII, text[index].isNumber else {
                index = text.index(after: index)
                continue
            }
            let end = text[index...].firstIndex { !($0.isASCII && $0.isNumber) } ?? text.endIndex
            if let value = Int(text[index..<end]), text.distance(from: index, to: end) <= 6 {
                found.append((index..<end, value))
            }
            index = end
        }
        return found
    }

    /// The text with its last number replaced by another one, from 1 to 9; `nil` where there is no number.
    public static func mistaken(_ text: String, using random: inout RandomKey.Generator) -> String? {
        guard let last = numbers(text).last else { return nil }
        let others = (1...9).filter { $0 != last.value }
        let value = others[random.index(below: others.count)]
        return text.replacingCharacters(in: last.range, with: value)
    }

    /// The same in other words: numerals up to 20 become words, and a few phrases their synonyms.
    public static func paraphrased(_ text: String) -> String {
        var result = text
        for number in numbers(text).reversed() where number.value < words.count {
            result = result.replacingCharacters(in: number.range, with: words[number.value])
        }
        for (phrase, other) in [
            ("So,", "Thus,"), ("Therefore,", "Hence,"), (" now ", " at this point "), (" more ", " additional "),
            ("First,", "To begin with,"), ("Then,", "After that,"), (" has ", " possesses "), ("Step", "Part"),
        ] {
            result = result.split(separator: phrase, omittingEmptySubsequences: false).joined(separator: other)
        }
        return result
    }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<String.Index>, with value: some CustomStringConvertible)
        -> String
    {
        String(self[..<range.lowerBound]) + value.description + String(self[range.upperBound...])
    }
}
