internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

extension ReplacementModel {
    /// The attribution graph of a prompt: one backward pass for each feature and logit, many at once, in the order of
    /// their influence on the logits.
    ///
    /// - Parameters:
    ///   - tokens: the prompt.
    ///   - options: how much of the graph is computed and kept.
    ///   - logits: the tokens whose logits are explained; nil for the most probable ones.
    ///   - progress: told the part of the work that is done, 0...1; may throw to end it.
    /// - Throws: `ModelError` for a prompt or token that the model cannot read; whatever `progress` throws.
    public func graph(
        _ tokens: [Int], options: AttributionOptions = AttributionOptions(), logits: [Int]? = nil,
        progress: (Double) throws -> Void = { _ in }
    ) throws -> AttributionGraph {
        try model.check(tokens)
        if let bad = logits?.first(where: { !(0..<model.configuration.vocabulary).contains($0) }) {
            throw ModelError("token \(bad) is outside the vocabulary of \(model.configuration.vocabulary)")
        }
        let prompt = try FrozenPrompt(self, tokens, skipped: options.skippedPositions)
        var search = GraphSearch(self, prompt, tokens, options)
        search.explain(logits: explainedLogits(prompt, tokens, logits, options))
        try search.explainFeatures(progress: progress)
        return search.graph()
    }

    /// The logits to explain with what each reads of the final stream divided by its scale, `[D]`.
    private func explainedLogits(
        _ prompt: FrozenPrompt, _ tokens: [Int], _ requested: [Int]?, _ options: AttributionOptions
    ) -> ExplainedLogits {
        let probabilities = model.nextTokenLogProbabilities(tokens).exp().elements
        var chosen = requested ?? []
        if requested == nil {
            var sum: Float = 0
            for (token, value) in HookedTransformer.topTokens(
                Tensor(probabilities), count: max(1, options.logitLimit))
            {
                chosen.append(token)
                sum += value
                if Double(sum) >= options.probability { break }
            }
        }
        let directions = unembedding.gathered(chosen) - meanUnembedding
        let linear = prompt.finalRow.matmul(transposed: directions).elements
        var biases = [Float](repeating: 0, count: chosen.count)
        if let shift = model.normalization(at: .finalNormalized).bias {
            // The unembedding was folded with the gain, which is not to multiply the bias.
            let own = model.unembeddingWeights()
            biases =
                shift.reshaped([1, shift.count])
                .matmul(transposed: own.gathered(chosen) - own.mean(axis: 0)).elements
        }
        return ExplainedLogits(
            logits: chosen.indices.map {
                .init(token: chosen[$0], probability: probabilities[chosen[$0]], value: linear[$0] + biases[$0])
            }, directions: directions * prompt.finalScale, biases: biases)
    }
}

/// The logits that a graph explains, and what each reads of the final stream, `[logits, D]`.
private struct ExplainedLogits {
    let logits: [AttributionGraph.Logit]
    let directions: Tensor
    let biases: [Float]
}

/// Which features of a prompt get rows, and the rows found so far.
private struct GraphSearch {
    let backward: FrozenBackward
    let tokens: [Int]
    let options: AttributionOptions
    var logits: [AttributionGraph.Logit] = []
    var logitRows: [AttributionGraph.Row] = []
    /// Rows of feature entries by their number.
    var rows: [Int: AttributionGraph.Row] = [:]

    init(_ model: ReplacementModel, _ prompt: FrozenPrompt, _ tokens: [Int], _ options: AttributionOptions) {
        (backward, self.tokens, self.options) = (FrozenBackward(model, prompt), tokens, options)
    }

    private var prompt: FrozenPrompt { backward.prompt }

    mutating func explain(logits found: ExplainedLogits) {
        logits = found.logits
        let targets = logits.indices.map {
            FrozenBackward.Target(
                layer: backward.layers, position: tokens.count - 1, source: found.directions, row: $0)
        }
        let heaps = batches(targets).flatMap { backward.rows(Array($0), limit: options.edgeLimit) }
        logitRows = zip(heaps, found.biases).map { row($0, bias: $1) }
    }

    /// Gives rows to features, the most influential first.
    mutating func explainFeatures(progress: (Double) throws -> Void) throws {
        let all = backward.firstError
        let requested = min(max(0, options.featureLimit), all)
        while rows.count < requested {
            let influence = influences()
            let pending: [Int]
            if requested == all, options.restOfInfluence <= 0 {
                pending = (0..<all).filter { rows[$0] == nil }
            } else {
                let order = (0..<all).filter { rows[$0] == nil && influence[$0] > 0 }
                    .sorted { (influence[$0], $1) > (influence[$1], $0) }
                let left = order.reduce(0.0) { $0 + influence[$1] }
                let known = (0..<all).reduce(0.0) { $0 + influence[$1] }
                guard !order.isEmpty, left > options.restOfInfluence * known else { break }
                pending = Array(order.prefix(min(4 * 128, requested - rows.count)))
            }
            try explain(pending, of: requested, progress: progress)
        }
        try progress(1)
    }

