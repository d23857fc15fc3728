internal import PlumbBasics
internal import PlumbData
internal import PlumbNN
public import PlumbModels
public import PlumbRecords
public import PlumbTensor
internal import PlumbTokenizers

/// Finds the induction heads of a language model by their attention on repeated random tokens, and measures how much of
/// what the model learns from the first occurrence is left without them (Olsson et al. 2022, arXiv:2209.11895).
///
/// The quantity is the loss drop: the mean loss of the tokens' first occurrence less that of their repetition.
public struct LanguageModelInduction: SettingGroup {
    @Setting("Random tokens that a language model reads twice.", 4...4096) public var part = 32
    @Setting("Rows of the batch that heads are chosen on, and of the one they are tested on.", 1...4096)
    public var rows = 4
    @Setting("Sets of as many other heads of the same layers that are removed for comparison.", 1...10_000)
    public var draws = 8

    /// Sizes for which a model of 135 million parameters takes half a minute a seed.
    public init() {}

    /// What one seed's tokens show.
    public struct Outcome: Sendable, Codable {
        /// The prefix-matching score of each head: its mean attention to the token after the previous occurrence,
        /// `[layer][head]`.
        public let scores: [[Double]]
        /// The heads of the highest scores without which at most ``LanguageModelInduction/chosenLeft`` of the loss drop is
        /// left on the batch they are chosen on, and what is left on another; `nil` where no number of heads suffices.
        public let fewest: FewestHeads?
        /// The sets of other heads that were removed.
        public let others: [[AttentionHead]]
        /// The mean loss of the first occurrence and of the repetition, in nats, where the heads are tested.
        public let intact: Losses
        /// The same without the heads chosen.
        public let without: Losses
        /// How much the loss of the repetition rises in each row of the test without the heads chosen, in nats, and how much
        /// where the repetition has the same tokens in another order.
        public let rises: [Double], risesShuffled: [Double]
        /// The loss drop of the whole model where the repetition has the same tokens in another order.
        public let dropShuffled: Double
        /// How many heads were removed, the highest scores first, and the part of the loss drop left on the batch that
        /// heads are chosen on.
        public let counts: [Int], leftByCount: [Double]
    }

    /// Mean losses in nats.
    public struct Losses: Sendable, Codable {
        /// Of the tokens' first occurrence.
        public let first: Double
        /// Of their repetition, from its second token on: the first cannot be predicted.
        public let repeated: Double
        /// The loss drop.
        public var drop: Double { first - repeated }
    }

    /// Where the fewest heads are chosen, this part of the loss drop may be left without them.
    public static let chosenLeft = 0.4

