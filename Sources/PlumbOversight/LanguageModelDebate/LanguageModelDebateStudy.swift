internal import Foundation
internal import PlumbBasics
public import PlumbModels
public import PlumbRecords
public import PlumbTensor
internal import PlumbTokenizers

/// Lets a language model argue with itself about short passages before a judge, the same model, that does not see them.
///
/// Each debater argues for one of two answers and quotes a sentence of the passage, or what it writes as a quote; a program
/// marks which quotes are in it. The judge
/// compares how probable both answers are after what it sees: the question alone, the passage, what a lone consultant
/// says for the right or for the wrong answer, or a debate. Debates are judged with either side first, and the mean of both
/// counts, so that a judge which goes by the place alone decides nothing.
///
/// Sources: Khan et al. 2024, *Debating with More Persuasive LLMs Leads to More Truthful Answers*, arXiv:2402.06782;
/// Kenton et al. 2024, *On Scalable Oversight with Weak LLMs Judging Strong LLMs*, arXiv:2407.04622.
public struct LanguageModelDebateStudy: SettingGroup {
    @Setting("Questions, each about a passage of its own.", 3...10_000) public var questions = 80
    @Setting("People in a passage, with one sentence each.", 2...8) public var people = 4
    @Setting("Rounds, in each of which every side argues.", 1...8) public var rounds = 1
    @Setting("Whether debaters choose the sentence that they quote by its probability; otherwise they write quotes.")
    public var choosesQuotes = true
    @Setting("Tokens of an argument that a debater writes, at most.", 4...256) public var argumentTokens = 24
    @Setting("Questions, from the first on, that are debated again with the sides exchanged.", 1...10_000)
    public var exchanged = 6
    @Setting("Permutations of the labels.", 1...10_000) public var permutations = 20

    /// A study with the reference settings.
    public init() {}

