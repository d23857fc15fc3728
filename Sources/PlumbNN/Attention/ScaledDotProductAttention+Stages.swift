internal import PlumbBasics
public import PlumbTensor

// Attention one stage at a time, so that scores and probabilities can be seen, changed and differentiated.

extension ScaledDotProductAttention {
    /// `scale · q kᵀ`, capped; -∞ where a query must not look.
    ///
    /// - Shapes: result `[R, H, batch.keys]`.
    public func scores(_ projections: Projections, in batch: RaggedBatch, block: Int = 0) -> Tensor {
        let rows = heads(of: projections, batch)
        var scores = Tensor(shape: [batch.rows, heads, batch.keys]) {
            forward(rows, batch, block, .scores, scores: $0.baseAddress, isRaw: rows.isTraced)
        }
        guard rows.isTraced else { return scores }
        requireWholeSequences(batch)
        scores = scores.recorded(from: projections.tensors) { dscores, into in
            let ds = dscores * visible(batch) * scale
            let (q, k) = (rows.q.separated(width: headWidth), rows.k.separated(width: headWidth))
            let dq = eachHead(batch, heads: heads) { head, part in
                ds.map(head, part).matmul(k.rows(head / group, part))
            }
            let dk = eachGroup(batch) { head, part in
                ds.map(head, part).transposedMatmul(q.rows(head, part))
            }
            add(dq, to: rows.q, &into)
            add(dk, to: rows.k, &into)
        }
        guard let softCap else { return isWindowed(batch) ? scores + hidden(batch) : scores }
        return (scores * (1 / softCap)).tanh() * softCap + hidden(batch)
    }

    /// Each query's probabilities: the softmax of its scores over what it may see, whatever stands in the rest.
    ///
    /// - Shapes: `scores` and result `[R, H, batch.keys]`.
    public func pattern(_ scores: Tensor, in batch: RaggedBatch) -> Tensor {
        requireMaps(scores, batch)
        guard !scores.isTraced else { return (scores + hidden(batch)).softmax() }
        // The stage reads scores alone; queries, keys and values of no width stand in for those it does not read.
        let none = HeadRows(tensor: .zeros([batch.rows, 1]), offset: 0, heads: 0)
        let rows = QueryKeyValueRows(q: none, k: none, v: none)
        return Tensor(shape: scores.shape) { pattern in
            scores.withUnsafeElements {
                forward(
                    rows, batch, 0, .softmax,
                    scores: UnsafeMutablePointer(mutating: $0.baseAddress), pattern: pattern.baseAddress)
            }
        }
    }

    /// What each head reads, `pattern · v`, of what a query may see.
    ///
    /// - Shapes: `pattern` `[R, H, batch.keys]`; result `[R, H, K]`.
    public func mixed(_ pattern: Tensor, _ projections: Projections, in batch: RaggedBatch, block: Int = 0) -> Tensor {
        requireMaps(pattern, batch)
        let rows = heads(of: projections, batch)
        let isTraced = pattern.isTraced || rows.isTraced
        let seen = isTraced ? pattern * visible(batch) : pattern
        let z = Tensor(shape: [batch.rows, heads, headWidth]) { z in
            seen.withUnsafeElements {
                forward(
                    rows, batch, block, .mix, z: z.baseAddress, pattern: UnsafeMutablePointer(mutating: $0.baseAddress))
            }
        }
        guard isTraced else { return z }
        requireWholeSequences(batch)
        return z.recorded(from: [seen] + projections.tensors) { dz, into in
            let v = rows.v.separated(width: headWidth)
            let dpattern = eachHead(batch, heads: heads) { head, part in
                let map = dz.rows(head, part).matmul(transposed: v.rows(head / group, part))
                let missing = batch.keys - part.count
                return missing == 0 ? map : Tensor.concatenated([map, .zeros([part.count, missing])], axis: 1)
            }
            let dv = eachGroup(batch) { head, part in seen.map(head, part).transposedMatmul(dz.rows(head, part)) }
            into.add(dpattern, to: seen.trace)
            add(dv, to: rows.v, &into)
        }
    }

