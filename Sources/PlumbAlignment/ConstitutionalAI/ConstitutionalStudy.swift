internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Both stages of constitutional AI where everything can be checked: a small generator, and a critic that knows the rule
/// and is wrong with a known chance.
///
/// Supervised stage: the critic flags tokens of the generator's answers, the generator writes flagged ones anew, in
/// several rounds, and is then fine-tuned on what came out. Preference stage: the critic says which of two answers keeps to the
/// rule, and a preference model learns from that. It should work where the critic is right more often than not, since
/// errors that do not repeat average out. It fails where the critic is wrong half of the time, or reads another rule.
///
/// Source: Bai et al. 2022, *Constitutional AI: Harmlessness from AI Feedback*, arXiv:2212.08073.
public struct ConstitutionalStudy: SettingGroup {
    @Setting("Blocks of a model.", 1...32) public var layers = 1
    @Setting("Width of the residual stream, which the heads divide.", 4...1024) public var width = 32
    @Setting("Attention heads in a block.", 1...64) public var heads = 4
    @Setting("Training steps that make the generator from random weights.", 1...1_000_000) public var steps = 800
    @Setting("Texts in a training step.", 2...65_536) public var batch = 64
    @Setting("Adam's learning rate where the generator is made.", 1e-9...10) public var learningRate = 0.003
    @Setting("Chance that a token of an answer to a provoking prompt is banned.", 0.01...0.99) public var harm = 0.15
    @Setting("Chances that the critic is wrong, a critic each.", 0...1) public var errors = [0, 0.1, 0.2, 0.35, 0.5]
    @Setting("Rounds of critique and revision.", 1...100) public var rounds = 4
    @Setting("Answers that are revised and learned.", 8...1_000_000) public var revised = 1024
    @Setting("Steps of fine-tuning on revised answers.", 1...1_000_000) public var tuningSteps = 250
    @Setting("Adam's learning rate in fine-tuning.", 1e-9...10) public var tuningRate = 0.002
    @Setting("Comparisons that a preference model learns from.", 8...1_000_000) public var comparisons = 3000
    @Setting("Steps of a preference model.", 1...1_000_000) public var preferenceSteps = 400
    @Setting("Prompts of a measurement, and comparisons that a preference model is tested on.", 8...1_000_000)
    public var prompts = 512
    @Setting("Answers among which a preference model chooses.", 2...1000) public var choices = 8

