internal import PlumbBasics
public import PlumbTensor

/// A function of each element between two linear layers.
public enum Activation: String, Sendable, Codable, CaseIterable {
    case relu
    case tanh
    case sigmoid
    case silu
    /// GELU by the error function.
    case gelu
    /// GELU's tanh form, as GPT-2 has it.
    case geluTanh

    /// Applies the function to each element.
    ///
    /// - Shapes: `x` and result alike, of any shape.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        switch self {
        case .relu: x.relu()
        case .tanh: x.tanh()
        case .sigmoid: x.sigmoid()
        case .silu: x.silu()
        case .gelu: x.gelu()
        case .geluTanh: x.geluTanh()
        }
    }
}

/// The part of a block that works on each row by itself: wider, bent, and back.
///
/// - Shapes: input and result `[…, D]`; `up_proj.weight` and, where gated, `gate_proj.weight` `[F, D]`,
///   `down_proj.weight` `[D, F]`.
public struct FeedForward: ParameterTree {
    /// What happens between the layers.
    public enum Kind: Sendable, Equatable {
        /// `down(f(up(x)))`
        case plain(Activation)
        /// `down(silu(gate(x)) · up(x))` (Shazeer 2020, arXiv:2002.05202).
        case swiGLU
    }

    /// What happens between the layers.
    public let kind: Kind
    private var input: JoinedProjection
    /// The layer that leads back to the rows' width.
    public var output: Linear

    /// A new layer of `hidden` neurons.
    public init(
        width: Int, hidden: Int, kind: Kind = .plain(.relu), bias: Bool = true, initializer: Initializer = .standard,
        key: RandomKey
    ) {
        require(width >= 0 && hidden >= 0, "a feed-forward layer cannot have \(hidden) neurons of \(width) inputs")
        self.kind = kind
        input = JoinedProjection(
            inputs: width, outputs: FeedForward.names(kind).map { ($0, hidden) }, bias: bias, initializer: initializer,
            key: key)
        output = Linear(inputs: hidden, outputs: width, bias: bias, initializer: initializer, key: key["down_proj"])
    }

    private static func names(_ kind: Kind) -> [String] {
        kind == .swiGLU ? ["gate_proj", "up_proj"] : ["up_proj"]
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        input.visit(&visitor, names: FeedForward.names(kind))
        visitor("down_proj", &output)
    }

    /// Applies both layers, and adds `residual`, of the input's shape, where one is given.
    public func callAsFunction(_ x: Tensor, adding residual: Tensor? = nil) -> Tensor {
        require(
            x.shape.last == input.weight.inputs,
            "a feed-forward layer of width \(input.weight.inputs) cannot read \(x.shape)")
        let rows = x.shape.count == 2 ? x : x.reshaped([x.shape.dropLast().reduce(1, *), input.weight.inputs])
        let joined = input(rows)
        let neurons =
            switch kind {
            case .plain(let activation): activation(joined)
            case .swiGLU: joined.gatedSilu()
            }
        let result = output(neurons, adding: residual.map { $0.shape.count == 2 ? $0 : $0.reshaped(rows.shape) })
        return x.shape.count == 2 ? result : result.reshaped(x.shape)
    }
}
