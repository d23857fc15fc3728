internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

extension ReplacementModel {
    /// What pairs of sources contribute to the score by which a head attends from one position to another.
    ///
    /// - Parameters:
    ///   - tokens: the prompt.
    ///   - block: the head's block.
    ///   - head: the head among those of its block.
    ///   - query: the position that attends.
    ///   - key: the position that is attended to; nil for the one that gets most attention.
    /// - Throws: `ModelError` for a prompt that the model cannot read, a head that it does not have, and a key that the query
    ///   does not see.
    public func attention(
        _ tokens: [Int], block: Int, head: Int, from query: Int, to key: Int? = nil
    ) throws -> AttentionAttribution {
        try model.check(tokens)
        guard blocks.indices.contains(block), (0..<blocks[block].heads).contains(head) else {
            throw ModelError(
                "\(model.name) has no head \(head) in block \(block): it has \(blocks.count) blocks of "
                    + "\(model.configuration.heads) heads, counted from 0")
        }
        let core = blocks[block].core
        guard tokens.indices.contains(query) else {
            throw ModelError("a prompt of \(tokens.count) tokens has no position \(query)")
        }
        let visible = core.visibleKeys(position: query, of: tokens.count)
        if let key, !visible.contains(key) {
            throw ModelError(
                "position \(query) does not see position \(key) of a prompt of \(tokens.count) tokens in block \(block)"
            )
        }
        let parts = try StreamParts(self, tokens, before: block)
        let attention = parts.attention(head: head, query: query, of: tokens.count)
        let key = key ?? visible.reduce(visible.lowerBound) { attention[$1] > attention[$0] ? $1 : $0 }
        let group = head / (core.heads / core.keyValueHeads)
        let (left, right) = (parts.rows(at: query, .q, head: head), parts.rows(at: key, .k, head: group))
        let contributions = left.rows.matmul(transposed: right.rows) * core.scale
        return AttentionAttribution(
            block: block, head: head, query: query, key: key,
            score: contributions.elements.reduce(0.0) { $0 + Double($1) },
            attention: Double(attention[key]),
            querySources: left.sources, keySources: right.sources, contributions: contributions)
    }
}

/// What the stream before a block's attention is made of, position by position.
private struct StreamParts {
    private let replacement: ReplacementModel
    private let prompt: FrozenPrompt
    private let block: Int
    private let cache: ActivationCache
    private let weights: HeadWeights

    init(_ replacement: ReplacementModel, _ tokens: [Int], before block: Int) throws {
        let model = replacement.model
        let before: [Site] = [.z, .mlpOut], own: [Site] = [.residPre, .ln1Scale, .q, .k, .rotQ, .rotK, .pattern]
        let points =
            (0..<block).flatMap { layer in before.map { HookPoint.block(layer, $0) } }
            + own.map { .block(block, $0) }
        let known = Set(model.hookPoints)
        (self.replacement, self.block) = (replacement, block)
        cache = model.run(tokens, recording: .points(Set(points).intersection(known))).cache
        prompt = try FrozenPrompt(replacement, tokens, skipped: 0)
        weights = model.headWeights(block: block, foldingNorm: true)
    }

    private func row(_ site: Site, at position: Int, block: Int) -> Tensor? {
        cache[.block(block, site)].map { $0[position..<position + 1] }
    }

    private func recorded(_ site: Site, at position: Int, block: Int) -> Tensor {
        guard let value = row(site, at: position, block: block) else {
            unmet("\(HookPoint.block(block, site)) was not recorded")
        }
        return value
    }

    /// How much of its attention a query gives each position.
    func attention(head: Int, query: Int, of count: Int) -> [Float] {
        guard let pattern = cache[.block(block, .pattern)] else { unmet("attention was not recorded") }
        return Array(pattern[head].elements[query * count..<(query + 1) * count])
    }

    /// What was written at a position, as parts of a head's query or key; the last row is what is left, biases.
    ///
    /// - Shapes: `rows` `[sources, K]`.
    func rows(at position: Int, _ site: Site, head: Int) -> (rows: Tensor, sources: [AttentionAttribution.Source]) {
        var (sources, written) = ([AttentionAttribution.Source.embedding], [prompt.embedded[position..<position + 1]])
        for layer in 0..<block {
            let found = heads(of: layer, at: position)
            sources += (0..<found.shape[0]).map { .head(block: layer, head: $0) }
            written.append(found)
            let features = prompt.blocks[layer].features
            let entries = features.offsets[position]..<features.offsets[position + 1]
            var rest = recorded(.mlpOut, at: position, block: layer)
            if !entries.isEmpty {
                let own = features.rows(entries, position: position)
                sources += entries.map { .feature(block: layer, feature: Int(features.ids[$0])) }
                written.append(own)
                rest = rest - own.summed(axis: 0).reshaped(rest.shape)
            }
            sources.append(.rest(block: layer))
            written.append(rest)
        }
        let stream = Tensor.concatenated(written)
        let left = recorded(.residPre, at: position, block: block) - stream.summed(axis: 0).reshaped([1, -1])
        sources.append(.bias)
        var read = Tensor.concatenated([stream, left])
        if let scale = row(.ln1Scale, at: position, block: block) { read = read * (1 / scale.item) }
        let reading = site == .q ? weights.queries : weights.keys
        let whole = recorded(site, at: position, block: block)
        let heads = whole.reshaped([whole.shape[1], whole.shape[2]])
        let parts = completed(read.matmul(transposed: reading[head]), as: heads[head])
        let turned = replacement.model.scoreRows(
            parts, of: heads, site: site, head: head, block: block, position: position)
        let final = row(site == .q ? .rotQ : .rotK, at: position, block: block)
        return (final.map { completed(turned, as: $0.reshaped(heads.shape)[head]) } ?? turned, sources)
    }

    /// What each head of a block writes at a position, `[H, D]`.
    private func heads(of layer: Int, at position: Int) -> Tensor {
        let found = replacement.blocks[layer]
        let z = recorded(.z, at: position, block: layer).reshaped([found.heads, found.headWidth])
        let outputs = found.outputs.tensor()
        let rows = (0..<found.heads).map { head in
            z[head..<head + 1].matmul(outputs[head * found.headWidth..<(head + 1) * found.headWidth])
        }
        let all = Tensor.concatenated(rows)
        return prompt.blocks[layer].written.map { all * $0[position..<position + 1].item } ?? all
    }

    /// Rows whose last takes what the others leave of a whole.
    private func completed(_ rows: Tensor, as whole: Tensor) -> Tensor {
        let count = rows.shape[0]
        let left = whole.reshaped([1, -1]) - rows.summed(axis: 0).reshaped([1, -1])
        return Tensor.concatenated([rows[0..<count - 1], rows[count - 1..<count] + left])
    }
}

extension FrozenFeatures {
    /// What entries of one position write, `[entries, D]`.
    fileprivate func rows(_ entries: Range<Int>, position: Int) -> Tensor {
        let scale = written.map { $0[position..<position + 1].item } ?? 1
        let strengths = Tensor(entries.map { activations[$0] * scale }, shape: [entries.count, 1])
        return directions.gathered(entries.map { Int(ids[$0]) }) * strengths
    }
}
