internal import Foundation
internal import PlumbBasics
public import PlumbLearning
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// Transcoders of all MLPs of a language model, which learn together from one pass through the model a batch (Dunefsky,
/// Chlenski, Nanda 2024, arXiv:2406.11944), with a linear path beside their features (Paulo, Shabalin, Belrose 2025,
/// arXiv:2501.18823).
public struct TranscoderStudy: SettingGroup {
    /// The text.
    public var corpus = CorpusWindows()
    @Setting("Tokens to train transcoders on; a shorter text is read again.", 256...10_000_000_000)
    public var tokens = 300_000
    @Setting("Features of each block's transcoder.", 8...1_000_000) public var dictionary = 2048
    @Setting("Mean number of active features of a block.", 1...4096) public var k = 32
    @Setting("Adam's learning rate for transcoders.", 1e-6...1) public var rate = 0.001
    @Setting("Whether a linear path runs beside the features.") public var hasLinearPath = true

    /// Sizes for which SmolLM2-135M takes about half an hour with one thread.
    public init() {}

    /// What training gives.
    public struct Outcome: Sendable {
        /// A transcoder a block.
        public let transcoders: [SparseDictionary]
        /// For each block, 1 less the squared error as a share of the variance, on windows that were not trained on.
        public let explained: [Double]
        /// For each block, the mean number of active features there.
        public let active: [Double]
    }

    /// Refuses settings that do not fit the model.
    ///
    /// - Throws: `SettingsError` naming the option.
    public func check(_ model: HookedTransformer) throws {
        try corpus.check(model)
        guard k <= dictionary / 2 else {
            throw SettingsError("--k \(k) of --dictionary \(dictionary) is not sparse: take at most half")
        }
        let (rows, n) = (Double(corpus.batchTokens), Double(dictionary))
        let (layers, width) = (Double(model.configuration.layers), Double(model.configuration.width))
        try MemoryEstimate([
            .init(
                "--windows \(corpus.windows) of --window \(corpus.window) with --dictionary \(dictionary)",
                bytes: 8 * rows * n + 8 * rows * layers * width),
            .init("transcoders with --dictionary \(dictionary)", bytes: layers * width * 32 * (n + width / 2)),
        ]).check()
    }

    /// Trains a transcoder of every block's MLP, from its normalized input to its output.
    ///
    /// - Throws: `ModelError` for a text that the model cannot read or training that fails; `RunInterrupted` when the session
    ///   is asked to stop.
    public func run(
        _ model: HookedTransformer, tokens: [Int], key: RandomKey, in session: FitSession = .silent
    ) throws -> Outcome {
        let split = corpus.split(tokens, model, key: key["windows"])
        let points = (0..<model.configuration.layers).map { layer in
            (input: HookPoint.block(layer, .ln2Normalized), output: HookPoint.block(layer, .mlpOut))
        }
        let steps = max(1, self.tokens / corpus.batchTokens)
        var training = SparseTraining(.batchTopK(k), features: dictionary, steps: steps)
        (training.learningRate, training.warmup) = (rate, max(1, min(200, steps / 10)))
        training.deadAfterRows = max(20_000, min(1_000_000, steps * corpus.batchTokens / 10))
        training.hasSkip = hasLinearPath
        var trainers = points.indices.map { SparseDictionaryTrainer(training, key: key["transcoder"][$0]) }
        for step in 0..<steps {
            for (layer, batch) in try batches(model, points, split.batch(step, corpus.windows)).enumerated() {
                try trainers[layer].step(batch)
                try session.reporter.checkpoint()
            }
            let found = trainers.compactMap(\.last)
            let explained = Statistics.mean(found.map(\.explainedVariance))
            session.reporter.progress(
                "transcoders", step + 1, of: steps,
                values: [("EV", explained), ("dead", Statistics.mean(found.map(\.dead)))])
            guard step % max(1, steps / 300) == 0 else { continue }
            session.reporter.point("explained_variance/transcoders", x: Double(step), y: explained)
        }
        let transcoders = try zip(trainers, points).map { try $0.dictionary(input: $1.input, output: $1.output) }
        if let folder = session.models {
            try TranscoderFolder(transcoders, model: model.name).write(to: folder.appendingPathComponent("transcoders"))
        }
        let tested = try zip(transcoders, batches(model, points, split.test)).map { transcoder, rows in
            let found = transcoder.encodeSparse(rows.input)
            let quality = ReconstructionQuality(
                transcoder.output(of: found, input: rows.input), of: rows.target ?? rows.input)
            return (explained: quality.explainedVariance, active: Double(found.count) / Double(found.rows))
        }
        return Outcome(
            transcoders: transcoders, explained: tested.map(\.explained), active: tested.map(\.active))
    }

    /// What every MLP reads and writes on some windows.
    private func batches(
        _ model: HookedTransformer, _ points: [(input: HookPoint, output: HookPoint)], _ windows: [[Int]]
    ) throws -> [SparseBatch] {
        let rows = try corpus.rows(model, at: points.flatMap { [$0.input, $0.output] }, windows)
        return points.map { point in
            guard let input = rows[point.input], let target = rows[point.output] else {
                unmet("\(model.name) did not show \(point.input) and \(point.output)")
            }
            return SparseBatch(input, target: target)
        }
    }
}
