internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor
internal import PlumbTokenizers

/// Heads that make tokens less probable that were said before: copy suppression (McDougall, Conmy, Rushing, McGrath, Nanda
/// 2023, arXiv:2310.04625).
///
/// Such a head attends to earlier occurrences of tokens that the model is about to say, and writes against them. Heads are
/// chosen by their direct effect on texts that the model wrote: what each attended token adds to its own logit, less the
/// mean logit. On other texts the heads are replaced by what they read in another text, and on texts whose tokens were put
/// in another order.
public struct CopySuppressionStudy: SettingGroup {
    @Setting("Texts that heads are chosen on.", 2...28) public var choosing = 18
    @Setting("Other texts that they are tested on.", 2...28) public var testing = 12
    @Setting("Tokens of a text.", 16...4096) public var length = 64
    @Setting("Temperature at which the model writes the texts.", 0.01...100) public var temperature = 0.9
    @Setting("Heads that are chosen.", 1...1000) public var heads = 2
    @Setting("Tokens of the vocabulary on which a head's own-token logits are ranked.", 1...1_000_000)
    public var tokens = 200
    @Setting("Sets of as many other heads of the same layers.", 1...1000) public var draws = 3

    /// Sizes for which a model of 135 million parameters takes about a minute a seed.
    public init() {}

    /// The first positions of a text, at which little was said before.
    static let beginning = 8
    /// A token is suppressed where its own logit is among so many lowest, as published.
    static let lowest = 10

    /// What the removal of heads does to each text: means over its positions, but for some at its beginning.
    public struct Removal: Sendable, Codable {
        /// How much the logit rises of the token that the model thinks the most probable of those said before, less the
        /// mean logit.
        public internal(set) var logits: [Double] = []
        /// How much the probability rises of all tokens that were said before.
        public internal(set) var probabilities: [Double] = []
        /// How much the cross-entropy of the text's next tokens rises, in nats.
        public internal(set) var losses: [Double] = []
    }

    /// What one seed finds.
    public struct Outcome: Sendable, Codable {
        /// The heads chosen, the most negative direct effect first, and sets of as many others of their layers.
        public let chosen: [AttentionHead], others: [[AttentionHead]]
        /// The direct effect of each head on the texts that heads are tested on, in logits, and on the same texts with their
        /// tokens in another order: `[layer][head]`.
        public let direct: [[Double]], directShuffled: [[Double]]
        /// The direct effect on the logits of the text's tokens dealt out to other places, by the same attention.
        public let directElsewhere: [[Double]]
        /// The part of tokens whose own logit is among the ten lowest of all, for each chosen head and each other.
        public let suppressed: [Double], suppressedByOthers: [Double]
        /// Without the chosen heads, and without each set of others.
        public let removal: Removal, removalOfOthers: [Removal]
        /// The same with the texts' tokens in another order.
        public let removalShuffled: Removal
        /// The probability of all tokens that were said before, as the texts are and in another order.
        public let copied: Double, copiedShuffled: Double
        /// The first text.
        public let sample: String

        /// The mean direct effect of the chosen heads.
        public func direct(_ effects: [[Double]]) -> Double {
            Statistics.mean(chosen.map { effects[$0.layer][$0.head] })
        }
    }

    /// Refuses a model that the study cannot read.
    ///
    /// - Throws: `SettingsError` naming the option or the model.
    public func check(_ model: HookedTransformer) throws {
        guard model.addsHeadsToStream, model.tokenizer != nil else {
            throw SettingsError(
                "\(model.name) normalizes what heads write or has no tokenizer: the direct effect of its heads is not read "
                    + "from the weights")
        }
        guard length <= model.configuration.context else {
            throw SettingsError("--length \(length): \(model.name) reads at most \(model.configuration.context) tokens")
        }
        guard 2 * heads <= model.configuration.heads else {
            throw SettingsError(
                "--heads \(heads): \(model.name) has \(model.configuration.heads) heads in a layer, and others of the same "
                    + "layer are needed")
        }
        guard choosing + testing <= CopySuppressionTexts.openings.count else {
            throw SettingsError(
                "--choosing \(choosing), --testing \(testing): there are \(CopySuppressionTexts.openings.count) openings "
                    + "of texts")
        }
        guard tokens <= model.configuration.vocabulary else {
            throw SettingsError("--tokens \(tokens): \(model.name) has \(model.configuration.vocabulary) tokens")
        }
    }

