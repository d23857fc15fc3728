internal import Foundation
internal import PlumbBasics
internal import PlumbTensor

extension LinearProbe {
    /// Logistic regression with shrunken weights and a free offset: the minimum of
    /// `Σ log(1 + exp(-y f(x))) + λ/2 |w|²`, y being 1 or -1, where w weighs features of mean 0 and deviation 1.
    ///
    /// The minimum is unique; it is found by Newton's method, whose steps are computed by conjugate gradients, so that
    /// no matrix of D × D is made.
    ///
    /// - Parameters:
    ///   - examples: what the probe is fitted to.
    ///   - penalty: λ, above 0; examples of many features can be separated, and need it.
    /// - Throws: ``ProbeError`` where a class is missing.
    /// - Complexity: O(N D) for each of some hundred products.
    public init(logistic examples: ProbeExamples, penalty: Double = 1) throws {
        require(penalty > 0 && penalty.isFinite, "logistic regression needs a penalty above 0, got \(penalty)")
        _ = try examples.classes()
        let standard = Standardization(of: examples.activations)
        var regression = LogisticRegression(standard(examples.activations), examples.labels, penalty)
        regression.minimize()
        let direction = zip(regression.weights, standard.scales).map { $0 / $1 }
        self.init(
            direction: direction,
            offset: regression.offset - zip(direction, standard.means).reduce(0) { $0 + $1.0 * $1.1 })
    }

    /// A logistic probe of the k features whose means differ most between the classes, in standard deviations (Gurnee,
    /// Nanda, Pauly, Harvey, Troitskii, Bertsimas 2023, *Finding Neurons in a Haystack: Case Studies with Sparse
    /// Probing*, arXiv:2305.01610).
    ///
    /// - Parameters:
    ///   - examples: what the probe is fitted to; they choose the features too.
    ///   - count: k, from 1 to the width.
    ///   - penalty: as of a logistic probe.
    /// - Throws: ``ProbeError`` where a class is missing.
    public init(sparse examples: ProbeExamples, features count: Int, penalty: Double = 1) throws {
        require(
            count >= 1 && count <= examples.width,
            "a sparse probe of width \(examples.width) has from 1 to \(examples.width) features, not \(count)")
        let difference = try LinearProbe(meanDifference: examples).direction
        let scales = Standardization(of: examples.activations).scales
        let standardized = zip(difference, scales).map { abs($0 / $1) }
        let ranked = standardized.indices.sorted {
            (standardized[$1], $0) < (standardized[$0], $1)
        }
        try self.init(logistic: examples, features: Array(ranked.prefix(count)).sorted(), penalty: penalty)
    }

    /// A logistic probe that is shown some features only.
    init(logistic examples: ProbeExamples, features: [Int], penalty: Double) throws {
        let probe = try LinearProbe(logistic: examples.features(features), penalty: penalty)
        var direction = [Double](repeating: 0, count: examples.width)
        for (feature, weight) in zip(features, probe.direction) { direction[feature] = weight }
        self.init(direction: direction, offset: probe.offset, support: features)
    }
}

/// Newton's method for logistic regression; steps solve `H s = -g` by conjugate gradients.
private struct LogisticRegression {
    /// Standardized features, `[N, D]`, and the same with rows and columns exchanged.
    let x: DoubleMatrix, transposed: DoubleMatrix
    let targets: [Double]
    let penalty: Double
    var weights: [Double]
    var offset = 0.0

    init(_ x: DoubleMatrix, _ labels: [Bool], _ penalty: Double) {
        (self.x, transposed, self.penalty) = (x, x.transposed(), penalty)
        targets = labels.map { $0 ? 1 : 0 }
        weights = [Double](repeating: 0, count: x.columns)
    }

    private func logits(_ weights: [Double], _ offset: Double) -> [Double] {
        x.product(DoubleMatrix(weights, rows: weights.count, columns: 1)).elements.map { $0 + offset }
    }

    /// `Xᵀ v` and the sum of v.
    private func gathered(_ v: [Double]) -> (weights: [Double], offset: Double) {
        (transposed.product(DoubleMatrix(v, rows: v.count, columns: 1)).elements, v.reduce(0, +))
    }

    private func objective(_ weights: [Double], _ logits: [Double]) -> Double {
        zip(logits, targets).reduce(penalty / 2 * weights.reduce(0) { $0 + $1 * $1 }) { sum, pair in
            sum + max(pair.0, 0) + log1p(exp(-abs(pair.0))) - pair.1 * pair.0
        }
    }

    mutating func minimize() {
        var logits = logits(weights, offset)
        var value = objective(weights, logits)
        for _ in 0..<100 {
            let chances = logits.map { 1 / (1 + exp(-$0)) }
            var gradient = gathered(zip(chances, targets).map { $0 - $1 })
            for index in weights.indices { gradient.weights[index] += penalty * weights[index] }
            let slope = Self.length(gradient.weights, gradient.offset)
            guard slope > 1e-9 * Double(targets.count) else { return }
            let step = newtonStep(gradient, chances.map { $0 * (1 - $0) }, until: min(0.1, slope.squareRoot()) * slope)
            // Where the full step would overshoot, a shorter one does not.
            var (scale, isBetter) = (1.0, false)
            while !isBetter && scale > 1e-12 {
                let next = zip(weights, step.weights).map { $0 + scale * $1 }
                let nextOffset = offset + scale * step.offset
                let nextLogits = self.logits(next, nextOffset)
                let nextValue = objective(next, nextLogits)
                isBetter = nextValue < value
                if isBetter { (weights, offset, logits, value) = (next, nextOffset, nextLogits, nextValue) }
                scale /= 2
            }
            guard isBetter else { return }
        }
    }

    /// The step s with `(Xᵀ S X + λ I) s = -g`, the offset being a feature of 1 without penalty.
    private func newtonStep(
        _ gradient: (weights: [Double], offset: Double), _ curvatures: [Double], until tolerance: Double
    ) -> (weights: [Double], offset: Double) {
        var step = (weights: [Double](repeating: 0, count: weights.count), offset: 0.0)
        var residual = (weights: gradient.weights.map { -$0 }, offset: -gradient.offset)
        var direction = residual
        var square = Self.squared(residual.weights, residual.offset)
        for _ in 0..<(weights.count + 1) {
            let along = logits(direction.weights, direction.offset)
            var product = gathered(zip(along, curvatures).map { $0 * $1 })
            for index in weights.indices { product.weights[index] += penalty * direction.weights[index] }
            let curvature =
                zip(direction.weights, product.weights).reduce(direction.offset * product.offset) {
                    $0 + $1.0 * $1.1
                }
            guard curvature > 0 else { break }
            let length = square / curvature
            for index in weights.indices {
                step.weights[index] += length * direction.weights[index]
                residual.weights[index] -= length * product.weights[index]
            }
            step.offset += length * direction.offset
            residual.offset -= length * product.offset
            let next = Self.squared(residual.weights, residual.offset)
            guard next.squareRoot() > tolerance else { break }
            for index in weights.indices {
                direction.weights[index] = residual.weights[index] + next / square * direction.weights[index]
            }
            direction.offset = residual.offset + next / square * direction.offset
            square = next
        }
        return step
    }

    private static func squared(_ weights: [Double], _ offset: Double) -> Double {
        weights.reduce(offset * offset) { $0 + $1 * $1 }
    }
    private static func length(_ weights: [Double], _ offset: Double) -> Double {
        squared(weights, offset).squareRoot()
    }
}
