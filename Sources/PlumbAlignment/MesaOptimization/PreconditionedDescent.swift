internal import PlumbBasics
public import PlumbTensor

/// Steps of gradient descent from weights of zero on the examples' squared error, between which inputs may be
/// preconditioned: GD++ (von Oswald et al. 2022, arXiv:2212.07677).
///
/// With S = Σ xᵢ xᵢᵀ of the inputs as they are, a step adds `η Σ rᵢ (xᵢ · x)` to the prediction at x, where rᵢ is what is
/// left of yᵢ, and then replaces every input x, that of the query too, by `x - γ S x`. Without γ these are steps of gradient
/// descent.
public struct PreconditionedDescent: Sendable, Equatable, Codable {
    /// One step.
    public struct Step: Sendable, Equatable, Codable {
        /// η, for the sum over examples.
        public var stepSize: Double
        /// γ, by which inputs are preconditioned after the step; 0 for gradient descent.
        public var contraction: Double

        /// A step of length η and a preconditioning by γ after it.
        public init(stepSize: Double, contraction: Double = 0) {
            (self.stepSize, self.contraction) = (stepSize, contraction)
        }
    }

    /// The steps, first to last.
    public var steps: [Step]

    /// The learner that makes these steps.
    public init(_ steps: [Step]) { self.steps = steps }

    /// What is predicted after each step.
    ///
    /// - Shapes: `tokens` `[B, N, D + 1]`, `inputs` `[B, M, D]`; each result `[B, M]`.
    public func predictions(_ tokens: Tensor, inputs: Tensor) -> [Tensor] {
        let (tasks, width, places) = (tokens.shape[0], tokens.shape[2], inputs.shape[1])
        var (x, query) = (tokens.columns(0..<width - 1), inputs)
        var residual = tokens.columns(width - 1..<width)
        var prediction = Tensor(repeating: 0, shape: [tasks, places, 1])
        return steps.map { step in
            let gradient = x.batchedTransposedMatmul(residual) * Float(step.stepSize)
            prediction = prediction + query.batchedMatmul(gradient)
            residual = residual - x.batchedMatmul(gradient)
            if step.contraction != 0 {
                let gram = x.batchedTransposedMatmul(x) * Float(step.contraction)
                query = query - query.batchedMatmul(gram)
                x = x - x.batchedMatmul(gram)
            }
            return prediction.reshaped([tasks, places])
        }
    }

    /// What is predicted for one query of each task, after each step.
    ///
    /// - Shapes: `tokens` `[B, N, D + 1]`, `queries` `[B, D + 1]`; each result `[B]`.
    public func predictions(_ tokens: Tensor, queries: Tensor) -> [Tensor] {
        let (tasks, width) = (queries.shape[0], queries.shape[1])
        let inputs = queries.columns(0..<width - 1).reshaped([tasks, 1, width - 1])
        return predictions(tokens, inputs: inputs).map { $0.reshaped([tasks]) }
    }

    /// The weights ŵ after each step, for inputs as they were at first: what is predicted at each unit vector.
    ///
    /// - Shapes: `tokens` `[B, N, D + 1]`; each result `[B, D]`.
    public func weights(_ tokens: Tensor) -> [Tensor] {
        let (tasks, width) = (tokens.shape[0], tokens.shape[2] - 1)
        let unit = (0..<width * width).map { Float($0 / width == $0 % width ? 1 : 0) }
        let units = Tensor((0..<tasks).flatMap { _ in unit }, shape: [tasks, width, width])
        return predictions(tokens, inputs: units)
    }
}
