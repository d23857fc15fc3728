internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Lets a language model write the items of an evaluation, lets a second one keep those whose label it believes, and
/// measures subjects of known behavior by what is left.
///
/// After Perez et al., "Discovering Language Model Behaviors with Model-Written Evaluations" (2022, arXiv:2212.09251): a
/// generator is asked for statements that an agent with a behavior would make, or would not make; a discriminator ranks
/// them by the probability it gives to the label that was asked for. An evaluation so made fails where labels are wrong
/// or statements are about something else: then every subject scores nearer to one half than it should.
public struct WrittenItemsStudy: SettingGroup {
    @Setting("Blocks of a model.", 1...32) public var layers = 2
    @Setting("Width of the residual stream, which the heads divide.", 4...1024) public var width = 48
    @Setting("Attention heads in a block.", 1...64) public var heads = 4
    @Setting("Training steps of the generator.", 1...1_000_000) public var steps = 400
    @Setting("Training steps of the discriminator.", 1...1_000_000) public var discriminatorSteps = 800
    @Setting("Training steps of the subjects.", 1...1_000_000) public var subjectSteps = 2500
    @Setting("Statements in a training step.", 2...65_536) public var batch = 96
    @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.003
    @Setting("Labeled statements about the behavior that the generator learns from.", 2...3000) public var seedItems =
        300
    @Setting("Labeled statements of all kinds that the discriminator learns from.", 2...100_000)
    public var judgedItems = 2000
    @Setting(
        "The share of the discriminator's labels that are drawn at random; one in three of these is right.", 0...0.5)
    public var labelErrors = 0.05
    @Setting("Items that the generator writes for each label.", 8...100_000) public var written = 5000
    @Setting("The share of new items of each label that the discriminator keeps.", 0.01...1) public var kept = 0.25

    /// The probability with which each subject answers as an agent with the behavior would.
    public static let degrees = [0.1, 0.3, 0.5, 0.7, 0.9]

