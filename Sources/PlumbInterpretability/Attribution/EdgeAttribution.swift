internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// Edge attribution patching: how much each connection of the model carries, all of them from two forward passes and one
/// backward (Syed, Rager, Conmy 2023, arXiv:2310.10348), or from several backward passes along the way between the
/// prompts (integrated gradients on the inputs: Hanna, Pezzelle, Belinkov 2024, arXiv:2403.17806).
///
/// The score of an edge is (what the writer wrote in the source run, less what it wrote in the base run) · (the gradient of
/// the metric at the residual stream as this reader alone reads it, before its normalization), summed over positions.
/// Key-value heads that serve several query heads are one reader each.
public struct EdgeAttribution: Sendable {
    /// Clean into corrupted, or the other way.
    public var direction: PatchDirection
    /// The gradients that are averaged: with embeddings 0, 1/n, … (n-1)/n of the way from the base run to the source run.
    /// 1 is edge attribution patching itself.
    public var steps: Int
    /// Deals the readers' gradients out to other readers, at random: a control in which scores must lose their meaning.
    public var shuffle: RandomKey?
    /// Leads the way elsewhere, each position's step with its features in a random order: a control of the way.
    public var turn: RandomKey?

    /// - Precondition: at least one step.
    public init(direction: PatchDirection = .denoising, steps: Int = 1) {
        require(steps >= 1, "edge attribution needs at least one step, got \(steps)")
        self.direction = direction
        self.steps = steps
    }

    /// The paper's five steps.
    public static func integrated(direction: PatchDirection = .denoising, steps: Int = 5) -> EdgeAttribution {
        EdgeAttribution(direction: direction, steps: steps)
    }

    /// The score of every edge for one pair.
    ///
    /// - Parameters:
    ///   - model: the model whose edges are scored.
    ///   - pair: the prompts, and the metric of their runs.
    ///   - progress: receives the part of the work that is done, 0...1; may throw to end it.
    /// - Throws: `ModelError` for prompts that `PatchSweep` refuses, metrics without a differentiable form, and models of
    ///   parallel blocks.
    public func run(
        _ model: HookedTransformer, pair: PatchPair, progress: (Double) throws -> Void = { _ in }
    ) throws -> EdgeScores {
        try run(ResidualStream(model), pair: pair, progress: progress)
    }

    /// The same in a stream that serves several pairs.
    func run(
        _ stream: ResidualStream, pair: PatchPair, progress: (Double) throws -> Void = { _ in }
    ) throws -> EdgeScores {
        let model = stream.model
        let runs = try AttributionRuns(
            model, pair: pair, direction: direction, cells: [], recording: stream.points)
        var base: GradientRun?
        var slopes: Tensor?
        for step in 0..<steps {
            try progress(Double(step) / Double(steps + 1))
            let run = try runs.gradients(with: moved(base?.cache, runs.source, by: Float(step) / Float(steps)))
            let found = stream.gradientsOfReaders(run) * (1 / Float(steps))
            slopes = slopes.map { $0 + found } ?? found
            base = base ?? run
        }
        guard let base, var slopes else { unmet("edge attribution ran no step") }
        if let shuffle {
            var random = shuffle.generator()
            slopes = slopes.gathered(Array(0..<slopes.shape[0]).shuffled(using: &random))
        }
        try progress(Double(steps) / Double(steps + 1))
        let graph = EdgeGraph(model.configuration)
        let (from, to) = (Double(base.value), Double(runs.metric(runs.sourceLogits).item))
        return EdgeScores(
            graph: graph, clean: direction == .denoising ? to : from, corrupted: direction == .denoising ? from : to,
            scores: scores(graph, slopes, stream.changesOfWriters(from: base.cache, to: runs.source)),
            readerScores: stream.scoresOfReaders(graph, slopes, from: base.cache, to: runs.source))
    }

    /// Embeddings a part of the way to the source run's.
    private func moved(_ base: ActivationCache?, _ source: ActivationCache, by part: Float) -> [Intervention] {
        guard part > 0, let from = base?[.embed], let to = source[.embed] else { return [] }
        var step = (to - from) * part
        if let turn {
            var random = turn.generator()
            let order = Array(0..<step.shape[1]).shuffled(using: &random)
            step = step.transposed().gathered(order).transposed()
        }
        let moved = step
        return [Intervention("interpolate", at: .embed) { $0 + moved }]
    }

    /// One matrix product for each group of readers that come after the same writers.
    ///
    /// - Shapes: `slopes` `[readers, T · D]`, `changes` `[writers, T · D]`.
    private func scores(_ graph: EdgeGraph, _ slopes: Tensor, _ changes: Tensor) -> [[Double]] {
        var rows: [[Double]] = []
        while rows.count < graph.readers.count {
            let first = rows.count
            let count = graph.sources[first]
            let last = graph.sources[first...].firstIndex { $0 != count } ?? graph.readers.count
            let product = slopes[first..<last].matmul(transposed: changes[0..<count]).elements
            rows += (0..<last - first).map { row in product[row * count..<(row + 1) * count].map(Double.init) }
        }
        return rows
    }
}

/// A model's residual stream taken apart into what each writer wrote and what each reader reads.
struct ResidualStream {
    let model: HookedTransformer
    /// Of each block.
    private let heads: [HeadWeights]
    private var layers: Int { model.configuration.layers }
    private var hasMLP: Bool { model.configuration.mlpWidth > 0 }

