public import PlumbData
public import PlumbLearning
public import PlumbRecords
public import PlumbTensor

/// A strong student learns from the labels of a weak supervisor, with linear models that are solved exactly.
///
/// The supervisor sees pictures of 4 × 4 pixels and few true labels. The student sees directions that it found in pictures
/// of 8 × 8 pixels without any labels, and the supervisor's labels. What is claimed: the student does better than its
/// supervisor, since it cannot express part of the supervisor's errors. How this fails: a student that can express all of
/// them, as one with the supervisor's own features can, learns them too.
///
/// Source: Burns et al. 2023, *Weak-to-Strong Generalization: Eliciting Strong Capabilities With Weak Supervision*,
/// arXiv:2312.09390.
public struct WeakToStrongStudy: SettingGroup {
    @Setting("Pictures with true labels that the supervisor learns from.", 2...100_000)
    public var weakLabels = 60
    @Setting("Pictures that the supervisor labels for the student.", 65...100_000)
    public var studentLabels = 1000
    // Some of the 64 pixels are always black: no more than 50 components vary.
    @Setting("Principal components of the pictures, found without labels, that the student sees.", 1...50)
    public var components = 20
    @Setting("The penalty on squared weights in each regression; pixels are from 0 to 1.", 1e-12...1e6)
    public var penalty = 1e-3

    /// A study with the reference settings.
    public init() {}

    /// The most true labels that a supervisor of the identity's check gets.
    public var mostWeakLabels: Int { 4 * weakLabels }
    /// The fewest pictures that a split needs.
    public var leastPictures: Int { mostWeakLabels + studentLabels + 100 }

    /// Refuses more pictures than there are.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check(pictures count: Int) throws {
        guard count >= leastPictures else {
            throw SettingsError(
                "--weak-labels \(weakLabels) and --student-labels \(studentLabels) need \(leastPictures) pictures with "
                    + "those for testing, and there are \(count)")
        }
    }

    /// What one random split gave.
    public struct Outcome: Sendable, Codable, Equatable {
        /// Accuracies on unseen pictures, with the supervisor's best guesses as labels.
        public let gap: PerformanceGap
        /// The same with the supervisor's scores as labels.
        public let softGap: PerformanceGap
        /// The same with a student that sees what the supervisor sees, taught by best guesses.
        public let sameCapacity: PerformanceGap
        /// That student taught by scores.
        public let sameCapacitySoft: PerformanceGap
        /// The accuracy of a student taught by the supervisor's labels in random order.
        public let shuffled: Double
        /// The errors that ``MisfitPoint`` compares, for supervisors of different strength.
        public let misfits: [MisfitPoint]
        /// Networks that tell odd digits from even ones.
        public let network: WeakToStrongNetwork.Outcome

        /// How far the two sides of the equation of ``MisfitPoint`` are apart, for each supervisor.
        public func violations(_ kind: MisfitPoint.Kind) -> [Double] {
            misfits.filter { $0.kind == kind }.map { abs($0.violation) }
        }

        /// The part of the gap in squared error that is recovered from the supervisor with
        /// ``WeakToStrongStudy/weakLabels`` labels, the second of four.
        public var squaredErrorRecovered: Double {
            misfits.filter { $0.kind == .population }.dropFirst().first?.recovered ?? .nan
        }
    }

    /// Learns and measures on one random split.
    ///
    /// - Throws: `FitError` where the pictures do not decide a regression; `RunInterrupted`.
    public func run(
        _ digits: LabeledImages, key: RandomKey, network: WeakToStrongNetwork, in session: FitSession = .silent
    ) throws -> Outcome {
        let split = try Split(digits, study: self, key: key["split"])
        let classes = digits.classNames.count
        let supervised = split.weak(weakLabels)
        let supervisor = try ridge(supervised.pooled, DoubleMatrix.oneHot(supervised.labels, classes))
        let scores = supervisor(split.student.pooled)
        let guesses = scores.argmaxOfRows()
        let weak = accuracy(supervisor(split.test.pooled), split.test)
        func taught(_ part: KeyPath<Part, DoubleMatrix>, by targets: DoubleMatrix) throws -> Double {
            let student = try ridge(split.student[keyPath: part], targets)
            return accuracy(student(split.test[keyPath: part]), split.test)
        }
        let ceiling = try taught(\.components, by: DoubleMatrix.oneHot(split.student.labels, classes))
        let hard = DoubleMatrix.oneHot(guesses, classes)
        func gap(_ part: KeyPath<Part, DoubleMatrix>, _ targets: DoubleMatrix) throws -> PerformanceGap {
            try PerformanceGap(weak: weak, weakToStrong: taught(part, by: targets), ceiling: ceiling)
        }
        var random = key["shuffle"].generator()
        return Outcome(
            gap: try gap(\.components, hard), softGap: try gap(\.components, scores),
            sameCapacity: try gap(\.pooled, hard), sameCapacitySoft: try gap(\.pooled, scores),
            shuffled: try taught(\.components, by: DoubleMatrix.oneHot(guesses.shuffled(using: &random), classes)),
            misfits: try misfits(split, classes: classes),
            network: try network.run(split, key: key["network"], in: session))
    }

    func ridge(_ inputs: DoubleMatrix, _ targets: DoubleMatrix) throws -> RidgeRegression {
        try RidgeRegression(inputs, targets: targets, penalty: penalty)
    }

    private func accuracy(_ scores: DoubleMatrix, _ part: Part) -> Double {
        let right = zip(scores.argmaxOfRows(), part.labels).count { $0 == $1 }
        return Double(right) / Double(part.labels.count)
    }
}
