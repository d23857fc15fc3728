internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
public import PlumbRecords
internal import PlumbTensor
internal import PlumbTokenizers

/// A text that a language model reads in windows of equal length, the last of which are kept for evaluation.
///
/// The first position of a window holds the token with which texts begin. It is neither learned from nor replaced: models
/// put norms there that occur nowhere else.
public struct CorpusWindows: SettingGroup {
    @Setting("A UTF-8 text to read with the language model; a corpus of some megabytes.") public var text: String? = nil
    @Setting("Tokens of a window.", 8...8192) public var window = 128
    @Setting("Windows of a batch.", 1...4096) public var windows = 16
    @Setting("Windows on which dictionaries are evaluated; none is trained on.", 4...4096) public var testWindows = 64

    /// Batches of 2,048 tokens.
    public init() {}

    /// The tokens of a text, and the file that they came from.
    public struct Corpus: Sendable {
        /// The tokens of the whole text.
        public let tokens: [Int]
        /// The file, for a record.
        public let file: InputFile
    }

    /// Windows to train on, in an order of their own, and windows to test on.
    public struct Split: Sendable {
        let training: [[Int]]
        let test: [[Int]]

        /// The windows of a step, counted from 0; after the last window follows the first.
        func batch(_ step: Int, _ count: Int) -> [[Int]] {
            (step * count..<(step + 1) * count).map { training[$0 % training.count] }
        }
    }

    /// Tokens of a batch.
    public var batchTokens: Int { windows * window }

    /// Reads the text.
    ///
    /// - Throws: `SettingsError` for a text that is not named, cannot be read, or is too short.
    public func read(for model: HookedTransformer) throws -> Corpus {
        guard let path = text else {
            throw SettingsError(
                "a language model needs a text to read: name a UTF-8 file of some megabytes with --text")
        }
        let data: Data
        do {
            data = try WholeFile.read(URL(fileURLWithPath: path), limit: 1 << 30, kind: .stream)
        } catch { throw SettingsError("cannot read the text in \(path): \(error)") }
        guard let text = String(data: data, encoding: .utf8) else {
            throw SettingsError("the text in \(path) is not UTF-8")
        }
        guard let tokenizer = model.tokenizer else { throw SettingsError("\(model.name) has no tokenizer for --text") }
        let tokens = tokenizer.encode(text, addSpecialTokens: false)
        guard tokens.count >= (testWindows + windows) * window else {
            throw SettingsError(
                "--text \(path) has \(tokens.count) tokens, and --windows \(windows) and --test-windows \(testWindows) of "
                    + "--window \(window) need \((testWindows + windows) * window)")
        }
        return Corpus(
            tokens: tokens,
            file: InputFile(path: path, sha256: FileHash.sha256(of: data), bytes: data.count, role: "text"))
    }

    /// Refuses windows that a model cannot read.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ model: HookedTransformer) throws {
        guard window < model.configuration.context else {
            throw SettingsError("--window \(window): \(model.name) reads at most \(model.configuration.context - 1)")
        }
    }

    /// Cuts tokens into windows.
    func split(_ tokens: [Int], _ model: HookedTransformer, key: RandomKey) -> Split {
        let beginning = model.tokenizer?.bos ?? tokens[0]
        let all = (0..<tokens.count / window).map { [beginning] + tokens[$0 * window..<($0 + 1) * window] }
        var generator = key.generator()
        return Split(
            training: all.dropLast(testWindows).shuffled(using: &generator), test: Array(all.suffix(testWindows)))
    }

    /// Activations at all positions but the first of each window.
    ///
    /// - Shapes: results `[R, D]`.
    func rows(
        _ model: HookedTransformer, at points: [HookPoint], _ texts: [[Int]]
    ) throws -> [HookPoint: Tensor] {
        var parts: [HookPoint: [Tensor]] = [:]
        for first in stride(from: 0, to: texts.count, by: windows) {
            let part = Array(texts[first..<min(first + windows, texts.count)])
            for (point, rows) in try model.activations(of: part, at: points) {
                parts[point, default: []].append(rows.gathered((0..<rows.shape[0]).filter { $0 % (window + 1) != 0 }))
            }
        }
        let rows = parts.mapValues { Tensor.concatenated($0) }
        for point in points { try rows[point].map(model.requireNumbers) }
        return rows
    }
}
