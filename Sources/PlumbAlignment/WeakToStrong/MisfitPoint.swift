internal import PlumbLearning
internal import PlumbTensor

/// Errors of a weak supervisor and of the student that it taught, and how far the two are apart.
///
/// Where the student's functions are a linear space that holds the target, and the student is the function of that space
/// nearest to its supervisor, the three distances are the sides of a right triangle:
/// `err(weak) = err(student) + misfit`, so that the part of the gap that is recovered is `misfit / err(weak)`
/// (Charikar, Pabbaraju, Shiragur 2024, *Quantifying the Gain in Weak-to-Strong Generalization*, arXiv:2405.15116, where
/// convexity gives "at least"; a linear space gives equality). All are mean squared distances over the same inputs. On the
/// inputs that the student learned from the equation is exact; on others it holds up to sampling error. A target outside
/// of the student's space breaks it.
public struct MisfitPoint: Sendable, Codable, Equatable {
    /// Where and against what the errors were measured.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// On the inputs that the student learned from; the target is a function that the student can be.
        case population
        /// On fresh inputs, with the same target.
        case fresh
        /// On the inputs that the student learned from; the target is the true labels, which no student can be.
        case outside
    }

    /// Where and against what the errors were measured.
    public let kind: Kind
    /// How many true labels the supervisor had.
    public let weakLabels: Int
    /// err(weak), the mean squared distance from supervisor to target.
    public let weakError: Double
    /// err(student), the mean squared distance from student to target.
    public let studentError: Double
    /// The mean squared distance from supervisor to student.
    public let misfit: Double

    /// A point of the three measured distances, which are mean squares and 0 or more.
    public init(kind: Kind, weakLabels: Int, weakError: Double, studentError: Double, misfit: Double) {
        (self.kind, self.weakLabels) = (kind, weakLabels)
        (self.weakError, self.studentError, self.misfit) = (weakError, studentError, misfit)
    }

    /// What the student gains over its supervisor.
    public var gain: Double { weakError - studentError }

    /// `(err(weak) - err(student) - misfit) / err(weak)`: 0 where the equation holds.
    public var violation: Double { (gain - misfit) / weakError }

    /// The part of the gap in squared error that the student recovers, where the ceiling has no error.
    public var recovered: Double { gain / weakError }
}

extension WeakToStrongStudy {
    /// Measures the three distances for supervisors with more and more true labels.
    func misfits(_ split: Split, classes: Int) throws -> [MisfitPoint] {
        let student = split.student
        let truth = DoubleMatrix.oneHot(student.labels, classes)
        // The nearest that the student can come to the true labels: a target that it can reach.
        let reachable = try RidgeRegression(student.components, targets: truth, penalty: 0)
        return try [weakLabels / 2, weakLabels, 2 * weakLabels, mostWeakLabels].flatMap { count in
            let supervised = split.weak(count)
            let weak = try ridge(supervised.pooled, .oneHot(supervised.labels, classes))
            let taught = try RidgeRegression(student.components, targets: weak(student.pooled), penalty: 0)
            func point(_ kind: MisfitPoint.Kind, on part: Part, target: DoubleMatrix) -> MisfitPoint {
                let (said, learned) = (weak(part.pooled), taught(part.components))
                return MisfitPoint(
                    kind: kind, weakLabels: count, weakError: said.meanSquaredDistance(to: target),
                    studentError: learned.meanSquaredDistance(to: target),
                    misfit: said.meanSquaredDistance(to: learned))
            }
            return [
                point(.population, on: student, target: reachable(student.components)),
                point(.fresh, on: split.test, target: reachable(split.test.components)),
                point(.outside, on: student, target: truth),
            ]
        }
    }
}
