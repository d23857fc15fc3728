internal import Foundation
internal import PlumbBasics
public import PlumbTensor

/// A pole on a cart, to be kept upright by pushing the cart to either side (Barto, Sutton, Anderson 1983, *Neuronlike
/// Adaptive Elements That Can Solve Difficult Learning Control Problems*), with the constants and limits of Gymnasium's
/// `CartPole-v1`.
///
/// A step lasts 0.02 s and gives a reward of 1. An episode is over when the cart leaves ±2.4 m or the pole leans by
/// more than 12°, and is cut off after ``steps``: 500, or 200 as in `CartPole-v0`, whose rule calls it solved at a mean
/// return of 195 over 100 episodes.
///
/// With force F, masses M of the cart and m of the pole, its half-length l and T = (F + m l ω² sin θ) / (M + m):
/// `θ'' = (g sin θ - T cos θ) / (l (4/3 - m cos² θ / (M + m)))`, `x'' = T - m l θ'' cos θ / (M + m)`,
/// integrated by Euler's method.
public struct CartPole: NumericWorld {
    /// Where cart and pole are and how they move.
    public struct State: Sendable, Hashable, Codable {
        /// The cart's place, in meters from the middle.
        public var position: Double
        /// In meters a second.
        public var velocity: Double
        /// How far the pole leans to the right, in radians.
        public var angle: Double
        /// In radians a second.
        public var angularVelocity: Double

        /// A moment of cart and pole.
        public init(position: Double = 0, velocity: Double = 0, angle: Double = 0, angularVelocity: Double = 0) {
            (self.position, self.velocity) = (position, velocity)
            (self.angle, self.angularVelocity) = (angle, angularVelocity)
        }
    }

    /// A push of 10 newtons.
    public enum Action: Int, CaseIterable, Sendable, Hashable {
        /// To the left.
        case left
        /// To the right.
        case right
    }

    /// The agent sees the whole state.
    public typealias Observation = State

    /// Steps after which an episode is cut off.
    public let steps: Int

    /// A world whose episodes are cut off after `steps`.
    ///
    /// - Precondition: `steps` is 1 or more.
    public init(steps: Int = 500) {
        require(steps > 0, "an episode of the cart-pole needs at least one step, got \(steps)")
        self.steps = steps
    }

    /// ``steps``.
    public var stepLimit: Int? { steps }
    /// `[4]`: position, velocity, angle and angular velocity.
    public var featureShape: [Int] { [4] }

    private static let gravity = 9.8
    private static let totalMass = 1.1
    private static let poleMass = 0.1
    private static let halfLength = 0.5
    private static let force = 10.0
    private static let seconds = 0.02
    /// Where the cart's track ends, in meters.
    public static let positionLimit = 2.4
    /// How far the pole may lean, in radians: 12°.
    public static let angleLimit = 12 * Double.pi / 180

    /// Every number of the state drawn uniformly from ±0.05.
    public func start(using random: inout RandomKey.Generator) -> State {
        func small() -> Double { 0.1 * random.uniform() - 0.05 }
        return State(position: small(), velocity: small(), angle: small(), angularVelocity: small())
    }

    /// One step of 0.02 seconds by Euler's method: 1 a step until cart or pole leave their range.
    public func step(_ state: inout State, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
        let force = action == .right ? Self.force : -Self.force
        let (sine, cosine) = (sin(state.angle), cos(state.angle))
        let moment = Self.poleMass * Self.halfLength
        let pull = (force + moment * state.angularVelocity * state.angularVelocity * sine) / Self.totalMass
        let angular =
            (Self.gravity * sine - pull * cosine)
            / (Self.halfLength * (4.0 / 3 - Self.poleMass * cosine * cosine / Self.totalMass))
        let linear = pull - moment * angular * cosine / Self.totalMass
        state.position += Self.seconds * state.velocity
        state.velocity += Self.seconds * linear
        state.angle += Self.seconds * state.angularVelocity
        state.angularVelocity += Self.seconds * angular
        // Written so that a state that is no number ends the episode.
        let isUpright = abs(state.position) <= Self.positionLimit && abs(state.angle) <= Self.angleLimit
        return StepResult(reward: 1, isOver: !isUpright)
    }

    /// The four numbers of the state, unscaled.
    public func features(of observation: State) -> [Float] {
        [
            Float(observation.position), Float(observation.velocity), Float(observation.angle),
            Float(observation.angularVelocity),
        ]
    }
}
