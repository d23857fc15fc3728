public import PlumbTensor

/// Short English texts that a grammar writes, cut into words: free of anyone's rights, and as many as are wanted.
///
/// The same words stand inside and outside of parentheses and quotation marks, after "not" and elsewhere, so that a
/// word alone does not tell where it stands.
public enum GeneratedTexts {
    /// Texts of one or two sentences, drawn by `key`; each token but the first begins with the space before it.
    public static func texts(_ count: Int, key: RandomKey) -> [[String]] {
        (0..<count).map { index in
            var writer = Writer(generator: key[index].generator())
            writer.sentence()
            if writer.chance(0.5) { writer.sentence() }
            return writer.tokens
        }
    }

    /// Every token that texts can have, in alphabetical order.
    public static let vocabulary: [String] = {
        let words = names + things + adjectives + colors + activities + verbs + cities + numbers + small
        return Set(words.flatMap { [" " + $0, $0] }).sorted()
    }()

    private static let names = ["Anna", "Boris", "Clara", "David", "Elena", "Felix", "Greta", "Hugo"]
    private static let things = [
        "apples", "books", "coins", "lamps", "stones", "tickets", "boxes", "letters", "maps", "keys",
    ]
    private static let adjectives = [
        "happy", "tired", "angry", "ready", "late", "sure", "careful", "quiet", "famous", "alone",
    ]
    private static let colors = ["red", "blue", "green", "yellow", "black", "white"]
    private static let activities = [
        "walking", "reading", "singing", "waiting", "working", "cooking", "swimming", "painting",
    ]
    private static let verbs = ["bought", "sold", "found", "lost", "counted", "carried", "dropped", "moved"]
    private static let cities = ["Oslo", "Rome", "Lima", "Cairo", "Delhi", "Kyoto"]
    private static let numbers = (2...40).map(String.init)
    private static let joints = ["and", "but", "because", "while"]
    private static let small =
        joints + [
            "The", "the", "was", "were", "not", "in", "said", "\"", "(", ")", ".", ",", "some",
        ]

    private struct Writer {
        var generator: RandomKey.Generator
        var tokens: [String] = []

        mutating func chance(_ probability: Double) -> Bool { generator.uniform() < probability }
        mutating func write(_ words: String...) {
            for word in words { tokens.append(tokens.isEmpty ? word : " " + word) }
        }
        mutating func write(oneOf words: [String]) { write(words[generator.index(below: words.count)]) }

        mutating func sentence() {
            if chance(0.25) {
                write(oneOf: names)
                write("said", "\"")
                clause()
                write("\"")
            } else {
                clause()
            }
            if chance(0.35) {
                write("(")
                clause()
                write(")")
            }
            if chance(0.4) {
                if chance(0.3) { write(",") }
                write(oneOf: joints)
                clause()
            }
            write(".")
        }

        private mutating func clause() {
            switch generator.index(below: 4) {
            case 0:
                write(oneOf: names)
                write(oneOf: verbs)
                write(oneOf: chance(0.6) ? numbers : ["some", "the"])
                if chance(0.5) { write(oneOf: colors) }
                write(oneOf: things)
            case 1:
                write(oneOf: names)
                write("was")
                if chance(0.5) { write("not") }
                write(oneOf: adjectives)
            case 2:
                write(oneOf: names)
                write("was")
                write(oneOf: activities)
                write("in")
                write(oneOf: cities)
            default:
                write(tokens.isEmpty ? "The" : "the")
                write(oneOf: things)
                write("were")
                if chance(0.5) { write("not") }
                write(oneOf: colors)
            }
        }
    }
}