    /// Writes texts, chooses heads and removes them; the same key gives the same outcome.
    ///
    /// - Parameter checkpoint: called now and then with the fraction that is done.
    /// - Throws: `ModelError` for a model without a tokenizer; what `checkpoint` throws.
    public func run(
        _ model: HookedTransformer, key: RandomKey, checkpoint: (Double) throws -> Void = { _ in }
    ) throws -> Outcome {
        let texts = try CopySuppressionTexts.written(
            by: model, count: choosing + testing, length: length, temperature: temperature, key: key["texts"])
        let (learned, tested) = (Array(texts.prefix(choosing)), Array(texts.dropFirst(choosing)))
        let shuffled = tested.enumerated().map { CopySuppressionTexts.shuffled($1, key: key["order"][$0]) }
        try checkpoint(0.2)
        let reader = OwnTokenReader(model)
        let chosen = Array(
            HeadScores.ranked(try reader.directEffects(learned, from: Self.beginning)).reversed().prefix(heads))
        let (direct, directShuffled) = (
            try reader.directEffects(tested, from: Self.beginning),
            try reader.directEffects(shuffled, from: Self.beginning)
        )
        let dealt = tested.enumerated().map { CopySuppressionTexts.shuffled($1, key: key["dealt"][$0]) }
        let directElsewhere = try reader.directEffects(tested, from: Self.beginning, on: dealt)
        try checkpoint(0.35)
        var generator = key["other heads"].generator()
        let others = (0..<draws).map { _ in Self.others(chosen, of: model, &generator) }
        var drawn = key["tokens"].generator()
        let sample = Array((0..<model.configuration.vocabulary).shuffled(using: &drawn).prefix(tokens))
        let suppressed = try reader.suppressedShares(chosen, tokens: sample, lowest: Self.lowest)
        let suppressedByOthers = try reader.suppressedShares(
            Array(Set(others.joined())).sorted(), tokens: sample, lowest: Self.lowest)
        try checkpoint(0.45)
        let (plain, mixed) = (CopyRemoval(model, tested), CopyRemoval(model, shuffled))
        let removal = try plain.removing(chosen)
        try checkpoint(0.6)
        let removalShuffled = try mixed.removing(chosen)
        let removalOfOthers = try others.enumerated().map { index, heads in
            try checkpoint(0.7 + 0.3 * Double(index) / Double(draws))
            return try plain.removing(heads)
        }
        return Outcome(
            chosen: chosen, others: others, direct: direct, directShuffled: directShuffled,
            directElsewhere: directElsewhere, suppressed: suppressed,
            suppressedByOthers: suppressedByOthers, removal: removal, removalOfOthers: removalOfOthers,
            removalShuffled: removalShuffled, copied: plain.copied, copiedShuffled: mixed.copied,
            sample: model.tokenizer?.decode(tested[0]) ?? "")
    }

    /// As many heads of each layer as `chosen` has there, drawn from the rest.
    private static func others(
        _ chosen: [AttentionHead], of model: HookedTransformer, _ generator: inout RandomKey.Generator
    ) -> [AttentionHead] {
        Set(chosen.map(\.layer)).sorted().flatMap { layer in
            (0..<model.configuration.heads).map { AttentionHead(layer: layer, head: $0) }
                .filter { !chosen.contains($0) }.shuffled(using: &generator)
                .prefix(chosen.count { $0.layer == layer })
        }
    }
}
