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

    @Setting(
        "Sizes of the samples with which the equation of gain and misfit is tested on fresh pictures.", 65...100_000)
    public var sizes = [250, 500, 1000, 2000]
    @Setting("Samples of each of those sizes.", 1...10_000) public var draws = 10

    /// A study with the reference settings.
    public init() {}

    /// The fewest pictures that a split needs.
    public var leastPictures: Int { weakLabels + studentLabels + 100 }

    /// Refuses more pictures than there are.
    ///
    /// - Throws: `SettingsError` naming the options, also for fewer than two sizes.
    public func check(pictures count: Int) throws {
        guard Set(sizes).count == sizes.count, sizes.count > 1 else {
            throw SettingsError(
                "--sizes \(sizes.map(String.init).joined(separator: ",")): at least two different sizes are needed")
        }
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
        /// The supervisor's errors on unseen pictures, and which of them the student repeats.
        public let errors: SupervisorErrors
        /// How far gain and misfit differ on fresh pictures.
        public let misfits: MisfitCurve
        /// Networks that tell odd digits from even ones.
        public let network: WeakToStrongNetwork.Outcome
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
        let said = supervisor(split.test.pooled)
        let weak = accuracy(said, split.test)
        func answers(_ part: KeyPath<Part, DoubleMatrix>, by targets: DoubleMatrix) throws -> DoubleMatrix {
            try ridge(split.student[keyPath: part], targets)(split.test[keyPath: part])
        }
        func taught(_ part: KeyPath<Part, DoubleMatrix>, by targets: DoubleMatrix) throws -> Double {
            accuracy(try answers(part, by: targets), split.test)
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
            errors: SupervisorErrors(
                supervisor: said.argmaxOfRows(), student: try answers(\.components, by: hard).argmaxOfRows(),
                labels: split.test.labels, classes: classes),
            misfits: try misfits(split, classes: classes, key: key["samples"]),
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