    /// Refuses more debates with exchanged sides than there are questions.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard exchanged <= questions else {
            throw SettingsError(
                "--exchanged \(exchanged) is more than --questions \(questions): give the same number or fewer")
        }
    }

    /// How probable the right answer is for a judge of a debate, of the right and the wrong one.
    public struct Judgment: Sendable, Codable, Equatable {
        /// Where the side of the right answer stands first.
        public let rightFirst: Double
        /// Where the other side does.
        public let wrongFirst: Double

        /// A judgment of two probabilities.
        public init(rightFirst: Double, wrongFirst: Double) {
            (self.rightFirst, self.wrongFirst) = (rightFirst, wrongFirst)
        }

        /// The mean over both orders.
        public var right: Double { (rightFirst + wrongFirst) / 2 }
        /// How much likelier the first side is believed than one half, the mean over both orders.
        public var positionBias: Double { (rightFirst - wrongFirst) / 2 }
    }

    /// What was said and judged about one question. Numbers are probabilities of the right answer, of the right and the
    /// wrong one.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The debate, with the side of the right answer first.
        public var debate: ArgumentTranscript
        /// After the question alone.
        public var blind = Double.nan
        /// After the passage.
        public var direct = Double.nan
        /// After the passage of the next question.
        public var otherPassage = Double.nan
        /// After a consultant for the right answer.
        public var honest = Double.nan
        /// After a consultant for the wrong answer.
        public var dishonest = Double.nan
        /// After the debate.
        public var debated = Judgment(rightFirst: .nan, wrongFirst: .nan)
        /// After a debate in which both sides only say their answer.
        public var asserted = Judgment(rightFirst: .nan, wrongFirst: .nan)
        /// The quotes of the debate, looked up in the passage.
        public var quotes: [QuoteVerifier.Quote] = []
        /// The same quotes, looked up in the passage of the next question.
        public var quotesElsewhere: [QuoteVerifier.Quote] = []
        /// Whether each argument is the same where the sides were exchanged; nil where they were not.
        public var sameExchanged: [Bool]?
        /// Whether each argument is that of the same side there.
        public var sameSide: [Bool]?

        /// A debate that nobody has judged yet.
        public init(debate: ArgumentTranscript) { self.debate = debate }
    }

    /// 1 where the right answer is the more probable one, 0 where it is not, and 0.5 where both are equally probable.
    public static func score(_ right: Double) -> Double { right == 0.5 ? 0.5 : right > 0.5 ? 1 : 0 }

    /// Holds all debates and judges them.
    ///
    /// - Parameters:
    ///   - key: of the questions.
    ///   - checkpoint: called between passes with what is done and the share of it; may throw to end the study.
    /// - Throws: `ModelError` for a model without a tokenizer, a prompt that it cannot read or logits that are not
    ///   numbers; what `checkpoint` throws.
    public func run(
        _ model: HookedTransformer, key: RandomKey, checkpoint: (String, Double) throws -> Void = { _, _ in }
    ) throws -> [Outcome] {
        let drawn = PassageQuestion.drawn(questions, people: people, key: key["questions"])
        let debates = drawn.map { ArgumentTranscript($0, sides: [$0.right, $0.wrong]) }
        let consultants = drawn.flatMap { question in
            [question.right, question.wrong].map { ArgumentTranscript(question, sides: [$0]) }
        }
        let held = try hold(debates + consultants, model) { try checkpoint("arguments", 0.5 * $0) }
        let again = try hold(debates.prefix(exchanged).map(\.mirrored), model) {
            try checkpoint("debates with the sides exchanged", 0.5 + 0.1 * $0)
        }
        var outcomes = held.prefix(questions).map { Outcome(debate: $0) }
        for (index, other) in again.enumerated() {
            let (first, second) = (outcomes[index].debate.arguments.joined(), other.arguments)
            outcomes[index].sameExchanged = zip(first, second.reversed().joined()).map { $0 == $1 }
            outcomes[index].sameSide = zip(first, second.joined()).map { $0 == $1 }
        }
        for index in outcomes.indices {
            let arguments = outcomes[index].debate.arguments.joined().joined(separator: "\n")
            let next = drawn[(index + 1) % questions]
            outcomes[index].quotes = QuoteVerifier(passage: drawn[index].passage).quotes(in: arguments)
            outcomes[index].quotesElsewhere = QuoteVerifier(passage: next.passage).quotes(in: arguments)
        }
        try judge(&outcomes, consultants: Array(held.dropFirst(questions)), model) {
            try checkpoint("judgments", 0.6 + 0.4 * $0)
        }
        return outcomes
    }

    /// The judge's accuracy where it is told of other questions which answer is right: answers are numbered in
    /// alphabetical order, and the numbers of the right ones permuted among the questions.
    ///
    /// - Returns: one accuracy a permutation, for the judge that sees the passage.
    public func permuted(_ outcomes: [Outcome], key: RandomKey) -> [Double] {
        let labels = outcomes.map { $0.debate.question.answers.first == $0.debate.question.right }
        return (0..<permutations).map { index in
            var random = key[index].generator()
            let shuffled = labels.shuffled(using: &random)
            let scores = outcomes.indices.map { place in
                let score = Self.score(outcomes[place].direct)
                return labels[place] == shuffled[place] ? score : 1 - score
            }
            return Statistics.mean(scores)
        }
    }
}

extension LanguageModelDebateStudy {
    /// Texts that are written side by side; each has a cache of keys and values.
    private static let width = 16

    /// Lets every side of every transcript argue, round after round. Equal prompts are answered once.
    private func hold(
        _ transcripts: [ArgumentTranscript], _ model: HookedTransformer, checkpoint: (Double) throws -> Void
    ) throws -> [ArgumentTranscript] {
        var held = transcripts
        for round in 0..<rounds {
            let prompts = held.map { transcript in transcript.sides.indices.map { transcript.prompt(side: $0) } }
            var quotable: [String: [String]] = [:]
            for (transcript, prompts) in zip(held, prompts) {
                for (side, prompt) in prompts.enumerated() { quotable[prompt] = transcript.quotable(side: side) }
            }
            let distinct = quotable.keys.sorted()
            var written: [String: String] = [:]
            for first in stride(from: 0, to: distinct.count, by: Self.width) {
                let done = Double(first) / Double(distinct.count)
                try checkpoint((Double(round) + done) / Double(rounds))
                let part = Array(distinct[first..<min(first + Self.width, distinct.count)])
                let texts =
                    try choosesQuotes
                    ? chosen(part, among: part.map { quotable[$0] ?? [] }, model) : continued(part, model)
                for (prompt, text) in zip(part, texts) { written[prompt] = text }
            }
            for (index, prompts) in prompts.enumerated() {
                let verifier = QuoteVerifier(passage: held[index].question.passage)
                for (side, prompt) in prompts.enumerated() {
                    let argument = ArgumentTranscript.beginning(held[index].sides[side]) + (written[prompt] ?? "")
                    held[index].arguments[side].append(verifier.marked(argument))
                }
            }
        }
        return held
    }

