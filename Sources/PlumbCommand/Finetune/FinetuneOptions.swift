import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbLearning
import PlumbRecords
import PlumbReport
import PlumbTensor

/// What all ways of fine-tuning share.
struct FinetuneOptions: ParsableArguments {
    @Option(help: "The model to train further: a name, a folder or a .gguf file. (default: smollm2-135m)")
    var model: String?
    @Option(help: "The folder to write the model to; it is made where missing.", completion: .directory)
    var out: String?
    @Option(
        parsing: .unconditional,
        help: "The rank of LoRA: freeze the model and train matrices of this rank. (default: train all weights)")
    var lora: Int?
    @Option(parsing: .unconditional, help: "Optimizer steps, or rounds of ppo and grpo. (default: 100)") var steps: Int?
    @Option(parsing: .unconditional, help: "Texts, or pairs of them, in each step. (default: 4; 16 for ppo and grpo)")
    var batch: Int?
    @Option(parsing: .unconditional, help: "The peak learning rate. (default: by the method and LoRA)")
    var learningRate: Double?
    @Option(parsing: .unconditional, help: "The most tokens of a text. (default: 512, or as many as the model reads)")
    var context: Int?
    @Option(parsing: .unconditional, help: "The seed of LoRA's matrices and of the order. (default: 0)")
    var seed: UInt64?
    @Flag(help: "Train nothing: show memory, time and three examples.") var dryRun = false
    @Flag(help: "Continue a training that was stopped, with its settings.") var resume = false
    @Option(parsing: .unconditional, help: .threads) var threads: Int?
    @Flag(help: "Print one JSON object when done.") var json = false

    func validate() throws {
        for (name, path) in [("--model", model), ("--out", out)] { try PathOption.check(path, name) }
        let counts = [
            ("lora", lora), ("steps", steps), ("batch", batch), ("context", context), ("threads", threads),
        ]
        for (name, value) in counts {
            if let value, value < 1 { throw ValidationError("--\(name) must be at least 1, got \(value)") }
        }
        if let rate = learningRate, !(rate > 0 && rate.isFinite) {
            throw ValidationError("--learning-rate must be a number above 0, got \(rate)")
        }
        guard resume else { return }
        guard out != nil else { throw ValidationError("--resume needs the folder of the training: name it with --out") }
        try refuseBesideResume([
            ("model", model != nil), ("lora", lora != nil), ("steps", steps != nil), ("batch", batch != nil),
            ("learning-rate", learningRate != nil), ("context", context != nil), ("seed", seed != nil),
            ("dry-run", dryRun),
        ])
    }

    /// Refuses a training without data or folder, or one that goes on with other data.
    func check(_ data: String?, _ name: String) throws {
        try PathOption.check(data, name)
        if resume { return try refuseBesideResume([(String(name.dropFirst(2)), data != nil)]) }
        if data == nil { throw ValidationError("there is nothing to learn from: name a file with \(name) FILE") }
        if out == nil, !dryRun { throw ValidationError("name a folder for the model with --out DIR") }
    }

    /// Refuses options that a training which goes on has already.
    func refuseBesideResume(_ given: [(name: String, isGiven: Bool)]) throws {
        guard resume, let (name, _) = given.first(where: \.isGiven) else { return }
        throw ValidationError("--resume keeps the settings of the training: leave out --\(name)")
    }

    /// Trains, or shows what training would take.
    ///
    /// - Parameters:
    ///   - rates: the usual learning rates, of LoRA and of all weights.
    ///   - change: puts what belongs to the method into the settings.
    func run(
        _ method: FinetuneSettings.Method, data: String?, batch usual: Int = 4, rates: (lora: Double, full: Double),
        change: (inout FinetuneSettings) throws -> Void = { _ in }
    ) async throws {
        if let threads { Compute.configure(threads: threads) }
        func settings() throws -> FinetuneSettings {
            let data = URL(fileURLWithPath: data ?? "")
            var settings = FinetuneSettings(
                method: method, data: data.path, dataHash: try FileHash.sha256(of: data),
                model: model.map(PathOption.absolute) ?? "smollm2-135m", lora: lora, steps: steps ?? 100,
                batch: batch ?? usual,
                learningRate: learningRate ?? (lora == nil ? rates.full : rates.lora), context: context,
                seed: seed ?? 0, began: Date().timeIntervalSince1970.rounded())
            try change(&settings)
            return settings
        }
        guard !dryRun else { return try await FinetuneEstimate(settings()).show(json: json) }
        let folder = TrainingFolder<FinetuneSettings>(URL(fileURLWithPath: out ?? ""))
        let given = try resume ? nil : settings()
        let lock = try folder.lock()
        defer { lock.release() }
        let kept = try given.map(folder.begin) ?? folder.settings()
        guard kept.method == method else {
            throw FileError("the training in \(folder.url.path) is one of \(kept.command): go on with that")
        }
        let start = ContinuousClock.now
        let outcome = try await train(kept, folder)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        try FinetuneReport(
            outcome: outcome, method: method, folder: folder.url, seconds: seconds, seed: kept.seed
        ).show(json: json)
    }

    private func train(
        _ settings: FinetuneSettings, _ folder: TrainingFolder<FinetuneSettings>
    ) async throws -> FinetuneSettings.Outcome {
        let progress = Output.progress()
        let request = folder.interruption(settings.command)
        let context = RunContext(
            seed: settings.seed, observer: progress, interruption: request, checkpointFolder: folder.checkpoints)
        do {
            let outcome = try await settings.train(in: FitSession(context))
            progress.close()
            if let reward = outcome.reward { try folder.finish(reward) } else { try folder.finish(outcome.model) }
            return outcome
        } catch let diverged as FineTuning.Diverged {
            progress.close()
            try folder.finish(diverged.model)
            throw FileError("\(diverged) They are in \(folder.url.path).")
        } catch let diverged as DivergedTraining<RewardModel> {
            progress.close()
            try folder.finish(diverged.model)
            throw FileError("\(diverged) They are in \(folder.url.path).")
        } catch {
            progress.close()
            // What diverged before it was better than the model is left with nothing to go on from.
            guard folder.hasCheckpoint, !(error is FitError) else {
                folder.abandon()
                throw error
            }
            throw UnfinishedTraining(cause: error, folder: folder.url, command: settings.command)
        }
    }
}
