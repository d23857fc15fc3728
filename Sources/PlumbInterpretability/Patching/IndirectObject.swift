public import PlumbModels
public import PlumbTensor

/// Sentences whose next word is the person not named twice, "When Mary and John went to the store, John gave a drink
/// to": indirect object identification (Wang et al. 2022, arXiv:2211.00593).
public enum IndirectObject {
    static let names = [
        "Mary", "John", "Tom", "James", "Sarah", "Paul", "Anna", "David", "Lucy", "Peter", "Emma", "Mark", "Alice",
        "Jack",
        "Kate", "Sam", "Laura", "Henry", "Jane", "Adam",
    ]
    static let places = ["store", "park", "school", "market", "office", "library", "station", "garden"]
    static let objects = ["drink", "book", "ring", "letter", "ball", "key", "flower", "map"]

    /// In which order a sentence names the two persons and then the giver.
    public enum Order: String, Sendable {
        /// The giver is the second person named: the answer is the first.
        case abba = "ABBA"
        /// The giver is the first person named: the answer is the second.
        case baba = "BABA"
    }

    /// Sentences with places for the two persons A and B, the giver S, a place P and an object O.
    static let templates = [
        "When A and B went to the P, S gave a O to", "Then A and B met at the P, and S handed a O to",
        "While A and B were at the P, S passed the O to", "After A and B had found a O at the P, S gave it to",
    ]

    /// The pair that the field's demonstrations use.
    public static let standard = PromptPair(
        clean: "When Mary and John went to the store, John gave a drink to",
        corrupted: "When Mary and John went to the store, Mary gave a drink to", answer: " Mary", wrong: " John")

    /// `count` pairs with names, place and object drawn by `key`; every name is one token of `model`.
    ///
    /// - Parameters:
    ///   - order: of the clean prompts; the corrupted ones have the other.
    ///   - variety: from how many sentences they are drawn; 1 is the sentence of ``standard``, 4 are all.
    /// - Throws: `ModelError` when the model's vocabulary holds fewer than two of the names.
    public static func pairs(
        _ count: Int, for model: HookedTransformer, key: RandomKey, order: Order = .abba, variety: Int = 1
    ) throws -> [PromptPair] {
        let known = names.filter { (try? model.token(" " + $0)) != nil }
        guard known.count >= 2 else {
            throw ModelError("the vocabulary of \(model.name) holds too few first names for the template")
        }
        var random = key["indirect object"].generator()
        return (0..<count).map { _ in
            let first = random.index(below: known.count)
            let second = (first + 1 + random.index(below: known.count - 1)) % known.count
            let place = places[random.index(below: places.count)]
            let object = objects[random.index(below: objects.count)]
            let template = templates[variety > 1 ? random.index(below: min(variety, templates.count)) : 0]
            let words = ["A": known[first], "B": known[second], "P": place, "O": object]
            let (giver, other) = order == .abba ? (second, first) : (first, second)
            return PromptPair(
                clean: Template.filled(template, words.merging(["S": known[giver]]) { $1 }),
                corrupted: Template.filled(template, words.merging(["S": known[other]]) { $1 }),
                answer: " " + known[other], wrong: " " + known[giver])
        }
    }
}
