internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Rounds of finding texts that a refusal classifier passes and training on them, beside as many rounds of plain
/// training.
public struct HighStakesStudy: SettingGroup {
    @Setting("Texts of the fixed training set.", 64...1_000_000) public var texts = 4000
    @Setting("Steps of the first training.", 1...1_000_000) public var firstSteps = 8000
    @Setting("Rounds of finding and training.", 1...100) public var rounds = 6
    @Setting("Texts that are attacked in a round.", 1...100_000) public var finds = 100
    @Setting("Steps of training in a round.", 1...1_000_000) public var roundSteps = 300
    @Setting("Texts in a step.", 2...10_000) public var batch = 64
    @Setting("Of those, texts found by attacks, once there are some.", 1...10_000) public var foundInBatch = 32
    @Setting("Learning rate of Adam.", 1e-6...1) public var rate = 2e-3
    @Setting("Width of the embeddings.", 1...1024) public var width = 16
    @Setting("Width of the hidden layer.", 1...4096) public var hidden = 64
    @Setting("Standard deviation of new embeddings.", 1e-3...100) public var spread = 0.85
    @Setting("Texts attacked to measure how often attacks succeed.", 4...100_000) public var judged = 40
    @Setting("Texts drawn to measure how often harm passes without an attack.", 100...10_000_000) public var drawn =
        10_000

    /// The study of the quick experiment.
    public init() {}

    /// What is measured of one classifier.
    public struct Measure: Codable, Sendable, Equatable {
        /// Harmful texts that pass, and how many were drawn.
        public var passed = 0, harmful = 0
        /// The share of other texts that are refused.
        public var refused = 0.0
        /// For each method of attack: the share of texts for which it finds a suffix, and the median of texts
        /// evaluated.
        public var success: [String: Double] = [:], cost: [String: Double] = [:]
        /// The share of texts that pass with a suffix of embeddings, and with the tokens nearest to them.
        public var embeddings = 0.0, nearest = 0.0

        /// The share of harmful texts that pass.
        public var falseNegatives: Double { Double(passed) / Double(max(1, harmful)) }
        /// The upper end of its exact one-sided 95 % interval.
        public var bound: Double {
            Statistics.proportionInterval(successes: passed, of: max(1, harmful), level: 0.9).upper
        }
    }

    /// What one seed gives: a measure after the first training and after each round, with finds and without.
    public struct Outcome: Codable, Sendable, Equatable {
        /// With texts found by attacks.
        public var trained: [Measure] = []
        /// With as many plain steps.
        public var plain: [Measure] = []
    }

    /// Trains both classifiers of one seed.
    ///
    /// - Throws: ``RobustnessStudyError`` for settings that do not fit; `FitError`, `ModelError`, `RunInterrupted`.
    public func run(_ attack: TokenAttack, key: RandomKey, in session: FitSession) throws -> Outcome {
        guard foundInBatch < batch, batch <= texts else {
            throw RobustnessStudyError(
                "a step has more texts than those found by attacks, and no more than there are: \(foundInBatch) of "
                    + "\(batch) of \(texts)"
            )
        }
        let task = RefusalTask()
        let data = task.texts(texts, key: key["texts"])
        let first = RefusalClassifier(task, width: width, hidden: hidden, spread: spread, key: key["init"])
        var trained = try train(first, data, [], task, steps: firstSteps, key: key["first"], "first", session)
        var plain = trained
        let start = try measure(trained, task, attack, key: key["judged"], session)
        var outcome = Outcome(trained: [start], plain: [start])
        var found: [[Int]] = []
        for round in 0..<rounds {
            let prompts = task.texts(finds, onlyHarmful: true, key: key["finds"][round])
            for (index, text) in prompts.enumerated() {
                try session.reporter.checkpoint()
                let result = try attack.run(
                    .gradient, on: text, of: task, against: trained, key: key["attack"][round][index])
                if let text = result.found { found.append(text) }
            }
            let own = key["round"][round]
            trained = try train(trained, data, found, task, steps: roundSteps, key: own, "round \(round + 1)", session)
            plain = try train(plain, data, [], task, steps: roundSteps, key: own, "plain \(round + 1)", session)
            outcome.trained.append(try measure(trained, task, attack, key: own["judged"], session))
            outcome.plain.append(try measure(plain, task, attack, key: own["judged"], session))
        }
        return outcome
    }

    private func train(
        _ model: RefusalClassifier, _ data: [[Int]], _ found: [[Int]], _ task: RefusalTask, steps: Int, key: RandomKey,
        _ label: String, _ session: FitSession
    ) throws -> RefusalClassifier {
        let batches = Batches(count: data.count, size: batch, key: key["batches"])
        let own = Batches(count: max(found.count, foundInBatch), size: foundInBatch, key: key["found"])
        return try Fit(steps: steps).run(model, optimizer: Adam(learningRate: rate), label: label, in: session) {
            model, step in
            var texts = batches.rows(step: step).map { data[$0] }
            if !found.isEmpty {
                texts = Array(texts.dropLast(foundInBatch)) + own.rows(step: step).map { found[$0 % found.count] }
            }
            return model(texts).crossEntropy(texts.map { task.isHarmful($0) ? 1 : 0 })
        }.model
    }

    private func measure(
        _ model: RefusalClassifier, _ task: RefusalTask, _ attack: TokenAttack, key: RandomKey, _ session: FitSession
    ) throws -> Measure {
        var measure = Measure()
        let texts = task.texts(2 * drawn, key: key["drawn"])
        let margins = model.margins(texts)
        for (text, margin) in zip(texts, margins) {
            if task.isHarmful(text) {
                measure.harmful += 1
                if margin < 0 { measure.passed += 1 }
            } else if margin >= 0 {
                measure.refused += 1
            }
        }
        measure.refused /= Double(texts.count - measure.harmful)
        let prompts = task.texts(judged, onlyHarmful: true, key: key["prompts"])
        for method in TokenAttack.Method.allCases {
            let results = try prompts.enumerated().map { index, text in
                try session.reporter.checkpoint()
                return try attack.run(method, on: text, of: task, against: model, key: key[method.rawValue][index])
            }
            measure.success[method.rawValue] = Double(results.count { $0.found != nil }) / Double(judged)
            measure.cost[method.rawValue] = Statistics.quantile(results.map { Double($0.evaluations) }.sorted(), 0.5)
        }
        let soft = try prompts.map { try attack.embeddings(on: $0, of: task, against: model) }
        measure.embeddings = Double(soft.count { $0.passes }) / Double(judged)
        measure.nearest = Double(soft.count { $0.tokensPass }) / Double(judged)
        return measure
    }
}
