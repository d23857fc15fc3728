internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// A prompt, and texts of which each could continue it.
public struct OptionQuestion: Sendable, Hashable {
    /// The tokens before every option.
    public var prompt: [Int]
    /// The tokens of each option.
    public var options: [[Int]]

    /// A prompt and its options.
    public init(prompt: [Int], options: [[Int]]) { (self.prompt, self.options) = (prompt, options) }
}

extension HookedTransformer {
    /// The log-probability of each option of many questions, in nats, summed over the option's tokens.
    ///
    /// A prompt is read once, whatever the number of its options, and what all prompts begin with, such as worked
    /// examples, is read once for each of the `slots` questions that are read side by side. The numbers are those of a
    /// forward pass over each prompt with its option, bit for bit.
    ///
    /// - Parameters:
    ///   - questions: prompts of any lengths, each with one option or more of one token or more.
    ///   - rowLimit: the most rows of a pass, which bounds its memory; a single question may have more.
    ///   - slots: how many questions are read side by side at most.
    ///   - checkpoint: called before each pass.
    /// - Returns: one number for each option of each question.
    /// - Throws: ``ModelError`` for a question that the model cannot read, or logits that are not numbers; what
    ///   `checkpoint` throws.
    public func optionLogProbabilities(
        of questions: [OptionQuestion], rowLimit: Int = 1024, slots: Int = 16, checkpoint: () throws -> Void = {}
    ) throws -> [[Double]] {
        for question in questions {
            guard !question.options.isEmpty, question.options.allSatisfy({ !$0.isEmpty }) else {
                throw ModelError("a question needs options of at least one token each")
            }
            guard !question.prompt.isEmpty else { throw ModelError("the prompt has no tokens") }
            for option in question.options { try check(question.prompt + option) }
        }
        guard let least = questions.map(\.prompt.count).min() else { return [] }
        let most = questions.reduce(0) { most, question in
            question.options.reduce(most) { max($0, question.prompt.count + $1.count) }
        }
        guard !transformer.forgetsKeys(from: least, to: most) else {
            return try questions.map { question in
                try checkpoint()
                let losses = try crossEntropies(of: question.options.map { question.prompt + $0 })
                return zip(losses, question.options).map { -$0.suffix($1.count).reduce(0) { $0 + Double($1) } }
            }
        }
        var reader = OptionReader(questions, slots: slots, configuration)
        var results: [[Double]] = []
        while results.count < questions.count {
            let first = results.count
            var (last, rows) = (first, 0)
            while last < questions.count, last - first < reader.caches.count, last == first || rows < rowLimit {
                rows += reader.rows(of: questions[last], slot: last - first)
                last += 1
            }
            try checkpoint()
            results += try optionLogProbabilities(Array(questions[first..<last]), &reader)
        }
        return results
    }

    /// Where questions are read: a cache for each that is read at a time.
    private struct OptionReader {
        let caches: [KeyValueCache]
        /// How many tokens all prompts begin with; the last token of each prompt is not among them.
        let shared: Int
        /// How many of the caches hold these tokens.
        private(set) var filled = 0

        init(_ questions: [OptionQuestion], slots: Int, _ configuration: TransformerConfiguration) {
            let prompts = questions.map(\.prompt)
            let capacity = prompts.reduce(0) { max($0, $1.count) }
            caches = (0..<max(1, min(slots, questions.count))).map { _ in
                configuration.keyValueCache(capacity: capacity)
            }
            guard let first = prompts.first else {
                shared = 0
                return
            }
            shared = prompts.dropFirst().reduce(first.count - 1) { length, prompt in
                min(length, prompt.count - 1, zip(first, prompt).prefix { $0 == $1 }.count)
            }
        }

        func start(slot: Int) -> Int { slot < filled ? shared : 0 }

        func rows(of question: OptionQuestion, slot: Int) -> Int {
            question.prompt.count - start(slot: slot) + question.options.reduce(0) { $0 + $1.count - 1 }
        }

        mutating func fill(_ count: Int) { filled = max(filled, count) }
    }

    private func optionLogProbabilities(
        _ questions: [OptionQuestion], _ reader: inout OptionReader
    ) throws -> [[Double]] {
        var batch = RaggedBatch(arithmetic: arithmetic)
        (batch.caches, batch.appends) = (reader.caches, true)
        var (tokens, ends, firsts): ([Int], [Int], [Int]) = ([], [], [])
        for (slot, question) in questions.enumerated() {
            let start = reader.start(slot: slot)
            batch.append(startPosition: start, rows: question.prompt.count - start, cache: slot)
            tokens += question.prompt[start...]
            ends += question.options.map { _ in tokens.count - 1 }
            firsts += question.options.map { $0[0] }
        }
        reader.fill(questions.count)
        var values = try losses(of: firsts, after: ends, tokens, batch)
        batch = RaggedBatch(arithmetic: arithmetic)
        batch.caches = reader.caches
        var (rest, owners): ([Int], [Int]) = ([], [])
        tokens = []
        var number = 0
        for (slot, question) in questions.enumerated() {
            for option in question.options {
                defer { number += 1 }
                guard option.count > 1 else { continue }
                batch.append(startPosition: question.prompt.count, rows: option.count - 1, cache: slot)
                tokens += option.dropLast()
                rest += option.dropFirst()
                owners += option.dropFirst().map { _ in number }
            }
        }
        if !tokens.isEmpty {
            let further = try losses(of: rest, after: Array(tokens.indices), tokens, batch)
            for (owner, loss) in zip(owners, further) { values[owner] += loss }
        }
        var position = 0
        return questions.map { question in
            defer { position += question.options.count }
            return values[position..<position + question.options.count].map { -$0 }
        }
    }

    /// The cross-entropy of `targets`, each after a row of a pass over `tokens`.
    private func losses(
        of targets: [Int], after rows: [Int], _ tokens: [Int], _ batch: RaggedBatch
    ) throws -> [Double] {
        var hooks = HookRunner.idle
        let stream = transformer.stream(tokens, in: batch, &hooks)
        // A row that several options follow is unembedded once.
        var (distinct, places): ([Int], [Int]) = ([], [])
        for row in rows {
            if distinct.last != row { distinct.append(row) }
            places.append(distinct.count - 1)
        }
        let logits = transformer.logits(stream.gathered(distinct), in: batch, &hooks)
        try requireNumbers(logits)
        let chosen = distinct.count == rows.count ? logits : logits.gathered(places)
        return chosen.crossEntropies(targets).elements.map(Double.init)
    }
}
