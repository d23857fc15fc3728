import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbLearning
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor
import PlumbTokenizers

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a language model on a text, from scratch or from another model.",
        discussion: """
            From scratch, a small GPT-2 that learns a text character by character, in a few minutes:
              \(CommandName.current) train --text tinyshakespeare.txt --out runs/shakespeare
              \(CommandName.current) generate --model runs/shakespeare --text "ROMEO:" --temperature 0.8

            The same as a Llama with a byte-pair tokenizer, whose 1024 tokens are learned from the text first:
              \(CommandName.current) train --text tinyshakespeare.txt --from-scratch llama --tokenizer bpe:1024 --out runs/pieces

            Fine-tune a trained model by low-rank matrices beside its frozen weights (LoRA):
              \(CommandName.current) train --text mine.txt --model smollm2-135m --lora 8 --steps 100 --out runs/mine

            The last tenth of the text is not trained on: "validation" is the loss there, in nats a token. Where it \
            rises while the training loss falls, the model memorizes the text: take fewer steps, or more text.

            The folder holds config.json, model.safetensors and tokenizer.json, which transformers reads too, \
            except those of an attention-only model. Ctrl-C keeps a checkpoint; \
            \(CommandName.current) train --out DIR --resume continues from there, bit for bit.
            """)

    @Option(help: "A UTF-8 text file to learn from; several are read one after another.", completion: .file())
    var text: [String] = []
    @Option(help: "Continue training this model: a name, a folder or a .gguf file. (default: none, a new model)")
    var model: String?
    @Option(
        help: "The architecture of a new model: \(Self.architectures). (default: gpt2)",
        completion: .list(Architecture.allCases.map(\.rawValue)))
    var fromScratch: String?
    @Option(parsing: .unconditional, help: "Blocks of a new model. (default: 4)") var layers: Int?
    @Option(parsing: .unconditional, help: "The width of a new model's residual stream. (default: 128)") var width: Int?
    @Option(parsing: .unconditional, help: "Attention heads of a new model, which share the width. (default: 4)")
    var heads: Int?
    @Option(parsing: .unconditional, help: "Tokens in a window. (default: 128, or as many as the model reads)")
    var context: Int?
    @Option(
        help: "The tokenizer of a new model: chars, or bpe:SIZE, learned from the text. (default: chars)",
        completion: .list(["chars", "bpe:1024"]))
    var tokenizer: String?
    @Option(
        parsing: .unconditional,
        help: "The rank of LoRA: freeze the model and train matrices of this rank. (default: train all weights)")
    var lora: Int?
    @Option(parsing: .unconditional, help: "Optimizer steps. (default: 2000 from scratch, else 100)") var steps: Int?
    @Option(parsing: .unconditional, help: "Windows in each step. (default: 16 from scratch, else 4)") var batch: Int?
    @Option(
        parsing: .unconditional,
        help: "The peak learning rate. (default: 0.002 from scratch, 0.001 with --lora, else 0.00005)")
    var learningRate: Double?
    @Option(help: "The folder to write the model to; it is made where missing.", completion: .directory) var out: String
    @Flag(help: "Continue a training that was stopped, with its settings.") var resume = false
    @Option(parsing: .unconditional, help: "The seed of initial weights and of windows. (default: 0)") var seed: UInt64?
    @Option(parsing: .unconditional, help: "How many tokens of a sample to print at the end.") var sample = 200
    @Option(parsing: .unconditional, help: .threads) var threads: Int?
    @Flag(help: "Print one JSON object when done.") var json = false

    func validate() throws {
        try PathOption.check(out, "--out")
        try PathOption.check(model, "--model")
        for path in text { try PathOption.check(path, "--text") }
        let counts = [
            ("layers", layers), ("width", width), ("heads", heads), ("context", context), ("lora", lora),
            ("steps", steps), ("batch", batch), ("threads", threads),
        ]
        for (name, value) in counts {
            if let value, value < 1 { throw ValidationError("--\(name) must be at least 1, got \(value)") }
        }
        if let rate = learningRate, !(rate > 0 && rate.isFinite) {
            throw ValidationError("--learning-rate must be a number above 0, got \(rate)")
        }
        guard sample >= 0 else { throw ValidationError("--sample must not be negative, got \(sample)") }
        try resume ? validateResumption() : validateBeginning()
    }

    /// "gpt2, llama, … or attention-only": every family that can be built.
    private static var architectures: String {
        let names = Architecture.allCases.map(\.rawValue)
        return names.dropLast().joined(separator: ", ") + " or " + names.suffix(1).joined()
    }

    private static let (usualWidth, usualHeads) = (128, 4)

    private var newModelOptions: [(String, Bool)] {
        [
            ("from-scratch", fromScratch != nil), ("layers", layers != nil), ("width", width != nil),
            ("heads", heads != nil), ("tokenizer", tokenizer != nil),
        ]
    }

    private func validateResumption() throws {
        let others = [
            ("text", !text.isEmpty), ("model", model != nil), ("context", context != nil), ("lora", lora != nil),
            ("steps", steps != nil), ("batch", batch != nil), ("learning-rate", learningRate != nil),
            ("seed", seed != nil),
        ]
        if let (name, _) = (newModelOptions + others).first(where: \.1) {
            throw ValidationError("--resume keeps the settings of the training: leave out --\(name)")
        }
    }

    private func validateBeginning() throws {
        guard !text.isEmpty else { throw ValidationError("there is no text to learn from: name one with --text FILE") }
        if model != nil, let (name, _) = newModelOptions.first(where: \.1) {
            throw ValidationError("--\(name) is for a new model: leave it out, or leave out --model")
        }
        if lora != nil, model == nil { throw ValidationError("--lora adapts a trained model: name one with --model") }
        if let fromScratch, Architecture(rawValue: fromScratch) == nil {
            throw ValidationError("--from-scratch is \(Self.architectures), not \"\(fromScratch)\"")
        }
        let (heads, width) = (heads ?? Self.usualHeads, width ?? Self.usualWidth)
        for (name, value, most) in [("layers", layers ?? 1, 4_096), ("width", width, 65_536), ("heads", heads, 4_096)] {
            if value > most { throw ValidationError("--\(name) must be at most \(most), got \(value)") }
        }
        guard model != nil || width % heads == 0 else {
            throw ValidationError("--width \(width) cannot be shared by --heads \(heads) evenly: take a multiple of it")
        }
        if let tokenizer, TextReading(tokenizer) == nil {
            throw ValidationError("--tokenizer is chars, or bpe:SIZE with a size from 256 on, not \"\(tokenizer)\"")
        }
    }

    func run() async throws {
        if let threads { Compute.configure(threads: threads) }
        let folder = TrainingFolder<TrainingSettings>(URL(fileURLWithPath: out))
        let given = try resume ? nil : newSettings()
        let lock = try folder.lock()
        defer { lock.release() }
        let settings = try given.map(folder.begin) ?? folder.settings()
        let progress = Output.progress()
        let request = folder.interruption(settings.command)
        let context = RunContext(
            seed: settings.seed, observer: progress, interruption: request, checkpointFolder: folder.checkpoints)
        let start = ContinuousClock.now
        let result: LanguageModelTraining.Result
        do {
            result = try await settings.train(in: FitSession(context))
            progress.close()
            try folder.finish(result.model)
        } catch {
            progress.close()
            guard folder.hasCheckpoint else {
                folder.abandon()
                throw error
            }
            throw UnfinishedTraining(cause: error, folder: folder.url, command: settings.command)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let sampled = try settings.sample(result.model, tokens: sample)
        try json ? showJSON(result, settings, sampled, seconds, folder) : show(result, sampled, seconds)
    }

    private func newSettings() throws -> TrainingSettings {
        let isNew = model == nil
        let files = text.map { URL(fileURLWithPath: $0) }
        return TrainingSettings(
            text: files.map(\.path), textHashes: try files.map { try FileHash.sha256(of: $0) },
            model: model.map(PathOption.absolute),
            architecture: isNew ? fromScratch ?? "gpt2" : nil, layers: layers ?? 4, width: width ?? Self.usualWidth,
            heads: heads ?? Self.usualHeads, context: context, tokenizer: tokenizer ?? "chars", lora: lora,
            steps: steps ?? (isNew ? 2_000 : 100), batch: batch ?? (isNew ? 16 : 4),
            learningRate: learningRate ?? (isNew ? 2e-3 : lora != nil ? 1e-3 : 5e-5), seed: seed ?? 0)
    }

    private func show(_ result: LanguageModelTraining.Result, _ sampled: String, _ seconds: Double) {
        if result.validation.isEmpty {
            // A text so short holds no window to evaluate on: the training loss is all that there is.
            let losses = [Double(result.losses.first ?? .nan), result.loss(before: result.losses.count)]
            let shown = losses.map { String(format: "%.3f", $0) }
            print(
                "training loss \(shown[0]) at first, \(shown[1]) at the end; no validation, for the last tenth of the text "
                    + "is shorter than a window")
        }
        let table = TerminalTable(
            columns: [.init("step", .right), .init("loss", .right), .init("validation", .right)],
            rows: result.validation.map { point in
                let loss = point.step > 0 ? result.loss(before: point.step) : Double(result.losses.first ?? .nan)
                return ["\(point.step)", String(format: "%.3f", loss), String(format: "%.3f", point.loss)]
            })
        if !result.validation.isEmpty { print(table.render(.current())) }
        print("\nnats a token; training took \(String(format: "%.0f", seconds)) s")
        if !sampled.isEmpty { print("\nsample\n\(VisibleText.prose(sampled))\n") }
        let path = ShellWord.quoted(out)
        print(
            "\nmodel   \(out)\ntry     \(CommandName.current) generate --model \(path) --text \"…\" --temperature 0.8")
    }

    private func showJSON(
        _ result: LanguageModelTraining.Result, _ settings: TrainingSettings, _ sampled: String, _ seconds: Double,
        _ folder: TrainingFolder<TrainingSettings>
    ) throws {
        try Output.json(
            .object([
                "model": .string(folder.url.path), "parameters": JSONValue(result.model.parameterCount),
                "steps": JSONValue(result.losses.count), "losses": .array(result.losses.map(Output.number)),
                "validation": .array(
                    result.validation.map {
                        .object(["step": JSONValue($0.step), "loss": JSONValue($0.loss)])
                    }),
                "sample": .string(sampled), "seconds": JSONValue(seconds), "seed": JSONValue(settings.seed),
            ]))
    }
}

extension LanguageModelTraining.Result {
    /// The mean training loss of the last fiftieth of the steps before `step`: single ones scatter.
    fileprivate func loss(before step: Int) -> Double {
        let recent = losses.prefix(step).suffix(max(1, losses.count / 50))
        return recent.reduce(0) { $0 + Double($1) } / Double(max(1, recent.count))
    }
}