    /// Of the sentences that each prompt may be continued by, the most probable one, with a closing quotation mark.
    private func chosen(
        _ prompts: [String], among sentences: [[String]], _ model: HookedTransformer
    ) throws -> [String] {
        let asked = try zip(prompts, sentences).map { prompt, sentences in
            try Self.optionQuestion(sentences.map { prompt + $0 }, model)
        }
        return try zip(sentences, model.optionLogProbabilities(of: asked)).map { sentences, values in
            sentences[values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }] + "\""
        }
    }

    /// What the model writes after each prompt, up to the end of the line.
    private func continued(_ prompts: [String], _ model: HookedTransformer) throws -> [String] {
        // The most probable token is taken: nothing is drawn.
        let written = try model.continuations(
            of: prompts.map(model.tokens), maxTokens: argumentTokens, temperature: 0, key: RandomKey(0))
        return written.map { text in
            let line =
                (model.tokenizer?.decode(text.tokens, skipSpecialTokens: true) ?? "")
                .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).first ?? ""
            return String(line)
        }
    }

    private func judge(
        _ outcomes: inout [Outcome], consultants: [ArgumentTranscript], _ model: HookedTransformer,
        checkpoint: (Double) throws -> Void
    ) throws {
        let questions = outcomes.map(\.debate.question)
        var done = 0.0
        func right(_ shown: [String]) throws -> [Double] {
            defer { done += 1 }
            return try Self.right(questions, shown, model) { try checkpoint(done / 9) }
        }
        let blind = try right(questions.map { _ in "" })
        let direct = try right(questions.map(\.passage))
        let other = try right(questions.indices.map { questions[($0 + 1) % questions.count].passage })
        let honest = try right(questions.indices.map { consultants[2 * $0].shown })
        let dishonest = try right(questions.indices.map { consultants[2 * $0 + 1].shown })
        let debated = try (right(outcomes.map(\.debate.shown)), right(outcomes.map(\.debate.mirrored.shown)))
        let bare = outcomes.map(\.debate.withoutQuotes)
        let asserted = try (right(bare.map(\.shown)), right(bare.map(\.mirrored.shown)))
        for index in outcomes.indices {
            (outcomes[index].blind, outcomes[index].direct) = (blind[index], direct[index])
            outcomes[index].otherPassage = other[index]
            (outcomes[index].honest, outcomes[index].dishonest) = (honest[index], dishonest[index])
            outcomes[index].debated = Judgment(rightFirst: debated.0[index], wrongFirst: debated.1[index])
            outcomes[index].asserted = Judgment(rightFirst: asserted.0[index], wrongFirst: asserted.1[index])
        }
    }

    /// The probability of the right answer, of both, to each question after what is shown before it.
    private static func right(
        _ questions: [PassageQuestion], _ shown: [String], _ model: HookedTransformer, checkpoint: () throws -> Void
    ) throws -> [Double] {
        let asked = try zip(questions, shown).map { question, shown in
            let before =
                (shown.isEmpty ? "" : shown + "\n\n")
                + "Question: \(question.question)\n\nAnswer: \(question.beginning)"
            return try optionQuestion([question.right, question.wrong].map { before + " \($0)" }, model)
        }
        return try model.optionLogProbabilities(of: asked, checkpoint: checkpoint).map { 1 / (1 + exp($0[1] - $0[0])) }
    }

    /// Texts of which each could be written: what all begin with is the prompt, however tokens are cut.
    private static func optionQuestion(_ texts: [String], _ model: HookedTransformer) throws -> OptionQuestion {
        let tokens = try texts.map(model.tokens)
        let shared = (0..<(tokens.map(\.count).min() ?? 0)).prefix { place in
            tokens.allSatisfy { $0[place] == tokens[0][place] }
        }.count
        // One text alone has an option too.
        let length = min(shared, (tokens.map(\.count).min() ?? 1) - 1)
        return OptionQuestion(prompt: Array(tokens[0][..<length]), options: tokens.map { Array($0[length...]) })
    }
}
