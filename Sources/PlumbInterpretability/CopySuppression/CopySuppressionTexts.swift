internal import PlumbModels
internal import PlumbTensor

/// Texts that a model writes itself, from openings that a key draws.
enum CopySuppressionTexts {
    /// Texts of one length.
    ///
    /// - Throws: `ModelError` for a model that cannot read the openings.
    static func written(
        by model: HookedTransformer, count: Int, length: Int, temperature: Double, key: RandomKey
    ) throws -> [[Int]] {
        var generator = key["openings"].generator()
        let openings = try openings.shuffled(using: &generator).prefix(count).map { try model.tokens($0) }
        let texts = try model.continuations(
            of: openings, maxTokens: length, temperature: temperature, stopTokens: [], key: key["writing"])
        return zip(openings, texts).map { Array(($0 + $1.tokens).prefix(length)) }
    }

    /// The tokens of a text in another order, but for the first.
    static func shuffled(_ text: [Int], key: RandomKey) -> [Int] {
        var generator = key.generator()
        return Array(text.prefix(1)) + text.dropFirst().shuffled(using: &generator)
    }

    static let openings = [
        "The history of the town begins", "When I was a child, my", "Scientists have found that the",
        "In the last year the company", "The main character of the story", "To bake a good bread, you",
        "The city council met on Monday", "Many people believe that the", "The old ship was built in",
        "Our school has a new library", "During the war the soldiers", "The river flows through the",
        "The recipe for this soup comes", "Last summer we traveled to the", "The museum opened its doors",
        "A good teacher knows that", "The price of oil has risen", "In the forest there lived a",
        "The team won the game after", "My grandmother used to tell us", "The new law says that every",
        "Birds fly south in the winter", "The doctor looked at the patient", "The computer was invented by",
        "She opened the letter and read", "The king asked his daughter", "Farmers in the valley grow",
        "The train to the coast leaves", "The band played its first song", "Water is one of the most",
    ]
}
