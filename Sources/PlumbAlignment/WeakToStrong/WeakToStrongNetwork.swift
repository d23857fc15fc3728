internal import PlumbData
internal import PlumbLearning
public import PlumbNN
public import PlumbRecords
internal import PlumbTensor

/// A small network that tells odd digits from even ones, taught by a weak supervisor: with plain cross-entropy, which learns
/// the supervisor's errors in the end, and with the confidence loss, which lets it doubt them.
public struct WeakToStrongNetwork: SettingGroup {
    @Setting("Neurons in the hidden layer of the networks that tell odd digits from even ones.", 1...4096)
    public var hidden = 64
    @Setting("Training steps of these networks; each uses all pictures.", 1...1_000_000)
    public var steps = 100
    /// Adam's learning rate.
    public var learningRate = 1e-2
    /// How much the student may doubt the supervisor at each moment of training, for the confidence loss.
    public var schedule = ConfidenceSchedule()

    /// A network with the reference settings.
    public init() {}

    private enum CodingKeys: String, CodingKey { case hidden, steps = "networkSteps" }

    /// Accuracies on unseen pictures.
    public struct Outcome: Sendable, Codable, Equatable {
        /// Taught by cross-entropy.
        public let plain: PerformanceGap
        /// Taught by the confidence loss.
        public let confident: PerformanceGap
        /// The accuracy of the confidence loss with true labels, which there is no reason to doubt.
        public let confidentWithTruth: Double

        /// How much more accurate the confidence loss is than cross-entropy, with the supervisor's labels.
        public var advantage: Double { confident.weakToStrong - plain.weakToStrong }
        /// The same with true labels.
        public var advantageWithTruth: Double { confidentWithTruth - confident.ceiling }
    }

    func run(_ split: WeakToStrongStudy.Split, key: RandomKey, in session: FitSession) throws -> Outcome {
        let supervised = split.weak(split.weakLabels)
        let supervisor = try RidgeRegression(
            supervised.pooled, targets: .oneHot(supervised.labels.map { $0 % 2 }, 2), penalty: split.penalty)
        let guesses = supervisor(split.student.pooled).argmaxOfRows()
        let truth = split.test.labels.map { $0 % 2 }
        func accuracy(_ said: [Int]) -> Double {
            Double(zip(said, truth).count { $0 == $1 }) / Double(truth.count)
        }
        func taught(by labels: [Int], isConfident: Bool, _ label: String) throws -> Double {
            let targets = Tensor(labels.flatMap { $0 == 0 ? [1, 0] : [0, 1] as [Float] }, shape: [labels.count, 2])
            let result = try Fit(steps: steps).run(
                MLP([split.student.pixels.shape[1], hidden, 2], key: key["network"]),
                optimizer: Adam(learningRate: learningRate), label: label, in: session
            ) { network, step in
                let c = isConfident ? schedule.coefficient(at: Double(step) / Double(steps)) : 0
                return network(split.student.pixels).confidenceLoss(weak: targets, coefficient: c)
            }
            try session.keep(result.model, as: label)
            return accuracy(result.model(split.test.pixels).argmaxOfRows())
        }
        let weak = accuracy(supervisor(split.test.pooled).argmaxOfRows())
        let ceiling = try taught(
            by: split.student.labels.map { $0 % 2 }, isConfident: false, "network, true labels")
        func gap(_ isConfident: Bool, _ label: String) throws -> PerformanceGap {
            PerformanceGap(
                weak: weak, weakToStrong: try taught(by: guesses, isConfident: isConfident, label), ceiling: ceiling)
        }
        return Outcome(
            plain: try gap(false, "network, weak labels"), confident: try gap(true, "network, confidence loss"),
            confidentWithTruth: try taught(
                by: split.student.labels.map { $0 % 2 }, isConfident: true, "network, confidence loss, true labels"))
    }
}