    /// Takes the weights of the model's heads apart.
    ///
    /// - Throws: `ModelError` for models of parallel blocks, and those that normalize what heads write.
    init(_ model: HookedTransformer) throws {
        guard !model.hasParallelBlocks else {
            throw ModelError(
                "edge attribution follows a stream from attention to MLP, which the parallel blocks of \(model.name) do not "
                    + "have")
        }
        guard model.addsHeadsToStream else {
            throw ModelError(
                "edges carry what heads add to the stream, and \(model.name) normalizes their sum before it is added")
        }
        self.model = model
        heads = (0..<model.configuration.layers).map { model.headWeights(block: $0) }
    }

    /// What runs must record.
    var points: Set<HookPoint> {
        let sites: [Site] = [
            .residPre, .ln1Scale, .ln1Normalized, .q, .k, .v, .z, .residMid, .ln2Scale, .ln2Normalized, .mlpOut,
        ]
        let inside = (0..<layers).flatMap { block in sites.map { HookPoint.block(block, $0) } }
        return Set(inside + [.embed, .block(layers - 1, .residPost), .finalScale, .finalNormalized])
    }

    /// What each writer wrote more in one run than in another.
    ///
    /// - Shapes: `[writers, T · D]`, in the order of ``EdgeGraph/writers``.
    func changesOfWriters(from base: ActivationCache, to source: ActivationCache) -> Tensor {
        func change(_ point: HookPoint) -> Tensor {
            guard let from = base[point], let to = source[point] else {
                unmet("\(point) was not recorded")
            }
            return to - from
        }
        var rows = [change(.block(0, .residPre)).reshaped([1, -1])]
        for block in 0..<layers {
            rows.append(change(.block(block, .z)).perHead(times: heads[block].outputs))
            if hasMLP { rows.append(change(.block(block, .mlpOut)).reshaped([1, -1])) }
        }
        return Tensor.concatenated(rows)
    }

    /// The gradient at the residual stream, as each reader alone reads it.
    ///
    /// - Shapes: `[readers, T · D]`, in the order of ``EdgeGraph/readers``.
    func gradientsOfReaders(_ run: GradientRun) -> Tensor {
        func slope(_ point: HookPoint) -> Tensor {
            guard let value = run.cache[point] else { unmet("\(point) was not recorded") }
            return run.gradients[point] ?? .zeros(value.shape)
        }
        var rows: [Tensor] = []
        for block in 0..<layers {
            let weights = heads[block]
            let slopes = Tensor.concatenated([
                slope(.block(block, .q)).perHead(times: weights.queries),
                slope(.block(block, .k)).perHead(times: weights.keys),
                slope(.block(block, .v)).perHead(times: weights.values),
            ])
            let normalized = HookPoint.block(block, .ln1Normalized)
            let unweighted = slopes.reshaped([-1, model.configuration.width]) * weight(at: normalized)
            rows.append(carriedBack(unweighted.reshaped(slopes.shape), normalized, .block(block, .ln1Scale), run.cache))
            guard hasMLP else { continue }
            let mlp = HookPoint.block(block, .ln2Normalized)
            rows.append(carriedBack(slope(mlp).reshaped([1, -1]), mlp, .block(block, .ln2Scale), run.cache))
        }
        let last = slope(.finalNormalized).reshaped([1, -1])
        rows.append(carriedBack(last, .finalNormalized, .finalScale, run.cache))
        return Tensor.concatenated(rows)
    }

    /// Each reader's score with the whole residual stream instead of its writers' parts.
    func scoresOfReaders(
        _ graph: EdgeGraph, _ slopes: Tensor, from base: ActivationCache, to source: ActivationCache
    ) -> [Double] {
        func point(_ reader: EdgeGraph.Reader) -> HookPoint {
            switch reader {
            case .query(let block, _), .key(let block, _), .value(let block, _): .block(block, .residPre)
            case .mlp(let block): .block(block, .residMid)
            case .logits: .block(layers - 1, .residPost)
            }
        }
        var changes: [HookPoint: Tensor] = [:]
        return graph.readers.enumerated().map { row, reader in
            let point = point(reader)
            guard let from = base[point], let to = source[point] else {
                unmet("\(point) was not recorded")
            }
            let change = changes[point] ?? (to - from).reshaped([-1])
            changes[point] = change
            return slopes[row].dot(change)
        }
    }

    private func weight(at point: HookPoint) -> Tensor { model.normalization(at: point).weight }

    /// Gradients at normalized rows (before the weight), carried back to the rows that were normalized.
    ///
    /// With `n = x / s`: `(g - n · mean(g · n)) / s`, and for layer normalization, which also centers, less its mean.
    ///
    /// - Shapes: `gradients` and result `[N, T · D]`.
    private func carriedBack(
        _ gradients: Tensor, _ normalized: HookPoint, _ scale: HookPoint, _ cache: ActivationCache
    ) -> Tensor {
        guard let rows = cache[normalized], let scales = cache[scale] else {
            unmet("\(normalized) and \(scale) were not recorded")
        }
        return model.normalization(at: normalized).carriedBack(gradients, normalized: rows, scale: scales)
    }
}

extension Tensor {
    /// Each head's rows times its matrix, `[T, H, K] · [H, K, D] -> [H, T · D]`.
    fileprivate func perHead(times matrices: Tensor) -> Tensor {
        let byHead = swappingLeadingAxes()
        let products = (0..<matrices.shape[0]).map { byHead[$0].matmul(matrices[$0]) }
        return Tensor.concatenated(products).reshaped([matrices.shape[0], -1])
    }
}