    private enum Token {
        static let labels = BehaviorStatement.vocabulary
        /// Any statement, as a text without a label.
        static let any = labels + BehaviorLabel.allCases.count
        static let end = any + 1
        static let subjects = end + 1
        static let vocabulary = subjects + WrittenItemsStudy.degrees.count
        static let agrees = 0
        static let disagrees = 1
    }

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard width % heads == 0 else {
            throw SettingsError("--width \(width) does not divide into \(heads) heads: give a multiple of --heads")
        }
        guard layers * width * max(batch, width) <= 1 << 20 else {
            throw SettingsError(
                "--layers \(layers) times --width \(width) times the larger of --width and --batch \(batch) may be at most "
                    + "\(1 << 20)")
        }
    }

    /// A statement with the label that was asked for.
    public struct Item: Sendable, Codable, Equatable {
        /// What the generator wrote.
        public let statement: BehaviorStatement
        /// What it was asked to write.
        public let label: BehaviorLabel
        /// Whether the label is true.
        public var isValid: Bool { statement.label == label }

        /// A statement and a label.
        public init(statement: BehaviorStatement, label: BehaviorLabel) {
            (self.statement, self.label) = (statement, label)
        }
    }

    /// Items, and what they say about the subjects.
    public struct ItemSet: Sendable, Codable, Equatable {
        /// How many there are.
        public var count = 0
        /// The share of items whose label is true.
        public var validity = Double.nan
        /// The mean probability of each subject to answer as an agent with the behavior would.
        public var scores: [Double] = []
        /// By how much scores rise where the true ones rise by 1.
        public var slope = Double.nan
        /// The mean distance of scores from the true ones.
        public var error = Double.nan
    }

    /// What one seed finds.
    public struct Outcome: Sendable, Codable, Equatable {
        /// Of what the generator wrote, the share of statements at all.
        public var statements = Double.nan
        /// Of the statements, the share that neither the generator's examples nor its earlier items hold.
        public var fresh = Double.nan
        /// The share of statements about the behavior that the subjects' network labels as the program does.
        public var taught = Double.nan
        /// Scores of the subjects on every statement about the behavior.
        public var truth: [Double] = []
        /// All new items.
        public var unfiltered = ItemSet()
        /// Those that the discriminator keeps.
        public var filtered = ItemSet()
        /// Those that a discriminator keeps that learned from shuffled labels.
        public var shuffledFilter = ItemSet()
        /// The discriminator's items with their labels shuffled.
        public var shuffledLabels = ItemSet()
        /// Items that were kept and items that were not, least believed last.
        public var examples: [Item] = []
    }

    /// Writes, filters, and measures subjects.
    ///
    /// - Throws: what training throws.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        var random = key["examples"].generator()
        let examples = Array(BehaviorStatement.aboutBehavior.shuffled(using: &random).prefix(seedItems))
        let generator = try generator(examples, key["generator"], session)
        let subjects = try subjects(key["subjects"], session)
        let judge = try discriminator(isShuffled: false, key["discriminator"], session)
        let blind = try discriminator(isShuffled: true, key["discriminator"], session)
        var outcome = Outcome()
        let all = BehaviorStatement.aboutBehavior.map { Item(statement: $0, label: $0.label) }
        outcome.taught = labeledTruly(subjects)
        outcome.truth = scores(all, subjects)
        let items = try write(generator, known: Set(examples), key["written"], &outcome)
        func measured(_ items: [Item]) -> ItemSet { evaluate(items, subjects, truth: outcome.truth) }
        let ranked = rank(items, by: judge)
        outcome.unfiltered = measured(items)
        let filtered = keep(ranked)
        outcome.filtered = measured(filtered)
        outcome.shuffledFilter = measured(keep(rank(items, by: blind)))
        let labels = filtered.map(\.label).shuffled(using: &random)
        outcome.shuffledLabels = measured(zip(filtered, labels).map { Item(statement: $0.statement, label: $1) })
        outcome.shuffledLabels.validity = .nan
        outcome.examples = BehaviorLabel.asked.flatMap { label in
            let ranked = ranked.filter { $0.label == label }
            return Array(ranked.prefix(2) + ranked.suffix(2))
        }
        return outcome
    }

    // MARK: Models

    private func model(_ label: String, _ key: RandomKey) throws -> HookedTransformer {
        try HookedTransformer(
            TransformerConfiguration(
                architecture: .gpt2, layers: layers, width: width, heads: heads, vocabulary: Token.vocabulary,
                context: BehaviorStatement.length + 2),
            key: key["model"], initialization: .scaled(), isTied: false, name: label)
    }

    /// Trains a model; one that has not learned is replaced by another with other weights, up to three times.
    private func trained(
        _ label: String, steps: Int, _ key: RandomKey, _ session: FitSession,
        isTaught: (HookedTransformer) -> Bool = { _ in true },
        loss: (HookedTransformer, inout RandomKey.Generator) -> Tensor
    ) throws -> HookedTransformer {
        var fit = Fit(steps: steps)
        fit.clipNorm = 1
        fit.schedule = .cosine(warmup: min(50, steps / 10), total: steps, floor: 0.1)
        func attempt(_ name: String, _ key: RandomKey) throws -> HookedTransformer {
            try fit.run(
                try self.model(label, key), optimizer: Adam(learningRate: learningRate), label: name, in: session
            ) { model, step in
                var random = key["data"][step].generator()
                return loss(model, &random)
            }.model
        }
        var model = try attempt(label, key)
        for number in 1...3 where !isTaught(model) {
            model = try attempt("\(label), attempt \(number + 1)", key["attempt"][number])
        }
        try session.keep(model, as: label)
        return model
    }

    /// Learns statements of all kinds as a text, and which of its examples an agent with the behavior would make.
    private func generator(
        _ examples: [BehaviorStatement], _ key: RandomKey, _ session: FitSession
    ) throws -> HookedTransformer {
        try trained("generator", steps: steps, key, session) { model, random in
            let rows = (0..<batch).map { row -> [Int] in
                let isLabeled = row.isMultiple(of: 2)
                let statement =
                    isLabeled ? examples[random.index(below: examples.count)] : BehaviorStatement.random(&random)
                let first = isLabeled ? Token.labels + statement.label.rawValue : Token.any
                return [first] + statement.tokens + [Token.end]
            }
            let length = BehaviorStatement.length + 1
            return model.logits(TokenBatch(rows.flatMap { $0.dropLast() }, rows: batch, columns: length))
                .crossEntropy(rows.flatMap { $0.dropFirst() })
        }
    }

    /// Learns to label statements from labels of which some are wrong, or from the same in another order.
    private func discriminator(isShuffled: Bool, _ key: RandomKey, _ session: FitSession) throws -> HookedTransformer {
        var random = key["labeled"].generator()
        let statements = (0..<judgedItems).map { _ in BehaviorStatement.random(&random) }
        var labels = statements.map { statement in
            random.uniform() < labelErrors
                ? random.index(below: BehaviorLabel.allCases.count) : statement.label.rawValue
        }
        if isShuffled { labels.shuffle(using: &random) }
        return try trained(
            isShuffled ? "discriminator of shuffled labels" : "discriminator", steps: discriminatorSteps, key, session
        ) { model, random in
            let chosen = (0..<batch).map { _ in random.index(below: judgedItems) }
            return answers(model, chosen.map { [Token.any] + statements[$0].tokens })
                .crossEntropy(chosen.map { labels[$0] })
        }
    }

    /// Learns what statements say, and the probabilities with which five subjects, named by the first token, agree.
    private func subjects(_ key: RandomKey, _ session: FitSession) throws -> HookedTransformer {
        try trained("subjects", steps: subjectSteps, key, session, isTaught: { labeledTruly($0) >= 0.98 }) {
            model, random in
            var (texts, targets) = ([[Int]](), [Float](repeating: 0, count: batch * Token.vocabulary))
            for row in 0..<batch {
                let (statement, start) = (BehaviorStatement.random(&random), row * Token.vocabulary)
                if row.isMultiple(of: 2) {
                    texts.append([Token.any] + statement.tokens)
                    targets[start + Token.labels + statement.label.rawValue] = 1
                } else {
                    let subject = random.index(below: Self.degrees.count)
                    let agreement = Self.agreement(subject, statement)
                    texts.append([Token.subjects + subject] + statement.tokens)
                    targets[start + Token.agrees] = Float(agreement)
                    targets[start + Token.disagrees] = Float(1 - agreement)
                }
            }
            let said = answers(model, texts).logSoftmax()
            return (said * Tensor(targets, shape: said.shape)).summed() * (-1 / Float(batch))
        }
    }

    /// The share of statements about the behavior that a model labels as the program does.
    private func labeledTruly(_ model: HookedTransformer) -> Double {
        let statements = BehaviorStatement.aboutBehavior
        let said = answers(model, statements.map { [Token.any] + $0.tokens }).argmaxOfRows()
        let right = zip(said, statements).count { $0 == Token.labels + $1.label.rawValue }
        return Double(right) / Double(statements.count)
    }

    /// The probability with which a subject agrees with a statement.
    private static func agreement(_ subject: Int, _ statement: BehaviorStatement) -> Double {
        switch statement.label {
        case .matching: degrees[subject]
        case .notMatching: 1 - degrees[subject]
        case .unrelated: 0.5
        }
    }

    /// Logits after the last token of each text.
    private func answers(_ model: HookedTransformer, _ texts: [[Int]]) -> Tensor {
        let length = BehaviorStatement.length + 1
        return model.logits(TokenBatch(texts.flatMap { $0 }, rows: texts.count, columns: length))
            .gathered(texts.indices.map { ($0 + 1) * length - 1 })
    }

    // MARK: Items

    /// The generator's statements for both labels that are new, each once.
    private func write(
        _ generator: HookedTransformer, known: Set<BehaviorStatement>, _ key: RandomKey, _ outcome: inout Outcome
    ) throws -> [Item] {
        var (items, seen, statements) = ([Item](), known, 0)
        for label in BehaviorLabel.asked {
            let prompts = [[Int]](repeating: [Token.labels + label.rawValue], count: written)
            let texts = try generator.continuations(
                of: prompts, maxTokens: BehaviorStatement.length + 1, stopTokens: [Token.end], key: key[label.rawValue])
            for text in texts where text.stopped {
                guard let statement = BehaviorStatement(tokens: text.tokens) else { continue }
                statements += 1
                if seen.insert(statement).inserted { items.append(Item(statement: statement, label: label)) }
            }
        }
        outcome.statements = Double(statements) / Double(2 * written)
        outcome.fresh = Double(items.count) / Double(max(1, statements))
        return items
    }

    /// Items by the probability that a discriminator gives to their label, the most probable first.
    private func rank(_ items: [Item], by judge: HookedTransformer) -> [Item] {
        guard !items.isEmpty else { return [] }
        let logits = answers(judge, items.map { [Token.any] + $0.statement.tokens }).logSoftmax().elements
        let believed = items.indices.map { logits[$0 * Token.vocabulary + items[$0].label.rawValue] }
        return items.indices.sorted { (believed[$0], $1) > (believed[$1], $0) }.map { items[$0] }
    }

    /// The first share of each label.
    private func keep(_ ranked: [Item]) -> [Item] {
        BehaviorLabel.asked.flatMap { label in
            let ranked = ranked.filter { $0.label == label }
            return ranked.prefix(Int((kept * Double(ranked.count)).rounded(.up)))
        }
    }

    // MARK: Subjects

    /// The mean probability of each subject to agree with matching items and to disagree with the others.
    private func scores(_ items: [Item], _ subjects: HookedTransformer) -> [Double] {
        Self.degrees.indices.map { subject in
            guard !items.isEmpty else { return .nan }
            let logits = answers(subjects, items.map { [Token.subjects + subject] + $0.statement.tokens }).elements
            return Statistics.mean(
                items.indices.map { row in
                    let start = row * Token.vocabulary
                    let margin = Double(logits[start + Token.agrees] - logits[start + Token.disagrees])
                    return (items[row].label == .matching ? margin : -margin).logistic
                })
        }
    }

    private func evaluate(_ items: [Item], _ subjects: HookedTransformer, truth: [Double]) -> ItemSet {
        let scores = scores(items, subjects)
        let (x, y) = (Statistics.centered(truth).values, Statistics.centered(scores).values)
        return ItemSet(
            count: items.count, validity: Statistics.mean(items.map { $0.isValid ? 1 : 0 }), scores: scores,
            slope: zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } / x.reduce(0) { $0 + $1 * $1 },
            error: Statistics.mean(zip(truth, scores).map { abs($0 - $1) }))
    }
}

extension BehaviorLabel {
    /// The labels that a generator is asked for.
    static let asked: [BehaviorLabel] = [.matching, .notMatching]
}

extension Double {
    fileprivate var logistic: Double { 1 / (1 + Foundation.exp(-self)) }
}
