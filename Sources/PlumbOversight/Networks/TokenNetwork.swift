internal import PlumbBasics
public import PlumbLearning
public import PlumbNN
public import PlumbTensor

/// A perceptron that reads a few tokens as one-hot vectors: what small overseers, critics and policies are made of.
///
/// - Shapes: rows `[R][tokens]`; one-hot inputs `[R, Σ vocabularies]`; result `[R, O]`.
public struct TokenNetwork: ParameterTree {
    /// How many values each token of a row can have.
    public let vocabularies: [Int]
    /// The perceptron behind the one-hot vectors.
    public var perceptron: MLP

    /// A new network.
    ///
    /// - Parameters:
    ///   - vocabularies: how many values each token of a row can have.
    ///   - hidden: neurons in the hidden layer.
    ///   - outputs: O, the classes.
    ///   - key: of the weights.
    public init(_ vocabularies: [Int], hidden: Int, outputs: Int, key: RandomKey) {
        require(
            !vocabularies.isEmpty && vocabularies.allSatisfy { $0 > 0 },
            "a network of tokens needs vocabularies of one token or more, got \(vocabularies)")
        self.vocabularies = vocabularies
        perceptron = MLP([vocabularies.reduce(0, +), hidden, outputs], key: key)
    }

    public mutating func visit(_ visitor: inout ParameterVisitor) { visitor("perceptron", &perceptron) }

    /// Rows of tokens as one-hot vectors side by side.
    ///
    /// - Shapes: result `[R, Σ vocabularies]`.
    public func oneHot(_ rows: [[Int]]) -> Tensor {
        let width = vocabularies.reduce(0, +)
        var elements = [Float](repeating: 0, count: rows.count * width)
        for (index, row) in rows.enumerated() {
            require(
                row.count == vocabularies.count, "a row has \(vocabularies.count) tokens, got \(row.count)")
            var start = index * width
            for (token, vocabulary) in zip(row, vocabularies) {
                require((0..<vocabulary).contains(token), "a token of \(vocabulary) values cannot be \(token)")
                elements[start + token] = 1
                start += vocabulary
            }
        }
        return Tensor(elements, shape: [rows.count, width])
    }

    /// The logits of rows of tokens.
    ///
    /// - Shapes: result `[R, O]`.
    public func logits(_ rows: [[Int]]) -> Tensor { perceptron(oneHot(rows)) }

    /// The logarithms of the classes' probabilities, in nats.
    ///
    /// - Shapes: result `[R][O]`.
    public func logProbabilities(_ rows: [[Int]]) -> [[Double]] {
        guard !rows.isEmpty else { return [] }
        let values = logits(rows).logSoftmax().elements.map(Double.init)
        let width = values.count / rows.count
        return rows.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
    }

    /// The network after training by cross-entropy on examples that are a function of the step; Adam's learning rate
    /// falls along half a cosine.
    ///
    /// - Throws: what `Fit` throws.
    public func trained(
        steps: Int, learningRate: Double, label: String, in session: FitSession,
        on examples: (_ step: Int) -> (rows: [[Int]], targets: [Int])
    ) throws -> TokenNetwork {
        var fit = Fit(steps: steps)
        fit.schedule = .cosine(warmup: 0, total: steps, floor: 0.02)
        return try fit.run(self, optimizer: Adam(learningRate: learningRate), label: label, in: session) {
            network, step in
            let (rows, targets) = examples(step)
            return network.logits(rows).crossEntropy(targets)
        }.model
    }
}
