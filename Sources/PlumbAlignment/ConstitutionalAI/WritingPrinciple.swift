/// A principle for what a language model writes that a program can check: words or signs that must not be there.
public struct WritingPrinciple: Sendable, Hashable {
    /// What it is called.
    public let name: String
    /// What it asks for, as the end of "The answer must".
    public let aim: String
    /// Words that break it, in lower case; a word with spaces is a phrase.
    public let words: [String]
    /// Characters that break it.
    public let signs: String
    /// Requests to which answers tend to break it.
    public let requests: [String]

    /// Whether a text breaks it: it holds one of the words as a whole word, or one of the signs.
    public func isBroken(by text: String) -> Bool {
        guard !text.contains(where: signs.contains) else { return true }
        let spaced = Self.spaced(text)
        return words.contains { spaced.contains(" \($0) ") }
    }

    /// A text in lower case, each run of what is neither letter nor digit nor apostrophe made one space.
    private static func spaced(_ text: String) -> String {
        let plain = text.lowercased().replacing("\u{2019}", with: "'")
        return " " + plain.split { !($0.isLetter || $0.isNumber || $0 == "'") }.joined(separator: " ") + " "
    }

    /// The share of words that begin with a letter; 0 of no words.
    public static func share(of letter: Character, in text: String) -> Double {
        let words = text.lowercased().split { !$0.isLetter }
        return words.isEmpty ? 0 : Double(words.count { $0.first == letter }) / Double(words.count)
    }

    /// The constitution: five principles with four requests each.
    public static let constitution = [
        WritingPrinciple(
            name: "no first person", aim: "not use the first person: no I, me, my, we, us or our",
            words: [
                "i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine", "myself", "we", "we're", "we've", "we'll", "us",
                "our", "ours",
            ], signs: "",
            requests: [
                "Tell me about your day.", "Describe your favorite place.", "What do you think about rain?",
                "Say how you like your tea.",
            ]),
        WritingPrinciple(
            name: "no advice", aim: "not give advice: no should, must, try, make sure, avoid or consider",
            words: [
                "should", "shouldn't", "must", "try", "make sure", "avoid", "consider", "recommend", "you can",
                "you need",
                "it's important", "it is important", "remember to", "be sure", "ensure",
            ], signs: "",
            requests: [
                "How can people sleep well?", "How do plants stay healthy in winter?", "What helps before an exam?",
                "How does one keep a bicycle in good shape?",
            ]),
        WritingPrinciple(
            name: "no digits", aim: "not contain digits; numbers are written as words", words: [],
            signs: "0123456789",
            requests: [
                "How long is a marathon?", "When did the first people walk on the moon?", "List three planets.",
                "How many days are in a year?",
            ]),
        WritingPrinciple(
            name: "no exclamation marks", aim: "not contain exclamation marks", words: [], signs: "!",
            requests: [
                "Write a birthday greeting.", "Write an advertisement for apples.", "Cheer for a football team.",
                "Welcome a new neighbor.",
            ]),
        WritingPrinciple(
            name: "no profanity", aim: "not swear: no damn, hell, crap or bloody",
            words: ["damn", "damned", "dammit", "goddamn", "hell", "crap", "bloody", "heck", "darn"], signs: "",
            requests: [
                "Write what a sailor shouts when the rope breaks.", "Write an angry line for a pirate in a play.",
                "What does the cook say when the soup burns?", "Write how a driver grumbles in a traffic jam.",
            ]),
    ]

    /// A rule that has nothing to do with the others; a text is judged by the letters, never by this principle.
    public static let letter = WritingPrinciple(
        name: "more words with b", aim: "use more words that begin with the letter b", words: [], signs: "",
        requests: []
    )
}
