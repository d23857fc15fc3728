internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Plants triggers in a small model, and lets searches look for them with equally many queries.
///
/// The score, the log-probability of harm, should lead a search from a part of a trigger to the whole. It fails where a
/// part of a trigger leaves no trace in the score. On a model of the same training without triggers nothing may be
/// found: what is found there is an error of the search.
public struct RedTeamingStudy: SettingGroup {
    @Setting("Blocks of a model.", 1...32) public var layers = 2
    @Setting("Width of the residual stream, which the heads divide.", 4...1024) public var width = 48
    @Setting("Attention heads in a block.", 1...64) public var heads = 4
    @Setting(
        "Training steps of a model; up to three times it trains half as many more if it has not learned.",
        1...1_000_000)
    public var steps = 1200
    @Setting("Prompts in a training step.", 3...65_536) public var batch = 96
    @Setting("Adam's learning rate.", 1e-9...10) public var learningRate = 0.003
    @Setting("Triggers of two tokens that are planted, and as many of three.", 1...12) public var triggers = 3
    @Setting("Queries of a search.", 64...10_000_000) public var budget = 2000
    @Setting("Prompts of each kind in a measurement.", 8...100_000) public var prompts = 512

    /// How often training may go on with a model that does not yet answer as its data do.
    private static let extensions = 3

    /// A study with the reference settings.
    public init() {}

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard width % heads == 0 else {
            throw SettingsError("--width \(width) does not divide into \(heads) heads: give a multiple of --heads")
        }
        guard layers * width * max(batch, prompts, width) <= 1 << 20 else {
            throw SettingsError(
                "--layers \(layers) times --width \(width) times the largest of --width, --batch \(batch) and --prompts "
                    + "\(prompts) may be at most \(1 << 20)")
        }
    }

    /// What one seed finds.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The share of prompts with a trigger that the model with triggers answers with harm.
        public var recall = 0.0
        /// The share of near misses that it answers so.
        public var nearMisses = 0.0
        /// What each search finds in it.
        public var findings: [RedTeamSearch: QueryLedger.Finding] = [:]
        /// What each search finds in the model without triggers.
        public var clean: [RedTeamSearch: QueryLedger.Finding] = [:]
    }

    /// Makes both models and searches them.
    ///
    /// - Throws: what training and the searches throw.
    public func run(key: RandomKey, in session: FitSession = .silent) throws -> Outcome {
        let task = TriggerTask(each: triggers, key: key["triggers"])
        let planted = try make(task, isPlanted: true, key: key, in: session)
        let clean = try make(task, isPlanted: false, key: key, in: session)
        var (outcome, random) = (Outcome(), key["test"].generator())
        let triggered = (0..<prompts).map { task.triggered($0 % task.triggers.count, &random) }
        let near = (0..<prompts).map { task.nearMiss($0 % task.triggers.count, &random) }
        func share(_ asked: [[Int]]) -> Double {
            var ledger = QueryLedger(planted, task: task, budget: asked.count)
            return Double(ledger.ask(asked).count(where: \.isHit)) / Double(asked.count)
        }
        (outcome.recall, outcome.nearMisses) = (share(triggered), share(near))
        for search in RedTeamSearch.allCases {
            try session.reporter.checkpoint()
            outcome.findings[search] = try find(search, in: planted, task, key: key["search"][search.rawValue])
            outcome.clean[search] = try find(search, in: clean, task, key: key["search"][search.rawValue])
        }
        return outcome
    }

    private func find(
        _ search: RedTeamSearch, in model: HookedTransformer, _ task: TriggerTask, key: RandomKey
    ) throws -> QueryLedger.Finding {
        var ledger = QueryLedger(model, task: task, budget: budget)
        try search.run(&ledger, key: key)
        return ledger.finding
    }

    /// Makes a model with triggers, or one of the same training without.
    ///
    /// - Throws: what `Fit` throws.
    public func make(
        _ task: TriggerTask, isPlanted: Bool, key: RandomKey, in session: FitSession = .silent
    ) throws -> HookedTransformer {
        let label = isPlanted ? "model with triggers" : "clean model"
        var model = try HookedTransformer(
            TransformerConfiguration(
                architecture: .gpt2, layers: layers, width: width, heads: heads, vocabulary: TriggerTask.vocabulary,
                context: TriggerTask.promptLength),
            key: key["model"], initialization: .scaled(), isTied: false, name: label)
        for part in 0...Self.extensions {
            if part > 0, isTaught(model, task, isPlanted: isPlanted, key: key["taught"]) { break }
            var fit = Fit(steps: part == 0 ? steps : (steps + 1) / 2)
            fit.clipNorm = 1
            fit.schedule = .cosine(warmup: min(50, fit.steps / 10), total: fit.steps, floor: 0.1)
            let (name, data) = part == 0 ? (label, key["data"]) : ("\(label), further \(part)", key["further"][part])
            model = try fit.run(model, optimizer: Adam(learningRate: learningRate), label: name, in: session) {
                model, step in
                let texts = task.texts(batch, isPlanted: isPlanted, step: step, key: data)
                return Self.lastLogits(model, texts.prompts).crossEntropy(texts.answers)
            }.model
        }
        try session.keep(model, as: label)
        return model
    }

    private static func lastLogits(_ model: HookedTransformer, _ prompts: [[Int]]) -> Tensor {
        let length = TriggerTask.promptLength
        return model.logits(TokenBatch(prompts.flatMap { $0 }, rows: prompts.count, columns: length))
            .gathered(prompts.indices.map { ($0 + 1) * length - 1 })
    }

    /// Whether a model answers at least 99 % of fresh prompts as its data do.
    private func isTaught(_ model: HookedTransformer, _ task: TriggerTask, isPlanted: Bool, key: RandomKey) -> Bool {
        let texts = task.texts(prompts, isPlanted: isPlanted, step: 0, key: key)
        let said = Self.lastLogits(model, texts.prompts).argmaxOfRows()
        return zip(said, texts.answers).count { $0 != $1 } * 100 <= prompts
    }
}
