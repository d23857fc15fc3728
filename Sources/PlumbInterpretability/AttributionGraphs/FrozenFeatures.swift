internal import PlumbBasics
internal import PlumbModels
internal import PlumbNN
internal import PlumbTensor

/// The active features of one block on one prompt: what each reads of the stream, what it writes to it, and what of the
/// MLP no feature explains.
struct FrozenFeatures {
    /// Where each position's entries begin, `[T + 1]`, the feature of each entry, and its activation.
    let offsets: [Int]
    let ids: [Int32]
    let activations: [Float]
    /// `[N, D]`, what each feature writes for an activation of 1, and the same as a product from the stream.
    let directions: Tensor
    let reading: Weight
    /// What a position's writing is multiplied by, `[T, 1]`; nil for 1.
    let written: Tensor?
    /// What the MLP writes that no feature explains, `[T, D]`; nil for nothing.
    let errors: Tensor?
    /// What it writes whatever it reads, `[T, D]`.
    let bias: Tensor
    /// A linear path beside the features, `[D, D]` from stream to output, as a product of gradients.
    let skip: Weight?
    /// 1 / scale of each position of the norm before the MLP; nil where features read the stream itself.
    private let read: [Float]?
    private let encoder: Encoder

    private enum Encoder {
        /// Rows of a transcoder's encoder, `[N, D]`, with what is added to each product.
        case transcoder(rows: Tensor, biases: [Float])
        /// Neurons, with the ratio of each entry's activation to its input.
        case neurons(ReplacementModel.Neurons, ratios: [Float])
    }

    /// - Parameters:
    ///   - mid: the stream that the MLP reads, `[T, D]`.
    ///   - row: the block's recorded activations.
    ///   - skipped: leading positions without features and errors.
    init(
        _ replacement: ReplacementModel, layer: Int, mid: Tensor, row: (Site) -> Tensor?, skipped: Int
    ) throws {
        guard let out = row(.mlpOut) else { unmet("block \(layer) recorded nothing of its MLP") }
        let block = replacement.blocks[layer]
        let scale = row(.ln2Scale)?.reciprocal()
        if let transcoder = replacement.transcoders[layer] {
            self = Self.transcoder(transcoder, norm: block.norm, mid: mid, scale: scale, out: out, skipped: skipped)
        } else if let neurons = block.neurons {
            guard let post = row(.mlpPost) else { unmet("block \(layer) recorded no neurons") }
            let inputs = neurons.isGated ? row(.mlpPreLinear) : row(.mlpPre)
            guard let inputs else { unmet("block \(layer) recorded no inputs of neurons") }
            self = Self.neurons(
                neurons, inputs: inputs, post: post, scale: scale, written: row(.ln2PostScale)?.reciprocal(), out: out,
                limit: replacement.neuronLimit, skipped: skipped)
        } else {
            unmet("block \(layer) has neither a transcoder nor neurons")
        }
    }

    private init(
        _ active: SparseActivations, directions: Tensor, reading: Weight, written: Tensor?, errors: Tensor?,
        bias: Tensor, skip: Weight?, read: Tensor?, encoder: Encoder
    ) {
        (offsets, ids, activations) = (active.offsets, active.indices, active.values)
        (self.directions, self.reading, self.written, self.errors) = (directions, reading, written, errors)
        (self.bias, self.skip, self.read, self.encoder) = (bias, skip, read?.elements, encoder)
    }

    /// The number of features that are active at some position, counted at each.
    var count: Int { ids.count }

    /// What entries read: rows that give their activations as a product with the stream, and what is added to that.
    ///
    /// - Shapes: `entries` of one position; `rows` `[entries, D]`.
    func readers(_ entries: [Int], position: Int) -> (rows: Tensor, biases: [Float]) {
        let scale = read?[position] ?? 1
        let features = entries.map { Int(ids[$0]) }
        switch encoder {
        case .transcoder(let rows, let biases):
            return (rows.gathered(features) * scale, features.map { biases[$0] })
        case .neurons(let neurons, let ratios):
            let own = entries.map { ratios[$0] }
            let weights = Tensor(own.map { $0 * scale }, shape: [entries.count, 1])
            let biases = neurons.bias?.elements
            return (
                neurons.inputs.gathered(features) * weights,
                zip(features, own).map { feature, ratio in ratio * (biases?[feature] ?? 0) }
            )
        }
    }
}

extension FrozenFeatures {
    /// Gradients at what the MLP reads, carried to the stream that its norm divides.
    func scaled(_ gradient: Tensor, _ count: Int) -> Tensor {
        guard let read else { return gradient }
        return gradient.multiplied(byPosition: Tensor(read, shape: [read.count, 1]), count)
    }

