internal import PlumbBasics
internal import PlumbData
internal import PlumbTensor

/// A task that is put to a model.
///
/// Samples are asked in batches. What is finished goes into a journal, so that a run that was killed goes on behind its
/// last whole batch; answers depend on the settings, not on where a run was stopped.
public struct Evaluation: Sendable {
    /// The task.
    public let task: EvaluationTask
    /// How it is run.
    public let settings: EvaluationSettings

    /// What is asked of the caller between batches.
    public struct Hooks: Sendable {
        /// Called before each pass; what it throws ends the run.
        public var checkpoint: @Sendable () throws -> Void
        /// Called after each batch with the samples that are done and their number.
        public var progress: @Sendable (_ done: Int, _ of: Int) -> Void

        /// Hooks that do nothing unless given.
        public init(
            checkpoint: @escaping @Sendable () throws -> Void = {},
            progress: @escaping @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
        ) {
            (self.checkpoint, self.progress) = (checkpoint, progress)
        }
    }

    /// An evaluation of a task.
    ///
    /// - Throws: ``EvaluationError`` for a task that cannot be run, or settings out of range.
    public init(_ task: EvaluationTask, _ settings: EvaluationSettings) throws {
        try task.check()
        try settings.check()
        (self.task, self.settings) = (task, settings)
        if settings.rotatesChoices, !task.samples.contains(where: { !$0.choices.isEmpty }) {
            throw EvaluationError("the task \(task.name) has no choices that could be rotated")
        }
        if let first = task.samples.first { _ = try task.turns(of: first, fewShot: settings.fewShot) }
    }

    /// A sample as it is asked once.
    struct Unit: Sendable {
        let sample: EvaluationSample
        let cluster: String
        let epoch: Int
        let rotation: Int
        var key: UnitKey { UnitKey(id: sample.id, epoch: epoch) }
    }

    /// Everything that is asked, in its order: every sample once, then every sample again.
    var units: [Unit] {
        let samples = Array(task.samples.prefix(settings.limit ?? task.samples.count))
        let rotations = settings.rotatesChoices ? samples.reduce(1) { max($0, $1.choices.count) } : 1
        return (0..<settings.epochs * rotations).flatMap { pass in
            samples.compactMap { sample in
                let rotation = pass % rotations
                guard rotation == 0 || rotation < sample.choices.count else { return nil }
                return Unit(
                    sample: sample.rotated(by: rotation), cluster: task.cluster(of: sample), epoch: pass + 1,
                    rotation: rotation)
            }
        }
    }

    /// How many questions are asked in all.
    public var planned: Int { units.count }

    /// Asks everything that the journal does not hold yet.
    ///
    /// - Parameters:
    ///   - model: the model.
    ///   - journal: where finished samples are kept; nil to keep them in memory alone.
    ///   - hooks: what is called meanwhile.
    /// - Throws: ``EvaluationError`` naming a sample that cannot be asked; what the model, a scorer, the journal and
    ///   the checkpoint throw. What was finished before is in the journal.
    public func run(
        _ model: any EvaluationModel, journal: EvaluationJournal? = nil, hooks: Hooks = Hooks()
    ) throws -> EvaluationResults {
        let units = units
        let start = ContinuousClock.now
        let fingerprint = try fingerprint(model)
        var done = try journal?.finished(fingerprint) ?? [:]
        var chunks: [[Unit]] = []
        // Log-probabilities cost no writing: more questions fit into a batch.
        let size = task.solver.usesLogProbabilities ? settings.batch * 4 : settings.batch
        for first in stride(from: 0, to: units.count, by: size) {
            chunks.append(Array(units[first..<min(first + size, units.count)]))
        }
        var limit: EvaluationResults.Limit?
        var tokens = done.values.reduce(0) { $0 + $1.inputTokens + $1.outputTokens }
        func isTimeOut() -> Bool {
            settings.timeLimit.map { (ContinuousClock.now - start) / .seconds(1) > $0 } ?? false
        }
        for (number, chunk) in chunks.enumerated() {
            guard chunk.contains(where: { done[$0.key] == nil }) else { continue }
            if isTimeOut() { limit = .time }
            if let most = settings.tokenLimit, tokens >= most { limit = .tokens }
            guard limit == nil else { break }
            let key = RandomKey(settings.seed)["evaluation"][number]
            let results = try ask(chunk, model, key: key) {
                try hooks.checkpoint()
                return !isTimeOut()
            }
            // What time cut short is no answer.
            guard !isTimeOut() else {
                limit = .time
                break
            }
            try journal?.append(results, of: fingerprint)
            for result in results { done[result.key] = result }
            tokens += results.reduce(0) { $0 + $1.inputTokens + $1.outputTokens }
            hooks.progress(done.count, units.count)
        }
        return EvaluationResults(
            task: task, model: model.name, settings: settings, samples: units.compactMap { done[$0.key] },
            planned: units.count, limit: limit, seconds: (ContinuousClock.now - start) / .seconds(1))
    }

