internal import PlumbBasics
internal import PlumbTensor

/// A short text that praises or blames a thing by one of many words, which "not" turns around in a fifth of all texts.
struct OpinionText: Sendable, Equatable {
    /// The text's words.
    let words: [String]
    /// Whether it praises.
    let isPraise: Bool

    private static let praise = [
        "good", "great", "excellent", "wonderful", "lovely", "superb", "delightful", "fantastic", "brilliant",
        "perfect", "pleasant", "charming", "splendid", "marvelous", "beautiful", "impressive", "enjoyable",
        "outstanding", "terrific", "amazing", "fine", "nice", "magnificent", "satisfying", "admirable",
        "fabulous", "gorgeous", "remarkable", "exciting", "awesome",
    ]
    private static let blame = [
        "bad", "awful", "terrible", "horrible", "poor", "dreadful", "nasty", "disappointing", "boring", "ugly",
        "unpleasant", "disgusting", "lousy", "miserable", "mediocre", "annoying", "useless", "pathetic", "dull",
        "appalling", "ghastly", "inferior", "atrocious", "tedious", "shabby", "worthless", "frustrating",
        "dismal", "clumsy", "painful",
    ]
    private static let things = [
        "soup", "film", "hotel", "book", "concert", "meal", "garden", "play", "song", "room", "phone", "trip",
        "cake", "game", "show", "beach",
    ]
    private static let degrees = ["", "really", "very", "quite"]

    /// A random text.
    init(key: RandomKey) {
        var random = key.generator()
        func drawn(_ list: [String]) -> String { list[random.index(below: list.count)] }
        let isGoodWord = random.index(below: 2) == 0
        let (thing, degree) = (drawn(Self.things), drawn(Self.degrees))
        let word = drawn(isGoodWord ? Self.praise : Self.blame)
        let isNegated = random.index(below: 5) == 0
        words = ["the", thing, "was", isNegated ? "not" : "", degree, word].filter { !$0.isEmpty }
        isPraise = isGoodWord != isNegated
    }

    /// What a language model reads: the text, and the beginning of a judgment of it.
    var prompt: String { "The " + words.dropFirst().joined(separator: " ") + ". All in all, it was" }

    /// How often each word is in each text, words in alphabetical order.
    ///
    /// - Shapes: result `[N, words]`.
    static func counts(_ texts: [OpinionText]) -> DoubleMatrix {
        let all = Set(texts.flatMap(\.words)).sorted()
        let places = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, $0) })
        var counts = DoubleMatrix(rows: texts.count, columns: all.count)
        for (row, text) in texts.enumerated() {
            for word in text.words { if let place = places[word] { counts[row, place] += 1 } }
        }
        return counts
    }
}
