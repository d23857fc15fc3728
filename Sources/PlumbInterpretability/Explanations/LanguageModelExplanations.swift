public import PlumbModels
public import PlumbRecords
public import PlumbTensor
internal import PlumbTokenizers

/// Explains neurons of a language model by rules, by token means and by a language model, and scores the explanations
/// on other texts (Bills et al. 2023).
public struct LanguageModelExplanations: SettingGroup {
    @Setting("Blocks of a language model whose neurons are explained.", 0...10_000) public var blocks = [2, 14, 26]
    @Setting("Neurons of each block, drawn by the seed, that are explained by rules and by token means.", 1...100_000)
    public var drawn = 16
    @Setting("Neurons in all that are explained and simulated by the language model too.", 0...1000) public var asked =
        6
    @Setting("Texts that the language model reads to explain a neuron.", 1...100) public var shown = 4
    @Setting("Texts on which it simulates: half of the largest activations, half drawn.", 2...1000)
    public var simulated = 6
    @Setting("The most tokens of a text.", 4...2048) public var length = 24
    @Setting("A file with a text in each line; by default the texts that ship with this library.")
    public var lines: String? = nil
    @Setting("Puzzles on which the language model simulates right and false explanations.", 0...1000)
    public var puzzlesSimulated = 6

    /// Sizes for which a model of 135 million parameters takes some minutes.
    public init() {}

    /// What is found of a neuron; scores are correlations.
    public struct Neuron: Sendable, Codable {
        /// Where the neuron is.
        public let block: Int, index: Int
        /// The rules found, in words.
        public let sentence: String
        /// The scores of the rules and of the token means, on texts that they were not made from.
        public let found: Double, lookup: Double
        /// The score of rules found from exchanged activations, on exchanged activations.
        public let exchanged: Double
        /// What the language model says and its scores, where it was asked.
        public var asked: Asked?
    }

    /// What a language model makes of a neuron, on few texts.
    public struct Asked: Sendable, Codable {
        /// What it says the neuron responds to.
        public let sentence: String
        /// The score of what it simulates from its own sentence.
        public let own: Double
        /// From the sentence of the rules found.
        public let rules: Double
        /// From what it said of another neuron.
        public var other = Double.nan
        /// The scores of the rules and of the token means on the same texts.
        public let found: Double, lookup: Double
    }

