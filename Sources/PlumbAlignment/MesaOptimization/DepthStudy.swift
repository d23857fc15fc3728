internal import PlumbBasics
public import PlumbLearning
internal import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// Trains layers of linear attention that share their weights, and compares them with as many steps of gradient descent and
/// of GD++, whose constants are tuned (von Oswald et al. 2022, arXiv:2212.07677).
///
/// A network that ends with a loss nearer to that of predicting 0 than to that of one gradient step, which a single layer can
/// make, has stayed in a poor local minimum and is replaced by another initialization, and counted.
///
/// The control is trained in the same way, but its layers write to y alone: it can make steps, and cannot precondition.
public struct DepthStudy: SettingGroup {
    @Setting("Layers of the networks that share their weights.", 2...3) public var depth = 2
    @Setting("Numbers in each input of these networks' tasks.", 1...32) public var deepInputs = 5
    @Setting("Examples that each of these tasks shows.", 1...64) public var deepExamples = 5
    @Setting("Tasks in a training step of these networks.", 1...65_536) public var deepBatch = 256
    @Setting("Training steps of these networks before the learning rate falls, at most.", 1...1_000_000)
    public var deepSteps = 12_000
    @Setting(
        "Steps without a new low of the loss on fixed tasks that end their training; 0: all steps are made.",
        0...1_000_000)
    public var deepPatience = 800
    @Setting("Steps at a tenth of the learning rate after that.", 0...1_000_000) public var deepFinalSteps = 600
    @Setting("Adam's learning rate for these networks.", 1e-9...10) public var deepLearningRate = 0.005
    @Setting("How many initializations are tried for one of these networks whose training loss stays high.", 1...100)
    public var deepInitializations = 6
    @Setting("Tasks that these networks are tested on.", 1000...10_000_000) public var deepTestTasks = 32_768

    /// Steps between measurements.
    static let evaluateEvery = 200

    /// A study with the reference settings: the paper's networks on smaller tasks.
    public init() {}

    /// The tasks.
    public var tasks: InContextRegression { InContextRegression(inputs: deepInputs, examples: deepExamples) }

    /// Refuses settings that do not fit together.
    ///
    /// - Throws: `SettingsError` naming the options.
    public func check() throws {
        guard deepPatience % Self.evaluateEvery == 0 else {
            throw SettingsError(
                "--deep-patience \(deepPatience): give a multiple of \(Self.evaluateEvery), the steps between "
                    + "measurements, or 0")
        }
    }

    /// The learners that networks are compared with.
    public struct Learners: Sendable {
        /// Gradient descent with one step size.
        public let descent: PreconditionedDescent
        /// GD++ with one step size and one γ.
        public let preconditioned: PreconditionedDescent
        /// Half the expected squared error of the best of each kind.
        public let losses: [DescentTuning.Kind: Double]
    }

    /// The learners with the constants of the least expected loss.
    ///
    /// - Parameter key: of the tasks on which constants are tuned.
    public func learners(key: RandomKey) -> Learners {
        let tuning = DescentTuning(tasks, steps: depth, key: key)
        let best = Dictionary(uniqueKeysWithValues: DescentTuning.Kind.allCases.map { ($0, tuning.best($0)) })
        return Learners(
            descent: best[.descent] ?? tuning.best(.descent),
            preconditioned: best[.preconditioned] ?? tuning.best(.preconditioned),
            losses: best.mapValues(tuning.halfLoss))
    }

    /// What is measured along training.
    public enum Measure: String, FitMeasure {
        /// Half the squared error on fixed tasks.
        case testLoss = "loss/test of several layers"
    }

    /// Trains and tests a network.
    ///
    /// - Parameters:
    ///   - changesInputs: whether layers may write to inputs; where not, it is the control.
    ///   - learners: what it is compared with.
    ///   - key: of the initial weights and the training tasks.
    ///   - test: of the tasks tested on.
    ///   - session: where it reports to and keeps checkpoints; silent by default.
    /// - Throws: `FitError` where training diverges or a probe has no solution; `RunInterrupted`.
    public func run(
        changesInputs: Bool = true, against learners: Learners, key: RandomKey, test: RandomKey,
        in session: FitSession = .silent
    ) throws -> DepthOutcome {
        var replaced = 0
        while true {
            let name = (changesInputs ? "\(depth) layers" : "\(depth) layers that write to y")
            let label = "\(name), initialization \(replaced + 1)"
            let result = try train(changesInputs, key[replaced + 1], test, label, session)
            let isStuck = (result.last(Measure.testLoss) ?? .nan) > (tasks.optimalHalfLoss + tasks.zeroHalfLoss) / 2
            if isStuck && replaced + 1 < deepInitializations {
                replaced += 1
                continue
            }
            try session.keep(result.model, as: label)
            return try DepthOutcome(
                result.model, of: self, against: learners, test: test,
                isConverged: deepPatience == 0 || result.stoppedEarly, isStuck: isStuck, replaced: replaced,
                evaluations: result.evaluations)
        }
    }

    private func train(
        _ changesInputs: Bool, _ key: RandomKey, _ test: RandomKey, _ label: String, _ session: FitSession
    ) throws -> FitResult<RepeatedLinearAttention, Adam> {
        let (tasks, data) = (tasks, key["tasks"])
        let fixed = tasks.batch(4096, key: test["curve"])
        let fit = PlateauFit(
            steps: deepSteps, patience: deepPatience, finalSteps: deepFinalSteps, learningRate: deepLearningRate,
            clipNorm: 1, evaluateEvery: Self.evaluateEvery)
        let network = RepeatedLinearAttention(
            width: tasks.inputs + 1, depth: depth, changesInputs: changesInputs, key: key["layer"])
        return try fit.run(
            network, until: Measure.testLoss, label: label, in: session,
            evaluate: { network in
                let loss = network(fixed.tokens, queries: fixed.queries).meanSquaredError(fixed.targets).item * 0.5
                return Measured(of: Measure.self) { _ in Double(loss) }
            },
            loss: { network, step in
                let batch = tasks.batch(deepBatch, key: data[step])
                return network(batch.tokens, queries: batch.queries).meanSquaredError(batch.targets) * 0.5
            })
    }
}