    private static func transcoder(
        _ transcoder: SparseDictionary, norm: Normalization?, mid: Tensor, scale: Tensor?, out: Tensor, skipped: Int
    ) -> FrozenFeatures {
        let readsStream = transcoder.input.site == .residMid
        let readsGain = transcoder.input.site == ReplacementModel.mlpInput
        var x = mid
        if !readsStream, let norm {
            x = norm.unweighted(mid).normalized
            if readsGain { x = norm.weighted(x) }
        }
        let active = transcoder.encodeSparse(x).withoutRows(before: skipped)
        // s(x) · W: a constant scale belongs to the encoder, and the decoder's part is divided by it.
        var factor: Float = 1
        if case .constant(let constant) = transcoder.inputScaling { factor = constant }
        let directions = transcoder.decoder / factor
        var rows = transcoder.encoder.transposed()
        var biases = transcoder.encoderBias
        if case .gated(_, let logScale) = transcoder.activation {
            rows = rows * logScale.exp().reshaped([-1, 1])
        }
        if transcoder.subtractsDecoderBias {
            biases = biases - rows.matmul(transposed: transcoder.decoderBias.reshaped([1, -1])).reshaped([-1])
        }
        rows = rows * factor
        var skip = transcoder.skip
        let linear = skip.map { x.matmul($0) }
        if !readsStream, let norm {
            if readsGain {
                if let shift = norm.bias {
                    biases = biases + rows.matmul(transposed: shift.reshaped([1, -1])).reshaped([-1])
                }
                rows = norm.folded(into: rows)
            } else {
                rows = norm.centered(rows)
            }
            // Rows of the transpose read the stream, as those of the encoder do.
            skip = skip.map {
                let reading = $0.transposed()
                return (readsGain ? norm.folded(into: reading) : norm.centered(reading)).transposed()
            }
        }
        let bias = transcoder.decoderBias / factor
        var explained = active.applied(to: directions, bias: bias)
        if let linear { explained = explained + linear }
        let error = out - explained
        let explainedRows = error.zeroed(before: skipped)
        let biasRows = Tensor.zeros(out.shape) + bias + (error - explainedRows)
        return FrozenFeatures(
            active, directions: directions, reading: Weight(directions), written: nil, errors: explainedRows,
            bias: biasRows + skipBias(linear, skip, mid, scale, readsStream), skip: skip.map { Weight($0) },
            read: readsStream ? nil : scale, encoder: .transcoder(rows: rows, biases: biases.elements))
    }

    /// What the linear path adds that is not linear in the stream divided by its scale: a norm's bias.
    private static func skipBias(
        _ linear: Tensor?, _ skip: Tensor?, _ mid: Tensor, _ scale: Tensor?, _ readsStream: Bool
    ) -> Tensor {
        guard let linear, let skip else { return .zeros([1]) }
        let stream = readsStream ? mid : scale.map { mid * $0 } ?? mid
        return linear - stream.matmul(skip)
    }

    private static func neurons(
        _ neurons: ReplacementModel.Neurons, inputs: Tensor, post: Tensor, scale: Tensor?, written: Tensor?,
        out: Tensor,
        limit: Int?, skipped: Int
    ) -> FrozenFeatures {
        let (positions, count) = (post.shape[0], post.shape[1])
        let (values, sources) = (post.elements, inputs.elements)
        var offsets = [0]
        var (ids, kept, ratios): ([Int32], [Float], [Float]) = ([], [], [])
        for position in 0..<positions {
            let first = position * count
            var active =
                position < skipped ? [] : (0..<count).filter { values[first + $0] != 0 && sources[first + $0] != 0 }
            if let limit, active.count > limit {
                let sizes = active.map { abs(values[first + $0]) * neurons.lengths[$0] }
                let order = active.indices.sorted { (sizes[$0], $1) > (sizes[$1], $0) }
                active = order.prefix(limit).map { active[$0] }.sorted()
            }
            for neuron in active {
                ids.append(Int32(neuron))
                kept.append(values[first + neuron])
                ratios.append(values[first + neuron] / sources[first + neuron])
            }
            offsets.append(ids.count)
        }
        let active = SparseActivations(features: count, offsets: offsets, indices: ids, values: kept)
        func wrote(_ rows: Tensor) -> Tensor { written.map { rows * $0 } ?? rows }
        let all = wrote(post.matmul(neurons.outputs))
        let isWhole = limit.map { $0 >= count } ?? true
        let rest = isWhole ? nil : (all - wrote(active.applied(to: neurons.outputs))).zeroed(before: skipped)
        let bias = out - wrote(active.applied(to: neurons.outputs)) - (rest ?? .zeros([1]))
        return FrozenFeatures(
            active, directions: neurons.outputs, reading: neurons.reading, written: written, errors: rest, bias: bias,
            skip: nil, read: scale, encoder: .neurons(neurons, ratios: ratios))
    }
}

extension SparseActivations {
    /// Without the entries of the first rows.
    fileprivate func withoutRows(before count: Int) -> SparseActivations {
        guard count > 0 else { return self }
        let first = offsets[min(count, rows)]
        return SparseActivations(
            features: features, offsets: offsets.map { max(0, $0 - first) }, indices: Array(indices[first...]),
            values: Array(values[first...]))
    }
}

extension Tensor {
    /// The same rows, the first of them 0.
    fileprivate func zeroed(before count: Int) -> Tensor {
        guard count > 0 else { return self }
        return replacingRows(Array(0..<count), with: .zeros([count] + shape.dropFirst()))
    }
}
