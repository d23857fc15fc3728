internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

/// Low-rank adaptation: a model whose weights stay frozen, and beside chosen layers pairs of small matrices that are
/// trained, `W + (α / r) B A` (Hu et al. 2021, arXiv:2106.09685).
///
/// `B` begins at 0, so that the adapted model begins as the model itself. The frozen weights stay in the form in which
/// they are stored, and get no gradients.
///
/// ```swift
/// let result = try fit.run(LoRA(model, rank: 8, key: key), optimizer: Adam(learningRate: 1e-3)) { lora, step in
///     lora.adapted.loss(windows.batch(step: step))
/// }
/// try result.model.merged.save(to: folder)
/// ```
///
/// A checkpoint of a training holds the pairs only: resume it with the same base, alpha and targets.
public struct LoRA: ParameterTree {
    /// A layer of each block that pairs may stand beside.
    public enum Target: String, Sendable, Codable, CaseIterable {
        /// From the stream to the queries of all heads, `[H · K, D]`.
        case query = "q"
        /// From the stream to the keys, `[G · K, D]`.
        case key = "k"
        /// From the stream to the values, `[G · K, D]`.
        case value = "v"
        /// From what the heads read back to the stream, `[D, H · K]`.
        case output = "o"
        /// The gate of a gated MLP, `[F, D]`.
        case gate
        /// From the stream to the neurons, or the linear half of a gated MLP, `[F, D]`.
        case up
        /// From the neurons back to the stream, `[D, F]`.
        case down
    }

    /// The two matrices beside one layer.
    public struct Pair: ParameterTree {
        /// `[r, inputs]`
        public var a: Tensor
        /// `[outputs, r]`
        public var b: Tensor

        public mutating func visit(_ visitor: inout ParameterVisitor) {
            visitor("lora_A.weight", &a)
            visitor("lora_B.weight", &b)
        }
    }

    /// The frozen model.
    public let base: HookedTransformer
    /// The layers that have pairs, in each block.
    public let targets: [Target]
    /// `r`.
    public let rank: Int
    /// What the pairs' product is multiplied by, `α / r`.
    public let scale: Float
    /// The pairs of each block, one for each of ``targets``.
    public private(set) var pairs: [[Pair]]

    /// Pairs of rank `rank`, `A` normal with deviation `1 / √inputs` and `B` zero.
    ///
    /// - Parameters:
    ///   - base: the model, whose weights stay frozen.
    ///   - rank: `r`, from 1 to the model's width.
    ///   - alpha: `α`; by default twice the rank.
    ///   - targets: the layers that get pairs, in each block.
    ///   - key: of every `A`.
    /// - Throws: ``ModelError`` for a rank that no layer has, or a layer that the model lacks.
    public init(
        _ base: HookedTransformer, rank: Int, alpha: Double? = nil, targets: Set<Target> = [.query, .value],
        key: RandomKey
    ) throws {
        self.base = base
        self.rank = rank
        self.targets = Target.allCases.filter(targets.contains)
        guard rank > 0, rank <= base.configuration.width else {
            throw ModelError("a rank must lie in 1 ... \(base.configuration.width), the model's width; got \(rank)")
        }
        guard !targets.isEmpty else { throw ModelError("name a layer to adapt: q, k, v, o, gate, up or down") }
        scale = Float((alpha ?? Double(2 * rank)) / Double(rank))
        var all: [[Pair]] = []
        for (index, block) in base.transformer.blocks.enumerated() {
            all.append(
                try self.targets.map { target in
                    let place = try block.place(of: target)
                    return Pair(
                        a: .normal(
                            [rank, place.inputs], standardDeviation: 1 / Double(place.inputs).squareRoot(),
                            key: key["block \(index)"][target.rawValue]),
                        b: .zeros([place.outputs.count, rank]))
                })
        }
        pairs = all
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor.group("blocks") { visitor in
            for block in pairs.indices {
                visitor.group(String(block)) { visitor in
                    for (index, target) in targets.enumerated() { visitor(target.rawValue, &pairs[block][index]) }
                }
            }
        }
    }

    /// The model with the pairs' products computed beside the frozen ones: what is trained.
    public var adapted: HookedTransformer {
        var model = base
        for block in pairs.indices {
            for (target, pair) in zip(targets, pairs[block]) {
                model.transformer.blocks[block].adapt(target, pair, scale)
            }
        }
        return model
    }

    /// The model with the pairs' products added to its weights, which become dense float32 where they had a pair: what
    /// is saved, with the adapted model's logits to rounding.
    public var merged: HookedTransformer {
        var model = adapted
        for block in pairs.indices { model.transformer.blocks[block].mergeAdapters() }
        return model
    }
}

extension TransformerBlock {
    /// Where a layer's outputs stand in the layer that it is fused with.
    fileprivate func place(of target: LoRA.Target) throws -> (outputs: Range<Int>, inputs: Int) {
        let core = attention.core
        let (q, kv) = (core.heads * core.headWidth, core.keyValueHeads * core.headWidth)
        func lacking() -> ModelError { ModelError("the model has no \(target.rawValue) layer to adapt") }
        switch target {
        case .query: return (0..<q, attention.qkv.weight.inputs)
        case .key: return (q..<q + kv, attention.qkv.weight.inputs)
        case .value: return (q + kv..<q + 2 * kv, attention.qkv.weight.inputs)
        case .output: return (0..<attention.output.weight.outputs, attention.output.weight.inputs)
        case .gate:
            guard let mlp, mlp.isGated else { throw lacking() }
            return (0..<mlp.input.weight.outputs / 2, mlp.input.weight.inputs)
        case .up:
            guard let mlp else { throw lacking() }
            let outputs = mlp.input.weight.outputs
            return (mlp.isGated ? outputs / 2..<outputs : 0..<outputs, mlp.input.weight.inputs)
        case .down:
            guard let mlp else { throw lacking() }
            return (0..<mlp.output.weight.outputs, mlp.output.weight.inputs)
        }
    }

    fileprivate mutating func adapt(_ target: LoRA.Target, _ pair: LoRA.Pair, _ scale: Float) {
        guard let place = try? place(of: target) else {
            unmet("a pair beside \(target.rawValue), which the block lacks")
        }
        let adapter = LowRankAdapter(outputs: place.outputs, a: pair.a, b: pair.b, scale: scale)
        switch target {
        case .query, .key, .value: attention.qkv.adapters.append(adapter)
        case .output: attention.output.adapters.append(adapter)
        case .gate, .up: mlp?.input.adapters.append(adapter)
        case .down: mlp?.output.adapters.append(adapter)
        }
    }

    /// The linear layers, in the order in which activations pass them.
    var linears: [Linear] {
        [attention.qkv, attention.output] + [mlp?.input, mlp?.output].compactMap { $0 }
    }

    /// Whether a layer has low-rank pairs beside its weight.
    var hasAdapters: Bool { linears.contains { !$0.adapters.isEmpty } }

    fileprivate mutating func mergeAdapters() {
        attention.qkv = attention.qkv.merged
        attention.output = attention.output.merged
        if let input = mlp?.input { mlp?.input = input.merged }
        if let output = mlp?.output { mlp?.output = output.merged }
    }
}
