internal import Foundation
internal import PlumbBasics
public import PlumbModels
internal import PlumbNN
public import PlumbTensor

/// Layers of linear attention that share their weights: one layer, applied several times to all tokens (von Oswald et al.
/// 2022, arXiv:2212.07677).
///
/// The examples are keys and values, and every token is a query: examples change too. The answer is minus the last number of
/// the query token, which is what a learner leaves where it takes its predictions away from the y of every token.
///
/// - Shapes: E = D + 1 numbers a token.
public struct RepeatedLinearAttention: HookedModel, SavableModel {
    /// The layer whose weights all layers share.
    public var layer: LinearSelfAttention
    /// How many layers there are.
    public let depth: Int
    /// Whether layers write to the inputs of tokens, or to their y alone: then inputs cannot be preconditioned.
    public let changesInputs: Bool

    /// `depth` layers with the initial weights of the paper.
    public init(width: Int, depth: Int, changesInputs: Bool = true, scale: Double? = nil, key: RandomKey) {
        let layer = LinearSelfAttention(width: width, scale: scale ?? 0.002 / Double(max(1, depth)), key: key)
        self.init(layer, depth: depth, changesInputs: changesInputs)
    }

    /// `depth` layers with the weights of `layer`.
    public init(_ layer: LinearSelfAttention, depth: Int, changesInputs: Bool = true) {
        require(depth > 0, "a network needs layers, got \(depth)")
        (self.layer, self.depth, self.changesInputs) = (layer, depth, changesInputs)
    }

    /// The network that the file holds.
    ///
    /// - Throws: `ModelError` where the matrices do not fit together or the number of layers is missing.
    public init(_ file: ModelFile) throws {
        layer = try LinearSelfAttention(file, name: "layer.")
        depth = try file.trait("depth", as: Int.self)
        changesInputs = try file.trait("changes_inputs", as: Bool.self)
        guard (1...64).contains(depth) else {
            throw ModelError("a network of \(depth) layers cannot be read: it has 1 to 64")
        }
    }

    /// How many layers there are, and whether they may change inputs.
    public var traits: [String: String] { ["depth": "\(depth)", "changes_inputs": "\(changesInputs)"] }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("layer", &layer) }

    /// The query tokens after the last layer, those after each layer handed to `hooks` at `blocks.I.hook_resid_post`,
    /// `[B, E]`.
    ///
    /// - Shapes: `tokens` `[B, N, E]`, `queries` and result `[B, E]`.
    public func forward(_ input: (tokens: Tensor, queries: Tensor), _ hooks: inout HookRunner) -> Tensor {
        var (tokens, queries) = input
        let (tasks, width) = (tokens.shape[0], tokens.shape[2])
        for index in 0..<depth {
            // Products of all examples, which keys and values of every query share.
            let gram = tokens.batchedTransposedMatmul(tokens)
            let taken = change(queries.reshaped([tasks, 1, width]), gram).reshaped([tasks, width])
            if index + 1 < depth { tokens = tokens + change(tokens, gram) }
            queries = hooks(queries + taken, at: .block(index, .residPost))
        }
        return queries
    }

    /// What tokens take up of the examples.
    ///
    /// - Shapes: `tokens` and result `[B, M, E]`, `gram` `[B, E, E]`.
    private func change(_ tokens: Tensor, _ gram: Tensor) -> Tensor {
        let width = tokens.shape[2]
        let sought = layer.query(tokens.reshaped([-1, width])).matmul(layer.key.weight.tensor())
        let taken = sought.reshaped(tokens.shape).batchedMatmul(gram).reshaped([-1, width])
        let change = layer.output(layer.value(taken))
        guard !changesInputs else { return change.reshaped(tokens.shape) }
        let mask = (0..<width).map { Float($0 == width - 1 ? 1 : 0) }
        return (change * Tensor(mask, shape: [1, width])).reshaped(tokens.shape)
    }

    /// The predicted answers.
    ///
    /// - Shapes: `tokens` `[B, N, E]`, `queries` `[B, E]`; result `[B]`.
    public func callAsFunction(_ tokens: Tensor, queries: Tensor) -> Tensor {
        var hooks = HookRunner.idle
        let width = queries.shape[1]
        return -forward((tokens, queries), &hooks).columns(width - 1..<width).reshaped([-1])
    }

    /// The query tokens before the first layer and after each.
    ///
    /// - Shapes: `tokens` `[B, N, E]`, `queries` and each result `[B, E]`.
    public func activations(_ tokens: Tensor, queries: Tensor) -> [Tensor] {
        let cache = run((tokens, queries), recording: .sites(.residPost)).cache
        return [queries] + (0..<depth).compactMap { cache[.block($0, .residPost)] }
    }

    /// The weights ŵ that the network holds for each task after each layer: how minus the last number of the query token
    /// changes with the query's input.
    ///
    /// - Shapes: `tokens` `[B, N, E]`, `queries` `[B, E]`; each result `[B, D]`.
    public func heldWeights(_ tokens: Tensor, queries: Tensor) -> [Tensor] {
        let width = queries.shape[1]
        return (1...depth).map { layers in
            let part = RepeatedLinearAttention(layer, depth: layers, changesInputs: changesInputs)
            return valueWithPullback(at: queries) { part(tokens, queries: $0) }.gradient.columns(0..<width - 1)
        }
    }
}
