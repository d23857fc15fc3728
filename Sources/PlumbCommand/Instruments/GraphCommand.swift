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

            Where a head looks is fixed in such a graph. --head explains it: what each pair of sources, one at the position \
            that attends and one at the position attended to, contributes to the head's score.

              \(CommandName.current) graph --text "The capital of France is" --page graph.html --out graph.json
              \(CommandName.current) graph --text "The capital of France is" --head 17.4 --to 3
            """)

    @OptionGroup var options: InstrumentOptions
    @Option(
        help: "A folder of circuit-tracer transcoders, or a run that trained some. (default: the model's own neurons)",
        completion: .directory)
    var transcoders: String?
    @Option(help: "The most features of the graph.") var nodes = 1000
    @Option(help: "The most neurons of a position and block that are features.") var neurons = 128
    @Option(help: "A file for the graph as JSON. (default: none)", completion: .file()) var out: String?
    @Option(
        help: "A head whose attention is explained in place of the graph: 17.4 is head 4 of block 17. (default: none)")
    var head: String?
    @Option(
        name: .customLong("from"), parsing: .unconditional,
        help: "Of --head, the position that attends, counted from 0, or from the end where negative.")
    var query = "last"
    @Option(
        name: .customLong("to"), parsing: .unconditional,
        help: "Of --head, the position attended to. (default: the one that gets most attention)")
    var key: String?

    func validate() throws {
        try PathOption.check(out, "--out")
        guard head != nil || key == nil && query == "last" else {
            throw ValidationError("--from and --to are about the head that --head names")
        }
        guard head == nil || out == nil else {
            throw ValidationError("--out writes a graph, which --head takes the place of; --json prints the numbers")
        }
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
        if let head { return try explain(head, replacement, tokens) }
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

    /// Shows why a head attends where it does.
    private func explain(_ name: String, _ replacement: ReplacementModel, _ tokens: [Int]) throws {
        let model = replacement.model
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let block = parts[0], let head = parts[1] else {
            throw ValidationError("--head \(name) is not a block and a head, such as 17.4")
        }
        func position(_ text: String, _ option: String) throws -> Int {
            let found = try Positions.parse(text, of: tokens.count, option: option)
            guard found.count == 1 else { throw ValidationError("\(option) \(text) is not one position") }
            return found[0]
        }
        let query = try position(query, "--from")
        let key = try self.key.map { try position($0, "--to") }
        let found = try replacement.attention(tokens, block: block, head: head, from: query, to: key)
        let texts = tokens.map { VisibleText.token(model.string(of: $0)) }
        try options.show(
            found.findings(texts: texts), of: model, tokens: tokens, title: "Attention of head \(block).\(head)")
    }
}