    private var group: Int { heads / keyValueHeads }

    private func requireMaps(_ maps: Tensor, _ batch: RaggedBatch) {
        require(
            maps.shape == [batch.rows, heads, batch.keys],
            "attention maps of \(batch.rows) rows must be [\(batch.rows), \(heads), \(batch.keys)], got \(maps.shape)")
    }

    /// A matrix for each head and sequence, `[T, C]`, put together, `[R, heads, C]`.
    private func eachHead(
        _ batch: RaggedBatch, heads: Int, _ body: (_ head: Int, _ rows: Range<Int>) -> Tensor
    ) -> Tensor {
        Tensor.concatenated(
            batch.sequences.map { sequence in
                let part = sequence.offset..<sequence.offset + sequence.rows
                let matrices = (0..<heads).map { body($0, part) }
                return Tensor.concatenated(matrices).reshaped([heads, sequence.rows, matrices[0].shape[1]])
                    .swappingLeadingAxes()
            })
    }

    /// The same for key-value heads, which add what their query heads give.
    private func eachGroup(_ batch: RaggedBatch, _ body: (_ head: Int, _ rows: Range<Int>) -> Tensor) -> Tensor {
        eachHead(batch, heads: keyValueHeads) { index, part in
            (index * group..<(index + 1) * group).map { body($0, part) }.reduce(nil) { sum, more in
                sum.map { $0 + more } ?? more
            } ?? .zeros([part.count, headWidth])
        }
    }

    /// Adds a gradient `[R, heads, K]` at its part of wider rows.
    private func add(_ gradient: Tensor, to rows: HeadRows, _ into: inout Cotangents) {
        let width = rows.heads * headWidth
        let flat = gradient.reshaped([gradient.shape[0], width])
        guard rows.stride != width else { return into.add(flat.reshaped(rows.tensor.shape), to: rows.tensor.trace) }
        let (before, after) = (rows.offset, rows.stride - rows.offset - width)
        into.add(
            Tensor.concatenated([.zeros([flat.shape[0], before]), flat, .zeros([flat.shape[0], after])], axis: 1),
            to: rows.tensor.trace)
    }

    /// 1 where a query may look and 0 elsewhere, `[R, 1, batch.keys]`.
    private func visible(_ batch: RaggedBatch) -> Tensor { masks(batch, hidden: 0, seen: 1) }

    /// 0 where a query may look and -∞ elsewhere, `[R, 1, batch.keys]`.
    private func hidden(_ batch: RaggedBatch) -> Tensor { masks(batch, hidden: -.infinity, seen: 0) }

    private func masks(_ batch: RaggedBatch, hidden: Float, seen: Float) -> Tensor {
        let keys = batch.keys
        return Tensor(shape: [batch.rows, 1, keys]) { mask in
            mask.initialize(repeating: hidden)
            for sequence in batch.sequences {
                for row in 0..<sequence.rows {
                    let first = (sequence.offset + row) * keys
                    for key in visibleKeys(position: sequence.startPosition + row, of: sequence.rows) {
                        mask[first + key] = seen
                    }
                }
            }
        }
    }

    /// The keys that the query at `position` sees, of a sequence of `count` positions.
    public func visibleKeys(position: Int, of count: Int) -> Range<Int> {
        switch mask {
        case .causal: 0..<position + 1
        case .window(let width): max(0, position + 1 - width)..<position + 1
        case .bidirectional: 0..<count
        }
    }
}

extension Tensor {
    /// The rows of one head and sequence, `[R, H, C] -> [T, C]`.
    fileprivate func rows(_ head: Int, _ part: Range<Int>) -> Tensor {
        let (heads, width) = (shape[1], shape[2])
        return self[part].reshaped([part.count, heads * width]).columns(head * width..<(head + 1) * width)
    }

    /// The map of one head and sequence over the sequence's own keys, `[R, H, keys] -> [T, T]`.
    fileprivate func map(_ head: Int, _ part: Range<Int>) -> Tensor { rows(head, part).columns(0..<part.count) }
}
