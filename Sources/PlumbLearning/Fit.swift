public import Foundation
internal import PlumbBasics
public import PlumbNN
public import PlumbRecords
public import PlumbTensor

/// A training loop: steps of an optimizer along the gradient of a loss, with progress, evaluation and checkpoints.
///
/// ```swift
/// var fit = Fit(steps: 2_000)
/// fit.evaluateEvery = 100
/// let result = try fit.run(model, optimizer: Adam(learningRate: 1e-3), in: FitSession(context)) { model, step in
///     let rows = batches.rows(step: step)
///     return model(images.gathered(rows)).crossEntropy(rows.map { labels[$0] })
/// }
/// ```
///
/// The loss is a function of model and step alone: batches and noise come from a key and the step. A run that is stopped,
/// or killed, at any moment and started again from its checkpoint therefore ends with the same bytes, at any number of
/// threads.
public struct Fit: Sendable {
    /// The number of steps.
    public var steps: Int
    /// Steps between evaluations; 0 evaluates at the end only. No steps at all evaluate the model as it is.
    public var evaluateEvery = 0
    /// Steps between checkpoints, 0 for none but the last; nil goes by ``checkpointSeconds``.
    public var checkpointEvery: Int?
    /// Seconds between checkpoints.
    public var checkpointSeconds = 20.0
    /// The largest norm a gradient may have; longer ones are scaled down to it.
    public var clipNorm: Double?
    /// What the optimizer's learning rate is multiplied by at each step.
    public var schedule = LearningRateSchedule.constant
    /// The decay of an exponential average of the weights, which is then what is evaluated and returned beside them.
    public var averaging: Double?
    /// When to stop early.
    public var earlyStop: EarlyStop?
    /// A loss this many times the first one counts as divergence.
    public var divergenceFactor = 1e3
    /// About how many points a curve has.
    public var curvePoints = 500

    /// Ends training when an evaluation stops improving.
    public struct EarlyStop: Sendable, Equatable {
        /// The name of the evaluated number's curve.
        public let measure: String
        /// Evaluations without improvement that end training.
        public var patience: Int
        /// Whether the number should fall; otherwise it should rise.
        public var isLowerBetter: Bool
        /// How much better than the best before a value must be to count as an improvement, in units of the measure.
        public var leastImprovement: Double

        /// A stop after `patience` evaluations in a row in which `measure` did not improve by more than
        /// `leastImprovement`.
        public init(
            _ measure: some FitMeasure, patience: Int, isLowerBetter: Bool = true, leastImprovement: Double = 0
        ) {
            require(patience > 0, "training must be allowed an evaluation without improvement, got \(patience)")
            require(leastImprovement >= 0, "an improvement is above 0, got a least one of \(leastImprovement)")
            (self.measure, self.patience, self.isLowerBetter) = (measure.rawValue, patience, isLowerBetter)
            self.leastImprovement = leastImprovement
        }

        /// Whether none of the last ``patience`` values improved on the best before it; NaN is worse than everything.
        func isOver(_ history: [Double]) -> Bool {
            var (best, last) = (Double.infinity, 0)
            for (index, value) in history.enumerated() {
                let signed = value.isNaN ? .infinity : isLowerBetter ? value : -value
                if index == 0 || signed < best - leastImprovement { (best, last) = (signed, index) }
            }
            return history.count - 1 - last >= patience
        }
    }

    /// Training of `steps` steps, without checkpoints of its own rhythm, clipping, averaging or an early stop.
    public init(steps: Int) {
        require(steps >= 0, "training needs a number of steps of 0 or more, got \(steps)")
        self.steps = steps
    }
}

/// Where a training run reports to and keeps its checkpoints.
public struct FitSession: Sendable {
    /// Where progress and curves go, and who can ask the run to stop.
    public var reporter: RunReporter
    /// A folder for checkpoints; nil keeps none.
    public var checkpoints: URL?
    /// A folder for trained models; nil keeps none.
    public var models: URL?

    /// A session of one's own; by default it reports nothing and keeps nothing.
    public init(reporter: RunReporter = .silent, checkpoints: URL? = nil, models: URL? = nil) {
        self.reporter = reporter
        self.checkpoints = checkpoints
        self.models = models
    }

    /// The session of an experiment's run: it resumes where the run was stopped, and keeps models among its artifacts.
    public init(_ context: RunContext) {
        self.init(
            reporter: context.reporter, checkpoints: context.checkpointFolder, models: context.modelFolder)
    }

    /// No reports, no checkpoints.
    public static let silent = FitSession()

    /// The session of a part that takes this share of the whole, for its progress.
    public func spanning(_ range: ClosedRange<Double>) -> FitSession {
        FitSession(reporter: reporter.spanning(range), checkpoints: checkpoints, models: models)
    }
}

/// What training gives.
public struct FitResult<Model: ParameterTree, Rule: Optimizer>: Sendable {
    /// The model after the last step.
    public var model: Model
    /// The optimizer after the last step, with its moments: training can go on from it.
    public var optimizer: Rule
    /// The average of the weights, where one was asked for.
    public var averaged: Model?
    /// Steps made.
    public var steps = 0
    /// The loss before each step.
    public var losses: [Float] = []
    /// What was evaluated, in the order of the steps.
    public var evaluations: [FitEvaluation] = []
    /// Whether training ended before its last step because nothing improved any more.
    public var stoppedEarly = false

    /// The values of one evaluated number, with the steps at which they were measured.
    public func curve(_ measure: some FitMeasure) -> (steps: [Double], values: [Double]) {
        (evaluations.map { Double($0.step) }, evaluations.map { $0[measure] })
    }

    /// The last value of an evaluated number; nil without evaluations.
    public func last(_ measure: some FitMeasure) -> Double? { evaluations.last?[measure] }
}

/// Training cannot go on: which step, what was found, what to do.
public struct FitError: Error, CustomStringConvertible, Equatable {
    /// The sentence.
    public let description: String
    /// An error with this sentence.
    public init(_ description: String) { self.description = description }
}
