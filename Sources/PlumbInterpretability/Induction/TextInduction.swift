public import Foundation
internal import PlumbBasics
internal import PlumbNN
public import PlumbModels
public import PlumbRecords
public import PlumbTensor
internal import PlumbTokenizers

/// How much of what a language model learns from a text's context is lost without its induction heads
/// (Olsson et al. 2022, arXiv:2209.11895: the in-context learning score).
///
/// The quantity is the loss drop: the mean loss of early tokens less that of late ones, on the same windows of a text. Heads
/// are replaced by what they read in another window, so that the two losses can be compared token by token.
public struct TextInduction: SettingGroup {
    @Setting("A UTF-8 text on which the heads of a language model are tested too.") public var text: String? = nil
    @Setting("Windows of the text, drawn by the seed.", 2...4096) public var windows = 8
    @Setting("Tokens of a window.", 32...8192) public var window = 192

    /// Sizes for which a model of 135 million parameters takes some minutes a seed.
    public init() {}

    /// What one seed's windows show, in nats.
    public struct Outcome: Sendable, Codable {
        /// The loss drop of the whole model.
        public let drop: Double
        /// How much smaller it is without the induction heads.
        public let lost: Double
        /// The same without each set of as many other heads of the same layers.
        public let lostWithoutOthers: [Double]
    }

    /// Places of a window, counted from its first token, whose losses are early: the second sixteenth and the third.
    var early: Range<Int> { max(1, window / 16)..<max(2, 3 * window / 16) }
    /// The last third.
    var late: Range<Int> { 2 * window / 3..<window }

    /// The tokens of the text, and its bytes.
    ///
    /// - Throws: `SettingsError` for a file that cannot be read, is not UTF-8 or holds fewer tokens than the windows need.
    public func read(_ path: String, for model: HookedTransformer) throws -> (tokens: [Int], data: Data) {
        let data: Data
        do {
            data = try WholeFile.read(URL(fileURLWithPath: path), limit: 64 << 20, kind: .stream)
        } catch {
            throw SettingsError("cannot read the text in \(path): \(error)")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw SettingsError("the text in \(path) is not UTF-8")
        }
        guard let tokenizer = model.tokenizer else { throw SettingsError("\(model.name) has no tokenizer for --text") }
        let tokens = tokenizer.encode(text, addSpecialTokens: false)
        guard tokens.count >= windows * window else {
            throw SettingsError(
                "--text \(path): \(windows) windows of \(window) tokens need \(windows * window) tokens, the text has "
                    + "\(tokens.count)")
        }
        guard window <= model.configuration.context - 1 else {
            throw SettingsError("--window \(window): \(model.name) reads at most \(model.configuration.context - 1)")
        }
        return (tokens, data)
    }

    /// Removes the heads chosen, and each set of others, on windows drawn by `key`, which do not overlap.
    ///
    /// - Parameter checkpoint: called between passes through the model.
    /// - Throws: what `checkpoint` throws.
    public func run(
        _ model: HookedTransformer, tokens: [Int], heads: [AttentionHead], others: [[AttentionHead]], key: RandomKey,
        checkpoint: () throws -> Void = {}
    ) throws -> Outcome {
        var generator = key["windows"].generator()
        let places = Array(0..<tokens.count / window).shuffled(using: &generator).prefix(windows)
        let beginning = model.tokenizer?.bos.map { [$0] } ?? []
        let rows = places.map { beginning + tokens[$0 * window..<($0 + 1) * window] }
        let inputs = rows.map { Array($0.dropLast()) }
        let ablation = ResampleAblation(model, on: inputs, layers: Set((heads + others.joined()).map(\.layer)))
        func drop(without removed: [AttentionHead]) throws -> Double {
            try checkpoint()
            return self.drop(model, rows, inputs, ablation.interventions(removed), first: beginning.count)
        }
        let intact = try drop(without: [])
        return Outcome(
            drop: intact, lost: intact - (try drop(without: heads)),
            lostWithoutOthers: try others.map { intact - (try drop(without: $0)) })
    }

    private func drop(
        _ model: HookedTransformer, _ rows: [[Int]], _ inputs: [[Int]], _ interventions: [Intervention], first: Int
    ) -> Double {
        let logits = model.run(batch: inputs, with: interventions).output
        let targets = rows.flatMap { $0.dropFirst() }
        let losses = logits.reshaped([targets.count, -1]).crossEntropies(targets).elements
        let columns = inputs[0].count
        func mean(_ range: Range<Int>) -> Double {
            // The loss of the token at a place stands one before it.
            Statistics.mean(
                rows.indices.flatMap { row in range.map { Double(losses[row * columns + $0 + first - 1]) } })
        }
        return mean(early) - mean(late)
    }
}
