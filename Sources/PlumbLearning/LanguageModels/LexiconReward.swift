public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
internal import PlumbTensor
internal import PlumbTokenizers

/// A reward that counts words: the sum of the weights of those a text has, each as often as it stands there.
///
/// Nothing is learned and everything is known about it, which makes it a gold reward for experiments. Optimized alone it
/// leads to texts of its words.
public struct LexiconReward: Sendable, Equatable {
    /// The weight of each word, in lower case.
    public let weights: [String: Double]

    /// A reward of these words.
    ///
    /// - Precondition: words are letters and apostrophes alone, weights finite.
    public init(_ weights: [String: Double]) {
        require(
            weights.allSatisfy { Self.words($0.key) == [$0.key] && $0.value.isFinite },
            "a lexicon has words of letters in lower case, with finite weights")
        self.weights = weights
    }

    /// Reads a file of a word and its weight a line, parted by white space; of a word alone the weight is 1. Lines that
    /// begin with `#` are passed over.
    ///
    /// - Throws: `FileError` naming the file, the line and what is wrong with it.
    public init(contentsOf url: URL) throws {
        let data: Data
        do { data = try WholeFile.read(url, limit: 64 << 20, kind: .stream) } catch {
            throw FileError("\(url.path) cannot be read: \(error)")
        }
        var weights: [String: Double] = [:]
        let lines = String(decoding: data, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let parts = line.split(whereSeparator: \.isWhitespace)
            guard let first = parts.first, !first.hasPrefix("#") else { continue }
            let (place, word) = ("\(url.path), line \(index + 1)", first.lowercased())
            guard Self.words(word) == [word] else {
                throw FileError("\(place): \(String(first).debugDescription) is not one word of letters")
            }
            guard parts.count <= 2, let weight = parts.count == 2 ? Double(parts[1]) : 1, weight.isFinite else {
                throw FileError("\(place): there must be a word and a number, or a word alone")
            }
            guard weights.updateValue(weight, forKey: word) == nil else {
                throw FileError("\(place): \"\(word)\" has a weight already")
            }
        }
        guard weights.values.contains(where: { $0 != 0 }) else {
            throw FileError("\(url.path) has no word with a weight other than 0, so that the reward would never vary")
        }
        self.weights = weights
    }

    /// The reward of a text.
    public func score(_ text: String) -> Double { Self.words(text).reduce(0) { $0 + (weights[$1] ?? 0) } }

    /// The reward of what `model` wrote after a prompt, the token that ended it left out.
    ///
    /// - Throws: `ModelError` for a model without a tokenizer.
    public func scorer(for model: HookedTransformer) throws -> @Sendable (Completion) -> Double {
        guard let tokenizer = model.tokenizer else {
            throw ModelError("\(model.name) has no tokenizer, so that its words cannot be counted")
        }
        return { score(tokenizer.decode($0.isFinished ? $0.tokens.dropLast() : $0.tokens)) }
    }

    private static func words(_ text: String) -> [String] {
        text.lowercased().split { !($0.isLetter || $0 == "'") }.map(String.init)
    }
}
