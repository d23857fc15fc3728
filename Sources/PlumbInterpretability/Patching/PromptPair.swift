public import Foundation
public import PlumbModels
internal import PlumbTensor

/// A clean prompt, a corrupted one of equal length, and the two answers they make likely.
public struct PromptPair: Codable, Sendable, Equatable {
    public var clean: String
    public var corrupted: String
    /// The answer to the clean prompt, one token: usually with a space before it.
    public var answer: String
    /// The answer to the corrupted prompt.
    public var wrong: String

    public init(clean: String, corrupted: String, answer: String, wrong: String) {
        self.clean = clean
        self.corrupted = corrupted
        self.answer = answer
        self.wrong = wrong
    }

    /// Reads one pair a line: `{"clean": …, "corrupted": …, "answer": …, "wrong": …}`. Empty lines are passed over.
    ///
    /// - Throws: ``ModelError`` naming the file, the line and what is wrong with it.
    public static func read(_ url: URL) throws -> [PromptPair] {
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw ModelError("cannot read the pairs in \(url.path): \(error.localizedDescription)")
        }
        var pairs: [PromptPair] = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { continue }
            do {
                pairs.append(try JSONDecoder().decode(PromptPair.self, from: Data(line)))
            } catch DecodingError.keyNotFound(let key, _) {
                throw ModelError(
                    "\(url.path), line \(index + 1): \"\(key.stringValue)\" is missing; a pair has clean, corrupted, "
                        + "answer and wrong")
            } catch {
                throw ModelError(
                    "\(url.path), line \(index + 1) is not a pair: expected one JSON object with the texts clean, "
                        + "corrupted, answer and wrong")
            }
        }
        guard !pairs.isEmpty else { throw ModelError("\(url.path) holds no pairs") }
        return pairs
    }

    /// The pair in tokens of `model`.
    ///
    /// - Throws: ``ModelError`` when an answer is not one token, the prompts differ in length, or they are the same.
    public func tokenized(by model: HookedTransformer) throws -> TokenizedPair {
        let pair = TokenizedPair(
            clean: try model.tokens(clean), corrupted: try model.tokens(corrupted), answer: try model.token(answer),
            wrong: try model.token(wrong))
        guard pair.clean.count == pair.corrupted.count else {
            throw ModelError(
                "patching by position needs prompts of one length: \"\(clean)\" has \(pair.clean.count) tokens, "
                    + "\"\(corrupted)\" has \(pair.corrupted.count)")
        }
        guard pair.clean != pair.corrupted else {
            throw ModelError("the clean and the corrupted prompt are the same: nothing can be patched")
        }
        return pair
    }
}

/// A ``PromptPair`` in tokens.
public struct TokenizedPair: Sendable, Equatable {
    public var clean: [Int]
    public var corrupted: [Int]
    public var answer: Int
    public var wrong: Int

    /// The positions at which the prompts differ.
    public var differing: [Int] { clean.indices.filter { clean[$0] != corrupted[$0] } }
}
