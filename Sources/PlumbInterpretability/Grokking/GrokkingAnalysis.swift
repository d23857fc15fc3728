internal import PlumbLearning
internal import PlumbNN
internal import PlumbTensor

/// What a network that adds modulo p computes with: frequencies, and the progress measures of Nanda et al. 2023
/// (arXiv:2301.05217).
public struct GrokkingAnalysis: Sendable {
    private let basis: FourierBasis
    private let pairs: AdditionTransformer.Pairs
    private let train: [Int]
    private let test: [Int]

    /// An analysis of networks that were trained on the pairs `train`.
    ///
    /// - Precondition: `modulus` is odd and above 2.
    /// - Parameters:
    ///   - modulus: p, the modulus of the addition.
    ///   - train: the training pairs, by their place in the table of addition, a · p + b.
    ///   - test: all other pairs.
    public init(modulus: Int, train: [Int], test: [Int]) {
        basis = FourierBasis(modulus: modulus)
        pairs = AdditionTransformer.Pairs(Array(0..<modulus * modulus), modulus: modulus)
        (self.train, self.test) = (train, test)
    }

    /// Mean cross-entropies, in nats, and accuracies, 0...1, on both sets of pairs.
    public struct Scores: Sendable, Codable, Equatable {
        /// The loss on the training pairs, in nats.
        public var trainLoss: Double
        /// The loss on the test pairs, in nats.
        public var testLoss: Double
        /// The share of the training pairs that the network adds correctly.
        public var trainAccuracy: Double
        /// The share of the test pairs that the network adds correctly.
        public var testAccuracy: Double
    }

    /// The losses and accuracies of the network; NaN on a set without pairs.
    public func scores(_ model: AdditionTransformer) -> Scores { scores(logits: model(pairs)) }

    private func scores(logits: Tensor) -> Scores {
        let losses = logits.crossEntropies(pairs.sums).elements
        let answers = logits.argmaxOfRows()
        func mean(_ places: [Int], _ value: (Int) -> Double) -> Double {
            places.isEmpty ? .nan : places.reduce(0) { $0 + value($1) } / Double(places.count)
        }
        func isRight(_ place: Int) -> Double { answers[place] == pairs.sums[place] ? 1 : 0 }
        return Scores(
            trainLoss: mean(train) { Double(losses[$0]) }, testLoss: mean(test) { Double(losses[$0]) },
            trainAccuracy: mean(train, isRight), testAccuracy: mean(test, isRight))
    }

    /// The share of the logits' variance over all pairs in the waves of a + b of each frequency, in the order of
    /// ``FourierBasis/frequencies``. What all logits of a pair have in common does not count: it changes no probability.
    public func shares(_ model: AdditionTransformer) -> [Double] { shares(logits: model(pairs)) }

    /// The same for logits of all pairs, [p², p].
    func shares(logits: Tensor) -> [Double] {
        let logits = centered(logits)
        let total = logits.dot(logits)
        let coefficients = basis.sumWaves(basis.frequencies).transposedMatmul(logits)
        return basis.frequencies.indices.map { index in
            let part = coefficients[2 * index..<2 * index + 2]
            return total > 0 ? part.dot(part) / total : 0
        }
    }

    /// The fewest frequencies that explain `part` of the variance that all frequencies explain, strongest first.
    public func keyFrequencies(shares: [Double], part: Double = 0.95) -> [Int] {
        let total = shares.reduce(0, +)
        var (found, sum): ([Int], Double) = ([], 0)
        for frequency in strongestFirst(shares: shares) where sum < part * total {
            found.append(frequency)
            sum += shares[frequency - 1]
        }
        return found
    }

    /// All frequencies by their share, the largest first; of equal ones the lower first.
    func strongestFirst(shares: [Double]) -> [Int] {
        shares.indices.sorted { shares[$0] == shares[$1] ? $0 < $1 : shares[$0] > shares[$1] }.map { $0 + 1 }
    }

    /// The logits less their mean over the classes, and less their mean over the pairs.
    private func centered(_ logits: Tensor) -> Tensor {
        let rows = logits - logits.mean(axis: 1, keepingAxis: true)
        return rows - rows.mean(axis: 0, keepingAxis: true)
    }

