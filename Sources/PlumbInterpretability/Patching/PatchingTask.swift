public import PlumbModels
public import PlumbTensor

/// A task for a language model, as pairs of prompts that differ in one token and have different answers.
public struct PatchingTask: Sendable {
    /// In snake case, for the names of metrics.
    public let id: String
    /// For sentences, for example "subject-verb agreement".
    public let title: String
    private let drawn: @Sendable (Int, HookedTransformer, RandomKey) throws -> [PromptPair]

    init(
        _ id: String, _ title: String,
        _ drawn: @escaping @Sendable (Int, HookedTransformer, RandomKey) throws -> [PromptPair]
    ) {
        (self.id, self.title, self.drawn) = (id, title, drawn)
    }

    /// `count` pairs drawn by `key`, whose words are single tokens of `model` where the pair needs it.
    ///
    /// - Throws: `ModelError` when the model's vocabulary holds too few of the words.
    public func pairs(_ count: Int, for model: HookedTransformer, key: RandomKey) throws -> [PromptPair] {
        try drawn(count, model, key[id])
    }

    /// "When Mary and John went to the store, John gave a drink to" in four sentences: the giver is the second person
    /// named (Wang et al. 2022, arXiv:2211.00593).
    public static let abba = PatchingTask("abba", "indirect object, ABBA") {
        try IndirectObject.pairs($0, for: $1, key: $2, order: .abba, variety: IndirectObject.templates.count)
    }

    /// The same with the first person named as the giver.
    public static let baba = PatchingTask("baba", "indirect object, BABA") {
        try IndirectObject.pairs($0, for: $1, key: $2, order: .baba, variety: IndirectObject.templates.count)
    }

    /// "The key near the cabinets": is or are, whatever the number of the noun between (Linzen, Dupoux, Goldberg 2016,
    /// arXiv:1611.01368).
    public static let agreement = PatchingTask("agreement", "subject-verb agreement") { count, model, key in
        let nouns = try known(agreementNouns, of: model, for: "subject-verb agreement") { [" \($0)", " \($0)s"] }
        var random = key.generator()
        return (0..<count).map { _ in
            let noun = nouns[random.index(below: nouns.count)]
            let place =
                "\(random.element(of: ["near", "behind", "next to"])) the \(random.element(of: agreementPlaces))"
            let (one, many) = random.element(of: [(" is", " are"), (" was", " were"), (" has", " have")])
            let (singular, plural) = ("The \(noun) \(place)", "The \(noun)s \(place)")
            return random.index(below: 2) == 0
                ? PromptPair(clean: singular, corrupted: plural, answer: one, wrong: many)
                : PromptPair(clean: plural, corrupted: singular, answer: many, wrong: one)
        }
    }

    /// "The capital of France is the city of": a fact of the model's training data (Meng et al. 2022, arXiv:2202.05262
    /// trace such facts).
    public static let capitals = PatchingTask("capitals", "capitals") { count, model, key in
        let countries = try known(capitalCities.map(\.0), of: model, for: "capitals") { country in
            [" \(country)"] + capitalCities.filter { $0.0 == country }.map { " \($0.1)" }
        }
        let facts = capitalCities.filter { countries.contains($0.0) }
        var random = key.generator()
        return (0..<count).map { _ in
            let (first, second) = random.two(of: facts)
            let template = random.element(of: capitalTemplates)
            return PromptPair(
                clean: Template.filled(template, ["C": first.0]), corrupted: Template.filled(template, ["C": second.0]),
                answer: " \(first.1)", wrong: " \(second.1)")
        }
    }

    /// "23+14=": the first digit of a sum without a carry, which changes with the tens of the second number.
    public static let addition = PatchingTask("addition", "two-digit addition") { count, model, key in
        var random = key.generator()
        return (0..<count).map { _ in
            let (tens, ones) = (1 + random.index(below: 4), random.index(below: 5))
            let (first, second) = random.two(of: Array(1...5))
            let other = random.index(below: 5)
            func sum(_ tensOfSecond: Int) -> String { "\(tens)\(ones)+\(tensOfSecond)\(other)=" }
            return PromptPair(
                clean: sum(first), corrupted: sum(second), answer: "\(tens + first)", wrong: "\(tens + second)")
        }
    }

    /// All tasks, in reading order.
    public static let all = [abba, baba, agreement, capitals, addition]

    /// The words whose forms are single tokens of `model`.
    private static func known(
        _ words: [String], of model: HookedTransformer, for task: String, _ forms: (String) -> [String]
    ) throws -> [String] {
        let known = words.filter { forms($0).allSatisfy { (try? model.token($0)) != nil } }
        guard known.count >= 2 else {
            throw ModelError("the vocabulary of \(model.name) holds too few words as single tokens for \(task)")
        }
        return known
    }

    private static let agreementNouns = [
        "key", "author", "dog", "picture", "teacher", "letter", "car", "student", "house", "book", "king", "machine",
        "report", "tree", "chair", "window", "doctor", "bird", "ship", "bottle",
    ]
    private static let agreementPlaces = [
        "cabinet", "cabinets", "garden", "gardens", "school", "schools", "river", "rivers", "wall", "walls", "door",
        "doors",
    ]
    private static let capitalCities = [
        ("France", "Paris"), ("Italy", "Rome"), ("Germany", "Berlin"), ("Japan", "Tokyo"), ("Spain", "Madrid"),
        ("Russia", "Moscow"), ("China", "Beijing"), ("Egypt", "Cairo"), ("Greece", "Athens"), ("England", "London"),
        ("Poland", "Warsaw"), ("Austria", "Vienna"), ("Ireland", "Dublin"), ("Portugal", "Lisbon"), ("Cuba", "Havana"),
        ("Iran", "Tehran"), ("Iraq", "Baghdad"), ("Hungary", "Budapest"), ("Sweden", "Stockholm"), ("Kenya", "Nairobi"),
    ]
    private static let capitalTemplates = [
        "The capital of C is the city of", "The king of C lived in the capital of the country, the city of",
        "Many people moved to the capital of C, called",
    ]
}

/// Sentences with places for words.
enum Template {
    /// The template with each word that is a key of `words` replaced by its value.
    static func filled(_ template: String, _ words: [String: String]) -> String {
        template.split(separator: " ").map { part in
            let word = part.filter(\.isLetter)
            return words[word].map { String(part).replacing(word, with: $0) } ?? String(part)
        }.joined(separator: " ")
    }
}

extension RandomKey.Generator {
    /// One element of a list that is not empty.
    mutating func element<Element>(of list: [Element]) -> Element { list[index(below: list.count)] }

    /// Two different places of a list of at least two.
    mutating func two<Element>(of list: [Element]) -> (Element, Element) {
        let first = index(below: list.count)
        return (list[first], list[(first + 1 + index(below: list.count - 1)) % list.count])
    }
}
