import ArgumentParser
import Foundation
import PlumbBasics
import PlumbEvaluations
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor

struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Read a label of texts from each layer's residual stream, on held-out texts and with controls.",
        discussion: """
            Each row of the file has a text and whether it is positive. A probe of each layer is fitted to half of the \
            groups, a fifth of them chooses the layer, and the others judge: by the area under the ROC curve, beside \
            probes of shuffled labels and of random features. Rows that share what a probe could recognize, such as the \
            city a statement is about, need one name in the column --group.

              {"text": "The city of Lima is in Peru.", "label": true, "city": "Lima"}
              {"text": "The city of Lima is in Norway.", "label": false, "city": "Lima"}

              \(CommandName.current) probe --data cities.jsonl --group city --page probe.html
              \(CommandName.current) probe --data reviews.csv --label-column stars --positive 5 --method mean-difference \
            --out liking.gguf
              \(CommandName.current) steer generate --vector liking.gguf --text "I think that" --layers 12-20
            """)

    /// How probes are fitted.
    enum Method: String, CaseIterable, ExpressibleByArgument {
        case logistic, sparse
        case meanDifference = "mean-difference"
        case whitened = "whitened-mean-difference"
    }

    @OptionGroup var options: ModelOptions
    @OptionGroup var beginning: BeginningOption
    @Option(
        help: "Rows with a text and a label: .jsonl, .json or .csv.",
        completion: .file(extensions: ["jsonl", "json", "csv"]))
    var data: String
    @Option(help: "The column of the texts.") var textColumn = "text"
    @Option(help: "The column of the labels: true or false, 1 or 0, yes or no, or see --positive.")
    var labelColumn = "label"
    @Option(parsing: .unconditional, help: "The label that counts as positive, others being negative. (default: true)")
    var positive: String?
    @Option(help: "A column that names groups of rows, which are never divided. (default: rows of one text)")
    var group: String?
    @Option(parsing: .unconditional, help: "Layers: all, or numbers such as 0,3 or 2-5.") var layers = "all"
    @Option(help: "How probes are fitted.") var method = Method.logistic
    @Option(parsing: .unconditional, help: "Of logistic and sparse probes, the penalty on standardized weights.")
    var penalty = 100.0
    @Option(parsing: .unconditional, help: "Of whitened mean differences, how far the covariance is shrunken, 0 to 1.")
    var shrinkage = 0.1
    @Option(parsing: .unconditional, help: "Of sparse probes, how many features have a weight.") var features = 16
    @Option(parsing: .unconditional, help: "How often labels are shuffled and features drawn.") var controls = 10
    @Option(parsing: .unconditional, help: "The seed of the split and the controls.") var seed: UInt64 = 0
    @Option(
        help: """
            A file for the directions: .safetensors, or .gguf, a control vector that \(CommandName.current) steer takes. \
            (default: none)
            """, completion: .file(extensions: ["safetensors", "gguf"]))
    var out: String?
    @OptionGroup var output: PageOptions

    func validate() throws {
        try PathOption.check(data, "--data")
        try PathOption.check(out, "--out")
        guard penalty > 0, penalty.isFinite else { throw ValidationError("--penalty must be above 0, got \(penalty)") }
        guard (0...1).contains(shrinkage) else {
            throw ValidationError("--shrinkage must be from 0 to 1, got \(shrinkage)")
        }
        for (value, name) in [(features, "--features"), (controls, "--controls")] where value < 1 {
            throw ValidationError("\(name) must be at least 1, got \(value)")
        }
        if let out, !out.hasSuffix(".safetensors"), !out.hasSuffix(".gguf") {
            throw ValidationError("--out must end in .safetensors or .gguf, got \(out)")
        }
    }

    func run() async throws {
        let request = Interruption.current?.awaited()
        let examples = try examples()
        let model = try await options.load()
        let layers = try Positions.numbers(
            layers, below: model.configuration.layers, option: "--layers", thing: "layers")
        guard features <= model.configuration.width else {
            throw ValidationError("--features must be at most \(model.configuration.width), the model's width")
        }
        let tokens = try examples.texts.enumerated().map { index, text in
            do { return try beginning.tokens(of: text, model) } catch {
                throw ModelError("text \(index + 1) of \(data): \(error)")
            }
        }
        let progress = Output.progress()
        func report(_ label: String) -> (Double) throws -> Void {
            { share in
                if request?.isRaised ?? false { throw RunInterrupted() }
                progress.receive(RunEvent(.progress(label: label, fraction: share)))
            }
        }
        let streams = try model.lastResiduals(of: tokens, checkpoint: report("reading"))
        let found: LayerProbes
        do {
            found = try LayerProbes(
                layers.map { streams[$0] }, layers: layers, labels: examples.labels, groups: examples.groups,
                method: fitted, controls: controls, key: RandomKey(seed), checkpoint: report("probing"))
        } catch let error as ProbeError { throw FileError("\(data): \(error)") }
        progress.close()
        try write(found, model)
        try output.show(
            found.findings(of: model.name), title: "What probes read from \(model.name)",
            members: [
                "model": .string(model.name), "method": .string(method.rawValue), "examples": JSONValue(tokens.count),
                "layer": JSONValue(found.layers[found.chosen]), "out": out.map { .string($0) } ?? .null,
            ])
        if let out, !output.json { print("directions  \(out)") }
    }

    private func examples() throws -> LabeledTexts {
        let rows = try SampleFile(URL(fileURLWithPath: data)).rows()
        do {
            return try LabeledTexts(
                rows: rows.map { ($0.line, $0.members) }, text: textColumn, label: labelColumn, positive: positive,
                group: group)
        } catch let error as ProbeError { throw FileError("\(data): \(error)") }
    }

    private var fitted: ProbeMethod {
        switch method {
        case .logistic: .logistic(penalty: penalty)
        case .sparse: .sparse(features: features, penalty: penalty)
        case .meanDifference: .meanDifference
        case .whitened: .whitenedMeanDifference(shrinkage: shrinkage)
        }
    }

    private func write(_ found: LayerProbes, _ model: HookedTransformer) throws {
        guard let out else { return }
        let url = URL(fileURLWithPath: out)
        if out.hasSuffix(".gguf") { return try found.controlVector().write(to: url) }
        try found.write(to: url, model: model.name)
    }
}
