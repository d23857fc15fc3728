public import PlumbModels
internal import PlumbTensor

extension LanguageModelExplanations {
    /// Lets the language model explain and simulate some neurons.
    func ask(
        _ model: HookedTransformer, _ chosen: [Int], _ explained: [[ActivationRecord]], _ scored: [[ActivationRecord]],
        _ found: [Explanation], key: RandomKey, checkpoint: (Double) throws -> Void
    ) async throws -> [Asked] {
        let (explainer, simulator) = (PromptedExplainer(model, excerpts: shown), try LanguageModelSimulator(model))
        let direct = DirectSimulator()
        var (sentences, texts): ([Explanation], [[ActivationRecord]]) = ([], [])
        for place in chosen {
            try checkpoint(0)
            sentences.append(try await explainer.explain(explained[place]))
            let top = scored[place].top(simulated / 2)
            texts.append(top + scored[place].filter { !top.contains($0) }.drawn(simulated - top.count, key: key[place]))
        }
        func score(_ simulation: [[Double]], _ records: [ActivationRecord]) -> Double {
            SimulationScore(simulated: simulation, records: records).correlation
        }
        var answers: [Asked] = []
        for (index, place) in chosen.enumerated() {
            try checkpoint(Double(index) / Double(chosen.count))
            let own = texts[index]
            func simulated(_ explanation: Explanation) throws -> Double {
                score(try own.map { try simulator.simulate(explanation, tokens: $0.tokens) }, own)
            }
            let lookup = Explanation.tokens(TokenMeans(explained[place]))
            answers.append(
                Asked(
                    sentence: sentences[index].sentence, own: try simulated(sentences[index]),
                    rules: try simulated(found[place]),
                    other: chosen.count < 2
                        ? .nan : try simulated(sentences[(index + chosen.count / 2) % chosen.count]),
                    found: score(try await direct.simulate(found[place], records: own), own),
                    lookup: score(try await direct.simulate(lookup, records: own), own)))
        }
        return answers
    }

    /// What a language model's simulations of a puzzle show.
    public struct PuzzleScore: Sendable, Codable {
        /// The puzzle's name.
        public let name: String
        /// The score of its simulation from the right explanation.
        public let right: Double
        /// From each false one.
        public let wrong: [Double]
    }

    /// Simulates puzzles from their right and from their false explanations.
    ///
    /// - Throws: `ModelError` for a model that cannot simulate; what `checkpoint` throws.
    public func simulate(
        _ puzzles: [NeuronPuzzle], by model: HookedTransformer, checkpoint: (Double) throws -> Void = { _ in }
    ) throws -> [PuzzleScore] {
        let simulator = try LanguageModelSimulator(model)
        return try puzzles.enumerated().map { number, puzzle in
            let records = Array(puzzle.records.prefix(4))
            func score(_ explanation: String) throws -> Double {
                try checkpoint(Double(number) / Double(puzzles.count))
                let simulated = try records.map {
                    try simulator.simulate(.sentence(explanation), tokens: $0.tokens)
                }
                return SimulationScore(simulated: simulated, records: records).correlation
            }
            return PuzzleScore(
                name: puzzle.name, right: try score(puzzle.explanation), wrong: try puzzle.falseExplanations.map(score))
        }
    }
}