    private mutating func explain(_ entries: [Int], of requested: Int, progress: (Double) throws -> Void) throws {
        // Targets of one block and near positions share a pass: little of it is about blocks that some do not reach.
        var targets: [FrozenBackward.Target] = []
        var biases: [Float] = []
        var order: [Int] = []
        for layer in (0..<backward.layers).reversed() {
            let features = prompt.blocks[layer].features
            let start = backward.entryStarts[layer]
            let own = entries.filter { $0 >= start && $0 < backward.entryStarts[layer + 1] }.map { $0 - start }.sorted()
            for position in 0..<prompt.positions {
                let here = own.filter { features.offsets[position] <= $0 && $0 < features.offsets[position + 1] }
                guard !here.isEmpty else { continue }
                let readers = features.readers(here, position: position)
                for (index, entry) in here.enumerated() {
                    targets.append(.init(layer: layer, position: position, source: readers.rows, row: index))
                    biases.append(readers.biases[index])
                    order.append(start + entry)
                }
            }
        }
        for batch in batches(targets) {
            let heaps = backward.rows(Array(batch), limit: options.edgeLimit)
            for (index, heap) in zip(batch.indices, heaps) { rows[order[index]] = row(heap, bias: biases[index]) }
            try progress(Double(rows.count) / Double(max(1, requested)))
        }
    }

    private func batches(_ targets: [FrozenBackward.Target]) -> [ArraySlice<FrozenBackward.Target>] {
        let bytes = 4 * backward.replacement.model.configuration.width
        var result: [ArraySlice<FrozenBackward.Target>] = []
        var first = 0
        while first < targets.count {
            var (end, reach) = (first, 0)
            while end < targets.count, end - first < 256 {
                let next = max(reach, targets[end].position + 1)
                guard end == first || next * (end + 1 - first) * bytes <= options.memoryLimit else { break }
                (reach, end) = (next, end + 1)
            }
            result.append(targets[first..<end])
            first = end
        }
        return result
    }

    private func row(_ heap: EdgeHeap, bias: Float) -> AttributionGraph.Row {
        let edges = heap.sorted
        return AttributionGraph.Row(
            sources: edges.sources, weights: edges.weights, bias: Float(heap.bias) + bias, total: Float(heap.total))
    }

    /// The influence of each feature entry on the logits through rows that are known.
    private func influences() -> [Double] {
        var influence = [Double](repeating: 0, count: backward.sourceCount)
        func spread(_ row: AttributionGraph.Row, _ amount: Double) {
            guard row.total > 0, amount > 0 else { return }
            for (source, weight) in zip(row.sources, row.weights) {
                influence[Int(source)] += amount * Double(abs(weight) / row.total)
            }
        }
        for (row, logit) in zip(logitRows, logits) { spread(row, Double(logit.probability)) }
        // Sources of a feature lie in blocks before its own.
        for entry in rows.keys.sorted(by: >) {
            if let row = rows[entry] { spread(row, influence[entry]) }
        }
        return influence
    }

    /// The graph of the features that have rows.
    func graph() -> AttributionGraph {
        let selected = rows.keys.sorted()
        var numbers = [Int32](repeating: -1, count: backward.sourceCount)
        for (number, entry) in selected.enumerated() { numbers[entry] = Int32(number) }
        for source in backward.firstError..<backward.sourceCount {
            numbers[source] = Int32(selected.count + source - backward.firstError)
        }
        func renumbered(_ row: AttributionGraph.Row) -> AttributionGraph.Row {
            let kept = row.sources.indices.filter { numbers[Int(row.sources[$0])] >= 0 && row.weights[$0] != 0 }
            return AttributionGraph.Row(
                sources: kept.map { numbers[Int(row.sources[$0])] }, weights: kept.map { row.weights[$0] },
                bias: row.bias, total: row.total)
        }
        var features: [AttributionGraph.Feature] = []
        for layer in 0..<backward.layers {
            let found = prompt.blocks[layer].features
            let (start, end) = (backward.entryStarts[layer], backward.entryStarts[layer + 1])
            var position = 0
            for entry in selected where entry >= start && entry < end {
                let place = entry - start
                while place >= found.offsets[position + 1] { position += 1 }
                features.append(
                    .init(
                        layer: layer, position: position, feature: Int(found.ids[place]),
                        activation: found.activations[place]))
            }
        }
        let model = backward.replacement.model
        return AttributionGraph(
            tokens: tokens, texts: tokens.map { model.string(of: $0) }, layers: backward.layers, features: features,
            logits: logits, logitTexts: logits.map { model.string(of: $0.token) },
            rows: (selected.compactMap { rows[$0] } + logitRows).map(renumbered), activeFeatures: backward.firstError)
    }
}
