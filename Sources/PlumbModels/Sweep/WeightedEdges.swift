internal import PlumbBasics
internal import PlumbNN
internal import PlumbTensor

/// A run in which each edge carries a part of what its writer writes more than in the corrupted run, and the gradient of
/// the metric at each of these parts: what edge masks are trained by (Bhaskar, Wettig, Friedman, Chen 2024,
/// arXiv:2406.16778).
///
/// With parts of 0 and 1 it is the run that ``CircuitSweep`` makes; with 1 everywhere it is the clean run.
public struct WeightedEdges: Sendable {
    /// The metric of the whole model on the clean prompt.
    public let clean: Double
    /// The metric of the whole model on the corrupted prompt.
    public let corrupted: Double
    /// All edges.
    public let graph: EdgeGraph
    private let sweep: CircuitSweep
    private let recorded: CircuitRecording
    private let metric: @Sendable (Tensor) -> Tensor
    private let readsLast: Bool
    private var model: HookedTransformer { sweep.model }

    /// Runs the model on both prompts.
    ///
    /// - Throws: ``ModelError`` for pairs that ``CircuitSweep`` refuses, and a metric without a differentiable form.
    public init(_ sweep: CircuitSweep, pair: PatchPair) throws {
        try sweep.check([pair])
        (self.sweep, graph) = (sweep, sweep.graph)
        let source = sweep.model.run(pair.clean).output
        try sweep.model.requireNumbers(source)
        guard let metric = pair.metric.differentiable(source: source) else {
            throw ModelError(
                "the metric \(pair.metric.name) has no differentiable form, which training edge masks needs")
        }
        (self.metric, readsLast) = (metric, pair.metric.positions == .last)
        recorded = CircuitRecording(sweep.model, [pair])
        clean = Double(metric(source).item)
        corrupted = Double(metric(sweep.model.run(pair.corrupted).output).item)
    }

    /// The metric, and its gradient at the part that each edge carries, in the order of ``EdgeGraph/edges``.
    ///
    /// - Precondition: there is one part for each edge.
    public func gradients(at parts: [Float]) -> (value: Double, gradients: [Float]) {
        require(parts.count == graph.edgeCount, "\(graph.edgeCount) edges need as many parts, got \(parts.count)")
        return Differentiation.run { differentiation in
            let watched = differentiation.watched(Tensor(parts))
            let value = metric(logits(watched))
            let seed = Tensor(repeating: 1, shape: value.shape)
            let found = differentiation.gradients(of: value, seed: seed, at: [watched])
            return (Double(value.item), found[0].elements)
        }
    }

    private func logits(_ parts: Tensor) -> Tensor {
        let (layout, starts) = (EdgeLayout(graph), graph.starts)
        let rows = recorded.batch.rows
        var changes = recorded.embedding.reshaped([1, -1])
        /// The streams that readers of the same writers see, one after another, `[readers · T, D]`.
        func seen(_ first: Int, _ count: Int, at point: HookPoint) -> Tensor {
            let sources = graph.sources[first]
            let weights = parts[starts[first]..<starts[first] + count * sources].reshaped([count, sources])
            let base = recorded.value(point).reshaped([-1])
            return (weights.matmul(changes) + base).reshaped([count * rows, -1])
        }
        var batch = RaggedBatch(arithmetic: model.arithmetic)
        batch.append(startPosition: 0, rows: rows)
        for (index, block) in model.transformer.blocks.enumerated() {
            let count = layout.heads + 2 * layout.groups
            let stream = seen(layout.reader(query: 0, block: index), count, at: .block(index, .residPre))
            let normalized = block.ln1?(stream) ?? stream
            let slices = sweep.slices[index]
            let projections = (slices.queries + slices.keys + slices.values).enumerated().map { place, linear in
                linear(normalized[place * rows..<(place + 1) * rows], arithmetic: model.arithmetic)
            }
            func joined(_ range: Range<Int>) -> Tensor { Tensor.concatenated(Array(projections[range]), axis: 1) }
            let z = block.attention.attended(
                q: joined(0..<layout.heads), k: joined(layout.heads..<layout.heads + layout.groups),
                v: joined(layout.heads + layout.groups..<count), in: batch, block: index)
            let change = z - recorded.value(.block(index, .z))
            let width = model.configuration.headWidth
            let written = slices.outputs.enumerated().map { head, weight in
                weight.applied(to: change.columns(head * width..<(head + 1) * width), arithmetic: model.arithmetic)
                    .reshaped([1, -1])
            }
            changes = Tensor.concatenated([changes] + written)
            guard let mlp = block.mlp else { continue }
            let read = seen(layout.reader(mlp: index), 1, at: .block(index, .residMid))
            var idle = HookRunner.idle
            let out = mlp(block.ln2?(read) ?? read, adding: nil, block: index, model.arithmetic, &idle)
            changes = Tensor.concatenated([changes, (out - recorded.value(.block(index, .mlpOut))).reshaped([1, -1])])
        }
        let end = seen(layout.logits, 1, at: .block(model.configuration.layers - 1, .residPost))
        var idle = HookRunner.idle
        let last = readsLast ? end[rows - 1..<rows] : end
        return model.transformer.logits(last, in: batch, &idle)
    }
}
