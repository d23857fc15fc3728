internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

/// One run's change to the activation at a hook point: new values at some positions.
public struct ActivationReplacement: Sendable {
    /// The place whose activation is changed; no attention map and not the logits.
    public let point: HookPoint
    /// Positions of the prompt, rising.
    public let positions: [Int]
    /// The activation there, heads side by side: `[positions, width]`.
    public let values: Tensor

    /// New values `[positions, width]` at rising positions.
    public init(_ point: HookPoint, positions: [Int], values: Tensor) {
        (self.point, self.positions, self.values) = (point, positions, values)
    }
}

/// Exact runs of one prompt, each with an activation replaced by values at hand: features ablated or steered,
/// directions added.
///
/// All runs share forward passes as those of ``PatchSweep`` do: a run starts at its changed block and first changed
/// position. Every value is bit for bit that of a forward pass with this change alone.
public struct ReplacementSweep: Sendable {
    /// Bytes that the runs of a pass may take, beside the weights. A smaller limit means more passes and the same bits.
    public var memoryLimit: Int

    /// Within 2 GiB unless said otherwise.
    public init(memoryLimit: Int = 2 << 30) { self.memoryLimit = memoryLimit }

    /// The metric of every changed run, in the order the changes are given; `clean` and `corrupted` of the result are
    /// both the metric of the run without a change.
    ///
    /// - Parameters:
    ///   - model: the model whose activations change.
    ///   - tokens: the prompt.
    ///   - metric: what runs are judged by; it may compare with the run without a change.
    ///   - changes: one for each run.
    ///   - progress: told the part of the work that is done, 0...1; may throw to end the sweep.
    /// - Throws: ``ModelError`` for a prompt, a hook point, positions or values that do not fit the model; whatever
    ///   `progress` throws.
    public func run(
        _ model: HookedTransformer, _ tokens: [Int], metric: PatchMetric, changes: [ActivationReplacement],
        progress: (Double) throws -> Void = { _ in }
    ) throws -> PatchSweepResult {
        let pair = PatchPair(clean: tokens, corrupted: tokens, metric: metric)
        let cells = changes.map { PatchCell($0.point, position: $0.positions.first) }
        try PatchSweep(direction: .noising).check(model, pairs: [pair], cells: cells)
        for change in changes { try check(change, model, positions: tokens.count) }
        let given = changes.map { change in
            change.positions.enumerated().map { index, position in
                RowPatch(
                    row: position, column: 0, source: change.values, sourceRow: index, count: change.values.shape[1])
            }
        }
        let runner = BatchedPatchRunner(model, pairs: [pair], direction: .noising, cells: cells, given: given)
        let results = try runner.run(memoryLimit: memoryLimit, progress: progress)
        guard let result = results.first else { unmet("a sweep over one prompt gave no result") }
        return result
    }

    private func check(_ change: ActivationReplacement, _ model: HookedTransformer, positions: Int) throws {
        let point = change.point
        guard !point.site.isAttentionMap else {
            throw ModelError("\(point) has one column a position: its rows cannot be replaced by values at hand")
        }
        guard change.values.shape.count == 2, change.values.shape[0] == change.positions.count,
            let width = model.width(at: point.site), change.values.shape[1] == width
        else {
            throw ModelError(
                "values \(change.values.shape) do not fit \(change.positions.count) positions of \(point), "
                    + "whose width is "
                    + "\(model.width(at: point.site) ?? 0)")
        }
        guard zip(change.positions, change.positions.dropFirst()).allSatisfy({ $0 < $1 }),
            change.positions.allSatisfy({ (0..<positions).contains($0) })
        else { throw ModelError("positions \(change.positions) of \(point) do not rise within 0 ..< \(positions)") }
    }
}

extension HookedTransformer {
    /// The width of a row of the activation at `site`, heads side by side; nil for attention maps, whose width is the
    /// number of positions.
    public func width(at site: Site) -> Int? {
        let sizes = configuration
        let queries: [Site] = [.q, .rotQ, .z, .queryNormNormalized]
        let keys: [Site] = [.k, .v, .rotK, .keyNormNormalized]
        let neurons: [Site] = [.mlpPre, .mlpPreLinear, .mlpMid, .mlpPost, .mlpNormNormalized]
        let scales: [Site] = [
            .ln1Scale, .ln2Scale, .ln1PostScale, .ln2PostScale, .finalScale, .mlpNormScale,
        ]
        if site.isAttentionMap { return nil }
        if queries.contains(site) { return sizes.heads * sizes.headWidth }
        if keys.contains(site) { return sizes.keyValueHeads * sizes.headWidth }
        if neurons.contains(site) { return sizes.mlpWidth }
        if scales.contains(site) { return 1 }
        switch site {
        case .queryNormScale, .keyNormScale: return heads(at: site)
        case .result: return sizes.heads * sizes.width
        case .logits: return sizes.vocabulary
        default: return sizes.width
        }
    }

    /// What each neuron of block `index` reads, exactly dequantized: of a gated MLP the linear half, which its gate
    /// multiplies.
    ///
    /// - Shapes: `weights` `[F, D]`, of the stream after the block's normalization; `bias` `[F]`.
    /// - Precondition: the block has an MLP.
    public func neuronInputs(block index: Int) -> (weights: Tensor, bias: Tensor?, isGated: Bool) {
        require(
            transformer.blocks.indices.contains(index), "\(name) has \(configuration.layers) blocks, no block \(index)")
        guard let mlp = transformer.blocks[index].mlp else { unmet("block \(index) of \(name) has no MLP") }
        let (all, neurons) = (mlp.input.mergedWeight.tensor(), configuration.mlpWidth)
        let first = mlp.isGated ? neurons : 0
        return (all[first..<first + neurons], mlp.input.bias.map { $0[first..<first + neurons] }, mlp.isGated)
    }

    /// Whether the neurons of MLPs are normalized before they are read, as softmax linear units are.
    public var normalizesNeurons: Bool { transformer.design.normalizesNeurons }
}
