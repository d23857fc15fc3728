internal import PlumbBasics
public import PlumbModels
public import PlumbTensor

/// The residual stream that enters a layer, or leaves the last, as the sum of what each part of the model wrote (Elhage et
/// al. 2021, *A Mathematical Framework for Transformer Circuits*).
///
/// ```swift
/// let parts = try ResidualDecomposition(model, tokens, by: .neurons)
/// let written = parts.contributions(along: direction, at: [tokens.count - 1])
/// ```
///
/// What heads and neurons wrote is kept as the numbers that they multiply, `z` and activations. Contributions along a
/// direction are read by projecting the direction through the output weights first: the tensor of all components, which for
/// the neurons of a small model has tens of thousands of rows of width D, is made only by ``vectors(at:)``.
///
/// Where a model normalizes what attention or the MLP wrote before adding it, the scale of that normalization is held as it
/// was in the run.
public struct ResidualDecomposition: Sendable {
    /// How finely the sum is split.
    public enum Detail: String, Sendable, CaseIterable, Codable {
        /// Embeddings, and the attention and the MLP of each layer.
        case layers
        /// Attention by heads, and its bias.
        case heads
        /// Attention by heads, MLPs by neurons, and their biases.
        case neurons
    }

    /// A part of the model that writes to the residual stream.
    public enum Component: Sendable, Hashable, CustomStringConvertible {
        /// The token embedding.
        case embedding
        /// The learned position embedding.
        case positions
        /// All of a layer's attention.
        case attention(Int)
        /// One head.
        case head(AttentionHead)
        /// What attention writes beside its heads.
        case attentionBias(Int)
        /// All of a layer's MLP.
        case mlp(Int)
        /// One neuron.
        case neuron(layer: Int, index: Int)
        /// What the MLP writes beside its neurons.
        case mlpBias(Int)

        public var description: String {
            switch self {
            case .embedding: "embedding"
            case .positions: "positions"
            case .attention(let layer): "attention \(layer)"
            case .head(let head): "head \(head)"
            case .attentionBias(let layer): "attention bias \(layer)"
            case .mlp(let layer): "MLP \(layer)"
            case .neuron(let layer, let index): "neuron \(layer).\(index)"
            case .mlpBias(let layer): "MLP bias \(layer)"
            }
        }
    }

    /// The prompt.
    public let tokens: [Int]
    /// The stream is that which enters this layer; that which leaves the last where it is the number of layers.
    public let layer: Int
    /// The components, in the order in which a forward pass meets them.
    public let components: [Component]
    /// The sum of all components as the model has it, `[T, D]`.
    public let residual: Tensor
    private let detail: Detail
    private let model: HookedTransformer
    private let cache: ActivationCache

    /// Splits the residual stream of one run.
    ///
    /// - Parameters:
    ///   - tokens: the prompt, T of them.
    ///   - detail: how finely.
    ///   - layer: the layer whose incoming stream is split; what leaves the last layer by default.
    /// - Throws: `ModelError` for a prompt or a layer that the model does not have.
    public init(
        _ model: HookedTransformer, _ tokens: [Int], by detail: Detail = .heads, enteringLayer layer: Int? = nil
    ) throws {
        try model.check(tokens)
        let layers = model.configuration.layers
        let end = layer ?? layers
        guard (0...layers).contains(end) else {
            throw ModelError("\(model.name) has \(layers) layers: a stream enters none that is \(end)")
        }
        let last = end < layers ? HookPoint.block(end, .residPre) : .block(layers - 1, .residPost)
        let cache = model.run(
            tokens,
            recording: Recording { point in
                if point == last || point == .embed || point == .positionEmbed { return true }
                guard let block = point.block, block < end else { return false }
                let inside: [Site] = [.z, .mlpPost, .ln1PostScale, .ln2PostScale]
                return [.attnOut, .mlpOut].contains(point.site) || detail != .layers && inside.contains(point.site)
            }
        ).cache
        guard let residual = cache[last] else { unmet("\(model.name) shows \(last)") }
        try model.requireNumbers(residual)
        var components: [Component] = [.embedding] + (cache[.positionEmbed] == nil ? [] : [.positions])
        let (heads, neurons) = (model.configuration.heads, model.configuration.mlpWidth)
        for block in 0..<end {
            if detail == .layers {
                components.append(.attention(block))
            } else {
                components += (0..<heads).map { .head(AttentionHead(layer: block, head: $0)) }
                if model.hasAttentionBias(block: block) { components.append(.attentionBias(block)) }
            }
            guard neurons > 0 else { continue }
            if detail == .neurons {
                components += (0..<neurons).map { .neuron(layer: block, index: $0) } + [.mlpBias(block)]
            } else {
                components.append(.mlp(block))
            }
        }
        (self.tokens, self.layer, self.components, self.residual) = (tokens, end, components, residual)
        (self.detail, self.model, self.cache) = (detail, model, cache)
    }

