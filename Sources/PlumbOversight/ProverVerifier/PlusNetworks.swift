internal import PlumbBasics
public import PlumbNN
public import PlumbTensor

/// Accepts or rejects the claim that a picture holds a plus, by one patch and a symbol.
public struct PlusVerifier: ParameterTree {
    /// Symbols that a prover can send.
    public let symbols: Int
    /// Pixels and the symbol as a one-hot vector, to a logit of acceptance.
    public var perceptron: MLP

    /// A new verifier.
    public init(symbols: Int, hidden: Int, key: RandomKey) {
        self.symbols = symbols
        perceptron = MLP([9 + symbols, hidden, 1], key: key)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("perceptron", &perceptron) }

    /// The logit of acceptance for every patch and symbol.
    ///
    /// - Shapes: result `[512, M]`.
    public func logits() -> Tensor {
        let rows = (0..<PlusGame.patterns).flatMap { pattern in
            (0..<symbols).flatMap { symbol in
                PlusGame.pixels(pattern) + (0..<symbols).map { $0 == symbol ? 1 : 0 }
            }
        }
        return perceptron(Tensor(rows, shape: [PlusGame.patterns * symbols, 9 + symbols]))
            .reshaped([PlusGame.patterns, symbols])
    }
}

/// Points at a patch of a picture and sends a symbol, by chance.
public struct PlusProver: ParameterTree {
    /// Pixels to a score; a patch is pointed at with the probability of the scores' softmax.
    public var perceptron: MLP
    /// The logits of the symbols, `[1, M]`.
    public var symbols: Tensor

    /// A new prover, whose symbols are equally probable.
    public init(symbols: Int, hidden: Int, key: RandomKey) {
        perceptron = MLP([9, hidden, 1], key: key)
        self.symbols = Tensor.zeros([1, symbols])
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) {
        visitor("perceptron", &perceptron)
        visitor("symbols", &symbols)
    }

    /// How probable each patch of each picture is.
    ///
    /// - Shapes: `pictures` `[B][C]`; result `[B, C]`.
    public func cellProbabilities(_ pictures: [[Int]]) -> Tensor {
        let cells = pictures.first?.count ?? 0
        return perceptron(PlusGame.allPixels).gathered(pictures.flatMap { $0 }).reshaped([pictures.count, cells])
            .softmax()
    }

    /// How probable each symbol is.
    ///
    /// - Shapes: result `[1, M]`.
    public func symbolProbabilities() -> Tensor { symbols.softmax() }
}

/// What a prover does in expectation: the mean over what it may point at and send.
enum PlusExpectation {
    /// The expected value of a function of patch and symbol for each picture.
    ///
    /// - Parameters:
    ///   - values: of every patch and symbol.
    ///   - cells: how probable each patch is; nil for equally probable ones.
    ///   - symbols: how probable each symbol is; nil for equally probable ones.
    /// - Shapes: `values` `[512, M]`, `cells` `[B, C]`, `symbols` `[1, M]`; result `[B]`.
    static func of(_ values: Tensor, pictures: [[Int]], cells: Tensor?, symbols: Tensor?) -> Tensor {
        let (rows, columns) = (pictures.count, pictures.first?.count ?? 0)
        let ofPatterns = symbols.map { (values * $0).summed(axis: -1) } ?? values.mean(axis: -1)
        let ofCells = ofPatterns.reshaped([PlusGame.patterns, 1]).gathered(pictures.flatMap { $0 })
            .reshaped([rows, columns])
        return cells.map { (ofCells * $0).summed(axis: -1) } ?? ofCells.mean(axis: -1)
    }
}