    /// The largest chance of errors at which claims are made.
    public static let claimedError = 0.2

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard width % heads == 0 else {
            throw SettingsError("--width \(width) does not divide into \(heads) heads: give a multiple of --heads")
        }
        guard !errors.isEmpty, errors.count <= 32, zip(errors, errors.dropFirst()).allSatisfy(<),
            errors[0] <= Self.claimedError
        else {
            throw SettingsError(
                "--errors takes from 1 to 32 chances, the lowest first and that one at most \(Self.claimedError)")
        }
        guard layers * width * max(batch, prompts, width) <= 1 << 20 else {
            throw SettingsError(
                "--layers \(layers) times --width \(width) times the largest of --width, --batch \(batch) and --prompts "
                    + "\(prompts) may be at most \(1 << 20)")
        }
    }

    /// What one critic leads to.
    public struct Result: Sendable, Codable, Equatable {
        /// The share of revised answers to provoking prompts that break the rule, after 0, 1, … rounds.
        public var revised: [Double] = []
        /// The share of the fine-tuned generator's answers to provoking prompts that break the rule.
        public var tuned = Double.nan
        /// The share of tokens in its answers to ordinary prompts that repeat the prompt.
        public var helpful = Double.nan
        /// How often the preference model prefers what the critic says of fresh comparisons.
        public var agreement = Double.nan
        /// How often it prefers the answer that keeps to the rule.
        public var accuracy = Double.nan
        /// The share of answers that break the rule among those it chooses, each the best of several by the generator.
        public var chosen = Double.nan
    }

    /// What one seed finds.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The share of the generator's answers to provoking prompts that break the rule.
        public var generator: Double
        /// The share of tokens in its answers to ordinary prompts that repeat the prompt.
        public var helpful: Double
        /// For each chance of errors.
        public var critics: [Result]
        /// Of a critic without errors that reads an unrelated rule; it labels nothing.
        public var unrelated: Result
        /// Of labels drawn at random; nothing is revised.
        public var shuffled: Result
    }

    /// Makes a generator and takes it through both stages with each critic.
    ///
    /// - Throws: what training throws.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let task = ConstitutionTask(key: key["rule"])
        let generator = try makeGenerator(task, key: key, in: session)
        let comparisons = try Comparisons(self, task, generator, key: key["comparisons"])
        let critics = try errors.map { error in
            let (critic, name) = (ConstitutionCritic(banned: task.banned, error: error), "error \(error)")
            var result = try supervised(generator, task, critic, key: key, name: name, in: session)
            try prefer(comparisons, critic, generator, task, key: key, name: name, in: session, &result)
            return result
        }
        let unrelated = try supervised(
            generator, task, ConstitutionCritic(banned: task.unrelated, error: 0), key: key, name: "unrelated rule",
            in: session)
        var shuffled = Result()
        try prefer(
            comparisons, ConstitutionCritic(banned: task.banned, error: 0.5), generator, task, key: key,
            name: "shuffled labels", in: session, &shuffled)
        let own = try measured(generator, task, key: key)
        return Outcome(
            generator: own.violations, helpful: own.helpful, critics: critics, unrelated: unrelated, shuffled: shuffled)
    }

    private func sizes() -> TransformerConfiguration {
        TransformerConfiguration(
            architecture: .gpt2, layers: layers, width: width, heads: heads, vocabulary: ConstitutionTask.vocabulary,
            context: ConstitutionTask.promptLength + ConstitutionTask.answerLength)
    }

    /// A model that helps, and says banned tokens where it is provoked.
    public func makeGenerator(
        _ task: ConstitutionTask, key: RandomKey, in session: FitSession = .silent
    ) throws -> HookedTransformer {
        let model = try HookedTransformer(
            sizes(), key: key["model"], initialization: .scaled(), isTied: false, name: "generator")
        var fit = Fit(steps: steps)
        fit.clipNorm = 1
        fit.schedule = .cosine(warmup: min(50, steps / 10), total: steps, floor: 0.05)
        let made = try fit.run(
            model, optimizer: Adam(learningRate: learningRate), label: "generator", in: session
        ) { model, step in
            let batch = ConstitutionTask.batch(task.texts(batch, harm: harm, step: step, key: key["data"]))
            return model.logits(batch.inputs).crossEntropy(batch.targets)
        }.model
        try session.keep(made, as: "generator")
        return made
    }

    /// Answers that a model samples.
    static func answers(_ model: HookedTransformer, _ prompts: [[Int]], key: RandomKey) throws -> [[Int]] {
        try stride(from: 0, to: prompts.count, by: 512).flatMap { first in
            let part = Array(prompts[first..<min(first + 512, prompts.count)])
            return try model.continuations(of: part, maxTokens: ConstitutionTask.answerLength, key: key[first])
                .map(\.tokens)
        }
    }

    /// One round: the critic flags tokens, and the model writes each flagged one anew after those before it.
    ///
    /// - Shapes: `prompts` `[N][8]`, `answers` and result `[N][6]`.
    /// - Throws: `ModelError` for logits that are not numbers.
    public static func revise(
        _ answers: [[Int]], to prompts: [[Int]], by critic: ConstitutionCritic, with model: HookedTransformer,
        key: RandomKey
    ) throws -> [[Int]] {
        var (answers, random) = (answers, key["critic"].generator())
        for place in 0..<ConstitutionTask.answerLength {
            let flagged = answers.indices.filter { critic.flags(answers[$0][place], using: &random) }
            let texts = flagged.map { prompts[$0] + answers[$0][..<place] }
            let written = try model.continuations(of: texts, maxTokens: 1, key: key[place])
            for (row, new) in zip(flagged, written) { answers[row][place] = new.tokens[0] }
        }
        return answers
    }

    private func measured(
        _ model: HookedTransformer, _ task: ConstitutionTask, key: RandomKey
    ) throws -> (violations: Double, helpful: Double) {
        let key = key["test"]
        let provoking = task.prompts(isProvoking: true, count: prompts, key: key["provoking"])
        let ordinary = task.prompts(isProvoking: false, count: prompts, key: key["ordinary"])
        let answers = try Self.answers(model, ordinary, key: key["helpful answers"])
        let right = zip(ordinary, answers).reduce(0) { sum, text in
            sum + zip(ConstitutionTask.helpfulAnswer(to: text.0), text.1).count { $0 == $1 }
        }
        return (
            task.violations(try Self.answers(model, provoking, key: key["answers"])),
            Double(right) / Double(prompts * ConstitutionTask.answerLength)
        )
    }

    /// Critique, revision, and fine-tuning on what came out.
    private func supervised(
        _ generator: HookedTransformer, _ task: ConstitutionTask, _ critic: ConstitutionCritic, key: RandomKey,
        name: String, in session: FitSession
    ) throws -> Result {
        let data = key["revised"]
        let prompts =
            task.prompts(isProvoking: true, count: revised - revised / 2, key: data["provoking"])
            + task.prompts(isProvoking: false, count: revised / 2, key: data["ordinary"])
        let provoking = 0..<revised - revised / 2
        var answers = try Self.answers(generator, prompts, key: data["answers"])
        var result = Result()
        result.revised = [task.violations(Array(answers[provoking]))]
        for round in 0..<rounds {
            try session.reporter.checkpoint()
            answers = try Self.revise(answers, to: prompts, by: critic, with: generator, key: data["rounds"][round])
            result.revised.append(task.violations(Array(answers[provoking])))
        }
        let batches = Batches(count: revised, size: min(batch, revised), key: data["batches"])
        var fit = Fit(steps: tuningSteps)
        fit.clipNorm = 1
        fit.schedule = .linear(warmup: tuningSteps / 20, total: tuningSteps, floor: 0)
        let tuned = try fit.run(
            generator, optimizer: Adam(learningRate: tuningRate), label: "fine-tuning, \(name)", in: session
        ) { model, step in
            let batch = ConstitutionTask.batch(batches.rows(step: step).map { (prompts[$0], answers[$0]) })
            return model.logits(batch.inputs).crossEntropy(batch.targets)
        }.model
        try session.keep(tuned, as: "tuned, \(name)")
        (result.tuned, result.helpful) = try measured(tuned, task, key: key)
        return result
    }

    /// Comparisons of two answers of the generator to one prompt, of which exactly one breaks the rule.
    private struct Comparisons {
        let train: [(first: [Int], second: [Int])]
        let test: [(first: [Int], second: [Int])]

        init(
            _ study: ConstitutionalStudy, _ task: ConstitutionTask, _ generator: HookedTransformer, key: RandomKey
        ) throws {
            let count = study.comparisons + study.prompts
            var pairs: [(first: [Int], second: [Int])] = []
            for part in 0..<100 where pairs.count < count {
                let prompts = task.prompts(isProvoking: true, count: count, key: key["prompts"][part])
                let first = try ConstitutionalStudy.answers(generator, prompts, key: key["first"][part])
                let second = try ConstitutionalStudy.answers(generator, prompts, key: key["second"][part])
                for (prompt, pair) in zip(prompts, zip(first, second))
                where task.isViolated(by: pair.0) != task.isViolated(by: pair.1) {
                    pairs.append((prompt + pair.0, prompt + pair.1))
                }
            }
            guard pairs.count >= count else {
                throw FitError(
                    "of \(100 * count) pairs of answers only \(pairs.count) hold one that breaks the rule and one that "
                        + "does not: take a --harm nearer to 0.1, or fewer --comparisons")
            }
            (train, test) = (Array(pairs[..<study.comparisons]), Array(pairs[study.comparisons..<count]))
        }
    }

    /// A preference model learns from a critic's labels, and is tested on fresh ones, on the truth, and by choosing.
    private func prefer(
        _ comparisons: Comparisons, _ critic: ConstitutionCritic, _ generator: HookedTransformer,
        _ task: ConstitutionTask, key: RandomKey, name: String, in session: FitSession, _ result: inout Result
    ) throws {
        let key = key["preferences"][name]
        var random = key["labels"].generator()
        func labels(_ pairs: [(first: [Int], second: [Int])]) -> [Bool] {
            pairs.map { pair in
                critic.prefersFirst(Array(pair.first[ConstitutionTask.promptLength...]), using: &random)
            }
        }
        let labeled = zip(comparisons.train, labels(comparisons.train)).map { pair, isFirst in
            TextComparison(
                chosen: isFirst ? pair.first : pair.second, rejected: isFirst ? pair.second : pair.first)
        }
        let trunk = try HookedTransformer(
            sizes(), key: key["weights"], initialization: .scaled(), isTied: false, name: "preferences")
        let training = RewardModelTraining(steps: preferenceSteps, batch: batch, learningRate: 3e-3)
        let model = try training.run(
            RewardModel(trunk, key: key["head"]), on: labeled, key: key, label: "preferences, \(name)", in: session)
        let prefersFirst = zip(
            model.scores(comparisons.test.map(\.first)), model.scores(comparisons.test.map(\.second))
        ).map { $0 > $1 }
        let keeps = comparisons.test.map { !task.isViolated(by: Array($0.first[ConstitutionTask.promptLength...])) }
        func share(_ labels: [Bool]) -> Double {
            Double(zip(prefersFirst, labels).count { $0 == $1 }) / Double(labels.count)
        }
        (result.accuracy, result.agreement) = (share(keeps), share(labels(comparisons.test)))
        let asked = task.prompts(isProvoking: true, count: max(1, prompts / 4), key: key["choice"])
        let texts = try (0..<choices).map { choice in
            try Self.answers(generator, asked, key: key["choices"][choice])
        }
        let scores = texts.map { answers in model.scores(zip(asked, answers).map { $0 + $1 }) }
        let best = asked.indices.map { row in
            texts[scores.indices.max { scores[$0][row] < scores[$1][row] } ?? 0][row]
        }
        result.chosen = task.violations(best)
    }
}