    /// Refuses a part that does not fit twice into the model's context.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ model: HookedTransformer) throws {
        let longest = (model.configuration.context - 1) / 2
        guard part <= longest else {
            throw SettingsError("--part \(part): \(model.name) reads at most two parts of \(longest) tokens")
        }
    }

    /// Chooses heads on one batch of random tokens and tests them on another; the same key gives the same outcome.
    ///
    /// - Parameter checkpoint: called between passes through the model.
    /// - Throws: what `checkpoint` throws.
    public func run(_ model: HookedTransformer, key: RandomKey, checkpoint: () throws -> Void = {}) throws -> Outcome {
        let beginning = model.tokenizer?.bos
        let source = RepeatedTokens(
            vocabulary: model.configuration.vocabulary, length: 2 * part + (beginning == nil ? 0 : 1),
            period: part...part, beginning: beginning, key: key["tokens"])
        let (choosing, testing) = (source.batch(rows, step: 0), source.batch(rows, step: 1))
        let scores = HeadScores(model, on: choosing).induction
        let (ranked, ablation) = (HeadScores.ranked(scores), MeanAblation(model, on: choosing))
        func losses(_ batch: RepeatedTokens.Batch, without heads: [AttentionHead], isShuffled: Bool = false) throws
            -> RowLosses
        {
            try checkpoint()
            let rows = isShuffled ? Self.shuffled(batch, key: key["order"]) : batch.rows
            return RowLosses(model, rows, batch.repeatsFrom, ablation.interventions(heads))
        }
        let whole = try losses(choosing, without: []).mean.drop
        var left: [Int: Double] = [:]
        func isEnough(_ count: Int) throws -> Bool {
            let value = try losses(choosing, without: Array(ranked.prefix(count))).mean.drop / whole
            left[count] = value
            return value <= Self.chosenLeft
        }
        let count = try Self.fewest(of: ranked.count, isEnough)
        let intact = try losses(testing, without: [])
        let chosen = Array(ranked.prefix(count ?? 0))
        let without = try losses(testing, without: chosen)
        var generator = key["other heads"].generator()
        let others = chosen.isEmpty ? [] : (0..<draws).compactMap { _ in matched(chosen, in: model, &generator) }
        let fewest = FewestHeads(
            heads: chosen, left: without.mean.drop / intact.mean.drop,
            leftWithoutOthers: try others.map { try losses(testing, without: $0).mean.drop / intact.mean.drop })
        let shuffled = try losses(testing, without: [], isShuffled: true)
        let shuffledWithout = try losses(testing, without: chosen, isShuffled: true)
        let counts = left.keys.sorted()
        return Outcome(
            scores: scores, fewest: count == nil ? nil : fewest, others: others, intact: intact.mean,
            without: without.mean, rises: without.rises(from: intact),
            risesShuffled: shuffledWithout.rises(from: shuffled), dropShuffled: shuffled.mean.drop, counts: counts,
            leftByCount: counts.compactMap { left[$0] })
    }

    /// The least number from 1 to `most` that is enough, by doubling and halving, as if all larger ones were; `nil` where
    /// `most` is not.
    static func fewest(of most: Int, _ isEnough: (Int) throws -> Bool) rethrows -> Int? {
        var (low, high) = (0, 1)
        while try !isEnough(high) {
            if high == most { return nil }
            (low, high) = (high, min(2 * high, most))
        }
        while high - low > 1 {
            let middle = (low + high) / 2
            if try isEnough(middle) { high = middle } else { low = middle }
        }
        return high
    }

    /// As many heads of each layer as `chosen` has there, drawn from the rest; `nil` where a layer has too few.
    private func matched(
        _ chosen: [AttentionHead], in model: HookedTransformer, _ generator: inout RandomKey.Generator
    ) -> [AttentionHead]? {
        var drawn: [AttentionHead] = []
        for layer in Set(chosen.map(\.layer)).sorted() {
            let rest = (0..<model.configuration.heads).map { AttentionHead(layer: layer, head: $0) }
                .filter { !chosen.contains($0) }
            let count = chosen.count { $0.layer == layer }
            guard rest.count >= count else { return nil }
            drawn += rest.shuffled(using: &generator).prefix(count)
        }
        return drawn
    }

    /// The rows of a batch whose repetitions have their tokens in another order.
    private static func shuffled(_ batch: RepeatedTokens.Batch, key: RandomKey) -> [[Int]] {
        batch.rows.enumerated().map { row, tokens in
            var generator = key[row].generator()
            let from = batch.repeatsFrom[row]
            return Array(tokens[..<from]) + tokens[from...].shuffled(using: &generator)
        }
    }
}

extension RepeatedTokens.Batch {
    fileprivate var rows: [[Int]] { (0..<tokens.rows).map { Array(tokens[$0]) } }
}

/// The losses of rows of tokens whose second part repeats the first.
private struct RowLosses {
    /// Of each row, the losses of the first occurrence and of the repetition, in nats.
    let first: [[Double]], repeated: [[Double]]

    init(_ model: HookedTransformer, _ rows: [[Int]], _ repeatsFrom: [Int], _ interventions: [Intervention]) {
        let targets = rows.flatMap { $0.dropFirst() }
        let logits = model.run(batch: rows.map { Array($0.dropLast()) }, with: interventions).output
        let losses = logits.reshaped([targets.count, -1]).crossEntropies(targets).elements.map(Double.init)
        let columns = (rows.first?.count ?? 1) - 1
        // What is said after a place is the token at the next.
        first = rows.indices.map { row in Array(losses[row * columns..<row * columns + repeatsFrom[row] - 1]) }
        repeated = rows.indices.map { row in Array(losses[row * columns + repeatsFrom[row]..<(row + 1) * columns]) }
    }

    var mean: LanguageModelInduction.Losses {
        LanguageModelInduction.Losses(
            first: Statistics.mean(first.flatMap { $0 }), repeated: Statistics.mean(repeated.flatMap { $0 }))
    }

    /// How much the loss of each row's repetition rises.
    func rises(from other: RowLosses) -> [Double] {
        zip(repeated, other.repeated).map { Statistics.mean($0) - Statistics.mean($1) }
    }
}
