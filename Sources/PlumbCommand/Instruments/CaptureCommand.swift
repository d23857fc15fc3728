import ArgumentParser
import Foundation
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbReport

struct CaptureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "capture",
        abstract: "Write the activations of texts to a file for NumPy or safetensors.",
        discussion: """
            The file has a tensor for each hook point, named as in TransformerLens, with a row for each position; and \
            tokens, positions and texts as whole numbers beside them. It is written while the texts are read, so that it \
            may be larger than memory.

              \(CommandName.current) capture --text "The capital of France is" --sites resid_post --out paris.safetensors
              \(CommandName.current) capture --file prompts.txt --sites mlp.post --layers 12 --positions last --out x.npz

            In Python: numpy.load("x.npz")["blocks.12.mlp.hook_post"], or, for a file of any size, \
            safetensors.numpy.load_file("x.safetensors").
            """)

    @OptionGroup var options: ModelOptions
    @OptionGroup var beginning: BeginningOption
    @Option(parsing: .unconditional, help: "The text that the model reads.") var text: String?
    @Option(help: "A file with a text in each line. (default: none)", completion: .file()) var file: String?
    @Option(
        help: "Sites, separated by commas: resid_pre, resid_post, attn_out, mlp_out, z, mlp.post, embed and others.")
    var sites = "resid_post"
    @Option(parsing: .unconditional, help: "Layers: all, or numbers such as 0,3 or 2-5.") var layers = "all"
    @Option(parsing: .unconditional, help: "Positions of each text: all, last, or places such as 0,3.")
    var positions = "all"
    @Option(
        help: "The file to write: .safetensors, or .npz, which holds up to 4 GB.",
        completion: .file(extensions: ["safetensors", "npz"]))
    var out: String
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard (text == nil) != (file == nil) else { throw ValidationError("give one of --text and --file") }
        try PathOption.check(file, "--file")
        try PathOption.check(out, "--out")
        guard out.hasSuffix(".safetensors") || out.hasSuffix(".npz") else {
            throw ValidationError("--out must end in .safetensors or .npz, got \(out)")
        }
    }

    func run() async throws {
        let request = Interruption.current?.awaited()
        let texts = try file.map(UserFile.lines) ?? [text ?? ""]
        let model = try await options.load()
        let capture = try ActivationCapture(
            model, sites: try parsedSites(),
            layers: Positions.numbers(
                layers, below: model.configuration.layers, option: "--layers", thing: "layers"),
            positions: try parsedPositions(below: model.configuration.context))
        let tokens = try texts.enumerated().map { index, text in
            do { return try beginning.tokens(of: text, model) } catch {
                throw ModelError("text \(index + 1): \(error)")
            }
        }
        let progress = Output.progress()
        try capture.run(model, texts: tokens, to: URL(fileURLWithPath: out)) { share in
            if request?.isRaised ?? false { throw RunInterrupted() }
            progress.receive(RunEvent(.progress(label: "capturing", fraction: share)))
        }
        progress.close()
        let points = capture.points.map(\.description)
        guard json else {
            return print(
                "\(points.count) activations of \(texts.count == 1 ? "a text" : "\(texts.count) texts")\n\(out)")
        }
        try Output.json(
            .object([
                "out": .string(out), "model": .string(model.name), "points": .array(points.map(JSONValue.string)),
                "texts": JSONValue(texts.count),
            ]))
    }

    private func parsedSites() throws -> [Site] {
        try sites.split(separator: ",").map { name in
            guard let site = Site(named: name.trimmingCharacters(in: .whitespaces)) else {
                throw ValidationError("--sites: \"\(name)\" is not a site: resid_post, attn_out, mlp_out and z are")
            }
            return site
        }
    }

    private func parsedPositions(below context: Int) throws -> ActivationCapture.Positions {
        switch positions {
        case "all": return .all
        case "last": return .last
        default:
            return .at(
                try Positions.numbers(positions, below: context, option: "--positions", thing: "positions"))
        }
    }
}