    /// How far each component reaches along directions of the residual stream, without making the components.
    ///
    /// - Parameters:
    ///   - directions: one a row, for example the difference of two rows of the unembedding over the final scale.
    ///   - positions: which to read, P of them.
    /// - Shapes: `directions` `[N, D]`; result `[C, P, N]`, C the number of ``components``.
    /// - Precondition: the prompt has the positions.
    /// - Complexity: O(C (P + D) N).
    public func contributions(along directions: Tensor, at positions: [Int]) -> Tensor {
        require(
            directions.shape.count == 2 && directions.shape[1] == model.configuration.width,
            "directions have shape [N, \(model.configuration.width)], got \(directions.shape)")
        requirePositions(positions)
        let count = directions.shape[0]
        func whole(_ point: HookPoint) -> Tensor { activation(point, positions).matmul(transposed: directions) }
        var parts: [Tensor] = [whole(.embed)]
        if components.contains(.positions) { parts.append(whole(.positionEmbed)) }
        for block in 0..<layer {
            if detail == .layers {
                parts.append(whole(.block(block, .attnOut)))
            } else {
                let heads = headParts(block, directions, positions)
                parts += heads
                if model.hasAttentionBias(block: block) {
                    parts.append(heads.reduce(whole(.block(block, .attnOut))) { $0 - $1 })
                }
            }
            guard model.configuration.mlpWidth > 0 else { continue }
            let out = whole(.block(block, .mlpOut))
            guard detail == .neurons else {
                parts.append(out)
                continue
            }
            let neurons = neuronParts(block, directions, positions)
            parts += [neurons, out - neurons.summed(axis: 0)]
        }
        return Tensor.concatenated(parts.map { $0.reshaped([-1, positions.count, count]) })
    }

    /// What each component wrote.
    ///
    /// - Shapes: result `[C, P, D]`, C the number of ``components``: for neurons C is large.
    /// - Precondition: the prompt has the positions.
    public func vectors(at positions: [Int]) -> Tensor {
        let width = model.configuration.width
        let axes = Tensor((0..<width * width).map { $0 / width == $0 % width ? 1 : 0 }, shape: [width, width])
        return contributions(along: axes, at: positions)
    }

    /// Each head's part, `[P, N]`.
    private func headParts(_ block: Int, _ directions: Tensor, _ positions: [Int]) -> [Tensor] {
        let outputs = model.headWeights(block: block).outputs
        let z = activation(.block(block, .z), positions)
        let (count, width) = (outputs.shape[0], outputs.shape[1])
        let read = directions * (model.outputGains(block: block).attention ?? ones)
        let scale = inverseScale(.block(block, .ln1PostScale), positions)
        let rows = z.reshaped([positions.count, count * width])
        return (0..<count).map { head in
            let own = rows.columns(head * width..<(head + 1) * width)
            let product = own.matmul(transposed: read.matmul(transposed: outputs[head]))
            return scale.map { product * $0 } ?? product
        }
    }

    /// All neurons' parts, `[F, P, N]`.
    private func neuronParts(_ block: Int, _ directions: Tensor, _ positions: [Int]) -> Tensor {
        let read = directions * (model.outputGains(block: block).mlp ?? ones)
        // What a unit of each neuron's activation adds, `[F, N]`.
        let unit = model.neuronWeights(block: block).matmul(transposed: read)
        let scale = inverseScale(.block(block, .ln2PostScale), positions)
        let rows = activation(.block(block, .mlpPost), positions)
        let active = (scale.map { rows * $0 } ?? rows).transposed()
        let (neurons, count) = (unit.shape[0], unit.shape[1])
        return active.reshaped([neurons, positions.count, 1]) * unit.reshaped([neurons, 1, count])
    }

    private var ones: Tensor { Tensor(repeating: 1, shape: [model.configuration.width]) }

    /// One over what a normalization divided by, `[P, 1]`; nil where the model has none there.
    private func inverseScale(_ point: HookPoint, _ positions: [Int]) -> Tensor? {
        cache[point].map { $0.reshaped([tokens.count, 1]).gathered(positions).reciprocal() }
    }

    private func activation(_ point: HookPoint, _ positions: [Int]) -> Tensor {
        guard let value = cache[point] else { unmet("\(model.name) shows \(point)") }
        return value.gathered(positions)
    }

    private func requirePositions(_ positions: [Int]) {
        for position in positions {
            require(
                tokens.indices.contains(position),
                "position \(position) is outside the prompt, whose positions are 0 to \(tokens.count - 1)")
        }
    }
}