    /// Asks the samples of a batch; where that fails, finds the sample that is to blame.
    private func ask(
        _ units: [Unit], _ model: any EvaluationModel, key: RandomKey, while goesOn: () throws -> Bool
    ) throws -> [SampleResult] {
        do {
            let outputs = try outputs(units, model, key: key, while: goesOn)
            let answers = zip(outputs, units).map { (output: $0.output, sample: $1.sample) }
            var scores = [[String: Score]](repeating: [:], count: units.count)
            for scorer in task.scorers {
                for (index, score) in try scorer.scores(answers).enumerated() { scores[index][scorer.name] = score }
            }
            return units.indices.map { index in
                SampleResult(
                    id: units[index].sample.id, epoch: units[index].epoch, rotation: units[index].rotation,
                    cluster: units[index].cluster, target: units[index].sample.target, output: outputs[index].output,
                    scores: scores[index], inputTokens: outputs[index].inputTokens,
                    outputTokens: outputs[index].outputTokens, isCut: outputs[index].isCut)
            }
        } catch let error as any Error & CustomStringConvertible {
            guard units.count > 1, try goesOn() else {
                guard let unit = units.first, !(error is EvaluationError), "\(type(of: error))" == "ModelError" else {
                    throw error
                }
                throw EvaluationError("the sample \(visible(unit.sample.id, limit: 60)) cannot be asked: \(error)")
            }
            guard "\(type(of: error))" == "ModelError" else { throw error }
            for unit in units { _ = try ask([unit], model, key: key, while: goesOn) }
            throw error
        }
    }

    private struct Asked {
        var output: SampleOutput
        var inputTokens: Int
        var outputTokens = 0
        var isCut = false
    }

    private func outputs(
        _ units: [Unit], _ model: any EvaluationModel, key: RandomKey, while goesOn: () throws -> Bool
    ) throws -> [Asked] {
        let turns = try units.map { try task.turns(of: $0.sample, fewShot: settings.fewShot) }
        if task.solver.usesLogProbabilities {
            let questions = zip(units, turns).map { unit, turns in question(unit.sample, turns) }
            return try model.scores(of: questions) { _ = try goesOn() }.map {
                Asked(output: SampleOutput(logProbabilities: $0.logProbabilities), inputTokens: $0.inputTokens)
            }
        }
        let limits = AnswerLimits(
            maxTokens: settings.maxTokens ?? task.maxTokens, temperature: settings.temperature)
        let first = try model.answers(to: turns, limits, key: key, while: goesOn)
        var asked = first.enumerated().map { index, answer in
            let choices = units[index].sample.choices
            let choice = choices.isEmpty ? nil : AnswerText.choice(in: answer.text, of: choices)
            return Asked(
                output: SampleOutput(answer.text, choice: choice), inputTokens: answer.inputTokens,
                outputTokens: answer.outputTokens, isCut: !answer.stopped)
        }
        guard task.solver == .areYouSure else { return asked }
        let doubted = zip(turns, first).map { turns, answer in
            turns + [
                ChatMessage(role: "assistant", content: answer.text),
                ChatMessage(role: "user", content: Solver.doubt + " " + Solver.final),
            ]
        }
        for (index, answer) in try model.answers(to: doubted, limits, key: key["doubt"], while: goesOn).enumerated() {
            asked[index].output = SampleOutput(answer.text, firstAnswer: asked[index].output.completion)
            asked[index].inputTokens += answer.inputTokens
            asked[index].outputTokens += answer.outputTokens
            asked[index].isCut = !answer.stopped
        }
        return asked
    }

    /// The options of a sample as they are measured.
    func question(_ sample: EvaluationSample, _ turns: [ChatMessage]) -> TextOptions {
        let letter = task.format.answerLetter
        return TextOptions(
            turns: turns, answerPrefix: task.format.answerPrefix,
            options: sample.choices.enumerated().map { index, text in
                task.solver == .choice ? letter.0 + Letters.letter(index) + letter.1 : " " + text
            })
    }

    /// What the results depend on; a journal of something else is not gone on with.
    func fingerprint(_ model: any EvaluationModel) throws -> JSONValue {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for unit in units {
            let turns = try task.turns(of: unit.sample, fewShot: settings.fewShot)
            let parts = turns.flatMap { [$0.role, $0.content] } + unit.sample.choices + unit.sample.target
            for part in parts {
                for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
                hash = (hash ^ 0xFF) &* 0x0000_0100_0000_01B3
            }
        }
        return .object([
            "task": .string(task.name), "version": JSONValue(task.version), "solver": .string(task.solver.rawValue),
            "scorers": .array(task.scorers.map { .string($0.name) }), "model": .string(model.name),
            "samples": JSONValue(units.count), "prompts": .string(String(hash, radix: 16)),
            "maxTokens": JSONValue(settings.maxTokens ?? task.maxTokens),
            "temperature": JSONValue(settings.temperature),
            "seed": JSONValue(settings.seed), "batch": JSONValue(settings.batch),
        ])
    }
}
