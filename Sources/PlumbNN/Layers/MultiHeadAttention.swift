internal import PlumbBasics
public import PlumbTensor

/// Attention between the rows of a run (Vaswani et al. 2017, arXiv:1706.03762), key-value heads shared by groups of
/// query heads where there are fewer of them (Ainslie et al. 2023, arXiv:2305.13245).
///
/// Queries, keys and values come from one product, whichever names their weights have. Its gradient is fused and can be
/// taken once: a second derivative is refused.
///
/// - Shapes: `q_proj.weight` `[H · K, D]`, `k_proj.weight` and `v_proj.weight` `[G · K, D]`, `o_proj.weight`
///   `[D, H · K]`.
public struct MultiHeadAttention: ParameterTree {
    /// How the weights of queries, keys and values are named and laid out.
    public enum Projections: Sendable, Equatable {
        /// `q_proj`, `k_proj`, `v_proj`.
        case separate
        /// `qkv_proj`: `[(H + 2G) · K, D]`, queries first.
        case fused
    }

    /// `D`, the width of the rows that are read and added to.
    public let width: Int
    /// The numbers of heads, their width, and which rows a row sees.
    public let mixing: AttentionMixing
    /// How the weights of queries, keys and values are named and laid out.
    public let projections: Projections
    /// How queries and keys are turned by position, if they are.
    public let rotary: RotaryEmbedding?
    private var input: JoinedProjection
    /// What the heads have read, brought back to the rows' width.
    public var output: Linear

    /// A new layer.
    ///
    /// - Parameters:
    ///   - width: `D`, the width of the rows.
    ///   - heads: `H`.
    ///   - keyValueHeads: `G`, by default as many as `heads`.
    ///   - headWidth: `K`, by default `width / heads`.
    ///   - isCausal: whether a row sees only itself and the rows before it.
    ///   - bias: whether the projections add biases.
    ///   - projections: how the weights of queries, keys and values are named and laid out.
    ///   - rotary: how queries and keys are turned by position; nil leaves them as they are.
    ///   - initializer: how weights are drawn; the default is that of PyTorch's linear layers.
    ///   - key: of the weights and biases.
    public init(
        width: Int, heads: Int, keyValueHeads: Int? = nil, headWidth: Int? = nil, isCausal: Bool = true,
        bias: Bool = false, projections: Projections = .separate, rotary: RotaryEmbedding? = nil,
        initializer: Initializer = .standard, key: RandomKey
    ) {
        require(
            heads > 0 && (headWidth != nil || width % heads == 0),
            "a width of \(width) cannot be shared by \(heads) heads evenly: give headWidth")
        let groups = keyValueHeads ?? heads
        let headWidth = headWidth ?? width / heads
        mixing = AttentionMixing(heads: heads, keyValueHeads: groups, headWidth: headWidth, isCausal: isCausal)
        require(
            rotary.map { $0.width <= headWidth } ?? true,
            "a rotary embedding of width \(rotary?.width ?? 0) does not fit in heads of \(headWidth)")
        let outputs = [("q_proj", heads * headWidth), ("k_proj", groups * headWidth), ("v_proj", groups * headWidth)]
        let fused = [("qkv_proj", (heads + 2 * groups) * headWidth)]
        input = JoinedProjection(
            inputs: width, outputs: projections == .fused ? fused : outputs, bias: bias, initializer: initializer,
            key: key)
        output = Linear(
            inputs: heads * headWidth, outputs: width, bias: bias, initializer: initializer, key: key["o_proj"])
        (self.width, self.projections, self.rotary) = (width, projections, rotary)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        input.visit(&visitor, names: projections == .fused ? ["qkv_proj"] : ["q_proj", "k_proj", "v_proj"])
        visitor("o_proj", &output)
    }

    /// Attention within each sequence of a batch.
    ///
    /// - Shapes: `x` and result `[B, T, D]`; or `[T, D]`, one sequence.
    public func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) -> Tensor {
        require(
            (2...3).contains(x.shape.count) && x.shape.last == width,
            "attention of width \(width) needs [B, T, \(width)] or [T, \(width)], got \(x.shape)")
        let rows = x.shape[x.shape.count - 2]
        let runs = Array(repeating: rows, count: x.shape.count == 3 ? x.shape[0] : 1)
        let flat = [runs.reduce(0, +), width]
        return self(x.reshaped(flat), runs: runs, adding: residual?.reshaped(flat)).reshaped(x.shape)
    }

    /// Attention within runs of rows, one after another.
    ///
    /// - Parameters:
    ///   - x: the rows of all runs, one run after another.
    ///   - runs: the number of rows of each run.
    ///   - positions: the position of each row; by default each run counts from 0.
    ///   - residual: what is added to the result; nil adds nothing.
    /// - Shapes: `x`, `residual` and result `[R, D]`.
    public func callAsFunction(
        _ x: Tensor, runs: [Int], positions: [Int32]? = nil, adding residual: Tensor? = nil
    ) -> Tensor {
        require(
            x.shape == [runs.reduce(0, +), width],
            "attention of width \(width) over runs of \(runs) rows cannot read \(x.shape)")
        var joined = input(x)
        if let rotary {
            let positions = positions ?? runs.flatMap { (0..<Int32($0)) }
            joined = rotary.rotated(
                joined, heads: mixing.heads + mixing.keyValueHeads, headWidth: mixing.headWidth, positions: positions)
        }
        return output(mixing(joined: joined, runs: runs), adding: residual)
    }
}
