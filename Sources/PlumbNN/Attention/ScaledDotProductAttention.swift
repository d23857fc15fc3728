internal import CPlumbKernels
internal import PlumbBasics
public import PlumbTensor

/// Attention, `softmax(scale · q kᵀ) v` for every query head (Vaswani et al. 2017, arXiv:1706.03762), with key-value heads
/// shared by groups of query heads (Ainslie et al. 2023, arXiv:2305.13245).
///
/// It works on a ``RaggedBatch``: rows attend within their sequence, to rows of the pass and to the positions that the
/// sequence's ``KeyValueCache`` holds. Whole attention is one fused kernel; its stages ``scores(_:in:block:)``,
/// ``pattern(_:_:in:block:)`` and ``mixed(_:_:in:block:)`` give the same bits one at a time.
///
/// Gradients flow to queries, keys and values of whole sequences without a cache. The fused gradient can be taken once;
/// that of the stages can be differentiated again.
public struct ScaledDotProductAttention: Sendable, Equatable {
    /// Which keys a query sees.
    public enum Mask: Sendable, Equatable, Codable {
        /// Those at its own position and before.
        case causal
        /// Of those, the last so many, its own among them.
        case window(Int)
        /// All of its sequence.
        case bidirectional
    }

    /// Queries, keys and values of the rows of a pass.
    public enum Projections: Sendable {
        /// Side by side in each row, `[R, (H + 2G) · K]`: the queries of all heads, then the keys, then the values.
        case fused(Tensor)
        /// `q` `[R, H, K]` or `[R, H · K]`; `k` and `v` `[R, G, K]` or `[R, G · K]`.
        case separate(q: Tensor, k: Tensor, v: Tensor)
    }

    /// `H`, query heads.
    public let heads: Int
    /// `G`, key-value heads; each serves `H / G` query heads.
    public let keyValueHeads: Int
    /// `K`, features per head.
    public let headWidth: Int
    /// Which keys a query sees.
    public let mask: Mask
    /// What products of queries and keys are multiplied by.
    public let scale: Float
    /// `c` of `c · tanh(score / c)`, which keeps scores below `c` (Gemma Team 2024, arXiv:2408.00118); nil for none.
    public let softCap: Float?

    /// Attention with `heads` query heads.
    ///
    /// - Parameters:
    ///   - heads: `H`.
    ///   - keyValueHeads: `G`, by default as many.
    ///   - headWidth: `K`.
    ///   - mask: which keys a query sees.
    ///   - scale: what products are multiplied by; by default `1 / √K`.
    ///   - softCap: the bound of the scores.
    /// - Precondition: the key-value heads divide the query heads evenly; a window sees a key or more.
    public init(
        heads: Int, keyValueHeads: Int? = nil, headWidth: Int, mask: Mask = .causal, scale: Float? = nil,
        softCap: Float? = nil
    ) {
        let groups = keyValueHeads ?? heads
        require(
            heads > 0 && groups > 0 && heads % groups == 0,
            "\(heads) query heads cannot share \(groups) key-value heads evenly")
        require(headWidth > 0, "a head needs at least one feature, got \(headWidth)")
        if case .window(let width) = mask { require(width > 0, "a window must see at least one key, got \(width)") }
        (self.heads, self.keyValueHeads, self.headWidth) = (heads, groups, headWidth)
        (self.mask, self.softCap) = (mask, softCap)
        self.scale = scale ?? 1 / Float(headWidth).squareRoot()
    }

    var queryWidth: Int { heads * headWidth }
    var keyWidth: Int { keyValueHeads * headWidth }

    /// What each head reads.
    ///
    /// - Parameters:
    ///   - projections: queries, keys and values of the rows, rotated.
    ///   - batch: the sequence and position of each row.
    ///   - block: the block of the caches that holds earlier keys and values.
    /// - Shapes: result `[R, H · K]`.
    public func callAsFunction(_ projections: Projections, in batch: RaggedBatch, block: Int = 0) -> Tensor {
        let rows = heads(of: projections, batch)
        // The kernel's gradient knows neither soft caps nor windows that hide a key of the batch.
        guard !rows.isTraced || softCap == nil && !isWindowed(batch) else {
            let pattern = pattern(scores(projections, in: batch, block: block), in: batch)
            return mixed(pattern, projections, in: batch, block: block).reshaped([batch.rows, queryWidth])
        }
        let z = Tensor(shape: [batch.rows, queryWidth]) {
            forward(rows, batch, block, .all, z: $0.baseAddress)
        }
        guard rows.isTraced else { return z }
        requireWholeSequences(batch)
        return z.recorded(from: projections.tensors) { dz, into in backward(projections, batch, dz, &into) }
    }

