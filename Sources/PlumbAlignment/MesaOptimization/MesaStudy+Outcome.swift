internal import PlumbBasics
public import PlumbLearning
internal import PlumbTensor

extension MesaStudy {
    /// A trained layer, as numbers.
    public struct Outcome: Sendable, Codable, Equatable {
        /// The weights of the initializations that stayed at a high loss and were replaced.
        public let replaced: [EffectiveAttention]
        /// Whether the layer itself stayed at a high loss: see ``MesaStudy/isStuck(_:)``.
        public let isStuck: Bool
        /// Whether training ended by its criterion, and not because there were no steps left.
        public let isConverged: Bool
        /// On fresh tasks of the kind it was trained on.
        public let test: MesaComparison
        /// On tasks with inputs scaled by each of ``MesaStudy/scales``, whose answers are never shuffled.
        public let scaled: [MesaComparison]
        /// What the weights compute.
        public let weights: EffectiveAttention
        /// Half the squared error at each step, before it.
        public let losses: [Float]
        /// Every ``MesaStudy/Measure`` along training.
        public let evaluations: [FitEvaluation]
        /// Half the squared error with weights mixed from those of the layer and of the step, in equal parts from 0 to 1.
        public let mixedLosses: [Double]
        /// Predictions on some of the tasks.
        public let predictions: [Double]
        /// Those of the step.
        public let stepPredictions: [Double]

        /// How far the loss is from that of the best step, as a fraction of it.
        public func lossError(on tasks: InContextRegression) -> Double {
            abs(test.halfLoss / tasks.optimalHalfLoss - 1)
        }

        /// How far the learning rate in the weights is from the best one, as a fraction of it.
        public func stepError(on tasks: InContextRegression) -> Double {
            abs(weights.stepSize / tasks.optimalStepSize - 1)
        }

        /// The largest difference of the losses of layer and step over all scales of the inputs, as a fraction of the step's
        /// loss on the same tasks.
        public var scaleError: Double { Statistics.greatest(scaled.map { abs($0.halfLoss / $0.stepHalfLoss - 1) }) }

        /// The largest difference of the loss of any mixture of weights from that of the step's, as a fraction of it.
        public var mixingError: Double {
            guard let step = mixedLosses.last else { return .nan }
            return Statistics.greatest(mixedLosses.map { abs($0 / step - 1) })
        }

        /// The training losses as means over blocks of `width` steps, each at its last step.
        public func lossCurve(width: Int = 50) -> (steps: [Double], losses: [Double]) {
            require(width > 0, "a block of steps needs a step, got \(width)")
            let starts = Array(stride(from: 0, to: losses.count, by: width))
            return (
                starts.map { Double(min($0 + width, losses.count)) },
                starts.map { Statistics.mean(losses[$0...].prefix(width).map(Double.init)) }
            )
        }
    }
    /// How many initializations it took to train layers, and how many of them stayed at a high loss.
    public struct Initializations: Sendable, Equatable {
        /// All that were trained.
        public let all: Int
        /// Those that stayed at a high loss.
        public let stuck: Int
        /// Those that were replaced by another one.
        public let replaced: Int
        /// The mean of ``EffectiveAttention/readsTarget`` over those that were replaced; NaN where there are none.
        public let readsTarget: Double

        /// Counts over the layers of all seeds.
        public init(of outcomes: [Outcome]) {
            let weights = outcomes.flatMap(\.replaced)
            (all, replaced) = (weights.count + outcomes.count, weights.count)
            stuck = weights.count + outcomes.count(where: \.isStuck)
            readsTarget = Statistics.mean(weights.map(\.readsTarget))
        }
    }
}
