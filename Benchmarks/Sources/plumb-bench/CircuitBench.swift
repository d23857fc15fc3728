import PlumbInterpretability
import PlumbModels
import PlumbTensor

/// Times what is asked of a model's edges: their scores by attribution, circuits of them, and paths between heads. The pair
/// of prompts `shared` is that of peers/circuits_circuitkit.py.
struct CircuitBench {
    /// The tasks that are timed.
    static let timed = ["eap", "eap-ig", "random-circuits", "paths"]
    /// The tasks it knows.
    static let tasks = timed + ["eap-scores", "eap-ig-scores", "path-values"]

    let model: HookedTransformer
    let pair: PatchPair

    /// A figure for each repeat, and what is said once.
    func measure(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        switch request.task {
        case "eap", "eap-ig":
            let attribution = attribution(request.task)
            let edges = EdgeGraph(model.configuration).edgeCount
            let times = try repeated(request) { _ = try attribution.run(model, pair: pair) }
            return (["seconds": times], ["edges": Double(edges), "tokens": Double(pair.clean.count)])
        case "random-circuits": return try circuits(request)
        case "paths":
            let (all, sweep) = (paths, EdgeSweep(direction: .noising))
            let some = (0..<Self.timedPaths).map { all[$0 * all.count / Self.timedPaths] }
            let times = try repeated(request) { _ = try sweep.run(model, pair: pair, edges: some) }
            return (
                ["seconds": times],
                ["paths": Double(all.count), "timed": Double(some.count), "tokens": Double(pair.clean.count)]
            )
        case "path-values":
            let edges = Array(paths.prefix(Self.comparedPaths))
            return (["values": try EdgeSweep(direction: .noising).run(model, pair: pair, edges: edges).values], [:])
        default:
            let task = String(request.task.dropLast("-scores".count))
            return (["scores": try attribution(task).run(model, pair: pair).scores.flatMap { $0 }], [:])
        }
    }

    /// Paths that are timed, evenly spaced among all.
    private static let timedPaths = 512
    /// Paths whose values are compared: the first, into queries of the second block.
    private static let comparedPaths = 36

    /// From the clean run to the corrupted one, as the peer does.
    private func attribution(_ task: String) -> EdgeAttribution {
        EdgeAttribution(direction: .noising, steps: task == "eap" ? 1 : 5)
    }

    /// From every head to every head's queries, keys and values after it.
    private var paths: [EdgeGraph.Edge] {
        EdgeGraph(model.configuration).edges.filter { edge in
            guard case .head = edge.writer else { return false }
            return switch edge.reader {
            case .query, .key, .value: true
            case .mlp, .logits: false
            }
        }
    }

    private func repeated(_ request: Request, _ body: () throws -> Void) rethrows -> [Double] {
        try body()
        return try (0..<request.repeats).map { _ in try ContinuousClock().measure(body) / .seconds(1) }
    }

    /// 200 circuits of 3 % of the edges drawn at random, and one forward pass over the prompt.
    private func circuits(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        let sweep = try CircuitSweep(model)
        let circuits = (0..<200).map {
            EdgeSubset.random(sweep.graph, count: sweep.graph.edgeCount * 3 / 100, key: RandomKey(7)[$0])
        }
        let times = try repeated(request) { _ = try sweep.run(circuits, on: [pair]) }
        let forward = repeated(request) { _ = model.run(pair.clean) }.median
        return (["seconds": times], ["forward": forward, "times_faster": 200 * forward / times.median])
    }
}
