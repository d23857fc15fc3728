internal import Foundation
internal import PlumbLearning
internal import PlumbTensor

/// Errors of a weak supervisor and of the student that it taught, and how far the two are apart: mean squared distances over
/// the same inputs.
///
/// Where the student's functions are a linear space that holds the target, and the student is the function of that space
/// nearest to its supervisor, the three distances are the sides of a right triangle:
/// `err(weak) = err(student) + misfit` (Charikar, Pabbaraju, Shiragur 2024, *Quantifying the Gain in Weak-to-Strong
/// Generalization*, arXiv:2405.15116, where convexity gives "at least"; a linear space gives equality). On the inputs that the
/// student learned from that is algebra. On fresh inputs it is wrong by what the student learned of its sample.
public struct Misfit: Sendable, Codable, Equatable {
    /// err(weak), the mean squared distance from supervisor to target.
    public let weakError: Double
    /// err(student), the mean squared distance from student to target.
    public let studentError: Double
    /// The mean squared distance from supervisor to student.
    public let misfit: Double

    /// Three measured distances, which are mean squares and 0 or more.
    public init(weakError: Double, studentError: Double, misfit: Double) {
        (self.weakError, self.studentError, self.misfit) = (weakError, studentError, misfit)
    }

    /// The distances between what three functions say of the same inputs.
    ///
    /// - Shapes: all `[N, classes]`.
    init(_ supervisor: DoubleMatrix, _ student: DoubleMatrix, _ target: DoubleMatrix) {
        self.init(
            weakError: supervisor.meanSquaredDistance(to: target),
            studentError: student.meanSquaredDistance(to: target),
            misfit: supervisor.meanSquaredDistance(to: student))
    }

    /// `(err(weak) - err(student) - misfit) / err(weak)`: 0 where the equation holds.
    public var violation: Double { (weakError - studentError - misfit) / weakError }
}

/// How far the equation of ``Misfit`` is from holding on fresh inputs, for students that learned from more and more.
public struct MisfitCurve: Sendable, Codable, Equatable {
    /// From how many labeled pictures each student learned.
    public let sizes: [Int]
    /// The violation for each size, mean over draws of the sample; the target is a function that the student can be.
    public let reachable: [Double]
    /// What theory says of it: -2 E[r² h] / (n err(weak)), with the population's residual r and leverage h of an input.
    public let predicted: [Double]
    /// The violation where the target is the true labels, which no student can be.
    public let unreachable: [Double]

    /// A curve of measured violations, one value for each size in every array.
    public init(sizes: [Int], reachable: [Double], predicted: [Double], unreachable: [Double]) {
        (self.sizes, self.reachable, self.predicted, self.unreachable) = (sizes, reachable, predicted, unreachable)
    }

    /// The slope of a power law through the means of several curves: of the logarithm of the violation against that of the
    /// size, by least squares; NaN where a mean is not negative, as theory has it.
    public static func slope(_ curves: [MisfitCurve], _ values: KeyPath<MisfitCurve, [Double]>) -> Double {
        guard let sizes = curves.first?.sizes, sizes.count > 1 else { return .nan }
        let means = sizes.indices.map { index in Statistics.mean(curves.map { $0[keyPath: values][index] }) }
        guard means.allSatisfy({ $0 < 0 }) else { return .nan }
        let (x, y) = (sizes.map { log(Double($0)) }, means.map { log(-$0) })
        let (mx, my) = (Statistics.mean(x), Statistics.mean(y))
        let covariance = zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
        return covariance / x.reduce(0) { $0 + ($1 - mx) * ($1 - mx) }
    }
}

extension WeakToStrongStudy {
    /// Measures the equation on fresh pictures: all pictures are the population, from which each student's sample is drawn with
    /// replacement, so that its expectations are exact.
    func misfits(_ split: Split, classes: Int, key: RandomKey) throws -> MisfitCurve {
        let all = split.everything
        let supervised = split.weak(weakLabels)
        let weak = try ridge(supervised.pooled, .oneHot(supervised.labels, classes))(all.pooled)
        let truth = DoubleMatrix.oneHot(all.labels, classes)
        func fitted(_ targets: DoubleMatrix) throws -> DoubleMatrix {
            try RidgeRegression(all.components, targets: targets, penalty: 0)(all.components)
        }
        let (reachable, nearest) = (try fitted(truth), try fitted(weak))
        let spread = try Self.spread(all.components, of: weak, around: nearest)
        let weakError = weak.meanSquaredDistance(to: reachable)
        var curves: [(reachable: Double, unreachable: Double)] = []
        for size in sizes {
            let found = try (0..<draws).map { draw in
                var random = key[size][draw].generator()
                let rows = (0..<size).map { _ in random.index(below: all.labels.count) }
                let student = try RidgeRegression(
                    all.components.gathered(rows), targets: weak.gathered(rows), penalty: 0)(all.components)
                return (Misfit(weak, student, reachable).violation, Misfit(weak, student, truth).violation)
            }
            curves.append((Statistics.mean(found.map(\.0)), Statistics.mean(found.map(\.1))))
        }
        return MisfitCurve(
            sizes: sizes, reachable: curves.map(\.reachable),
            predicted: sizes.map { -2 * spread / (Double($0) * weakError) }, unreachable: curves.map(\.unreachable))
    }

    /// E[r² h]: squared residuals, each times the leverage of its input in a population of one.
    private static func spread(
        _ inputs: DoubleMatrix, of values: DoubleMatrix, around fitted: DoubleMatrix
    ) throws -> Double {
        let principal = try PrincipalComponents(of: inputs, count: inputs.columns)
        let scores = principal(inputs)
        let scales = (0..<scores.columns).map { column in
            Statistics.mean((0..<scores.rows).map { scores[$0, column] * scores[$0, column] })
        }
        let products = (0..<inputs.rows).map { row in
            let leverage = (0..<scores.columns).reduce(1.0) { $0 + scores[row, $1] * scores[row, $1] / scales[$1] }
            let residuals = (0..<values.columns).map { values[row, $0] - fitted[row, $0] }
            return residuals.reduce(0) { $0 + $1 * $1 } * leverage
        }
        return Statistics.mean(products)
    }
}
