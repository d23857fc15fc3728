internal import PlumbBasics
internal import PlumbModels
internal import PlumbTensor

/// Backward passes through a frozen prompt, many targets at once: what each source contributes to each target.
struct FrozenBackward {
    let replacement: ReplacementModel
    let prompt: FrozenPrompt
    /// The number of the first feature entry of each block; the last is the number of all.
    let entryStarts: [Int]

    init(_ replacement: ReplacementModel, _ prompt: FrozenPrompt) {
        (self.replacement, self.prompt) = (replacement, prompt)
        entryStarts = prompt.blocks.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.features.count) }
    }

    /// A node whose contributions are wanted.
    struct Target {
        /// The block whose MLP's input it reads; the number of blocks for logits.
        var layer: Int
        var position: Int
        /// What it reads of the stream there, `[D]`, as a row of `source`.
        var source: Tensor
        var row: Int
    }

    var layers: Int { prompt.blocks.count }
    /// Sources: feature entries, errors, embeddings.
    var firstError: Int { entryStarts[layers] }
    var firstEmbedding: Int { firstError + layers * prompt.positions }
    var sourceCount: Int { firstEmbedding + prompt.positions }

    /// The contributions of all sources to targets, which share a pass.
    ///
    /// - Parameter limit: the most edges kept for each.
    func rows(_ targets: [Target], limit: Int) -> [EdgeHeap] {
        let count = targets.count
        let positions = (targets.map(\.position).max() ?? 0) + 1
        let top = targets.map(\.layer).max() ?? 0
        let width = replacement.model.configuration.width
        var heaps = [EdgeHeap](repeating: EdgeHeap(limit: limit), count: count)
        // Row p · B + b is the gradient of target b at position p of the stream.
        var gradient = Tensor.zeros([positions * count, width])
        for layer in stride(from: top, through: 0, by: -1) {
            if layer < layers {
                let features = prompt.blocks[layer].features
                if layer < top {
                    read(features, layer: layer, gradient, count, &heaps)
                    if let skip = features.skip {
                        gradient = gradient + features.scaled(skip.applied(to: gradient), count)
                    }
                }
            }
            let entering = targets.indices.filter { targets[$0].layer == layer }
            if !entering.isEmpty {
                let rows = Tensor.concatenated(
                    entering.map { targets[$0].source[targets[$0].row..<targets[$0].row + 1] })
                let places = entering.map { targets[$0].position * count + $0 }
                gradient = gradient + rows.scattered(to: places, of: positions * count)
            }
            guard layer < layers else { continue }
            gradient = throughAttention(gradient, layer: layer, count, &heaps)
        }
        let embedded = products(gradient, with: prompt.embedded, positions, count)
        for (target, row) in embedded.enumerated() { heaps[target].add(row, from: firstEmbedding, step: 1) }
        return heaps
    }

    /// Adds what the sources of one block write along gradients.
    private func read(
        _ features: FrozenFeatures, layer: Int, _ gradient: Tensor, _ count: Int, _ heaps: inout [EdgeHeap]
    ) {
        let positions = gradient.shape[0] / count
        let biases = products(gradient, with: features.bias, positions, count)
        for (target, row) in biases.enumerated() { heaps[target].bias += row.reduce(0) { $0 + Double($1) } }
        if let errors = features.errors {
            let found = products(gradient, with: errors, positions, count)
            for (target, row) in found.enumerated() {
                heaps[target].add(row, from: firstError + layer * prompt.positions, step: 1)
            }
        }
        let written = features.writing(gradient, count)
        let isDense = features.count * 3 > features.directions.shape[0] * prompt.positions
        let dense = isDense ? features.reading.applied(to: written) : nil
        let start = entryStarts[layer]
        var blocks: [Tensor?] = []
        for position in 0..<positions {
            let entries = features.offsets[position]..<features.offsets[position + 1]
            guard dense == nil, !entries.isEmpty else {
                blocks.append(nil)
                continue
            }
            let rows = features.directions.gathered(entries.map { Int(features.ids[$0]) })
            blocks.append(written[position * count..<(position + 1) * count].matmul(transposed: rows))
        }
        heaps.withUnsafeMutableBufferPointer { heaps in
            let heaps = heaps
            forEachChunk(of: count, size: 1) { chunk in
                for target in chunk {
                    for position in 0..<positions {
                        let entries = features.offsets[position]..<features.offsets[position + 1]
                        guard !entries.isEmpty else { continue }
                        if let dense {
                            dense.withUnsafeElements { values in
                                let row = (position * count + target) * features.directions.shape[0]
                                for entry in entries {
                                    let value = values[row + Int(features.ids[entry])] * features.activations[entry]
                                    heaps[target].add(value, start + entry)
                                }
                            }
                        } else if let block = blocks[position] {
                            block.withUnsafeElements { values in
                                let row = target * entries.count
                                for (place, entry) in entries.enumerated() {
                                    heaps[target].add(values[row + place] * features.activations[entry], start + entry)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The gradient at the stream that a block's attention reads, from that after it.
    private func throughAttention(
        _ gradient: Tensor, layer: Int, _ count: Int, _ heaps: inout [EdgeHeap]
    ) -> Tensor {
        let (block, frozen) = (replacement.blocks[layer], prompt.blocks[layer])
        let positions = gradient.shape[0] / count
        let biases = products(gradient, with: frozen.attentionBias, positions, count)
        for (target, row) in biases.enumerated() { heaps[target].bias += row.reduce(0) { $0 + Double($1) } }
        let written = frozen.written.map { gradient.multiplied(byPosition: $0, count) } ?? gradient
        let z = block.outputs.applied(to: written)
        let width = block.headWidth
        let shared = block.heads / block.groups
        let groups = (0..<block.groups).map { group -> Tensor in
            var sum: Tensor?
            for head in group * shared..<(group + 1) * shared {
                let own = z.columns(head * width..<(head + 1) * width).reshaped([positions, count * width])
                let reached = frozen.patterns.appliedBackwards(head: head, to: own)
                sum = sum.map { $0 + reached } ?? reached
            }
            return (sum ?? .zeros([positions, count * width])).reshaped([positions * count, width])
        }
        let values = groups.count == 1 ? groups[0] : Tensor.concatenated(groups, axis: 1)
        let reached = block.values.applied(to: values)
        return gradient + (frozen.read.map { reached.multiplied(byPosition: $0, count) } ?? reached)
    }

    /// For each target the product of its gradient at each position with that position's row.
    ///
    /// - Shapes: `gradient` `[P · B, D]`, `rows` `[T, D]`; result B rows of P.
    private func products(_ gradient: Tensor, with rows: Tensor, _ positions: Int, _ count: Int) -> [[Float]] {
        var results = [[Float]](repeating: [Float](repeating: 0, count: positions), count: count)
        for position in 0..<positions {
            let found = gradient[position * count..<(position + 1) * count]
                .matmul(transposed: rows[position..<position + 1]).elements
            for target in 0..<count { results[target][position] = found[target] }
        }
        return results
    }
}

extension FrozenFeatures {
    /// Gradients at the stream as the features' directions meet them.
    fileprivate func writing(_ gradient: Tensor, _ count: Int) -> Tensor {
        written.map { gradient.multiplied(byPosition: $0, count) } ?? gradient
    }
}

extension Tensor {
    /// Rows `[P · B, D]` times a number for each position, of `[T, 1]`.
    func multiplied(byPosition scales: Tensor, _ count: Int) -> Tensor {
        let positions = shape[0] / count
        return (reshaped([positions, count * shape[1]]) * scales[0..<positions].reshaped([positions, 1])).reshaped(
            shape)
    }
}

/// The contributions to one target of the greatest absolute value, and the sum of all.
struct EdgeHeap: Sendable {
    let limit: Int
    private(set) var sources: [Int32] = []
    private(set) var weights: [Float] = []
    /// Σ |contribution|, and what biases contribute.
    private(set) var total = 0.0
    var bias = 0.0
    /// Contributions of no greater absolute value are not kept.
    private var least: Float = 0

    init(limit: Int) { self.limit = max(1, limit) }

    mutating func add(_ weight: Float, _ source: Int) {
        let size = abs(weight)
        total += Double(size)
        guard size > least else { return }
        sources.append(Int32(source))
        weights.append(weight)
        if weights.count >= 2 * limit { shrink() }
    }

    mutating func add(_ row: [Float], from first: Int, step: Int) {
        for (index, weight) in row.enumerated() { add(weight, first + index * step) }
    }

    /// Keeps the greatest; of equals the first.
    private mutating func shrink() {
        guard weights.count > limit else { return }
        let sizes = weights.map { abs($0) }.sorted(by: >)
        least = sizes[limit - 1]
        var equals = limit - sizes.prefix(limit).count { $0 > least }
        var (keptSources, keptWeights): ([Int32], [Float]) = ([], [])
        keptSources.reserveCapacity(2 * limit)
        keptWeights.reserveCapacity(2 * limit)
        for (source, weight) in zip(sources, weights) {
            guard abs(weight) >= least else { continue }
            if abs(weight) == least {
                guard equals > 0 else { continue }
                equals -= 1
            }
            keptSources.append(source)
            keptWeights.append(weight)
        }
        (sources, weights) = (keptSources, keptWeights)
    }

    /// The edges in the order of their sources.
    var sorted: (sources: [Int32], weights: [Float]) {
        var copy = self
        copy.shrink()
        let order = copy.sources.indices.sorted { copy.sources[$0] < copy.sources[$1] }
        return (order.map { copy.sources[$0] }, order.map { copy.weights[$0] })
    }
}
