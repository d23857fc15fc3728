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

    /// The pair that the field's demonstrations use.
    public static let standard = PromptPair(
        clean: "When Mary and John went to the store, John gave a drink to",
        corrupted: "When Mary and John went to the store, Mary gave a drink to", answer: " Mary", wrong: " John")

    /// `count` pairs with names, place and object drawn by `key`; every name is one token of `model`.
    ///
    /// - Throws: `ModelError` when the model's vocabulary holds fewer than two of the names.
    public static func pairs(_ count: Int, for model: HookedTransformer, key: RandomKey) throws -> [PromptPair] {
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
            func sentence(_ giver: String) -> String {
                "When \(known[first]) and \(known[second]) went to the \(place), \(giver) gave a \(object) to"
            }
            return PromptPair(
                clean: sentence(known[second]), corrupted: sentence(known[first]), answer: " " + known[first],
                wrong: " " + known[second])
        }
    }
}
