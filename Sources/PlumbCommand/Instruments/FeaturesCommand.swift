import ArgumentParser
import Foundation
import PlumbBasics
import PlumbData
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTensor

struct FeaturesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "Show what features of a sparse dictionary mean: dashboards from a text.",
        discussion: """
            A text is read window by window. For each feature the page shows the passages in which it is most active, \
            others drawn at random from where it is active, the distribution of its activations, and the tokens whose \
            logits its direction raises and lowers most. Without --features, those that make up most of the activations are \
            shown, of those active at no more than a tenth of the positions.

              \(CommandName.current) features --dictionary sae/ --file corpus.txt --page features.html
              \(CommandName.current) features --dictionary params.npz --point blocks.12.hook_resid_post --file corpus.txt \
            --features 3,70-79 --json

            A dictionary is a folder of SAELens (cfg.json), a file of Gemma Scope (with --point), a folder of \
            circuit-tracer's transcoders (with --layer), or the folder of a run that trained one: \
            \(CommandName.current) run sparse-autoencoders --preset smollm2 --text corpus.txt.
            """)

    /// More features make a page that no browser opens with ease.
    private static let mostFeatures = 1000

    @OptionGroup var options: ModelOptions
    @Option(help: "The dictionary: a folder or a file.", completion: .file()) var dictionary: String
    @Option(help: "Of a file of Gemma Scope, the hook point that it reads. (default: what its files say)")
    var point: String?
    @Option(parsing: .unconditional, help: "Of circuit-tracer's transcoders, which layer's. (default: none)")
    var layer: Int?
    @Option(help: "A text file to read.", completion: .file()) var file: String
    @Option(
        parsing: .unconditional,
        help: "Features: all, or numbers such as 3,70-79. (default: those that make up most of the activations)")
    var features: String?
    @Option(parsing: .unconditional, help: "Without --features, how many are shown.") var count = 10
    @Option(parsing: .unconditional, help: "Passages of greatest activation, of each feature.") var top = 8
    @Option(parsing: .unconditional, help: "Passages drawn at random from where it is active, of each feature.")
    var drawn = 3
    @Option(parsing: .unconditional, help: "Tokens of a window. (default: 128, or what the model can read)")
    var window: Int?
    @Option(parsing: .unconditional, help: "The most tokens of the text that are read.") var tokens = 100_000
    @Option(parsing: .unconditional, help: "The seed of the passages drawn.") var seed: UInt64 = 0
    @Option(help: "A file for the dashboards as a page, which a browser shows. (default: none)", completion: .file())
    var page: String?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        for (path, name) in [(dictionary, "--dictionary"), (file, "--file"), (page, "--page")] {
            try PathOption.check(path, name)
        }
        for (value, name) in [(count, "--count"), (top, "--top")] where value < 1 {
            throw ValidationError("\(name) must be at least 1, got \(value)")
        }
        guard drawn >= 0 else { throw ValidationError("--drawn must not be negative, got \(drawn)") }
        if let window, window < 2 { throw ValidationError("--window must be at least 2, got \(window)") }
        guard tokens > 1 else { throw ValidationError("--tokens must be at least 2, got \(tokens)") }
        guard count <= Self.mostFeatures else {
            throw ValidationError("--count must be at most \(Self.mostFeatures), got \(count)")
        }
        if let point, HookPoint(point) == nil {
            throw ValidationError("--point \"\(point)\" is no hook point; blocks.12.hook_resid_post is one")
        }
    }

    func run() async throws {
        let request = Interruption.current?.awaited()
        let read = try SparseDictionary(
            contentsOf: URL(fileURLWithPath: dictionary), point: point.flatMap { HookPoint($0) }, layer: layer)
        let choice = try choice(of: read.features)
        let model = try await options.load()
        var windows = try TextWindows(
            URL(fileURLWithPath: file), for: model, size: window ?? min(128, model.configuration.context - 1))
        var kept = FeatureDashboards.Options()
        (kept.top, kept.drawn) = (top, drawn)
        let progress = Output.progress()
        var left = tokens
        let found = try FeatureDashboards(read, of: model, choice: choice, options: kept, key: RandomKey(seed)) {
            rows in
            if request?.isRaised ?? false { throw RunInterrupted() }
            progress.receive(
                RunEvent(.progress(label: "reading the text", fraction: min(1, Double(rows) / Double(tokens)))))
        } window: {
            guard left > 1, let next = try windows.next() else { return nil }
            defer { left -= next.count }
            return Array(next.prefix(left + 1))
        }
        progress.close()
        let report = FeatureReport(found, read, model, file: file)
        if let page { try Data(report.page.utf8).writeWhole(to: URL(fileURLWithPath: page)) }
        guard !json else { return try Output.json(report.json) }
        print(report.text)
        if let page { print("\npage  \(page)") }
    }

    private func choice(of features: Int) throws -> FeatureDashboards.Choice {
        guard let requested = self.features else { return .strongest(count) }
        let numbers = try Positions.numbers(
            requested, below: features, option: "--features", thing: "features in this dictionary")
        guard numbers.count <= Self.mostFeatures else {
            throw ValidationError(
                "--features names \(numbers.count) features, and a page holds at most \(Self.mostFeatures): name fewer")
        }
        guard Set(numbers).count == numbers.count else { throw ValidationError("--features names a feature twice") }
        return .these(numbers)
    }
}