    /// Refuses blocks that the model lacks.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ model: HookedTransformer) throws {
        let sizes = model.configuration
        guard let last = blocks.max(), last < sizes.layers else {
            throw SettingsError("--blocks \(blocks): \(model.name) has blocks 0 to \(sizes.layers - 1)")
        }
        guard drawn <= sizes.mlpWidth else {
            throw SettingsError("--drawn \(drawn): a block of \(model.name) has \(sizes.mlpWidth) neurons")
        }
        guard asked <= drawn * blocks.count else {
            throw SettingsError(
                "--asked \(asked): \(drawn * blocks.count) neurons are drawn")
        }
    }

    /// The texts that ship: sentences of puzzles and plain facts, and generated ones.
    static func shippedTexts(key: RandomKey) -> [String] {
        NeuronPuzzle.standard.flatMap { $0.records.map { $0.tokens.joined() } } + SteeringConcept.facts.map(\.shown)
            + GeneratedTexts.texts(100, key: key).map { $0.joined() }
    }

    /// Explains neurons drawn by `key`; the same key gives the same outcome.
    ///
    /// - Parameters:
    ///   - texts: lines of a file, or `nil` for the texts that ship.
    ///   - checkpoint: called now and then with the part that is done.
    /// - Throws: `ModelError` for a model without a tokenizer or a chat template, or texts that it cannot read; what
    ///   `checkpoint` throws.
    public func run(
        _ model: HookedTransformer, texts: [String]? = nil, key: RandomKey,
        checkpoint: (Double) throws -> Void = { _ in }
    ) async throws -> [Neuron] {
        var generator = key["neurons"].generator()
        let places = blocks.flatMap { block in
            (0..<model.configuration.mlpWidth).shuffled(using: &generator).prefix(drawn).sorted().map { (block, $0) }
        }
        return try await explain(places, of: model, texts: texts, key: key, checkpoint: checkpoint)
    }

    /// Explains these neurons from three fifths of the texts, and scores the explanations on the others.
    ///
    /// - Parameters:
    ///   - places: the block and the number of each neuron.
    ///   - texts: lines of a file, or `nil` for the texts that ship; what a text has beyond the longest length is left
    ///   out.
    ///   - key: of the order of the texts and of what is exchanged.
    ///   - checkpoint: called now and then with the part that is done.
    /// - Throws: as ``run(_:texts:key:checkpoint:)`` does.
    public func explain(
        _ places: [(block: Int, index: Int)], of model: HookedTransformer, texts: [String]? = nil, key: RandomKey,
        checkpoint: (Double) throws -> Void = { _ in }
    ) async throws -> [Neuron] {
        require(!places.isEmpty, "there is no neuron to explain")
        let tokens = try tokens(texts ?? Self.shippedTexts(key: key["generated"]), model, key: key)
        // The first token is read and left out: models attend to it where there is nothing to attend to.
        let records = try ActivationUnit.records(
            of: places.map { ActivationUnit.neuron($0.index, block: $0.block) }, in: model, texts: tokens, skipping: 1,
            checkpoint: { try checkpoint(0) }
        ).map(Self.oriented)
        try checkpoint(0.2)
        let split = tokens.count * 3 / 5
        let (explained, scored) = (records.map { Array($0[..<split]) }, records.map { Array($0[split...]) })
        let found = RuleExplainer().explain(explained)
        let exchanged = explained.indices.map { explained[$0].exchangingActivations(key: key["exchanged"][$0]) }
        let fromExchanged = RuleExplainer().explain(exchanged)
        var neurons = try places.indices.map { index in
            func score(_ explanation: Explanation, _ records: [ActivationRecord]) throws -> Double {
                let simulated = try DirectSimulator().simulate(explanation, records: records)
                return SimulationScore(simulated: simulated, records: records).correlation
            }
            let mixed = scored[index].exchangingActivations(key: key["exchanged tests"][index])
            return Neuron(
                block: places[index].block, index: places[index].index, sentence: found[index].sentence,
                found: try score(found[index], scored[index]),
                lookup: try score(.tokens(TokenMeans(explained[index])), scored[index]),
                exchanged: try score(fromExchanged[index], mixed))
        }
        try checkpoint(0.4)
        let asked = min(asked, places.count)
        guard asked > 0 else { return neurons }
        // Evenly over the blocks.
        let chosen = (0..<asked).map { $0 * places.count / asked }
        let answers = try await ask(model, chosen, explained, scored, found, key: key["asked"]) {
            try checkpoint(0.4 + 0.6 * $0)
        }
        for (place, answer) in zip(chosen, answers) { neurons[place].asked = answer }
        return neurons
    }

    /// The texts as tokens, in an order drawn by `key`; those of a few tokens are left out.
    private func tokens(_ texts: [String], _ model: HookedTransformer, key: RandomKey) throws -> [[Int]] {
        var generator = key["texts"].generator()
        let tokens = try texts.shuffled(using: &generator).map { Array(try model.tokens($0).prefix(length)) }
            .filter { $0.count > 3 }
        guard tokens.count >= 3 * simulated else {
            throw ModelError(
                "there are \(tokens.count) texts of more than 3 tokens; explaining and scoring needs \(3 * simulated)")
        }
        return tokens
    }

    /// The activations with the sign that makes the largest of them positive: that of a gated neuron is arbitrary. The
    /// texts that are scored later decide it too.
    static func oriented(_ records: [ActivationRecord]) -> [ActivationRecord] {
        let least = records.flatMap(\.activations).min() ?? 0
        guard -least > records.most else { return records }
        return records.map { ActivationRecord(tokens: $0.tokens, activations: $0.activations.map { -$0 }) }
    }
}
