internal import Foundation
internal import PlumbBasics
internal import PlumbData
public import PlumbLearning
public import PlumbModels
internal import PlumbRecords
public import PlumbTensor

extension LanguageModelSparseStudy {
    /// Trains the three dictionaries and evaluates them.
    ///
    /// - Throws: `ModelError` for a text that the model cannot read or training that fails; `RunInterrupted` when the session
    ///   is asked to stop.
    public func run(
        _ model: HookedTransformer, tokens: [Int], key: RandomKey, in session: FitSession = .silent
    ) throws -> Outcome {
        let random = try HookedTransformer(
            model.configuration, key: key["random model"], initialization: .scaled(), name: "random weights")
        let windows = corpus.split(tokens, model, key: key["windows"])
        let point = point(model)
        let (steps, controlSteps) = (steps(of: self.tokens), steps(of: controlTokens))
        func training(_ steps: Int) -> SparseTraining {
            var training = SparseTraining(.batchTopK(k), features: dictionary, steps: steps)
            (training.learningRate, training.warmup) = (rate, max(1, min(200, steps / 10)))
            training.deadAfterRows = max(20_000, min(1_000_000, steps * corpus.batchTokens / 10))
            return training
        }
        var own = SparseDictionaryTrainer(training(steps), key: key["dictionary"])
        var permuted = SparseDictionaryTrainer(training(controlSteps), key: key["dictionary"])
        for step in 0..<steps {
            let rows = try rows(model, point, windows.batch(step, corpus.windows))
            try own.step(SparseBatch(rows))
            // Both learn from one pass through the model.
            if step < controlSteps {
                try permuted.step(SparseBatch(FeatureWorld.shuffled(rows, key: key["permutations"][step])))
            }
            try report(own, step, steps, "dictionary", session)
        }
        var ofRandom = SparseDictionaryTrainer(training(controlSteps), key: key["dictionary"])
        for step in 0..<controlSteps {
            try ofRandom.step(SparseBatch(rows(random, point, windows.batch(step, corpus.windows))))
            try report(ofRandom, step, controlSteps, "dictionary of random weights", session)
        }
        let found = try [own, ofRandom, permuted].map { try $0.dictionary(input: point) }
        try session.reporter.checkpoint()
        if let folder = session.models {
            try found[0].writeSAELens(to: folder.appendingPathComponent("dictionary"), model: model.name)
        }
        return Outcome(
            losses: try losses(model, windows.test, point, [found[0], found[2]]),
            evaluations: try zip(found, [model, random, model]).enumerated().map { index, pair in
                let rows = try self.rows(pair.1, point, windows.test)
                let shown = index == 2 ? FeatureWorld.shuffled(rows, key: key["test permutations"]) : rows
                return evaluation(pair.0, shown, tokens: windows.test.flatMap { $0.dropFirst() })
            })
    }

    private func steps(of tokens: Int) -> Int { max(1, tokens / corpus.batchTokens) }

    private func report(
        _ trainer: SparseDictionaryTrainer, _ step: Int, _ steps: Int, _ label: String, _ session: FitSession
    ) throws {
        try session.reporter.checkpoint()
        guard let last = trainer.last else { return }
        session.reporter.progress(
            label, step + 1, of: steps, values: [("EV", last.explainedVariance), ("dead", last.dead)])
        guard step % max(1, steps / 300) == 0 else { return }
        session.reporter.point("explained_variance/\(label)", x: Double(step), y: last.explainedVariance)
        session.reporter.point("dead_features/\(label)", x: Double(step), y: last.dead)
    }

    /// The stream at all positions but the first of each text, `[R, D]`.
    private func rows(_ model: HookedTransformer, _ point: HookPoint, _ texts: [[Int]]) throws -> Tensor {
        guard let rows = try corpus.rows(model, at: [point], texts)[point] else {
            unmet("\(model.name) did not show \(point)")
        }
        return rows
    }

    /// Mean cross-entropies: of the model, with the stream set to 0, and with each dictionary's reconstruction.
    private func losses(
        _ model: HookedTransformer, _ texts: [[Int]], _ point: HookPoint, _ dictionaries: [SparseDictionary]
    ) throws -> [Double] {
        let changes: [(Tensor) -> Tensor] =
            [{ Tensor.zeros($0.shape) }] + dictionaries.map { dictionary in { dictionary.reconstruct($0) } }
        func loss(_ change: ((Tensor) -> Tensor)?) throws -> Double {
            nonisolated(unsafe) let change = change
            let interventions = change.map { change in
                nonisolated(unsafe) let change = change
                return Intervention("splice", at: point) { value, context in
                    let rows = value.reshaped([-1, value.shape[value.shape.count - 1]])
                    guard context.positions.lowerBound == 0, rows.shape[0] > 1 else { return value }
                    let replaced = change(rows[1..<rows.shape[0]])
                    return Tensor.concatenated([rows[0..<1], replaced]).reshaped(value.shape)
                }
            }
            let found = try model.crossEntropies(
                of: texts, with: interventions.map { change in texts.map { _ in [change] } } ?? [])
            // What follows the first position is not changed by what is put at later ones.
            let values = found.flatMap { $0.dropFirst() }
            return values.reduce(0) { $0 + Double($1) } / Double(max(1, values.count))
        }
        return try [loss(nil)] + changes.map { try loss($0) }
    }

    private func evaluation(_ dictionary: SparseDictionary, _ rows: Tensor, tokens: [Int]) -> Evaluation {
        let found = dictionary.encodeSparse(rows)
        let quality = ReconstructionQuality(dictionary.output(of: found, input: rows), of: rows)
        var counts = [Int](repeating: 0, count: dictionary.features)
        for index in found.indices { counts[Int(index)] += 1 }
        let density = counts.map { Double($0) / Double(found.rows) }
        let lookup = TokenLookup(found, tokens: tokens, split: tokens.count / 2, least: 10)
        return Evaluation(
            explainedVariance: quality.explainedVariance, active: Double(found.count) / Double(found.rows),
            dead: Double(counts.count { $0 == 0 }) / Double(dictionary.features),
            dense: Double(density.count { $0 > 0.1 }) / Double(dictionary.features), density: density,
            lookup: lookup.judged, unexplained: lookup.unexplained(below: 0.5) ?? .nan)
    }
}