    /// The losses of the whole network, of some frequencies alone and of the network without them.
    ///
    /// The waves of the frequencies are fitted to the logits of the test pairs alone. Fitted to all pairs, as in the paper,
    /// they also hold what was memorized: a table of nothing but the training answers has waves of a + b that give the right
    /// sum of test pairs too.
    public struct Progress: Sendable, Codable, Equatable {
        /// The losses and accuracies of the whole network.
        public var scores: Scores
        /// The loss on the test pairs of the frequencies alone, in nats: the logits are those that fit best among a constant
        /// and the products of waves of a and of b of the frequencies.
        public var restrictedLoss: Double
        /// The loss on the training pairs without the frequencies, in nats: the logits less the waves of a + b that fit the
        /// test pairs best.
        public var excludedLoss: Double
        /// ``restrictedLoss`` with waves fitted to all pairs, training pairs too, in nats.
        public var restrictedLossFromAllPairs: Double
        /// The Gini coefficient of the embedding's Fourier components: 0 when all are equal, near 1 when few are large.
        public var gini: Double
    }

    /// The progress measures with `frequencies` as the key ones.
    ///
    /// - Throws: `FitError` where there is no test pair, or a logit is not finite.
    public func progress(_ model: AdditionTransformer, frequencies: [Int]) throws -> Progress {
        try progress(logits: model(pairs), gini: Self.gini(embeddingNorms(model)), frequencies: frequencies)
    }

    /// The same for logits of all pairs, [p², p].
    func progress(logits: Tensor, gini: Double, frequencies: [Int]) throws -> Progress {
        let products = basis.productWaves(frequencies)
        let fitted = try part(of: logits, in: products)
        let constant = (logits - fitted).gathered(test).mean(axis: 0)
        let leaky = products.matmul(products.transposedMatmul(logits)) + logits.mean(axis: 0)
        let removed = try part(of: logits, in: basis.sumWaves(frequencies))
        return Progress(
            scores: scores(logits: logits), restrictedLoss: scores(logits: fitted + constant).testLoss,
            excludedLoss: scores(logits: logits - removed).trainLoss,
            restrictedLossFromAllPairs: scores(logits: leaky).testLoss, gini: gini)
    }

    /// The waves that, with a constant, are nearest to the logits of the test pairs; without the constant, for all pairs.
    private func part(of logits: Tensor, in waves: Tensor) throws -> Tensor {
        // A wave's square over all pairs is 1: the penalty only matters where too few test pairs tell the waves apart.
        let weights = try RidgeRegression(
            DoubleMatrix(waves.gathered(test)), targets: DoubleMatrix(logits.gathered(test)), penalty: 1e-6
        ).weights
        return waves.matmul(Tensor(weights))
    }

    /// The norm of each wave's component of the embedding of the numbers.
    ///
    /// - Returns: the cosine and the sine of each frequency, in the order of ``FourierBasis/frequencies``.
    public func embeddingNorms(_ model: AdditionTransformer) -> [Double] {
        let components = basis.waves(basis.frequencies).transposedMatmul(model.tokens[0..<basis.modulus])
        return (0..<components.shape[0]).map { components[$0].norm() }
    }

    /// The share of neurons, among those that ever fire, whose activation over all pairs lies for at least `part` of its
    /// variance in the waves of one frequency.
    public func neuronsOfOneFrequency(_ model: AdditionTransformer, part: Double = 0.85) -> Double {
        let raw = model.run(pairs).neurons
        let neurons = raw - raw.mean(axis: 0, keepingAxis: true)
        let totals = neurons.squared().summed(axis: 0).elements
        var best = [Float](repeating: 0, count: totals.count)
        for frequency in basis.frequencies {
            let parts = basis.neuronWaves(frequency).transposedMatmul(neurons).squared().summed(axis: 0).elements
            for (index, value) in parts.enumerated() { best[index] = max(best[index], value) }
        }
        let alive = totals.indices.filter { totals[$0] > 1e-6 * Float(pairs.count) }
        let pure = alive.count { Double(best[$0]) >= part * Double(totals[$0]) }
        return alive.isEmpty ? 0 : Double(pure) / Double(alive.count)
    }

    /// How unequal numbers of 0 or more are: 0 when all are equal, 1 - 1/n when all but one are 0 (Gini 1912).
    public static func gini(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let total = sorted.reduce(0, +)
        guard total > 0 else { return 0 }
        let weighted = sorted.enumerated().reduce(0.0) { $0 + Double($1.offset + 1) * $1.element }
        let count = Double(sorted.count)
        return 2 * weighted / (count * total) - (count + 1) / count
    }
}
