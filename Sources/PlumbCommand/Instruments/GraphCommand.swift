import ArgumentParser
import Foundation
import PlumbData
import PlumbInterpretability
import PlumbModels
import PlumbRecords
import PlumbReport
import PlumbTokenizers

struct GraphCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Show what contributes to a model's next token: an attribution graph.",
        discussion: """
            Nodes are the neurons of MLPs, or features of transcoders in a folder as circuit-tracer keeps them, the \
            embeddings, the logits, and what no feature explains. --page writes a page on which every node can be \
            pointed at, --out the JSON that circuit-tracer's viewer opens.

              \(CommandName.current) graph --text "The capital of France is" --page graph.html --out graph.json
            """)

    @OptionGroup var options: InstrumentOptions
    @Option(
        help: "A folder of circuit-tracer transcoders. (default: the model's own neurons)",
        completion: .directory)
    var transcoders: String?
    @Option(help: "The most features of the graph.") var nodes = 1000
    @Option(help: "The most neurons of a position and block that are features.") var neurons = 128
    @Option(help: "A file for the graph as JSON. (default: none)", completion: .file()) var out: String?

    func validate() throws {
        try PathOption.check(out, "--out")
        guard nodes > 0, neurons > 0 else {
            throw ValidationError("--nodes and --neurons must be 1 or more")
        }
    }

    func run() async throws {
        let model = try await options.model.load()
        let tokens = try options.tokens(model)
        let folder = try transcoders.map { try TranscoderFolder(contentsOf: URL(fileURLWithPath: $0)) }
        let replacement = try ReplacementModel(
            model, transcoders: folder?.transcoders.map(Optional.some),
            neuronLimit: folder == nil ? neurons : nil)
        var limits = AttributionOptions()
        limits.featureLimit = nodes
        let graph = try replacement.graph(tokens, options: limits)
        let file = AttributionGraphFile(graph, slug: "graph", scan: folder?.scan ?? "plumbline")
        if let out { try file.json().writeWhole(to: URL(fileURLWithPath: out)) }
        let findings = graph.findings(file)
        let page = AttributionGraphPage(
            title: "What \(model.name) says next", summary: findings.summary, tokens: file.tokens,
            nodes: file.nodes.map { node in
                AttributionGraphPage.Node(
                    id: node.id, label: node.title(tokens: file.tokens.map { VisibleText.token($0) }), kind: node.name,
                    position: node.position,
                    row: node.row(layers: graph.layers), influence: node.influence,
                    activation: node.activation)
            },
            links: file.links.map {
                AttributionGraphPage.Link(source: $0.source, target: $0.target, weight: $0.weight)
            }
        ).render()
        try options.show(findings, of: model, tokens: tokens, title: "Attribution graph", page: page)
        if let out, !options.json { print("graph  \(out)") }
    }
}
