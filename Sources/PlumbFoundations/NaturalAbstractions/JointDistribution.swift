internal import Foundation
internal import PlumbLinearAlgebra
public import PlumbTensor

/// Anything whose parts have information about each other.
public protocol InformationSource: Sendable {
    /// The entropy of some variables together, in nats, up to a constant for each variable.
    func entropy(of variables: [Int]) throws -> Double
}

extension InformationSource {
    /// I(A; B | C), in nats.
    ///
    /// - Throws: what ``InformationSource/entropy(of:)`` throws.
    public func information(_ a: [Int], _ b: [Int], given c: [Int] = []) throws -> Double {
        try entropy(of: a + c) + entropy(of: b + c) - entropy(of: c) - entropy(of: a + b + c)
    }
}

/// A few discrete variables by the probability of each combination.
public struct JointDistribution: InformationSource {
    /// How many values each variable has.
    public let sizes: [Int]
    /// The probability of each combination, the last variable's value running fastest.
    public let probabilities: [Double]

    /// - Throws: ``FoundationsError`` where the numbers are no probabilities or not as many as there are combinations.
    public init(sizes: [Int], probabilities: [Double]) throws {
        guard sizes.reduce(1, *) == probabilities.count else {
            throw FoundationsError(
                "\(probabilities.count) probabilities do not fit variables of \(sizes) values: there are "
                    + "\(sizes.reduce(1, *)) combinations")
        }
        try FoundationsError.check(probabilities, of: "the joint distribution")
        (self.sizes, self.probabilities) = (sizes, probabilities)
    }

    /// The entropy of some variables together, in nats.
    public func entropy(of variables: [Int]) -> Double {
        let kept = Set(variables)
        var sums = [Int: Double]()
        for (index, probability) in probabilities.enumerated() where probability > 0 {
            var (rest, code, scale) = (index, 0, 1)
            for variable in sizes.indices.reversed() {
                if kept.contains(variable) {
                    code += scale * (rest % sizes[variable])
                    scale *= sizes[variable]
                }
                rest /= sizes[variable]
            }
            sums[code, default: 0] += probability
        }
        // In order, so that the sum is the same in every run.
        return sums.sorted { $0.key < $1.key }.reduce(0) { $0 - $1.value * log($1.value) }
    }

    /// H(A | B), in nats.
    public func entropy(of a: [Int], given b: [Int]) -> Double { entropy(of: a + b) - entropy(of: b) }
}

/// Jointly normal variables by their covariance.
public struct JointGaussian: InformationSource {
    /// The covariance.
    public let covariance: DoubleMatrix

    /// Variables with a covariance, which must be positive definite.
    public init(covariance: DoubleMatrix) { self.covariance = covariance }

    /// Half the logarithm of the determinant of the variables' covariance: their entropy but for a constant a variable.
    ///
    /// - Throws: `LinearAlgebraError` where the covariance is not positive definite.
    public func entropy(of variables: [Int]) throws -> Double {
        let kept = Array(Set(variables)).sorted()
        guard !kept.isEmpty else { return 0 }
        let part = kept.flatMap { row in kept.map { covariance[row, $0] } }
        let factor = try DoubleMatrix(part, rows: kept.count, columns: kept.count).choleskyFactor()
        return kept.indices.reduce(0) { $0 + log(abs(factor[$1, $1])) }
    }

    /// n variables X_i = L + e_i with L and all e_i standard normal, followed by a resampling of each from the others,
    /// X'_i ~ P(X_i | X_j, j ≠ i), all at once; or, where not `fromOthers`, by an independent draw.
    public static func resampledStar(_ n: Int, fromOthers: Bool = true) -> JointGaussian {
        // By symmetry E[X_i | others] = a Σ X_j with a = 1 / n, and the variance is 2 - (n - 1) / n.
        let a = fromOthers ? 1 / Double(n) : 0
        func own(_ i: Int, _ j: Int) -> Double { i == j ? 2 : 1 }
        func cross(_ i: Int, _ j: Int) -> Double {
            (0..<n).reduce(0) { $1 == j ? $0 : $0 + a * own(i, $1) }
        }
        var matrix = DoubleMatrix(rows: 2 * n, columns: 2 * n)
        for i in 0..<n {
            for j in 0..<n {
                matrix[i, j] = own(i, j)
                matrix[i, n + j] = cross(i, j)
                matrix[n + j, i] = cross(i, j)
                let both = (0..<n).reduce(0.0) { $1 == i ? $0 : $0 + a * cross($1, j) }
                let rest = fromOthers ? 2 - Double(n - 1) * a : 2
                matrix[n + i, n + j] = fromOthers ? both + (i == j ? rest : 0) : own(i, j)
            }
        }
        return JointGaussian(covariance: matrix)
    }
}