    /// Appends the rows' keys and values to the caches of their sequences, where the batch does so.
    public func append(_ projections: Projections, to batch: RaggedBatch, block: Int) {
        guard batch.appends else { return }
        let rows = heads(of: projections, batch)
        rows.k.tensor.withUnsafeElements { keys in
            rows.v.tensor.withUnsafeElements { values in
                guard let keys = keys.baseAddress, let values = values.baseAddress else { return }
                for sequence in batch.sequences {
                    guard let cache = sequence.cache else { continue }
                    batch.caches[cache].write(
                        block: block, startPosition: sequence.startPosition, rows: sequence.rows,
                        keys: keys + sequence.offset * rows.k.stride + rows.k.offset, keyStride: rows.k.stride,
                        values: values + sequence.offset * rows.v.stride + rows.v.offset, valueStride: rows.v.stride)
                }
            }
        }
    }

    /// Whether a window hides a key of the batch.
    func isWindowed(_ batch: RaggedBatch) -> Bool {
        if case .window(let width) = mask { batch.keys > width } else { false }
    }

    func requireWholeSequences(_ batch: RaggedBatch) {
        require(
            batch.sequences.allSatisfy { $0.startPosition == 0 },
            "only whole sequences can be differentiated, without a cache of earlier positions")
    }
}

extension ScaledDotProductAttention.Projections {
    /// The tensors, once each.
    var tensors: [Tensor] {
        switch self {
        case .fused(let tensor): [tensor]
        case .separate(let q, let k, let v): [q, k, v]
        }
    }
}

/// A part of each row of a tensor: one head after another from column `offset` on.
struct HeadRows {
    var tensor: Tensor
    var offset: Int
    var heads: Int
    var stride: Int { tensor.shape.dropFirst().reduce(1, *) }

    /// The part by itself, `[R, heads, width]`; gradients flow through it.
    func separated(width: Int) -> Tensor {
        let shape = [tensor.shape[0], heads, width]
        guard stride != heads * width else { return tensor.reshaped(shape) }
        return tensor.reshaped([tensor.shape[0], stride]).columns(offset..<offset + heads * width).reshaped(shape)
    }
}

/// Queries, keys and values as the kernel finds them.
struct QueryKeyValueRows {
    var q: HeadRows
    var k: HeadRows
    var v: HeadRows
    var isTraced: Bool { q.tensor.isTraced || k.tensor.isTraced || v.tensor.isTraced }
}

extension ScaledDotProductAttention {
    func heads(of projections: Projections, _ batch: RaggedBatch) -> QueryKeyValueRows {
        switch projections {
        case .fused(let tensor):
            require(
                tensor.shape == [batch.rows, queryWidth + 2 * keyWidth],
                "fused queries, keys and values must be [\(batch.rows), \(queryWidth + 2 * keyWidth)], got "
                    + "\(tensor.shape)")
            return QueryKeyValueRows(
                q: HeadRows(tensor: tensor, offset: 0, heads: heads),
                k: HeadRows(tensor: tensor, offset: queryWidth, heads: keyValueHeads),
                v: HeadRows(tensor: tensor, offset: queryWidth + keyWidth, heads: keyValueHeads))
        case .separate(let q, let k, let v):
            require(
                [q, k, v].allSatisfy { $0.shape.first == batch.rows } && q.count == batch.rows * queryWidth
                    && k.count == batch.rows * keyWidth && v.count == k.count,
                "attention over \(batch.rows) rows needs q of [\(batch.rows), \(queryWidth)] and k, v of "
                    + "[\(batch.rows), \(keyWidth)], got \(q.shape), \(k.shape), \(v.shape)")
            return QueryKeyValueRows(
                q: HeadRows(tensor: q, offset: 0, heads: heads),
                k: HeadRows(tensor: k, offset: 0, heads: keyValueHeads),
                v: HeadRows(tensor: v, offset: 0, heads: keyValueHeads))
        }
    }
}
