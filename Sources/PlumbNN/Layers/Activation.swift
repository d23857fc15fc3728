public import PlumbTensor

/// A function between two linear layers, of each element but for ``solu``.
public enum Activation: String, Sendable, Codable, CaseIterable {
    /// `max(x, 0)`
    case relu
    /// `tanh(x)`
    case tanh
    /// `1 / (1 + e⁻ˣ)`
    case sigmoid
    /// `x / (1 + e⁻ˣ)`
    case silu
    /// GELU by the error function.
    case gelu
    /// GELU's tanh form, as GPT-2 has it.
    case geluTanh
    /// The softmax linear unit, `x · softmax(x)` over a row (Elhage et al. 2022, *Softmax Linear Units*).
    case solu

    /// Applies the function to each element, or to each row.
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
        case .solu: x * x.softmax()
        }
    }
}
