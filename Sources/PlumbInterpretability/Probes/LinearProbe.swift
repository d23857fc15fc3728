internal import Foundation
internal import PlumbBasics
internal import PlumbLinearAlgebra
public import PlumbTensor

/// A linear function of activations that is high where an example is positive: `f(x) = θ · x + b`.
///
/// What a probe reads is there in the activations; that the model uses it, a probe does not show (Belinkov 2021,
/// *Probing Classifiers: Promises, Shortcomings, and Advances*, arXiv:2102.12452). How much it read of what is there
/// rather than of the examples' accidents, a ``ProbeReport`` shows.
public struct LinearProbe: Sendable, Codable, Equatable {
    /// θ, `[D]`.
    public let direction: [Double]
    /// b: scores above 0 are taken to be positive.
    public let offset: Double
    /// The features that have a weight; nil for all of them.
    public let support: [Int]?

    /// A probe of a given direction.
    public init(direction: [Double], offset: Double, support: [Int]? = nil) {
        (self.direction, self.offset, self.support) = (direction, offset, support)
    }

    /// The scores of examples, `f(x)`.
    ///
    /// - Shapes: `activations` `[N, D]`; result `[N]`.
    public func scores(_ activations: DoubleMatrix) -> [Double] {
        require(
            activations.columns == direction.count,
            "a probe of width \(direction.count) cannot read activations of width \(activations.columns)")
        return activations.product(DoubleMatrix(direction, rows: direction.count, columns: 1)).elements.map {
            $0 + offset
        }
    }

    /// The area under the ROC curve on labeled examples; NaN where one class is missing.
    public func auroc(_ examples: ProbeExamples) -> Double {
        Self.auroc(scores(examples.activations), examples.labels)
    }

    /// The share of examples on the right side of 0.
    public func accuracy(_ examples: ProbeExamples) -> Double {
        Self.accuracy(scores(examples.activations), examples.labels)
    }

    /// The area under the ROC curve of scores against labels; NaN where one class is missing.
    static func auroc(_ scores: [Double], _ labels: [Bool]) -> Double {
        let pairs = zip(scores, labels)
        return Statistics.auroc(
            positives: pairs.filter(\.1).map(\.0), negatives: pairs.filter { !$0.1 }.map(\.0))
    }

    static func accuracy(_ scores: [Double], _ labels: [Bool]) -> Double {
        Double(zip(scores, labels).count { ($0 > 0) == $1 }) / Double(labels.count)
    }

    /// The cosine of the directions of two probes; 0 where one has none.
    public func cosine(_ other: LinearProbe) -> Double {
        require(
            direction.count == other.direction.count,
            "probes of widths \(direction.count) and \(other.direction.count) have no cosine")
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        let lengths = (dot(direction, direction) * dot(other.direction, other.direction)).squareRoot()
        return lengths > 0 ? dot(direction, other.direction) / lengths : 0
    }
}

extension LinearProbe {
    /// The difference of the classes' means, with the threshold half-way between them (the mass-mean probe of Marks,
    /// Tegmark 2023, *The Geometry of Truth*, arXiv:2310.06824).
    ///
    /// Its direction is that along which the classes differ most, and not the one that tells them apart best: where it
    /// is not the best, adding it to activations may still change what a model does the more.
    ///
    /// - Throws: ``ProbeError`` where a class is missing.
    public init(meanDifference examples: ProbeExamples) throws {
        let (positive, negative) = try examples.classes()
        let (high, low) = (
            examples.activations.gathered(positive).columnMeans, examples.activations.gathered(negative).columnMeans
        )
        self.init(from: low, to: high) { $0 }
    }

    /// The difference of the classes' means, whitened: `θ = Σ⁻¹ (μ₊ - μ₋)` with the covariance Σ of the examples about
    /// the means of their classes, which is Fisher's discriminant (Fisher 1936; Marks, Tegmark 2023, arXiv:2310.06824).
    ///
    /// Scores do not depend on the basis of the activations where nothing is shrunken.
    ///
    /// - Parameters:
    ///   - examples: what the probe is fitted to.
    ///   - shrinkage: the part of Σ, 0 to 1, that is replaced by a multiple of the identity of the same trace; where
    ///     there are fewer examples than features it must be above 0.
    /// - Throws: ``ProbeError`` where a class is missing, or Σ has no inverse.
    /// - Complexity: O(N D² + D³).
    public init(whitenedMeanDifference examples: ProbeExamples, shrinkage: Double) throws {
        require((0...1).contains(shrinkage), "shrinkage is a part from 0 to 1, got \(shrinkage)")
        let (positive, negative) = try examples.classes()
        let sides = [positive, negative].map { examples.activations.gathered($0) }
        let (high, low) = (sides[0].columnMeans, sides[1].columnMeans)
        let width = examples.width
        var covariance = DoubleMatrix(rows: width, columns: width)
        let scatters = zip(sides, [high, low]).map { side, mean in
            let centered = side.addingToRows(mean, scale: -1)
            return centered.transposedProduct(centered)
        }
        var trace = 0.0
        for row in 0..<width {
            for column in 0...row {
                let value = (scatters[0][row, column] + scatters[1][row, column]) / Double(examples.count)
                if row == column { trace += value }
                covariance[row, column] = (1 - shrinkage) * value
            }
        }
        guard trace > 0 else {
            throw ProbeError("examples of a class are all equal: a covariance of 0 cannot whiten anything")
        }
        for row in 0..<width { covariance[row, row] += shrinkage * trace / Double(width) }
        let difference = DoubleMatrix(zip(high, low).map { $0 - $1 }, rows: width, columns: 1)
        guard let whitened = try? covariance.solvedPositiveDefinite(difference) else {
            throw ProbeError(
                "the covariance of \(examples.count) examples of \(width) features has no inverse: take more examples "
                    + "or a shrinkage above \(shrinkage)")
        }
        self.init(from: low, to: high) { _ in whitened.elements }
    }

    /// A probe along what `map` makes of the difference of means, with the threshold half-way between them.
    private init(from low: [Double], to high: [Double], _ map: ([Double]) -> [Double]) {
        let direction = map(zip(high, low).map { $0 - $1 })
        let middle = zip(high, low).map { ($0 + $1) / 2 }
        self.init(direction: direction, offset: -zip(direction, middle).reduce(0) { $0 + $1.0 * $1.1 })
    }
}
