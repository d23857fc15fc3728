public import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbModels
internal import PlumbTensor
internal import PlumbTokenizers

/// A clean prompt, a corrupted one, of equal length unless their ends are aligned, and the two answers they make likely.
public struct PromptPair: Codable, Sendable, Equatable {
    /// The prompt that `answer` belongs to.
    public var clean: String
    /// The prompt that `wrong` belongs to, like the clean one but for what matters.
    public var corrupted: String
    /// The answer to the clean prompt, one token: usually with a space before it.
    public var answer: String
    /// The answer to the corrupted prompt.
    public var wrong: String

    /// A pair of prompts with their answers; the text is not looked at before it is turned into tokens.
    public init(clean: String, corrupted: String, answer: String, wrong: String) {
        self.clean = clean
        self.corrupted = corrupted
        self.answer = answer
        self.wrong = wrong
    }

    /// Reads a file of pairs, see ``parse(_:named:)``.
    ///
    /// - Throws: `ModelError` naming the file, the line and what is wrong with it.
    public static func read(_ url: URL) throws -> [PromptPair] { try parse(contents(of: url), named: url.path) }

    /// The bytes of a file of pairs, or of a pipe, such as a shell makes of `<(COMMAND)`, which gives them once.
    ///
    /// - Throws: `ModelError` naming the file and why it cannot be read.
    public static func contents(of url: URL) throws -> Data {
        do {
            return try WholeFile.read(url, limit: 64 << 20, kind: .stream)
        } catch {
            throw ModelError("cannot read the pairs in \(url.path): \(error)")
        }
    }

    /// One pair a line: `{"clean": …, "corrupted": …, "answer": …, "wrong": …}`. Empty lines are passed over.
    ///
    /// - Parameters:
    ///   - data: The lines, in UTF-8.
    ///   - name: What errors call the file.
    /// - Throws: `ModelError` naming the file, the line and what is wrong with it.
    public static func parse(_ data: Data, named name: String) throws -> [PromptPair] {
        var pairs: [PromptPair] = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { !" \t\r".utf8.contains($0) }) else { continue }
            do {
                pairs.append(try JSONDecoder().decode(PromptPair.self, from: Data(line)))
            } catch DecodingError.keyNotFound(let key, _) {
                throw ModelError(
                    "\(name), line \(index + 1): \"\(key.stringValue)\" is missing; a pair has clean, corrupted, "
                        + "answer and wrong")
            } catch {
                throw ModelError(
                    "\(name), line \(index + 1) is not a pair: expected one JSON object with the texts clean, "
                        + "corrupted, answer and wrong")
            }
        }
        guard !pairs.isEmpty else { throw ModelError("\(name) holds no pairs") }
        return pairs
    }

    /// The pair in tokens of `model`.
    ///
    /// - Throws: `ModelError` when an answer is not one token, the prompts or the answers are the same, or the prompts
    ///   differ in length without `alignment`: the sentence then shows the tokens where they part.
    public func tokenized(
        by model: HookedTransformer, alignment: PatchAlignment = .none
    ) throws -> TokenizedPair {
        let pair = TokenizedPair(
            clean: try model.tokens(clean), corrupted: try model.tokens(corrupted), answer: try model.token(answer),
            wrong: try model.token(wrong))
        guard pair.clean.count == pair.corrupted.count || alignment == .end else {
            throw ModelError(
                "patching by position needs prompts of one length: \"\(clean)\" has \(pair.clean.count) tokens, "
                    + "\"\(corrupted)\" has \(pair.corrupted.count). \(parting(pair, model)) Use other words; "
                    + "activation patching can also compare the prompts from their ends, with --align end.")
        }
        guard pair.clean != pair.corrupted else {
            throw ModelError("the clean and the corrupted prompt are the same: nothing can be patched")
        }
        guard pair.answer != pair.wrong else {
            throw ModelError("the right and the wrong answer are both \"\(answer)\": take two different answers")
        }
        return pair
    }

    /// Says where two prompts part: the first tokens in which they differ, up to where they meet again at the end.
    private func parting(_ pair: TokenizedPair, _ model: HookedTransformer) -> String {
        let shorter = min(pair.clean.count, pair.corrupted.count)
        let same = zip(pair.clean, pair.corrupted).prefix { $0 == $1 }.count
        let ending = zip(pair.clean.reversed(), pair.corrupted.reversed()).prefix { $0 == $1 }.count
        let kept = min(ending, shorter - same)
        func words(_ tokens: [Int]) -> String {
            let middle = tokens[same..<tokens.count - kept]
            let shown = middle.prefix(8).map { "\"\(model.string(of: $0))\"" }
            return middle.isEmpty ? "nothing" : shown.joined(separator: " ") + (middle.count > 8 ? " …" : "")
        }
        return "They part at position \(same): \(words(pair.clean)) against \(words(pair.corrupted))."
    }
}

/// A ``PromptPair`` in tokens.
public struct TokenizedPair: Sendable, Equatable {
    /// The tokens of the clean prompt.
    public var clean: [Int]
    /// The tokens of the corrupted prompt.
    public var corrupted: [Int]
    /// The token that answers the clean prompt.
    public var answer: Int
    /// The token that answers the corrupted prompt.
    public var wrong: Int

    /// A pair of prompts in tokens, with the tokens of their answers.
    public init(clean: [Int], corrupted: [Int], answer: Int, wrong: Int) {
        self.clean = clean
        self.corrupted = corrupted
        self.answer = answer
        self.wrong = wrong
    }

    /// The number of positions that both prompts have, counted from their ends.
    public var alignedCount: Int { min(clean.count, corrupted.count) }
    /// The last tokens of the clean prompt, as many as both prompts have.
    public var alignedClean: [Int] { Array(clean.suffix(alignedCount)) }
    /// The last tokens of the corrupted prompt, as many as both prompts have.
    public var alignedCorrupted: [Int] { Array(corrupted.suffix(alignedCount)) }

    /// The positions at which the prompts differ, counted within the part that both have.
    public var differing: [Int] {
        zip(alignedClean, alignedCorrupted).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
    }
}
