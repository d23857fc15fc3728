internal import PlumbBasics
internal import PlumbNN
public import PlumbTensor

/// Orthonormal directions of a space of activations: the first columns of a product of Householder reflections.
///
/// `H₁ H₂ … H_k E`, with `H = I - 2 v vᵀ / |v|²` and E the first k unit vectors. Whatever the numbers in v, the columns
/// are orthonormal but for rounding, so that an optimizer may move v freely and nothing has to be made orthogonal
/// again. Every subspace of k dimensions is the span of such columns (Householder 1958).
public struct OrthogonalFrame: ParameterTree, Equatable {
    /// The vectors v, in the order of their reflections, `[k, D]`.
    public var reflections: Tensor

    /// k: how many directions there are.
    public var rank: Int { reflections.shape[0] }
    /// D: the width of the activation.
    public var width: Int { reflections.shape[1] }

    /// The frame whose first columns span what the first of `directions` span, for each number of them.
    ///
    /// - Shapes: `directions` `[k, D]`.
    /// - Precondition: the directions are linearly independent, and there are at most D of them.
    public init(spanning directions: Tensor) {
        require(
            directions.shape.count == 2 && directions.shape[0] >= 1 && directions.shape[0] <= directions.shape[1],
            "a frame takes from 1 to D directions [k, D], got shape \(directions.shape)")
        let (count, width) = (directions.shape[0], directions.shape[1])
        var rows = (0..<count).map { directions[$0].elements.map(Double.init) }
        var vectors: [Float] = []
        for index in 0..<count {
            var vector = [Double](repeating: 0, count: width)
            for place in index..<width { vector[place] = rows[index][place] }
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            require(length > 0, "direction \(index) lies in the span of those before it")
            // The sign keeps the sum away from 0.
            vector[index] += vector[index] < 0 ? -length : length
            let square = vector.reduce(0) { $0 + $1 * $1 }
            for later in index..<count {
                let part = 2 * zip(vector, rows[later]).reduce(0) { $0 + $1.0 * $1.1 } / square
                for place in index..<width { rows[later][place] -= part * vector[place] }
            }
            // A reflection does not depend on the length; with this one the numbers are about 1.
            let scale = (Double(width) / square).squareRoot()
            vectors += vector.map { Float($0 * scale) }
        }
        reflections = Tensor(vectors, shape: [count, width])
    }

    /// A frame whose span is drawn uniformly from all subspaces of its rank (Stewart 1980).
    ///
    /// - Precondition: `rank` is from 1 to `width`.
    public init(width: Int, rank: Int, key: RandomKey) {
        require(rank >= 1 && rank <= width, "a frame of width \(width) cannot have rank \(rank)")
        self.init(spanning: .normal([rank, width], key: key))
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("reflections", &reflections) }

    /// The directions, one a column; gradients flow to ``reflections``.
    ///
    /// - Shapes: `[D, k]`.
    public func basis() -> Tensor {
        let (rank, width) = (rank, width)
        var basis = Tensor(shape: [width, rank]) { columns in
            for place in columns.indices { columns[place] = place / rank == place % rank ? 1 : 0 }
        }
        for index in (0..<rank).reversed() {
            let vector = reflections[index..<index + 1]
            let scale = Tensor(repeating: 2, shape: [1, 1]) / vector.matmul(transposed: vector)
            basis = basis - vector.transposedMatmul(vector.matmul(basis) * scale)
        }
        return basis
    }
}
