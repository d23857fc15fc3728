internal import PlumbBasics
internal import PlumbLinearAlgebra
public import PlumbTensor

/// A linear function fitted by least squares, with shrunken weights and a free offset, in closed form
/// (Hoerl, Kennard 1970, *Ridge Regression: Biased Estimation for Nonorthogonal Problems*).
///
/// `f(x) = t̄ + (x - x̄) W`, with `W = (Xᵀ X + λ I)⁻¹ Xᵀ T` of centered inputs X and targets T.
public struct RidgeRegression: Sendable, Equatable {
    /// W, `[D, C]`.
    public let weights: DoubleMatrix
    private let inputMeans: [Double]
    private let targetMeans: [Double]

    /// Fits a function to examples.
    ///
    /// - Parameters:
    ///   - inputs: what the function reads, an example a row.
    ///   - targets: what it should give, an example a row.
    ///   - penalty: λ, on the sum of squares over examples; 0 is least squares.
    /// - Shapes: `inputs` `[N, D]`, `targets` `[N, C]`.
    /// - Throws: ``FitError`` where there are no examples, a number is not finite, or the inputs do not decide the weights.
    public init(_ inputs: DoubleMatrix, targets: DoubleMatrix, penalty: Double) throws {
        require(
            inputs.rows == targets.rows && penalty >= 0,
            "ridge regression needs a target for each input and a penalty of 0 or more, got \(inputs.rows), "
                + "\(targets.rows) and \(penalty)")
        guard inputs.rows > 0, (inputs.elements + targets.elements).allSatisfy(\.isFinite) else {
            throw FitError("ridge regression needs examples of finite numbers, and at least one of them")
        }
        (inputMeans, targetMeans) = (inputs.columnMeans, targets.columnMeans)
        let x = inputs.addingToRows(inputMeans, scale: -1)
        var gram = x.transposedProduct(x)
        for index in 0..<gram.rows { gram[index, index] += penalty }
        let right = x.transposedProduct(targets.addingToRows(targetMeans, scale: -1))
        guard let weights = try? gram.solvedPositiveDefinite(right) else {
            throw FitError(
                "\(inputs.rows) examples do not decide the \(inputs.columns) weights of a linear function: take more, or "
                    + "a penalty above \(penalty)")
        }
        self.weights = weights
    }

    /// The function's values.
    ///
    /// - Shapes: `inputs` `[N, D]`; result `[N, C]`.
    public func callAsFunction(_ inputs: DoubleMatrix) -> DoubleMatrix {
        inputs.addingToRows(inputMeans, scale: -1).product(weights).addingToRows(targetMeans)
    }
}
